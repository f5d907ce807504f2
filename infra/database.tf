# The database: Postgres on RDS or Aurora, or your own.

locals {
  make_database = var.database == null
  make_postgres = local.make_database && var.database_engine == "postgres"
  make_aurora   = local.make_database && var.database_engine == "aurora"

  database_name = local.make_database ? "stardrop" : var.database.name
  database_port = local.make_database ? 5432 : var.database.port
  database_host = local.make_postgres ? aws_db_instance.main[0].address : (
    local.make_aurora ? aws_rds_cluster.main[0].endpoint : var.database.host
  )
  # The id by which IAM policies name the database; renaming the database does not change it.
  database_resource_id = local.make_postgres ? aws_db_instance.main[0].resource_id : (
    local.make_aurora ? aws_rds_cluster.main[0].cluster_resource_id : var.database.resource_id
  )
  root_cert = local.make_database ? "/opt/rds/global-bundle.pem" : var.database.root_cert

  master_user = "stardrop_master"
  master_secret = local.make_postgres ? aws_db_instance.main[0].master_user_secret[0].secret_arn : (
    local.make_aurora ? aws_rds_cluster.main[0].master_user_secret[0].secret_arn : null
  )

  database_version = coalesce(var.database_version, "17")
  database_family  = "${var.database_engine == "aurora" ? "aurora-postgresql" : "postgres"}${split(".", local.database_version)[0]}"

  # Memory by instance size, in GiB: `large` is 8 in the families t and m, 16 in r, 32 in x.
  size   = split(".", var.instance_class)[2]
  large  = { t = 8, m = 8, r = 16, x = 32 }[substr(split(".", var.instance_class)[1], 0, 1)]
  small  = { micro = 1, small = 2, medium = 4 }
  times  = local.size == "large" ? 1 : local.size == "xlarge" ? 2 : try(2 * tonumber(trimsuffix(local.size, "xlarge")), 0)
  memory = lookup(local.small, local.size, local.large * local.times)

  connections = local.make_database ? coalesce(var.database_connections, min(5000, 50 * local.memory)) : var.database.connections

  # 15 connections are reserved for superusers, RDS itself, the migration, reconcile and people. A third of the rest
  # may be loads, because after an upgrade the old version's sandboxes keep their connections for a while in addition
  # to the new ones. shared_buffers leaves three quarters of the memory: 45 MB or more for each load to sort and join.
  # A load uses one connection, unless the settings say two.
  load_connections = tonumber(lookup(var.settings, "STARDROP_CONNECTIONS", "1"))
  loaders          = coalesce(var.maximum_concurrency, max(2, min(1000, floor((local.connections - 15) / 3 / local.load_connections))))

  parameters = {
    # Set explicitly, because the concurrency of loads is computed from it. default: a formula of RDS
    max_connections = { value = tostring(local.connections), apply_method = "pending-reboot" }
    # default: 1 from Postgres 15 on; set explicitly, so that turning it off shows up in a plan
    "rds.force_ssl" = { value = "1", apply_method = "immediate" }
    # Logs each connection with its user: the only trace of IAM sign-ins in the database. default: 0
    log_connections = { value = "1", apply_method = "immediate" }
    # Logs which session a batch waits for, after deadlock_timeout. default: 0
    log_lock_waits = { value = "1", apply_method = "immediate" }
    # Logs schema changes, which only migrations make. default: none
    log_statement = { value = "ddl", apply_method = "immediate" }
    # Logs statements longer than a minute; a batch takes seconds. default: -1, none
    log_min_duration_statement = { value = "60000", apply_method = "immediate" }
    # Never log cell values: neither a statement's parameters (default: -1, all of them) ...
    log_parameter_max_length = { value = "0", apply_method = "immediate" }
    # ... nor an error's DETAIL and CONTEXT, which quote them. default: default
    log_error_verbosity = { value = "terse", apply_method = "immediate" }
  }
}

resource "aws_db_subnet_group" "main" {
  count = local.make_database ? 1 : 0

  name        = var.name
  description = "Stardrop ${var.name}"
  subnet_ids  = local.subnet_ids
}

