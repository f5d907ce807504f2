# Extracts on a schedule: the loader copies tables of other databases into the bucket, whose events load them.

locals {
  # Below the prefix whose objects are loaded. The states are outside of it.
  extract_prefixes = { for name, extract in var.extracts : name => "${var.prefix}${coalesce(extract.prefix, "${name}/")}" }
  extract_files    = [for prefix in values(local.extract_prefixes) : "${local.bucket_arn}/${prefix}*"]
  extract_states   = [for prefix in values(local.extract_prefixes) : "${local.bucket_arn}/_stardrop/extract/${prefix}*"]

  extract_users = { for name, extract in var.extracts : name => regex("^[a-z]+://([^:@/]+)@", extract.source)[0] }
  extract_ports = { for name, extract in var.extracts : name => try(
    regex("^[a-z]+://[^@/]+@[^/:?]+:([0-9]+)", extract.source)[0],
    startswith(extract.source, "postgres") ? "5432" : "3306",
  ) }

  # Several extracts may read one server: each rule exists once.
  extract_groups = toset([for name, extract in var.extracts : "${extract.security_group_id}:${local.extract_ports[name]}" if extract.security_group_id != null])
  extract_cidrs  = toset(flatten([for name, extract in var.extracts : [for block in extract.cidr_blocks : "${block}:${local.extract_ports[name]}"]]))

  extract_secret_arns     = distinct([for extract in values(var.extracts) : extract.secret.arn if extract.secret != null])
  extract_secret_key_arns = distinct([for extract in values(var.extracts) : extract.secret.kms_key_arn if try(extract.secret.kms_key_arn, null) != null])
  extract_logins = distinct([
    for name, extract in var.extracts :
    "arn:${local.partition}:rds-db:${local.region}:${local.account}:dbuser:${extract.resource_id}/${local.extract_users[name]}" if extract.resource_id != null
  ])

  # What the loader may do only if there are extracts.
  extract_statements = [
    for statement in [
      {
        used      = length(var.extracts) > 0
        Sid       = "WriteExtracts"
        Effect    = "Allow"
        Action    = ["s3:AbortMultipartUpload", "s3:PutObject"]
        Resource  = local.extract_files
        Condition = {}
      },
      {
        used      = length(var.extracts) > 0
        Sid       = "KeepStatesOfExtracts"
        Effect    = "Allow"
        Action    = ["s3:GetObject", "s3:PutObject"]
        Resource  = local.extract_states
        Condition = {}
      },
      {
        # S3 decrypts the parts of an upload to put them together.
        used      = length(var.extracts) > 0 && local.bucket_key_is_known
        Sid       = "EncryptExtracts"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [local.bucket_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.amazonaws.com" } }
      },
      {
        used      = length(local.extract_secret_arns) > 0
        Sid       = "ReadSecretsOfSources"
        Effect    = "Allow"
        Action    = ["secretsmanager:GetSecretValue"]
        Resource  = local.extract_secret_arns
        Condition = {}
      },
      {
        used      = length(local.extract_secret_key_arns) > 0
        Sid       = "DecryptSecretsOfSources"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = local.extract_secret_key_arns
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${local.region}.amazonaws.com" } }
      },
      {
        used      = length(local.extract_logins) > 0
        Sid       = "SignInToSources"
        Effect    = "Allow"
        Action    = ["rds-db:connect"]
        Resource  = local.extract_logins
        Condition = {}
      },
    ] : { for key, value in statement : key => value if key != "used" && !(key == "Condition" && length(statement.Condition) == 0) } if statement.used
  ]

  # The request of each extract, without what is not set.
  extract_requests = {
    for name, extract in var.extracts : name => {
      for key, value in {
        source      = extract.source
        secret      = try(extract.secret.arn, null)
        iam         = extract.resource_id == null ? null : true
        tables      = length(extract.tables) == 0 ? null : extract.tables
        patterns    = length(extract.patterns) == 0 ? null : extract.patterns
        query       = extract.query == null ? null : { name = name, sql = extract.query }
        to          = "s3://${local.bucket_name}/${local.extract_prefixes[name]}"
        since       = extract.since
        overlap     = extract.overlap
        format      = extract.format
        compression = extract.compression
        split       = extract.split
        zero_dates  = extract.zero_dates
      } : key => value if value != null
    }
  }
}

resource "aws_scheduler_schedule" "extract" {
  for_each = var.extracts

  name                = "${var.name}-extract-${each.key}"
  description         = "Copies tables into the bucket"
  group_name          = aws_scheduler_schedule_group.main[0].name
  schedule_expression = each.value.schedule
  kms_key_arn         = local.data_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.loader.arn
    role_arn = aws_iam_role.scheduler[0].arn
    input    = jsonencode({ extract = local.extract_requests[each.key] })

    # The next scheduled run replaces a retry. default: 185 retries within a day
    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 2
    }
  }
}

resource "aws_vpc_security_group_egress_rule" "lambda_to_source" {
  for_each = local.extract_groups

  description                  = "A source of extracts"
  security_group_id            = aws_security_group.lambda.id
  referenced_security_group_id = split(":", each.value)[0]
  ip_protocol                  = "tcp"
  from_port                    = tonumber(split(":", each.value)[1])
  to_port                      = tonumber(split(":", each.value)[1])
}

resource "aws_vpc_security_group_ingress_rule" "source_from_lambda" {
  for_each = local.extract_groups

  description                  = "Extracts of Stardrop"
  security_group_id            = split(":", each.value)[0]
  referenced_security_group_id = aws_security_group.lambda.id
  ip_protocol                  = "tcp"
  from_port                    = tonumber(split(":", each.value)[1])
  to_port                      = tonumber(split(":", each.value)[1])
}

resource "aws_vpc_security_group_egress_rule" "lambda_to_source_block" {
  for_each = local.extract_cidrs

  description       = "A source of extracts"
  security_group_id = aws_security_group.lambda.id
  cidr_ipv4         = split(":", each.value)[0]
  ip_protocol       = "tcp"
  from_port         = tonumber(split(":", each.value)[1])
  to_port           = tonumber(split(":", each.value)[1])
}
