# The migration function: the loader's code with another role. Every apply that changes a dataset, the loader or the
# database invokes it, and it migrates the database to the datasets.

locals {
  # IAM sign-in works with RDS and Aurora, and with your own database if its resource id is given.
  database_auth_by_iam = local.make_database || try(var.database.resource_id, null) != null

  # Logins that the migration creates as members of a role; with `iam` they sign in with tokens only.
  # With database_auth = "secret" you create the loader's login yourself.
  logins = local.database_auth_by_iam ? merge(
    { (local.reader_user) = "${var.names.namespace}_reader" },
    var.database_auth == "iam" ? { (local.loader_user) = "${var.names.namespace}_loader" } : {},
  ) : {}
}

resource "aws_cloudwatch_log_group" "migrate" {
  name              = "/aws/lambda/${local.migrate_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.data_key_arn
}

resource "aws_lambda_function" "migrate" {
  function_name    = local.migrate_name
  description      = "Stardrop: migrates the database to the datasets"
  role             = aws_iam_role.migrate.arn
  filename         = local.loader_zip
  source_code_hash = filebase64sha256(local.loader_zip)
  handler          = "bootstrap"
  runtime          = "provided.al2023"
  architectures    = ["arm64"]
  layers           = [aws_lambda_layer_version.datasets.arn]

  memory_size = 512
  timeout     = 900 # seconds, Lambda's maximum: creating an index on a large fact takes long
  # Migrations wait for one another, so one at a time is enough.
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

  triggers = merge(local.changed_names, {
    datasets = aws_lambda_layer_version.datasets.source_code_hash
    loader   = aws_lambda_function.migrate.source_code_hash
    database = coalesce(local.database_resource_id, local.database_host)
  })

  # The function needs these to reach the database and its secret.
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
