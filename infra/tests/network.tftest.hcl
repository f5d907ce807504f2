mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  loader_zip = "tests/fixtures/loader.zip"
  layer_zip  = "tests/fixtures/layer.zip"
}

run "own_made" {
  command = plan

  assert {
    condition     = length(aws_subnet.private) == 2 && length(distinct(aws_subnet.private[*].availability_zone)) == 2 && aws_subnet.private[*].cidr_block == ["10.83.0.0/26", "10.83.0.64/26"]
    error_message = "two private subnets in two zones"
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.private : subnet.map_public_ip_on_launch != true])
    error_message = "no public address"
  }

  assert {
    condition     = aws_vpc_endpoint.s3[0].vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.s3[0].service_name == "com.amazonaws.eu-central-1.s3"
    error_message = "S3 by a gateway"
  }

  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["sqs", "secretsmanager"]) && alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled])
    error_message = "only the endpoints that are used"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.endpoint_sqs).Statement : s if s.Sid == "Stardrop"]).Resource == [aws_sqs_queue.events.arn]
    error_message = "the endpoint allows one queue"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.database_from_lambda["made"].referenced_security_group_id == aws_security_group.lambda.id && aws_vpc_security_group_ingress_rule.database_from_lambda["made"].from_port == 5432 && aws_vpc_security_group_ingress_rule.database_from_lambda["made"].to_port == 5432
    error_message = "the functions may connect to the database"
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.database_from_psql) == 0 && output.network.security_group == null
    error_message = "nothing else may connect to it"
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.lambda_to_database["made"].to_port == 5432 && aws_vpc_security_group_egress_rule.lambda_to_s3[0].prefix_list_id == "pl-s3" && aws_vpc_security_group_egress_rule.lambda_to_endpoints[0].to_port == 443 && length(aws_vpc_security_group_egress_rule.lambda_to_https) == 0 && length(aws_vpc_security_group_egress_rule.lambda_to_unnamed_database) == 0
    error_message = "the functions may connect to the database, S3 and the endpoints"
  }

  assert {
    condition     = aws_flow_log.main[0].traffic_type == "ALL" && aws_flow_log.main[0].log_destination == aws_cloudwatch_log_group.flow[0].arn && aws_cloudwatch_log_group.flow[0].kms_key_id == aws_kms_key.main[0].arn && aws_cloudwatch_log_group.flow[0].retention_in_days == 365
    error_message = "flow logs are on, encrypted, and kept for a year"
  }

  assert {
    condition     = toset(one([for s in jsondecode(output.policies.flow_logs).Statement : s if s.Sid == "WriteFlowLogs"]).Resource) == toset(["arn:aws:logs:eu-central-1:111122223333:log-group:/aws/vpc/stardrop", "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/vpc/stardrop:*"])
    error_message = "flow logs have one log group"
  }

  assert {
    condition     = alltrue([for text in concat([aws_security_group.lambda.description, aws_security_group.endpoints[0].description, aws_security_group.database[0].description], values(aws_vpc_security_group_ingress_rule.database_from_lambda)[*].description, values(aws_vpc_security_group_egress_rule.lambda_to_database)[*].description, aws_vpc_security_group_egress_rule.lambda_to_s3[*].description, aws_vpc_security_group_egress_rule.lambda_to_endpoints[*].description, aws_vpc_security_group_ingress_rule.endpoints_from_lambda[*].description) : can(regex("^[a-zA-Z0-9. _:/()#,@+=&;{}!$*-]+$", text))])
    error_message = "descriptions of security groups have only characters that EC2 accepts"
  }
}

run "own_made_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.own_made.policies
  }

  assert {
    condition     = length(output.findings) == 0
    error_message = join("; ", output.findings)
  }

  assert {
    condition     = output.stars == tolist(["loader: SeeNetworkInterfaces", "migrate: SeeNetworkInterfaces"])
    error_message = "these statements are on all resources: ${join(", ", output.stars)}"
  }
}

run "no_flow_logs" {
  command = plan

  variables {
    flow_logs = false
  }

  assert {
    condition     = length(aws_flow_log.main) == 0 && length(aws_iam_role.flow_logs) == 0 && length(aws_cloudwatch_log_group.flow) == 0
    error_message = "no flow logs, no role for them"
  }
}

