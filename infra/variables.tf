# What is deployed

variable "name" {
  description = "Begins the name of everything that is made here. Another name is another Stardrop."
  type        = string
  default     = "stardrop"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name is 3 to 24 lower case letters, digits and hyphens, and begins with a letter."
  }
}

variable "tags" {
  description = "Tags of everything that is made here, besides `project`."
  type        = map(string)
  default     = {}
}

variable "loader_zip" {
  description = "The loader's package for arm64. null: what `make package` writes."
  type        = string
  default     = null
}

variable "layer_zip" {
  description = "The layer with the datasets and the database's root certificates. null: what `make package` writes."
  type        = string
  default     = null
}

variable "datasets_dir" {
  description = "The folder of the datasets, read for their names only: each has two alarms. null: ../datasets."
  type        = string
  default     = null
}

# Bring your own

variable "vpc" {
  description = <<-EOT
    Your own network, by its id and two or more private subnets. null: makes one without a way to the internet.
    Your subnets must reach S3, SQS and, for a secret, Secrets Manager: by endpoints or by NAT. The Lambda may
    call https_cidr_blocks on port 443, besides the database.
  EOT
  type = object({
    id                = string
    subnet_ids        = list(string)
    https_cidr_blocks = optional(list(string), ["0.0.0.0/0"])
  })
  default = null

  validation {
    condition     = var.vpc == null ? true : length(var.vpc.subnet_ids) >= 2
    error_message = "vpc.subnet_ids names two subnets at least, in different availability zones."
  }
}

variable "bucket" {
  description = <<-EOT
    Your own bucket, by its name, and the key that encrypts it if it is not AWS'. null: makes one.
    Nothing of your bucket is changed unless `notification` is "s3".
  EOT
  type = object({
    name        = string
    kms_key_arn = optional(string)
  })
  default = null
}

variable "database" {
  description = <<-EOT
    Your own Postgres, 15 or newer, reached directly: a transaction pooler breaks the ledger's locks. null: makes one.
    `connections` is its max_connections. `security_group_id` is its security group, which then lets the Lambda in.
    `resource_id` (db-... or cluster-...) is needed for IAM. `migrate_user` migrates; it needs `createrole`.
  EOT
  type = object({
    host              = string
    port              = optional(number, 5432)
    name              = optional(string, "stardrop")
    connections       = number
    security_group_id = optional(string)
    resource_id       = optional(string)
    loader_user       = optional(string, "stardrop_load")
    migrate_user      = optional(string, "stardrop_migrate")
    migrate_secret    = optional(object({ arn = string, kms_key_arn = optional(string) }))
    root_cert         = optional(string, "/opt/rds/global-bundle.pem")
  })
  default = null

  validation {
    condition = var.database == null ? true : (
      var.database.resource_id != null || (var.database_auth == "secret" && var.database.migrate_secret != null)
    )
    error_message = "database.resource_id is needed to sign in with IAM; without it, database_auth is \"secret\" and database.migrate_secret is given."
  }
}

# Network

variable "vpc_cidr" {
  description = "The addresses of the network that is made here. A /26 to a /16."
  type        = string
  default     = "10.83.0.0/24"

  validation {
    condition     = can(cidrsubnet(var.vpc_cidr, 2, 3)) && try(tonumber(split("/", var.vpc_cidr)[1]) <= 26, false)
    error_message = "vpc_cidr is a block such as 10.83.0.0/24, /26 at the smallest."
  }
}

variable "availability_zones" {
  description = "How many availability zones the private subnets are in."
  type        = number
  default     = 2

  validation {
    condition     = contains([2, 3, 4], var.availability_zones)
    error_message = "availability_zones is 2, 3 or 4."
  }
}

variable "flow_logs" {
  description = "Logs who called whom in the network that is made here, in steps of ten minutes."
  type        = bool
  default     = true
}

variable "psql_access" {
  description = "Makes a security group that may reach the database. Whoever starts a CloudShell in it can use psql."
  type        = bool
  default     = false
}

# Bucket and events

variable "bucket_name" {
  description = "The name of the bucket that is made here. null: <name>-inbox-<account>-<region>."
  type        = string
  default     = null
}

variable "prefix" {
  description = "Only keys that begin so are loaded, and only those may the loader read. Empty: all of them."
  type        = string
  default     = ""
}

