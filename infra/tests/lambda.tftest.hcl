mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  loader_zip = "tests/fixtures/loader.zip"
  layer_zip  = "tests/fixtures/layer.zip"
}

run "loader" {
  command = plan

  assert {
    condition     = aws_lambda_function.loader.runtime == "provided.al2023" && aws_lambda_function.loader.architectures == tolist(["arm64"])
    error_message = "arm64 on Amazon Linux 2023"
  }

  assert {
    condition     = aws_lambda_function.loader.layers == tolist([aws_lambda_layer_version.datasets.arn]) && aws_lambda_function.migrate.layers == tolist([aws_lambda_layer_version.datasets.arn])
    error_message = "both functions have the layer"
  }

  assert {
    condition     = aws_lambda_layer_version.datasets.source_code_hash == filebase64sha256("tests/fixtures/layer.zip") && aws_lambda_function.loader.source_code_hash == filebase64sha256("tests/fixtures/loader.zip")
    error_message = "a changed package is deployed"
  }

  assert {
    condition     = aws_lambda_function.loader.environment[0].variables == tomap({ PGHOST = "stardrop.abc.eu-central-1.rds.amazonaws.com", PGPORT = "5432", PGDATABASE = "stardrop", PGUSER = "stardrop_load", PGSSLMODE = "verify-full", PGSSLROOTCERT = "/opt/rds/global-bundle.pem", STARDROP_DATASETS = "/opt/datasets", STARDROP_LOG = "info", STARDROP_CONNECTIONS = "1", STARDROP_DB_AUTH = "iam", STARDROP_IGNORE = "**/_SUCCESS, **/*_$folder$, _stardrop/**", STARDROP_QUEUE_URL = "https://sqs.eu-central-1.amazonaws.com/111122223333/stardrop-events" })
    error_message = "the loader has exactly this environment"
  }

  assert {
    condition     = aws_lambda_function.loader.vpc_config[0].subnet_ids == toset(aws_subnet.private[*].id)
    error_message = "in the private subnets"
  }

  assert {
    condition     = aws_lambda_function.loader.logging_config[0].log_format == "JSON" && aws_lambda_function.loader.logging_config[0].log_group == aws_cloudwatch_log_group.loader.name
    error_message = "JSON logs in its own log group"
  }

  assert {
    condition     = aws_cloudwatch_log_group.loader.retention_in_days == 365 && aws_cloudwatch_log_group.loader.kms_key_id == aws_kms_key.main[0].arn
    error_message = "logs are kept for a year, encrypted"
  }

  assert {
    condition     = aws_lambda_function.loader.kms_key_arn == aws_kms_key.main[0].arn && aws_lambda_function.migrate.kms_key_arn == aws_kms_key.main[0].arn
    error_message = "the environment is encrypted with the key"
  }

  assert {
    condition     = aws_lambda_function.loader.tracing_config[0].mode == "PassThrough"
    error_message = "tracing is off"
  }

  assert {
    condition     = aws_lambda_function.loader.memory_size == 1024 && aws_lambda_function.loader.ephemeral_storage[0].size == 512 && aws_lambda_function.loader.reserved_concurrent_executions == -1
    error_message = "sizes are as documented"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "SignInToDatabase"]).Action == "rds-db:connect" && one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "SignInToDatabase"]).Resource == "arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-MADE/stardrop_load"
    error_message = "the loader may sign in as one user only"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "WriteLogs"]).Resource == "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/stardrop-loader:*"
    error_message = "the loader writes to its own log group only"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "NoneOfThisForTheFunction"]).Condition.ArnEquals["lambda:SourceFunctionArn"] == ["arn:aws:lambda:eu-central-1:111122223333:function:stardrop-loader", "arn:aws:lambda:eu-central-1:111122223333:function:stardrop-migrate"]
    error_message = "the function's own code may not use network interfaces"
  }

  assert {
    condition     = !contains([for s in jsondecode(output.policies.loader).Statement : s.Sid], "ReadSecret")
    error_message = "the loader may read no secret"
  }

  assert {
    condition     = aws_iam_role_policy.loader.role == "stardrop-loader" && aws_iam_role_policy.migrate.role == "stardrop-migrate" && aws_lambda_function.loader.role != aws_lambda_function.migrate.role
    error_message = "each function has a role of its own"
  }
}

