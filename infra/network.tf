# Private subnets without internet access, or your own, and the security groups.

locals {
  make_vpc   = var.vpc == null
  vpc_id     = local.make_vpc ? aws_vpc.main[0].id : var.vpc.id
  subnet_ids = local.make_vpc ? aws_subnet.private[*].id : var.vpc.subnet_ids

  flow_logs      = local.make_vpc && var.flow_logs
  flow_log_group = "/aws/vpc/${var.name}"

  # Endpoints only for services that the functions call. Lambda delivers logs, metrics (EMF) and traces over its own
  # network, IAM tokens are signed locally, and the services that encrypt call KMS themselves.
  interface_endpoints = {
    for service, endpoint in {
      # The loader sends continuation messages and changes the visibility of messages.
      sqs = {
        used      = true
        actions   = local.loader_queue_actions
        resources = [aws_sqs_queue.events.arn]
      }
      # The migration reads the master secret; with database_auth = "secret" the loader reads its own. Extracts have others.
      secretsmanager = {
        used      = length(local.secret_arns) > 0
        actions   = ["secretsmanager:GetSecretValue"]
        resources = local.secret_arns
      }
    } : service => endpoint if local.make_vpc && endpoint.used
  }
}

data "aws_availability_zones" "available" {
  state = "available"

  # RDS is not available in local zones.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

resource "aws_vpc" "main" {
  count = local.make_vpc ? 1 : 0

  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # default: false; private DNS names of the endpoints need it
  tags                 = { Name = var.name }
}

# The VPC's default security group, without rules: it allows nothing.
resource "aws_default_security_group" "closed" {
  count = local.make_vpc ? 1 : 0

  vpc_id = aws_vpc.main[0].id
  tags   = { Name = "${var.name}-closed" }
}

resource "aws_subnet" "private" {
  count = local.make_vpc ? var.availability_zones : 0

  vpc_id            = aws_vpc.main[0].id
  cidr_block        = cidrsubnet(var.vpc_cidr, 2, count.index)
  availability_zone = data.aws_availability_zones.available.names[count.index]
  tags              = { Name = "${var.name}-private-${count.index}" }

  # A new availability zone at AWS must not move existing subnets.
  lifecycle {
    ignore_changes = [availability_zone]
  }
}

resource "aws_route_table" "private" {
  count = local.make_vpc ? 1 : 0

  vpc_id = aws_vpc.main[0].id
  tags   = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  count = local.make_vpc ? var.availability_zones : 0

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private[0].id
}

resource "aws_vpc_endpoint" "s3" {
  count = local.make_vpc ? 1 : 0

  vpc_id            = aws_vpc.main[0].id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private[0].id]
  tags              = { Name = "${var.name}-s3" }

  # default: all actions for everybody
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid       = "ReadFiles"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource  = local.objects_arn
        Condition = { StringEquals = { "aws:PrincipalAccount" = local.account } }
      },
      {
        Sid       = "ListBucket"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = local.bucket_actions
        Resource  = local.bucket_arn
        Condition = { StringEquals = { "aws:PrincipalAccount" = local.account } }
      },
      ], [
      for statement in [
        {
          Sid       = "WriteExtracts"
          Effect    = "Allow"
          Principal = { AWS = "*" }
          Action    = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
          Resource  = concat(local.extract_files, local.extract_states)
          Condition = { StringEquals = { "aws:PrincipalAccount" = local.account } }
        },
      ] : statement if length(var.extracts) > 0
    ])
  })
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interface_endpoints

  vpc_id              = aws_vpc.main[0].id
  service_name        = "com.amazonaws.${local.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = local.subnet_ids
  security_group_ids  = [aws_security_group.endpoints[0].id]
  tags                = { Name = "${var.name}-${each.key}" }

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Stardrop"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = each.value.actions
        Resource  = each.value.resources
        Condition = { StringEquals = { "aws:PrincipalAccount" = local.account } }
      },
    ]
  })
}

resource "aws_security_group" "lambda" {
  name        = "${var.name}-lambda"
  description = "Lambda functions of Stardrop: outbound to the database and AWS, no inbound"
  vpc_id      = local.vpc_id
  tags        = { Name = "${var.name}-lambda" }
}

resource "aws_vpc_security_group_egress_rule" "lambda_to_database" {
  for_each = local.make_database ? { made = aws_security_group.database[0].id } : (
    try(var.database.security_group_id, null) == null ? {} : { own = var.database.security_group_id }
  )

  description                  = "The database"
  security_group_id            = aws_security_group.lambda.id
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = local.database_port
  to_port                      = local.database_port
}