run "three_zones" {
  command = plan

  variables {
    availability_zones = 3
    vpc_cidr           = "10.9.0.0/20"
  }

  assert {
    condition     = aws_subnet.private[*].cidr_block == ["10.9.0.0/22", "10.9.4.0/22", "10.9.8.0/22"]
    error_message = "three subnets"
  }
}

run "psql_access" {
  command = plan

  variables {
    psql_access = true
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.database_from_psql[0].referenced_security_group_id == aws_security_group.psql[0].id && aws_vpc_security_group_ingress_rule.database_from_psql[0].cidr_ipv4 == null
    error_message = "people with psql have their own security group"
  }

  assert {
    condition     = output.network.security_group == aws_security_group.psql[0].id
    error_message = "its id is an output"
  }

  assert {
    condition     = can(regex("^[a-zA-Z0-9. _:/()#,@+=&;{}!$*-]+$", aws_security_group.psql[0].description))
    error_message = "its description has only characters that EC2 accepts"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.reader).Statement : s if s.Sid == "SignInToRead"]).Resource == "arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-MADE/stardrop_read"
    error_message = "readers may sign in as the reader only"
  }

  assert {
    condition     = strcontains(output.psql, "generate-db-auth-token") && strcontains(output.psql, "sslmode=verify-full") && strcontains(output.psql, "user=stardrop_read")
    error_message = "the psql command is an output"
  }
}

run "psql_access_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.psql_access.policies
  }

  assert {
    condition     = length(output.findings) == 0
    error_message = join("; ", output.findings)
  }

  assert {
    condition     = output.stars == tolist(["loader: SeeNetworkInterfaces", "migrate: SeeNetworkInterfaces"])
    error_message = "these statements are on all resources: ${join(", ", output.stars)}"
  }
}

run "own_vpc" {
  command = plan

  variables {
    vpc = { id = "vpc-own", subnet_ids = ["subnet-a", "subnet-b"], https_cidr_blocks = ["10.0.0.0/8"] }
  }

  assert {
    condition     = length(aws_vpc.main) == 0 && length(aws_subnet.private) == 0 && length(aws_vpc_endpoint.s3) == 0 && length(aws_vpc_endpoint.interface) == 0 && length(aws_flow_log.main) == 0
    error_message = "no network is created"
  }

  assert {
    condition     = aws_lambda_function.loader.vpc_config[0].subnet_ids == toset(["subnet-a", "subnet-b"]) && aws_db_subnet_group.main[0].subnet_ids == toset(["subnet-a", "subnet-b"])
    error_message = "your subnets are used"
  }

  assert {
    condition     = aws_security_group.lambda.vpc_id == "vpc-own" && aws_security_group.database[0].vpc_id == "vpc-own"
    error_message = "your network is used"
  }

  assert {
    condition     = keys(aws_vpc_security_group_egress_rule.lambda_to_https) == ["10.0.0.0/8"]
    error_message = "the functions may connect to https_cidr_blocks"
  }

  assert {
    condition     = contains(one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "CreateNetworkInterface"]).Resource, "arn:aws:ec2:eu-central-1:111122223333:subnet/subnet-a") && contains(one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "CreateNetworkInterface"]).Resource, "arn:aws:ec2:eu-central-1:111122223333:subnet/subnet-b")
    error_message = "network interfaces in these subnets"
  }
}

run "own_vpc_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.own_vpc.policies
  }

  assert {
    condition     = length(output.findings) == 0
    error_message = join("; ", output.findings)
  }

  assert {
    condition     = output.stars == tolist(["loader: SeeNetworkInterfaces", "migrate: SeeNetworkInterfaces"])
    error_message = "these statements are on all resources: ${join(", ", output.stars)}"
  }
}

run "vpc_of_one_subnet" {
  command = plan

  variables {
    vpc = { id = "vpc-own", subnet_ids = ["subnet-a"] }
  }

  expect_failures = [var.vpc]
}

run "vpc_cidr_too_small" {
  command = plan

  variables {
    vpc_cidr = "10.0.0.0/28"
  }

  expect_failures = [var.vpc_cidr]
}

run "one_zone" {
  command = plan

  variables {
    availability_zones = 1
  }

  expect_failures = [var.availability_zones]
}
