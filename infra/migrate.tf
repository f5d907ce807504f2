# The database made to match the datasets, by the same code under a role of its own, on every apply
# that changes a dataset, the loader or the database.

locals {
  # RDS and Aurora know IAM, and so does an own database that says its resource id.
  database_auth_by_iam = local.make_database || try(var.database.resource_id, null) != null

  # Logins that the migration makes: a member of the role, and with `iam` one that signs in by token only.
  # With a secret, whoever made the secret makes the login.
  logins = local.database_auth_by_iam ? merge(
    { (local.reader_user) = "stardrop_reader" },
    var.database_auth == "iam" ? { (local.loader_user) = "stardrop_loader" } : {},
  ) : {}
}

resource "aws_cloudwatch_log_group" "migrate" {
  name              = "/aws/lambda/${local.migrate_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.data_key_arn
}

resource "aws_lambda_function" "migrate" {
  function_name    = local.migrate_name
  description      = "Stardrop: makes the database match the datasets"
  role             = aws_iam_role.migrate.arn
  filename         = local.loader_zip
  source_code_hash = filebase64sha256(local.loader_zip)
  handler          = "bootstrap"
  runtime          = "provided.al2023"
  architectures    = ["arm64"]
  layers           = [aws_lambda_layer_version.datasets.arn]

  memory_size = 512
  timeout     = 900 # the longest there is: an index on a large fact takes its time
  # One migration waits for the other anyway.
  reserved_concurrent_executions = -1
  kms_key_arn                    = local.data_key_arn

  environment {
    variables = merge(
      local.shared_environment,
      { STARDROP_DB_AUTH = local.migrate_auth },
      local.migrate_secret == null ? { PGUSER = local.functions.migrate.user } : { STARDROP_DB_SECRET_ARN = local.migrate_secret.arn },
    )
  }

  vpc_config {
    subnet_ids         = local.subnet_ids
    security_group_ids = [aws_security_group.lambda.id]
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.migrate.name
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  depends_on = [aws_iam_role_policy.migrate]
}

resource "aws_lambda_invocation" "migrate" {
  function_name = aws_lambda_function.migrate.function_name
  input = jsonencode({
    migrate = true
    logins  = local.logins
    iam     = local.database_auth_by_iam
  })

  triggers = {
    datasets = aws_lambda_layer_version.datasets.source_code_hash
    loader   = aws_lambda_function.migrate.source_code_hash
    database = coalesce(local.database_resource_id, local.database_host)
  }

  # The way to the database and to its secret.
  depends_on = [
    aws_rds_cluster_instance.main,
    aws_route_table_association.private,
    aws_vpc_endpoint.interface,
    aws_vpc_security_group_egress_rule.lambda_to_database,
    aws_vpc_security_group_egress_rule.lambda_to_endpoints,
    aws_vpc_security_group_egress_rule.lambda_to_https,
    aws_vpc_security_group_egress_rule.lambda_to_unnamed_database,
    aws_vpc_security_group_ingress_rule.database_from_lambda,
    aws_vpc_security_group_ingress_rule.endpoints_from_lambda,
  ]
}
