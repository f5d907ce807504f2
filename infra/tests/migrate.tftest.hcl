mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  loader_zip = "tests/fixtures/loader.zip"
  layer_zip  = "tests/fixtures/layer.zip"
}

run "migration" {
  command = plan

  assert {
    condition     = jsondecode(aws_lambda_invocation.migrate.input) == { migrate = true, iam = true, logins = { stardrop_load = "stardrop_loader", stardrop_read = "stardrop_reader" } }
    error_message = "the migration creates the logins that use tokens"
  }

  assert {
    condition     = aws_lambda_invocation.migrate.function_name == "stardrop-migrate" && aws_lambda_invocation.migrate.triggers == tomap({ datasets = filebase64sha256("tests/fixtures/layer.zip"), loader = filebase64sha256("tests/fixtures/loader.zip"), database = "db-MADE" })
    error_message = "a changed dataset, loader or database invokes the migration"
  }

  assert {
    condition     = aws_lambda_function.migrate.environment[0].variables.STARDROP_DB_AUTH == "secret" && aws_lambda_function.migrate.environment[0].variables.STARDROP_DB_SECRET_ARN == "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds-master"
    error_message = "the migration signs in with the master secret"
  }

  assert {
    condition     = !contains(keys(aws_lambda_function.migrate.environment[0].variables), "STARDROP_QUEUE_URL")
    error_message = "the migration has no queue"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.migrate).Statement : s if s.Sid == "ReadSecret"]).Resource == "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds-master" && one([for s in jsondecode(output.policies.migrate).Statement : s if s.Sid == "DecryptSecret"]).Resource == aws_kms_key.main[0].arn
    error_message = "it may read no other secret"
  }

  assert {
    condition     = !contains([for s in jsondecode(output.policies.migrate).Statement : s.Sid], "SignInToDatabase") && one([for s in jsondecode(output.policies.migrate).Statement : s if s.Sid == "WriteLogs"]).Resource == "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/stardrop-migrate:*"
    error_message = "it writes to its own log group"
  }

  assert {
    condition     = aws_lambda_function.migrate.source_code_hash == aws_lambda_function.loader.source_code_hash
    error_message = "it has the loader's package"
  }
}

run "migration_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.migration.policies
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

run "other_datasets" {
  command = plan

  variables {
    layer_zip = "tests/fixtures/loader.zip"
  }

  assert {
    condition     = aws_lambda_invocation.migrate.triggers.datasets == filebase64sha256("tests/fixtures/loader.zip")
    error_message = "other datasets change the migration's input"
  }
}

run "by_secret" {
  command = plan

  variables {
    database_auth = "secret"
    loader_secret = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:loader", kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/secrets" }
  }

  assert {
    condition     = aws_lambda_function.loader.environment[0].variables.STARDROP_DB_AUTH == "secret" && aws_lambda_function.loader.environment[0].variables.STARDROP_DB_SECRET_ARN == "arn:aws:secretsmanager:eu-central-1:111122223333:secret:loader" && !contains(keys(aws_lambda_function.loader.environment[0].variables), "PGUSER")
    error_message = "the loader signs in with its secret"
  }

  assert {
    condition     = !contains([for s in jsondecode(output.policies.loader).Statement : s.Sid], "SignInToDatabase") && one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "ReadSecret"]).Resource == "arn:aws:secretsmanager:eu-central-1:111122223333:secret:loader" && one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "DecryptSecret"]).Resource == "arn:aws:kms:eu-central-1:111122223333:key/secrets"
    error_message = "it may read no other secret"
  }

  assert {
    condition     = toset(one([for s in jsondecode(output.policies.endpoint_secretsmanager).Statement : s if s.Sid == "Stardrop"]).Resource) == toset(["arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds-master", "arn:aws:secretsmanager:eu-central-1:111122223333:secret:loader"])
    error_message = "the endpoint lets both secrets through"
  }

  assert {
    condition     = jsondecode(aws_lambda_invocation.migrate.input).logins == { stardrop_read = "stardrop_reader" }
    error_message = "the migration creates no login for a secret"
  }
}

run "by_secret_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.by_secret.policies
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

