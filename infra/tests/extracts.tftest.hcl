mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  loader_zip = "tests/fixtures/loader.zip"
  layer_zip  = "tests/fixtures/layer.zip"
}

run "none" {
  command = plan

  assert {
    condition     = length(aws_scheduler_schedule.extract) == 0 && length(aws_scheduler_schedule_group.main) == 0
    error_message = "there is no extract by default"
  }

  assert {
    condition     = length([for s in jsondecode(output.policies.loader).Statement : s if strcontains(jsonencode(s.Action), "s3:Put")]) == 0
    error_message = "without extracts the loader writes nothing to the bucket"
  }
}

run "orders" {
  command = plan

  variables {
    prefix = "in/"
    extracts = {
      orders = {
        schedule          = "rate(1 hour)"
        source            = "mysql://reader@shop.example.com/shop"
        secret            = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:reader", kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/secrets" }
        security_group_id = "sg-shop"
        tables            = ["orders"]
        since             = "updated_at"
        overlap           = "1h"
      }
      customers = {
        schedule          = "cron(0 3 * * ? *)"
        source            = "mysql://reader@shop.example.com:3306/shop"
        secret            = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:reader" }
        security_group_id = "sg-shop"
        query             = "select * from customers"
        prefix            = "people/"
        format            = "parquet"
      }
    }
  }

  assert {
    condition = jsondecode(aws_scheduler_schedule.extract["orders"].target[0].input) == { extract = {
      source = "mysql://reader@shop.example.com/shop", secret = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:reader",
      tables = ["orders"], to = "s3://stardrop-inbox-111122223333-eu-central-1/in/orders/", since = "updated_at", overlap = "1h",
    } }
    error_message = "the schedule sends the request: ${aws_scheduler_schedule.extract["orders"].target[0].input}"
  }

  assert {
    condition = jsondecode(aws_scheduler_schedule.extract["customers"].target[0].input) == { extract = {
      source = "mysql://reader@shop.example.com:3306/shop", secret = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:reader",
      query  = { name = "customers", sql = "select * from customers" }, format = "parquet",
      to     = "s3://stardrop-inbox-111122223333-eu-central-1/in/people/",
    } }
    error_message = "a query and a prefix are passed on: ${aws_scheduler_schedule.extract["customers"].target[0].input}"
  }

  assert {
    condition     = aws_scheduler_schedule.extract["orders"].schedule_expression == "rate(1 hour)" && aws_scheduler_schedule.extract["orders"].kms_key_arn == aws_kms_key.main[0].arn && aws_scheduler_schedule.extract["orders"].name == "stardrop-extract-orders"
    error_message = "the schedule is set and encrypted"
  }

  assert {
    condition     = toset(one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "WriteExtracts"]).Resource) == toset(["arn:aws:s3:::stardrop-inbox-111122223333-eu-central-1/in/orders/*", "arn:aws:s3:::stardrop-inbox-111122223333-eu-central-1/in/people/*"])
    error_message = "the loader writes only below the prefixes of extracts"
  }

  assert {
    condition     = toset(one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "KeepStatesOfExtracts"]).Resource) == toset(["arn:aws:s3:::stardrop-inbox-111122223333-eu-central-1/_stardrop/extract/in/orders/*", "arn:aws:s3:::stardrop-inbox-111122223333-eu-central-1/_stardrop/extract/in/people/*"])
    error_message = "the loader keeps states outside of the prefix that sends events"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "EncryptExtracts"]).Resource == [aws_kms_key.main[0].arn] && contains(one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "EncryptExtracts"]).Action, "kms:GenerateDataKey")
    error_message = "the loader may encrypt what it writes"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "ReadSecretsOfSources"]).Resource == ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:reader"] && one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "DecryptSecretsOfSources"]).Resource == ["arn:aws:kms:eu-central-1:111122223333:key/secrets"]
    error_message = "the loader reads the secrets of sources, each once"
  }

  assert {
    condition     = toset(one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "KnowWhatIsMissing"]).Action) == toset(["s3:ListBucket", "s3:ListBucketMultipartUploads"])
    error_message = "the loader finds uploads that were not finished"
  }

  assert {
    condition     = !contains([for s in jsondecode(output.policies.loader).Statement : s.Sid], "SignInToSources")
    error_message = "with a secret there is no token"
  }

  assert {
    condition     = keys(aws_vpc_security_group_egress_rule.lambda_to_source) == ["sg-shop:3306"] && aws_vpc_security_group_egress_rule.lambda_to_source["sg-shop:3306"].from_port == 3306 && aws_vpc_security_group_ingress_rule.source_from_lambda["sg-shop:3306"].security_group_id == "sg-shop"
    error_message = "two extracts of one source have one rule in each direction"
  }

  assert {
    condition     = toset(one([for s in jsondecode(output.policies.endpoint_secretsmanager).Statement : s if s.Sid == "Stardrop"]).Resource) == toset(["arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds-master", "arn:aws:secretsmanager:eu-central-1:111122223333:secret:reader"])
    error_message = "the endpoint lets the secret through"
  }

  assert {
    condition     = contains(one([for s in jsondecode(output.policies.endpoint_s3).Statement : s if s.Sid == "WriteExtracts"]).Action, "s3:PutObject")
    error_message = "the endpoint of S3 lets files through"
  }
}