resource "aws_db_parameter_group" "main" {
  count = local.make_postgres ? 1 : 0

  name_prefix = "${var.name}-"
  description = "Stardrop ${var.name}"
  family      = local.database_family

  dynamic "parameter" {
    for_each = local.parameters
    content {
      name         = parameter.key
      value        = parameter.value.value
      apply_method = parameter.value.apply_method
    }
  }

  # A new major version needs a new group before the old one can be deleted.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "main" {
  count = local.make_postgres ? 1 : 0

  identifier     = var.name
  engine         = "postgres"
  engine_version = local.database_version
  instance_class = var.instance_class
  multi_az       = var.multi_az
  db_name        = local.database_name
  port           = local.database_port

  username                            = local.master_user
  manage_master_user_password         = true # in Secrets Manager, rotated weekly, never in Terraform's state
  master_user_secret_kms_key_id       = local.data_key_arn
  iam_database_authentication_enabled = true # default: false

  storage_type          = "gp3"
  allocated_storage     = var.storage_gb
  max_allocated_storage = var.storage_max_gb # default: 0, storage does not grow
  storage_encrypted     = true               # default: false
  kms_key_id            = local.data_key_arn

  db_subnet_group_name   = aws_db_subnet_group.main[0].name
  vpc_security_group_ids = [aws_security_group.database[0].id]
  publicly_accessible    = false
  parameter_group_name   = aws_db_parameter_group.main[0].name
  ca_cert_identifier     = "rds-ca-rsa2048-g1" # the root certificate, valid until 2061, is in the layer

  backup_retention_period   = var.backup_days
  delete_automated_backups  = false # default: true, which deletes them with the database
  copy_tags_to_snapshot     = true
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = false
  final_snapshot_identifier = "${var.name}-final"
  snapshot_identifier       = var.restore_snapshot

  auto_minor_version_upgrade  = true
  allow_major_version_upgrade = true # default: false; changing database_version upgrades

  performance_insights_enabled          = true
  performance_insights_retention_period = 7 # days; 7 is free
  performance_insights_kms_key_id       = local.data_key_arn
  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade"]

  depends_on = [aws_cloudwatch_log_group.database]

  lifecycle {
    # A snapshot is used only to create the database; changing it later must not replace the database.
    ignore_changes = [snapshot_identifier]
  }
}

resource "aws_rds_cluster_parameter_group" "main" {
  count = local.make_aurora ? 1 : 0

  name_prefix = "${var.name}-"
  description = "Stardrop ${var.name}"
  family      = local.database_family

  dynamic "parameter" {
    for_each = local.parameters
    content {
      name         = parameter.key
      value        = parameter.value.value
      apply_method = parameter.value.apply_method
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_rds_cluster" "main" {
  count = local.make_aurora ? 1 : 0

  cluster_identifier = var.name
  engine             = "aurora-postgresql"
  engine_version     = local.database_version
  database_name      = local.database_name
  port               = local.database_port

  master_username                     = local.master_user
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = local.data_key_arn
  iam_database_authentication_enabled = true

  storage_encrypted = true
  kms_key_id        = local.data_key_arn

  db_subnet_group_name            = aws_db_subnet_group.main[0].name
  vpc_security_group_ids          = [aws_security_group.database[0].id]
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.main[0].name

  backup_retention_period   = var.backup_days
  delete_automated_backups  = false
  copy_tags_to_snapshot     = true
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = false
  final_snapshot_identifier = "${var.name}-final"
  snapshot_identifier       = var.restore_snapshot

  allow_major_version_upgrade     = true
  enabled_cloudwatch_logs_exports = ["postgresql"]

  depends_on = [aws_cloudwatch_log_group.database]

  lifecycle {
    ignore_changes = [snapshot_identifier]
  }
}

resource "aws_rds_cluster_instance" "main" {
  count = local.make_aurora ? (var.multi_az ? 2 : 1) : 0

  identifier         = "${var.name}-${count.index}"
  cluster_identifier = aws_rds_cluster.main[0].id
  engine             = aws_rds_cluster.main[0].engine
  instance_class     = var.instance_class

  publicly_accessible        = false
  ca_cert_identifier         = "rds-ca-rsa2048-g1"
  copy_tags_to_snapshot      = true
  auto_minor_version_upgrade = true

  performance_insights_enabled          = true
  performance_insights_retention_period = 7
  performance_insights_kms_key_id       = local.data_key_arn
}

# Created here, because log groups that RDS creates never expire.
resource "aws_cloudwatch_log_group" "database" {
  for_each = toset(local.database_log_groups)

  name              = each.value
  retention_in_days = var.log_retention_days
  kms_key_id        = local.data_key_arn
}
