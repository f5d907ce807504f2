mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  loader_zip = "tests/fixtures/loader.zip"
  layer_zip  = "tests/fixtures/layer.zip"
}

run "postgres" {
  command = plan

  assert {
    condition     = aws_db_instance.main[0].engine == "postgres" && aws_db_instance.main[0].engine_version == "17" && aws_db_instance.main[0].instance_class == "db.t4g.medium" && aws_db_parameter_group.main[0].family == "postgres17"
    error_message = "Postgres 17 on RDS"
  }

  assert {
    condition     = aws_db_instance.main[0].storage_encrypted && aws_db_instance.main[0].kms_key_id == aws_kms_key.main[0].arn && aws_db_instance.main[0].performance_insights_kms_key_id == aws_kms_key.main[0].arn
    error_message = "encrypted with the key"
  }

  assert {
    condition     = aws_db_instance.main[0].iam_database_authentication_enabled && aws_db_instance.main[0].manage_master_user_password && aws_db_instance.main[0].master_user_secret_kms_key_id == aws_kms_key.main[0].arn && aws_db_instance.main[0].password == null
    error_message = "IAM sign-in, and a master password that RDS manages"
  }

  assert {
    condition     = aws_db_instance.main[0].publicly_accessible == false && aws_db_instance.main[0].vpc_security_group_ids == toset([aws_security_group.database[0].id])
    error_message = "the database is not public"
  }

  assert {
    condition     = aws_db_instance.main[0].deletion_protection && aws_db_instance.main[0].backup_retention_period == 14 && !aws_db_instance.main[0].skip_final_snapshot && !aws_db_instance.main[0].delete_automated_backups && aws_db_instance.main[0].copy_tags_to_snapshot
    error_message = "backups and deletion protection are on"
  }

  assert {
    condition     = aws_db_instance.main[0].performance_insights_enabled && aws_db_instance.main[0].multi_az == false && aws_db_instance.main[0].max_allocated_storage == 500 && aws_db_instance.main[0].auto_minor_version_upgrade
    error_message = "the defaults are as documented"
  }

  assert {
    condition     = one([for p in aws_db_parameter_group.main[0].parameter : p.value if p.name == "rds.force_ssl"]) == "1"
    error_message = "no connection without TLS"
  }

  assert {
    condition     = one([for p in aws_db_parameter_group.main[0].parameter : p.value if p.name == "log_parameter_max_length"]) == "0" && one([for p in aws_db_parameter_group.main[0].parameter : p.value if p.name == "log_error_verbosity"]) == "terse"
    error_message = "no value of a cell in the log of the database"
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_log_group.database)) == toset(["/aws/rds/instance/stardrop/postgresql", "/aws/rds/instance/stardrop/upgrade"])
    error_message = "its logs expire"
  }
}

run "postgres_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.postgres.policies
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

run "large_and_safe" {
  command = plan

  variables {
    multi_az         = true
    instance_class   = "db.r8g.xlarge"
    database_version = "18.1"
    storage_gb       = 100
    storage_max_gb   = 1000
    backup_days      = 35
    restore_snapshot = "before"
  }

  assert {
    condition     = aws_db_instance.main[0].multi_az && aws_db_instance.main[0].instance_class == "db.r8g.xlarge" && aws_db_instance.main[0].engine_version == "18.1" && aws_db_parameter_group.main[0].family == "postgres18"
    error_message = "variables set version, size and standby"
  }

  assert {
    condition     = aws_db_instance.main[0].allocated_storage == 100 && aws_db_instance.main[0].max_allocated_storage == 1000 && aws_db_instance.main[0].backup_retention_period == 35 && aws_db_instance.main[0].snapshot_identifier == "before"
    error_message = "variables set storage, backups and snapshot"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.storage[0].threshold == 10737418240
    error_message = "the storage alarm uses storage_gb"
  }
}

run "deletable" {
  command = plan

  variables {
    deletion_protection = false
  }

  assert {
    condition     = !aws_db_instance.main[0].deletion_protection && !aws_db_instance.main[0].skip_final_snapshot
    error_message = "a final snapshot is made without deletion protection too"
  }
}

run "aurora" {
  command = plan

  variables {
    database_engine = "aurora"
  }

  assert {
    condition     = length(aws_db_instance.main) == 0 && aws_rds_cluster.main[0].engine == "aurora-postgresql" && length(aws_rds_cluster_instance.main) == 1 && aws_rds_cluster_parameter_group.main[0].family == "aurora-postgresql17"
    error_message = "Aurora with one instance"
  }

  assert {
    condition     = aws_rds_cluster.main[0].storage_encrypted && aws_rds_cluster.main[0].kms_key_id == aws_kms_key.main[0].arn && aws_rds_cluster.main[0].master_user_secret_kms_key_id == aws_kms_key.main[0].arn && aws_rds_cluster_instance.main[0].performance_insights_kms_key_id == aws_kms_key.main[0].arn
    error_message = "encrypted with the key"
  }

  assert {
    condition     = aws_rds_cluster.main[0].iam_database_authentication_enabled && aws_rds_cluster.main[0].manage_master_user_password && aws_rds_cluster.main[0].deletion_protection && aws_rds_cluster.main[0].backup_retention_period == 14 && aws_rds_cluster_instance.main[0].publicly_accessible == false
    error_message = "Aurora is as protected as RDS"
  }

  assert {
    condition     = one([for p in aws_rds_cluster_parameter_group.main[0].parameter : p.value if p.name == "rds.force_ssl"]) == "1"
    error_message = "no connection without TLS"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "SignInToDatabase"]).Resource == "arn:aws:rds-db:eu-central-1:111122223333:dbuser:cluster-MADE/stardrop_load"
    error_message = "the loader signs in to the cluster"
  }

  assert {
    condition     = aws_lambda_function.loader.environment[0].variables.PGHOST == "stardrop.cluster-abc.eu-central-1.rds.amazonaws.com"
    error_message = "the loader connects to the writer"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.plain["database-connections"].dimensions == tomap({ DBClusterIdentifier = "stardrop" }) && length(aws_cloudwatch_metric_alarm.storage) == 0
    error_message = "alarms use the cluster's dimensions"
  }

  assert {
    condition     = keys(aws_cloudwatch_log_group.database) == ["/aws/rds/cluster/stardrop/postgresql"]
    error_message = "log groups are those of a cluster"
  }
}

run "aurora_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.aurora.policies
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

run "aurora_multi_az" {
  command = plan

  variables {
    database_engine = "aurora"
    multi_az        = true
  }

  assert {
    condition     = length(aws_rds_cluster_instance.main) == 2
    error_message = "multi_az adds a second instance"
  }
}

run "engine_unknown" {
  command = plan

  variables {
    database_engine = "mysql"
  }

  expect_failures = [var.database_engine]
}

run "version_too_old" {
  command = plan

  variables {
    database_version = "14"
  }

  expect_failures = [var.database_version]
}

run "storage_cannot_grow" {
  command = plan

  variables {
    storage_max_gb = 20
  }

  expect_failures = [var.storage_max_gb]
}

run "no_backups" {
  command = plan

  variables {
    backup_days = 0
  }

  expect_failures = [var.backup_days]
}

run "connections_too_few" {
  command = plan

  variables {
    database_connections = 10
  }

  expect_failures = [var.database_connections]
}
