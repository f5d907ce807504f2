# The loader function, its layer of datasets, and its event source mapping.

locals {
  loader_zip = coalesce(var.loader_zip, "${path.module}/../target/lambda/loader/bootstrap.zip")
  layer_zip  = coalesce(var.layer_zip, "${path.module}/../target/lambda/layer.zip")

  database_log_groups = concat(
    [for kind in ["postgresql", "upgrade"] : "/aws/rds/instance/${var.name}/${kind}" if local.make_postgres],
    [for kind in ["postgresql"] : "/aws/rds/cluster/${var.name}/${kind}" if local.make_aurora],
  )
  log_groups = concat(["/aws/lambda/${local.loader_name}", "/aws/lambda/${local.migrate_name}"], local.database_log_groups, [for name in [local.flow_log_group] : name if local.flow_logs])

  loader_user = coalesce(try(var.database.loader_user, null), "${var.names.namespace}_load")
  reader_user = "${var.names.namespace}_read"

  # Environment variables of both functions.
  shared_environment = merge(local.changed_names, {
    PGHOST            = local.database_host
    PGPORT            = tostring(local.database_port)
    PGDATABASE        = local.database_name
    PGSSLMODE         = "verify-full"
    PGSSLROOTCERT     = local.root_cert
    STARDROP_DATASETS = "/opt/datasets"
    STARDROP_LOG      = var.log_level
  })

  # The names of schemas and roles, where they are not the usual ones.
  changed_names = { for name, pair in {
    STARDROP_NAMESPACE      = [var.names.namespace, "stardrop"]
    STARDROP_STAR_SCHEMA    = [var.names.star, "star"]
    STARDROP_STAGING_SCHEMA = [var.names.staging, "staging"]
  } : name => pair[0] if pair[0] != pair[1] }
}

# Becomes /opt/datasets and /opt/rds/global-bundle.pem, so a changed dataset needs no new build of the loader.
resource "aws_lambda_layer_version" "datasets" {
  layer_name               = "${var.name}-datasets"
  description              = "Datasets of Stardrop, and the certificates that verify RDS"
  filename                 = local.layer_zip
  source_code_hash         = filebase64sha256(local.layer_zip)
  compatible_architectures = ["arm64"]
  compatible_runtimes      = ["provided.al2023"]
  skip_destroy             = true # default: false; keeps the previous version for a rollback
}

resource "aws_cloudwatch_log_group" "loader" {
  name              = "/aws/lambda/${local.loader_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.data_key_arn
}

resource "aws_lambda_function" "loader" {
  function_name    = local.loader_name
  description      = "Stardrop: loads files from S3 into Postgres"
  role             = aws_iam_role.loader.arn
  filename         = local.loader_zip
  source_code_hash = filebase64sha256(local.loader_zip)
  handler          = "bootstrap"
  runtime          = "provided.al2023"
  architectures    = ["arm64"] # default: x86_64, which costs a quarter more for the same time
  layers           = [aws_lambda_layer_version.datasets.arn]

  memory_size                    = var.memory_mb
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = coalesce(var.reserved_concurrency, -1)
  kms_key_arn                    = local.data_key_arn

  ephemeral_storage {
    size = var.tmp_mb
  }

  environment {
    variables = merge(
      local.shared_environment,
      {
        STARDROP_DB_AUTH     = var.database_auth
        STARDROP_QUEUE_URL   = aws_sqs_queue.events.url
        STARDROP_IGNORE      = join(", ", distinct(concat(var.ignore, ["_stardrop/**"]))) # states of extracts are no files
        STARDROP_CONNECTIONS = tostring(local.load_connections)
      },
      # With a secret, it holds the user name.
      var.database_auth == "iam" ? { PGUSER = local.loader_user } : { STARDROP_DB_SECRET_ARN = var.loader_secret.arn },
      var.settings,
    )
  }

  vpc_config {
    subnet_ids         = local.subnet_ids
    security_group_ids = [aws_security_group.lambda.id]
  }

  logging_config {
    log_format = "JSON" # default: Text
    log_group  = aws_cloudwatch_log_group.loader.name
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  # The database is migrated to the new datasets before the loader gets them.
  depends_on = [aws_iam_role_policy.loader, aws_lambda_invocation.migrate]

  lifecycle {
    precondition {
      condition     = var.reserved_concurrency == null ? true : var.reserved_concurrency > local.loaders
      error_message = "reserved_concurrency must be more than the ${local.loaders} concurrent loads, or reconcile and health checks are throttled."
    }
  }
}

resource "aws_lambda_event_source_mapping" "queue" {
  event_source_arn        = aws_sqs_queue.events.arn
  function_name           = aws_lambda_function.loader.arn
  batch_size              = 1 # default: 10; one message for each invocation, so that a file has all of its time
  function_response_types = ["ReportBatchItemFailures"]

  # Each load holds one database connection, or two by `settings`, so this limits the connections.
  scaling_config {
    maximum_concurrency = local.loaders
  }

  depends_on = [aws_iam_role_policy.loader]
}

# Asynchronous invocations come only from the schedules of reconcile and of extracts. default: two retries within six hours
resource "aws_lambda_function_event_invoke_config" "loader" {
  function_name                = aws_lambda_function.loader.function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 3600
}