# Without the security group of your own database, allow its port to any address.
resource "aws_vpc_security_group_egress_rule" "lambda_to_unnamed_database" {
  for_each = toset(local.make_database || try(var.database.security_group_id, null) != null ? [] : ["0.0.0.0/0"])

  description       = "The database, whose security group is not given"
  security_group_id = aws_security_group.lambda.id
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = local.database_port
  to_port           = local.database_port
}

resource "aws_vpc_security_group_egress_rule" "lambda_to_s3" {
  count = local.make_vpc ? 1 : 0

  description       = "S3, through the gateway endpoint"
  security_group_id = aws_security_group.lambda.id
  prefix_list_id    = aws_vpc_endpoint.s3[0].prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "lambda_to_endpoints" {
  count = local.make_vpc ? 1 : 0

  description                  = "The interface endpoints"
  security_group_id            = aws_security_group.lambda.id
  referenced_security_group_id = aws_security_group.endpoints[0].id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "lambda_to_https" {
  for_each = toset(local.make_vpc ? [] : var.vpc.https_cidr_blocks)

  description       = "AWS services, through your network"
  security_group_id = aws_security_group.lambda.id
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_security_group" "endpoints" {
  count = local.make_vpc ? 1 : 0

  name        = "${var.name}-endpoints"
  description = "Interface endpoints of Stardrop: inbound from its Lambda functions"
  vpc_id      = local.vpc_id
  tags        = { Name = "${var.name}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_from_lambda" {
  count = local.make_vpc ? 1 : 0

  description                  = "The Lambda functions"
  security_group_id            = aws_security_group.endpoints[0].id
  referenced_security_group_id = aws_security_group.lambda.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_security_group" "database" {
  count = local.make_database ? 1 : 0

  name        = "${var.name}-database"
  description = "Database of Stardrop: inbound from its Lambda functions, no outbound"
  vpc_id      = local.vpc_id
  tags        = { Name = "${var.name}-database" }
}

resource "aws_vpc_security_group_ingress_rule" "database_from_lambda" {
  for_each = local.make_database ? { made = aws_security_group.database[0].id } : (
    try(var.database.security_group_id, null) == null ? {} : { own = var.database.security_group_id }
  )

  description                  = "The Lambda functions"
  security_group_id            = each.value
  referenced_security_group_id = aws_security_group.lambda.id
  ip_protocol                  = "tcp"
  from_port                    = local.database_port
  to_port                      = local.database_port
}

resource "aws_security_group" "psql" {
  count = local.make_database && var.psql_access ? 1 : 0

  name        = "${var.name}-psql"
  description = "For people with psql: outbound to the database of Stardrop, nothing else"
  vpc_id      = local.vpc_id
  tags        = { Name = "${var.name}-psql" }
}

resource "aws_vpc_security_group_egress_rule" "psql_to_database" {
  count = local.make_database && var.psql_access ? 1 : 0

  description                  = "The database"
  security_group_id            = aws_security_group.psql[0].id
  referenced_security_group_id = aws_security_group.database[0].id
  ip_protocol                  = "tcp"
  from_port                    = local.database_port
  to_port                      = local.database_port
}

resource "aws_vpc_security_group_ingress_rule" "database_from_psql" {
  count = local.make_database && var.psql_access ? 1 : 0

  description                  = "People with psql"
  security_group_id            = aws_security_group.database[0].id
  referenced_security_group_id = aws_security_group.psql[0].id
  ip_protocol                  = "tcp"
  from_port                    = local.database_port
  to_port                      = local.database_port
}

resource "aws_cloudwatch_log_group" "flow" {
  count = local.flow_logs ? 1 : 0

  name              = local.flow_log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = local.data_key_arn
}

resource "aws_flow_log" "main" {
  count = local.flow_logs ? 1 : 0

  vpc_id                   = aws_vpc.main[0].id
  traffic_type             = "ALL"
  log_destination          = aws_cloudwatch_log_group.flow[0].arn
  iam_role_arn             = aws_iam_role.flow_logs[0].arn
  max_aggregation_interval = 600
  tags                     = { Name = var.name }

  depends_on = [aws_iam_role_policy.flow_logs]
}

resource "aws_iam_role" "flow_logs" {
  count = local.flow_logs ? 1 : 0

  name        = "${var.name}-flow-logs"
  description = "Writes the flow logs of the network of Stardrop"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "FlowLogs"
        Effect    = "Allow"
        Principal = { Service = "vpc-flow-logs.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:ec2:${local.region}:${local.account}:vpc-flow-log/*" }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy" "flow_logs" {
  count = local.flow_logs ? 1 : 0

  name = "flow-logs"
  role = aws_iam_role.flow_logs[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "WriteFlowLogs"
        Effect = "Allow"
        Action = ["logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = [
          "${local.log_group_prefix}:${local.flow_log_group}",
          "${local.log_group_prefix}:${local.flow_log_group}:*",
        ]
      },
    ]
  })
}