run "own_database_by_token" {
  command = plan

  variables {
    database = { host = "pg.example.org", connections = 200, resource_id = "db-OWN", security_group_id = "sg-own" }
  }

  assert {
    condition     = length(aws_db_instance.main) == 0 && length(aws_rds_cluster.main) == 0 && length(aws_db_subnet_group.main) == 0
    error_message = "no database is created"
  }

  assert {
    condition     = aws_lambda_function.loader.environment[0].variables.PGHOST == "pg.example.org" && aws_lambda_function.loader.environment[0].variables.PGUSER == "stardrop_load"
    error_message = "the loader uses your own database"
  }

  assert {
    condition     = aws_lambda_function.migrate.environment[0].variables.STARDROP_DB_AUTH == "iam" && aws_lambda_function.migrate.environment[0].variables.PGUSER == "stardrop_migrate"
    error_message = "so does the migration, with a token"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.migrate).Statement : s if s.Sid == "SignInToDatabase"]).Resource == "arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-OWN/stardrop_migrate" && one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "SignInToDatabase"]).Resource == "arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-OWN/stardrop_load"
    error_message = "each function may sign in as one user only"
  }

  assert {
    condition     = !contains(keys(aws_vpc_endpoint.interface), "secretsmanager")
    error_message = "no secret, no endpoint for secrets"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.database_from_lambda["own"].security_group_id == "sg-own" && aws_vpc_security_group_egress_rule.lambda_to_database["own"].referenced_security_group_id == "sg-own"
    error_message = "your security group gets a rule for the functions"
  }

  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.plain), "database-cpu") && length(aws_cloudwatch_metric_alarm.storage) == 0
    error_message = "your own database has no alarms here"
  }
}

run "own_database_by_token_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.own_database_by_token.policies
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

run "own_database_by_secret" {
  command = plan

  variables {
    database      = { host = "pg.example.org", connections = 60, migrate_secret = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:migrate" } }
    database_auth = "secret"
    loader_secret = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:loader" }
  }

  assert {
    condition     = jsondecode(aws_lambda_invocation.migrate.input) == { migrate = true, iam = false, logins = {} }
    error_message = "no IAM sign-in"
  }

  assert {
    condition     = length(aws_iam_policy.reader) == 0 && output.reader_policy == null
    error_message = "no IAM sign-in for readers either"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.migrate).Statement : s if s.Sid == "ReadSecret"]).Resource == "arn:aws:secretsmanager:eu-central-1:111122223333:secret:migrate" && !contains([for s in jsondecode(output.policies.migrate).Statement : s.Sid], "DecryptSecret")
    error_message = "the migration reads the secret that was given"
  }

  assert {
    condition     = aws_lambda_invocation.migrate.triggers.database == "pg.example.org"
    error_message = "another host changes the migration's input"
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.database_from_lambda) == 0 && aws_vpc_security_group_egress_rule.lambda_to_unnamed_database["0.0.0.0/0"].to_port == 5432
    error_message = "without a security group the database's port is open to any address"
  }
}

run "own_database_by_secret_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.own_database_by_secret.policies
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

run "own_database_without_a_way_in" {
  command = plan

  variables {
    database = { host = "pg.example.org", connections = 60 }
  }

  expect_failures = [var.database]
}

run "secret_without_secret" {
  command = plan

  variables {
    database_auth = "secret"
  }

  expect_failures = [var.database_auth]
}

run "secret_unused" {
  command = plan

  variables {
    loader_secret = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:loader" }
  }

  expect_failures = [var.database_auth]
}

run "auth_unknown" {
  command = plan

  variables {
    database_auth = "trust"
  }

  expect_failures = [var.database_auth]
}

run "other_names" {
  command = plan

  variables {
    names = { namespace = "sales_etl", star = "dwh" }
  }

  assert {
    condition     = jsondecode(aws_lambda_invocation.migrate.input).logins == { sales_etl_load = "sales_etl_loader", sales_etl_read = "sales_etl_reader" }
    error_message = "the logins and their roles have the namespace's names"
  }

  assert {
    condition     = alltrue([for variables in [aws_lambda_function.loader.environment[0].variables, aws_lambda_function.migrate.environment[0].variables] : variables.STARDROP_NAMESPACE == "sales_etl" && variables.STARDROP_STAR_SCHEMA == "dwh" && !contains(keys(variables), "STARDROP_STAGING_SCHEMA")])
    error_message = "both functions get the names that are not the usual ones"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "SignInToDatabase"]).Resource == "arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-MADE/sales_etl_load"
    error_message = "the loader signs in as the login of its namespace"
  }
}

run "names_that_are_the_same" {
  command = plan

  variables {
    names = { star = "staging" }
  }

  expect_failures = [var.names]
}