variable "notification" {
  description = <<-EOT
    How the bucket tells the queue of a new object. "s3": by the bucket's own notification, of which a bucket has
    one configuration: setting it wipes what else was there. "eventbridge": by a rule; the bucket must send its
    events to EventBridge. "none": you do it. null: "s3" for the bucket made here, "eventbridge" for your own.
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.notification == null ? true : contains(["s3", "eventbridge", "none"], var.notification)
    error_message = "notification is \"s3\", \"eventbridge\" or \"none\"."
  }
}

variable "keep_versions_days" {
  description = "Days after which an overwritten or deleted version of a file is gone for good."
  type        = number
  default     = 30

  validation {
    condition     = var.keep_versions_days >= 1
    error_message = "keep_versions_days is 1 or more: a load that is retried reads the version that its event names."
  }
}

variable "keep_files_days" {
  description = "Days after which a dropped file is deleted. null: never."
  type        = number
  default     = null

  validation {
    condition     = var.keep_files_days == null ? true : var.keep_files_days >= 15
    error_message = "keep_files_days is 15 or more: a dead letter of a file lives for 14 days and needs the file."
  }
}

# Encryption

variable "encryption" {
  description = <<-EOT
    "kms": bucket, queues, logs, database, secret and the Lambda's environment are under one key of yours.
    "aws": under AWS' own keys (SSE-S3, SSE-SQS and so on). Nothing is ever unencrypted. The alarms' topic needs a
    key of yours either way: CloudWatch cannot publish under AWS' own.
  EOT
  type        = string
  default     = "kms"

  validation {
    condition     = contains(["kms", "aws"], var.encryption)
    error_message = "encryption is \"kms\" or \"aws\"."
  }
}

variable "kms_key_arn" {
  description = "Your own key. Its policy must hold what the output `policies.key` shows. null: makes one."
  type        = string
  default     = null
}

# Lambda

variable "memory_mb" {
  description = "Memory of the loader, in MB. Lambda gives CPU in proportion: one core at 1769."
  type        = number
  default     = 1024

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "memory_mb is 128 to 10240."
  }
}

variable "timeout_seconds" {
  description = "Time of one invocation. A load that is not done by then goes on in another one."
  type        = number
  default     = 900

  validation {
    condition     = var.timeout_seconds >= 60 && var.timeout_seconds <= 900
    error_message = "timeout_seconds is 60 to 900."
  }
}

variable "tmp_mb" {
  description = "Size of /tmp, in MB. Excel and Parquet files are spooled there: as large as the largest of them."
  type        = number
  default     = 512

  validation {
    condition     = var.tmp_mb >= 512 && var.tmp_mb <= 10240
    error_message = "tmp_mb is 512 to 10240."
  }
}

variable "maximum_concurrency" {
  description = "How many files load side by side. null: computed from the database's connections."
  type        = number
  default     = null

  validation {
    condition     = var.maximum_concurrency == null ? true : var.maximum_concurrency >= 2 && var.maximum_concurrency <= 1000
    error_message = "maximum_concurrency is 2 to 1000: Lambda's own limits for a queue."
  }
}

variable "reserved_concurrency" {
  description = "Concurrency of the account that is kept for the loader. null: none is kept."
  type        = number
  default     = null
}

variable "settings" {
  description = "More STARDROP_ settings of the loader, such as { STARDROP_BATCH_ROWS = \"200000\" }."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.settings) : startswith(name, "STARDROP_") && !contains(["STARDROP_DB_AUTH", "STARDROP_DB_SECRET_ARN", "STARDROP_QUEUE_URL", "STARDROP_DATASETS"], name)])
    error_message = "settings names STARDROP_ variables, and none that is set here."
  }
}

variable "log_level" {
  description = "What is logged at least: error, warn, info, debug or trace."
  type        = string
  default     = "info"

  validation {
    condition     = contains(["error", "warn", "info", "debug", "trace"], var.log_level)
    error_message = "log_level is error, warn, info, debug or trace."
  }
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is one of the periods that CloudWatch Logs knows, such as 30, 90 or 365."
  }
}

variable "tracing" {
  description = "Traces every invocation by X-Ray. X-Ray knows no resources: its two actions are then allowed on \"*\"."
  type        = bool
  default     = false
}

# Database

variable "database_engine" {
  description = "\"postgres\": RDS for PostgreSQL. \"aurora\": Aurora PostgreSQL."
  type        = string
  default     = "postgres"

  validation {
    condition     = contains(["postgres", "aurora"], var.database_engine)
    error_message = "database_engine is \"postgres\" or \"aurora\"."
  }
}