run "loader_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.loader.policies
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

run "tracing" {
  command = plan

  variables {
    tracing = true
  }

  assert {
    condition     = aws_lambda_function.loader.tracing_config[0].mode == "Active" && aws_lambda_function.migrate.tracing_config[0].mode == "Active"
    error_message = "every invocation is traced"
  }

  assert {
    condition     = toset(one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "Trace"]).Action) == toset(["xray:PutTraceSegments", "xray:PutTelemetryRecords"])
    error_message = "only two X-Ray actions are allowed"
  }
}

run "tracing_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.tracing.policies
  }

  assert {
    condition     = length(output.findings) == 0
    error_message = join("; ", output.findings)
  }

  assert {
    condition     = output.stars == tolist(["loader: SeeNetworkInterfaces", "loader: Trace", "migrate: SeeNetworkInterfaces", "migrate: Trace"])
    error_message = "these statements are on all resources: ${join(", ", output.stars)}"
  }
}

run "sizes_and_settings" {
  command = plan

  variables {
    memory_mb          = 2048
    tmp_mb             = 4096
    log_level          = "debug"
    log_retention_days = 30
    settings           = { STARDROP_BATCH_ROWS = "200000" }
    ignore             = ["**/_SUCCESS", "tmp/*.{bak,old}"]
    tags               = { team = "data" }
    name               = "other"
  }

  assert {
    condition     = aws_lambda_function.loader.memory_size == 2048 && aws_lambda_function.loader.ephemeral_storage[0].size == 4096
    error_message = "variables set the sizes"
  }

  assert {
    condition     = aws_lambda_function.loader.environment[0].variables.STARDROP_BATCH_ROWS == "200000" && aws_lambda_function.loader.environment[0].variables.STARDROP_LOG == "debug"
    error_message = "variables set the settings"
  }

  assert {
    condition     = alltrue([for group in concat([aws_cloudwatch_log_group.loader, aws_cloudwatch_log_group.migrate], values(aws_cloudwatch_log_group.database)) : group.retention_in_days == 30])
    error_message = "variables set the retention"
  }

  assert {
    condition     = aws_lambda_function.loader.function_name == "other-loader" && aws_db_instance.main[0].identifier == "other" && aws_sqs_queue.events.name == "other-events"
    error_message = "another name makes another deployment"
  }
}

run "pattern_with_a_comma" {
  command = plan

  variables {
    ignore = ["a,b"]
  }

  expect_failures = [var.ignore]
}

run "settings_of_ours" {
  command = plan

  variables {
    settings = { STARDROP_QUEUE_URL = "https://elsewhere" }
  }

  expect_failures = [var.settings]
}

run "settings_of_others" {
  command = plan

  variables {
    settings = { PGPASSWORD = "x" }
  }

  expect_failures = [var.settings]
}

run "log_level_unknown" {
  command = plan

  variables {
    log_level = "loud"
  }

  expect_failures = [var.log_level]
}

run "log_retention_unknown" {
  command = plan

  variables {
    log_retention_days = 42
  }

  expect_failures = [var.log_retention_days]
}

run "memory_too_little" {
  command = plan

  variables {
    memory_mb = 64
  }

  expect_failures = [var.memory_mb]
}

run "tmp_too_much" {
  command = plan

  variables {
    tmp_mb = 20000
  }

  expect_failures = [var.tmp_mb]
}

run "name_unfit" {
  command = plan

  variables {
    name = "Star Drop"
  }

  expect_failures = [var.name]
}