run "orders_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.orders.policies
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

run "by_token" {
  command = plan

  variables {
    encryption = "aws"
    extracts = {
      bookings = {
        schedule    = "rate(5 minutes)"
        source      = "postgres://reader@bookings.example.com/bookings"
        resource_id = "db-BOOKINGS"
        cidr_blocks = ["10.1.0.0/16"]
        patterns    = ["public.*"]
      }
    }
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "SignInToSources"]).Resource == ["arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-BOOKINGS/reader"]
    error_message = "the loader signs in as the user of the URL"
  }

  assert {
    condition     = jsondecode(aws_scheduler_schedule.extract["bookings"].target[0].input).extract.iam && !contains(keys(jsondecode(aws_scheduler_schedule.extract["bookings"].target[0].input).extract), "secret")
    error_message = "the request asks for a token"
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.lambda_to_source_block["10.1.0.0/16:5432"].cidr_ipv4 == "10.1.0.0/16" && aws_vpc_security_group_egress_rule.lambda_to_source_block["10.1.0.0/16:5432"].to_port == 5432 && length(aws_vpc_security_group_ingress_rule.source_from_lambda) == 0
    error_message = "the functions may connect to the blocks"
  }

  assert {
    condition     = !contains([for s in jsondecode(output.policies.loader).Statement : s.Sid], "EncryptExtracts") && !contains([for s in jsondecode(output.policies.loader).Statement : s.Sid], "ReadSecretsOfSources")
    error_message = "the loader gets no rights that it does not need"
  }
}

run "password_in_the_url" {
  command = plan

  variables {
    extracts = { a = { schedule = "rate(1 day)", source = "mysql://a:b@c/d", secret = { arn = "arn:x" }, tables = ["t"] } }
  }

  expect_failures = [var.extracts]
}

run "no_login" {
  command = plan

  variables {
    extracts = { a = { schedule = "rate(1 day)", source = "mysql://a@c/d", tables = ["t"] } }
  }

  expect_failures = [var.extracts]
}

run "nothing_to_extract" {
  command = plan

  variables {
    extracts = { a = { schedule = "rate(1 day)", source = "mysql://a@c/d", resource_id = "db-A" } }
  }

  expect_failures = [var.extracts]
}

run "schedule_unfit" {
  command = plan

  variables {
    extracts = { a = { schedule = "daily", source = "mysql://a@c/d", resource_id = "db-A", tables = ["t"] } }
  }

  expect_failures = [var.extracts]
}

run "prefix_unfit" {
  command = plan

  variables {
    extracts = { a = { schedule = "rate(1 day)", source = "mysql://a@c/d", resource_id = "db-A", tables = ["t"], prefix = "orders" } }
  }

  expect_failures = [var.extracts]
}