variable "database_version" {
  description = "Postgres' version, 15 or newer: a major one, or one such as 17.6. null: 17."
  type        = string
  default     = null

  validation {
    condition     = var.database_version == null ? true : can(regex("^(1[5-9]|[2-9][0-9])([.][0-9]+)?$", var.database_version))
    error_message = "database_version is 15 or newer, such as 17 or 17.6."
  }
}

variable "instance_class" {
  description = "Size of the database. Its memory decides on its connections, and they on how many files load side by side."
  type        = string
  default     = "db.t4g.medium"

  validation {
    condition     = can(regex("^db[.][tmrx][0-9a-z]*[.](micro|small|medium|large|xlarge|(2|4|8|12|16|24|32|48)xlarge)$", var.instance_class))
    error_message = "instance_class is one of the families t, m, r and x, such as db.t4g.medium or db.r8g.xlarge."
  }
}

variable "multi_az" {
  description = "Keeps a standby in another availability zone (for Aurora: a second instance)."
  type        = bool
  default     = false
}

variable "database_connections" {
  description = "max_connections of the database. null: 50 for each GiB of memory, half of RDS' own: loads sort and join."
  type        = number
  default     = null

  validation {
    condition     = var.database_connections == null ? true : var.database_connections >= 25 && var.database_connections <= 5000
    error_message = "database_connections is 25 to 5000."
  }
}

variable "storage_gb" {
  description = "Storage at first, in GB. Aurora grows by itself and takes no notice."
  type        = number
  default     = 20
}

variable "storage_max_gb" {
  description = "Storage may grow by itself up to this, in GB."
  type        = number
  default     = 500

  validation {
    condition     = var.storage_max_gb > var.storage_gb
    error_message = "storage_max_gb is more than storage_gb, or storage cannot grow."
  }
}

variable "backup_days" {
  description = "Days for which the database can be restored to any second."
  type        = number
  default     = 14

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "backup_days is 1 to 35."
  }
}

variable "deletion_protection" {
  description = "Refuses to delete the database."
  type        = bool
  default     = true
}

variable "restore_snapshot" {
  description = "A snapshot that a new database begins with. Has no effect on one that is there."
  type        = string
  default     = null
}

variable "database_auth" {
  description = "How the loader signs in: \"iam\", with a token made for each connection, or \"secret\", with loader_secret."
  type        = string
  default     = "iam"

  validation {
    condition     = contains(["iam", "secret"], var.database_auth)
    error_message = "database_auth is \"iam\" or \"secret\"."
  }
  validation {
    condition     = (var.database_auth == "secret") == (var.loader_secret != null)
    error_message = "loader_secret goes with database_auth = \"secret\", and only with that."
  }
}

variable "loader_secret" {
  description = "The secret with the loader's `username` and `password`, and the key that encrypts it if it is not AWS'."
  type        = object({ arn = string, kms_key_arn = optional(string) })
  default     = null
}

# Operations

variable "alarm_emails" {
  description = "Who gets a mail when an alarm goes off. Each has to confirm once."
  type        = list(string)
  default     = []
}

variable "lag_alarm_minutes" {
  description = "Alarm when the oldest file has waited for so long."
  type        = number
  default     = 30

  validation {
    condition     = var.lag_alarm_minutes >= 1
    error_message = "lag_alarm_minutes is 1 or more."
  }
}

variable "reject_alarm_percent" {
  description = "Alarm when more than this share of a dataset's rows was rejected within an hour."
  type        = number
  default     = 5

  validation {
    condition     = var.reject_alarm_percent >= 0 && var.reject_alarm_percent < 100
    error_message = "reject_alarm_percent is 0 to 99."
  }
}

variable "runbook_url" {
  description = "Where docs/how-to/operations.md can be read. Each alarm links to its entry there."
  type        = string
  default     = "docs/how-to/operations.md"
}

variable "reconcile_schedule" {
  description = "When bucket and ledger are compared, such as \"rate(1 day)\" or \"cron(0 4 * * ? *)\". null: never."
  type        = string
  default     = null

  validation {
    condition     = var.reconcile_schedule == null ? true : can(regex("^(rate|cron)[(].+[)]$", var.reconcile_schedule))
    error_message = "reconcile_schedule is rate(...) or cron(...)."
  }
}

variable "reconcile_heal" {
  description = "Loads what the comparison finds missing. false: only reports it."
  type        = bool
  default     = true
}
