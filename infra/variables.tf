# What is deployed

variable "name" {
  description = "Prefix of the names of all resources. Another name makes a second, independent deployment."
  type        = string
  default     = "stardrop"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 24 lower case letters, digits and hyphens, and start with a letter."
  }
}

variable "tags" {
  description = "Tags of all resources, in addition to `project`."
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
  description = "The directory of the datasets. Only their names are read, for two alarms each. null: ../datasets."
  type        = string
  default     = null
}

# Bring your own

variable "vpc" {
  description = <<-EOT
    Your own network: its id and two or more private subnets. null: creates one without internet access.
    Your subnets must reach S3, SQS and, with a secret, Secrets Manager, through endpoints or NAT. The functions may
    connect to https_cidr_blocks on port 443, and to the database.
  EOT
  type = object({
    id                = string
    subnet_ids        = list(string)
    https_cidr_blocks = optional(list(string), ["0.0.0.0/0"])
  })
  default = null

  validation {
    condition     = var.vpc == null ? true : length(var.vpc.subnet_ids) >= 2
    error_message = "vpc.subnet_ids must name at least two subnets, in different availability zones."
  }
}

variable "bucket" {
  description = <<-EOT
    Your own bucket: its name, and its KMS key unless that is an AWS managed one. null: creates one.
    Your bucket's configuration is changed only if `notification` is "s3".
  EOT
  type = object({
    name        = string
    kms_key_arn = optional(string)
  })
  default = null
}

variable "database" {
  description = <<-EOT
    Your own Postgres, 15 or newer, without a transaction pooler, which breaks the ledger's locks. null: creates one.
    `connections` is its max_connections. `security_group_id` is its security group; a rule for the functions is added.
    `resource_id` (db-... or cluster-...) is needed for IAM sign-in. `migrate_user` runs migrations and needs `createrole`.
  EOT
  type = object({
    host              = string
    port              = optional(number, 5432)
    name              = optional(string, "stardrop")
    connections       = number
    security_group_id = optional(string)
    resource_id       = optional(string)
    loader_user       = optional(string)
    migrate_user      = optional(string, "stardrop_migrate")
    migrate_secret    = optional(object({ arn = string, kms_key_arn = optional(string) }))
    root_cert         = optional(string, "/opt/rds/global-bundle.pem")
  })
  default = null

  validation {
    condition = var.database == null ? true : (
      var.database.resource_id != null || (var.database_auth == "secret" && var.database.migrate_secret != null)
    )
    error_message = "database.resource_id is needed to sign in with IAM; without it, set database_auth = \"secret\" and database.migrate_secret."
  }
}

variable "names" {
  description = <<-EOT
    The schemas of the ledger, the star and staging. `namespace` also starts the names of the database's roles and logins.
    Two deployments can share a server with different namespaces, and a database with three different names each.
  EOT
  type = object({
    namespace = optional(string, "stardrop")
    star      = optional(string, "star")
    staging   = optional(string, "staging")
  })
  default = {}

  validation {
    condition = alltrue([for name in values(var.names) : can(regex("^[a-z][a-z0-9_]{0,49}$", name)) && !startswith(name, "pg_")]) && (
      length(distinct(values(var.names))) == 3
    )
    error_message = "names must be three different names of lower-case letters, digits and _."
  }
}

# Network

variable "vpc_cidr" {
  description = "The CIDR block of the network that is created here, a /26 to a /16."
  type        = string
  default     = "10.83.0.0/24"

  validation {
    condition     = can(cidrsubnet(var.vpc_cidr, 2, 3)) && try(tonumber(split("/", var.vpc_cidr)[1]) <= 26, false)
    error_message = "vpc_cidr must be a block such as 10.83.0.0/24, at least a /26."
  }
}

variable "availability_zones" {
  description = "Number of availability zones with a private subnet."
  type        = number
  default     = 2

  validation {
    condition     = contains([2, 3, 4], var.availability_zones)
    error_message = "availability_zones must be 2, 3 or 4."
  }
}

variable "flow_logs" {
  description = "Flow logs of the network that is created here, in intervals of ten minutes."
  type        = bool
  default     = true
}

variable "psql_access" {
  description = "Creates a security group that may reach the database, for a CloudShell with psql."
  type        = bool
  default     = false
}

# Bucket and events

variable "bucket_name" {
  description = "The name of the bucket that is created here. null: <name>-inbox-<account>-<region>."
  type        = string
  default     = null
}

variable "prefix" {
  description = "Only keys with this prefix are loaded, and the loader may read no others. Empty: all keys."
  type        = string
  default     = ""
}

variable "notification" {
  description = <<-EOT
    How events of new objects reach the queue. "s3": by the bucket's notification configuration; a bucket has only one,
    so setting it replaces what was there. "eventbridge": by a rule; the bucket must send its events to EventBridge.
    "none": you set it up. null: "s3" for the bucket created here, "eventbridge" for your own.
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.notification == null ? true : contains(["s3", "eventbridge", "none"], var.notification)
    error_message = "notification must be \"s3\", \"eventbridge\" or \"none\"."
  }
}

variable "keep_versions_days" {
  description = "Days after which an overwritten or deleted version of a file is deleted for good."
  type        = number
  default     = 30

  validation {
    condition     = var.keep_versions_days >= 1
    error_message = "keep_versions_days must be 1 or more: a load that is retried reads the version that its event names."
  }
}

variable "keep_files_days" {
  description = "Days after which an uploaded file is deleted. null: never."
  type        = number
  default     = null

  validation {
    condition     = var.keep_files_days == null ? true : var.keep_files_days >= 15
    error_message = "keep_files_days must be 15 or more: a dead letter is kept for 14 days, and its redrive needs the file."
  }
}

# Encryption

variable "encryption" {
  description = <<-EOT
    "kms": one KMS key of yours encrypts bucket, queues, logs, database, secret and the functions' environment.
    "aws": AWS managed keys do (SSE-S3, SSE-SQS and so on). Nothing is ever unencrypted. The alarm topic needs a key of
    yours either way, because CloudWatch cannot publish to a topic under an AWS managed key.
  EOT
  type        = string
  default     = "kms"

  validation {
    condition     = contains(["kms", "aws"], var.encryption)
    error_message = "encryption must be \"kms\" or \"aws\"."
  }
}

variable "kms_key_arn" {
  description = "Your own KMS key. Its policy must contain what the output `policies.key` shows. null: creates one."
  type        = string
  default     = null
}

# Lambda

variable "memory_mb" {
  description = "Memory of the loader, in MB. CPU is in proportion to it: one core at 1769."
  type        = number
  default     = 1024

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "memory_mb must be 128 to 10240."
  }
}

variable "timeout_seconds" {
  description = "Timeout of an invocation. A longer load continues in another invocation."
  type        = number
  default     = 900

  validation {
    condition     = var.timeout_seconds >= 60 && var.timeout_seconds <= 900
    error_message = "timeout_seconds must be 60 to 900."
  }
}

variable "tmp_mb" {
  description = "Size of /tmp, in MB. Excel and Parquet files are copied there before they are read, so it must hold the largest one, and databases that contracts look values up in from S3."
  type        = number
  default     = 512

  validation {
    condition     = var.tmp_mb >= 512 && var.tmp_mb <= 10240
    error_message = "tmp_mb must be 512 to 10240."
  }
}

variable "maximum_concurrency" {
  description = "How many files load concurrently. null: computed from the database's connections."
  type        = number
  default     = null

  validation {
    condition     = var.maximum_concurrency == null ? true : var.maximum_concurrency >= 2 && var.maximum_concurrency <= 1000
    error_message = "maximum_concurrency must be 2 to 1000, Lambda's limits for a queue."
  }
}

variable "reserved_concurrency" {
  description = "Concurrency of the account that is reserved for the loader. null: none."
  type        = number
  default     = null
}

variable "settings" {
  description = "Further STARDROP_ settings of the loader, such as { STARDROP_BATCH_ROWS = \"200000\" }."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.settings) : startswith(name, "STARDROP_") && !contains(["STARDROP_DB_AUTH", "STARDROP_DB_SECRET_ARN", "STARDROP_QUEUE_URL", "STARDROP_DATASETS", "STARDROP_IGNORE", "STARDROP_NAMESPACE", "STARDROP_STAR_SCHEMA", "STARDROP_STAGING_SCHEMA"], name)])
    error_message = "settings must hold STARDROP_ variables only, and none that this module sets itself."
  }
}

variable "ignore" {
  description = "Patterns of keys that are no files to load, such as the markers of Hadoop and Spark."
  type        = list(string)
  default     = ["**/_SUCCESS", "**/*_$folder$"]

  validation {
    condition     = length(var.ignore) > 0 && alltrue([for pattern in var.ignore : length(trimspace(pattern)) > 0 && !strcontains(replace(pattern, "/\\{[^{}]*\\}/", ""), ",")])
    error_message = "ignore must hold at least one pattern; a comma may only stand within braces."
  }
}

variable "log_level" {
  description = "The lowest level that is logged: error, warn, info, debug or trace."
  type        = string
  default     = "info"

  validation {
    condition     = contains(["error", "warn", "info", "debug", "trace"], var.log_level)
    error_message = "log_level must be error, warn, info, debug or trace."
  }
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a period that CloudWatch Logs supports, such as 30, 90 or 365."
  }
}

variable "tracing" {
  description = "Traces every invocation with X-Ray. Its two actions are then allowed on \"*\", because X-Ray supports no resources."
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
    error_message = "database_engine must be \"postgres\" or \"aurora\"."
  }
}

variable "database_version" {
  description = "The Postgres version, 15 or newer, such as 17 or 17.6. null: 17."
  type        = string
  default     = null

  validation {
    condition     = var.database_version == null ? true : can(regex("^(1[5-9]|[2-9][0-9])([.][0-9]+)?$", var.database_version))
    error_message = "database_version must be 15 or newer, such as 17 or 17.6."
  }
}

variable "instance_class" {
  description = "Instance class of the database. Its memory determines max_connections, and that the number of concurrent loads."
  type        = string
  default     = "db.t4g.medium"

  validation {
    condition     = can(regex("^db[.][tmrx][0-9a-z]*[.](micro|small|medium|large|xlarge|(2|4|8|12|16|24|32|48)xlarge)$", var.instance_class))
    error_message = "instance_class must be of the families t, m, r and x, such as db.t4g.medium or db.r8g.xlarge."
  }
}

variable "multi_az" {
  description = "Keeps a standby in another availability zone (for Aurora: a second instance)."
  type        = bool
  default     = false
}

variable "database_connections" {
  description = "max_connections of the database. null: 50 for each GiB of memory, half of RDS' default, because loads need memory to sort and join."
  type        = number
  default     = null

  validation {
    condition     = var.database_connections == null ? true : var.database_connections >= 25 && var.database_connections <= 5000
    error_message = "database_connections must be 25 to 5000."
  }
}

variable "storage_gb" {
  description = "Initial storage, in GB. Ignored by Aurora, which grows automatically."
  type        = number
  default     = 20
}

variable "storage_max_gb" {
  description = "Storage grows automatically up to this size, in GB."
  type        = number
  default     = 500

  validation {
    condition     = var.storage_max_gb > var.storage_gb
    error_message = "storage_max_gb must be more than storage_gb, or storage cannot grow."
  }
}

variable "backup_days" {
  description = "Days within which the database can be restored to any second."
  type        = number
  default     = 14

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "backup_days must be 1 to 35."
  }
}

variable "deletion_protection" {
  description = "Protects the database against deletion."
  type        = bool
  default     = true
}

variable "restore_snapshot" {
  description = "The snapshot from which a new database is created. Ignored once the database exists."
  type        = string
  default     = null
}

variable "database_auth" {
  description = "How the loader signs in: \"iam\" with a token for each connection, \"secret\" with loader_secret."
  type        = string
  default     = "iam"

  validation {
    condition     = contains(["iam", "secret"], var.database_auth)
    error_message = "database_auth must be \"iam\" or \"secret\"."
  }
  validation {
    condition     = (var.database_auth == "secret") == (var.loader_secret != null)
    error_message = "loader_secret must be set if database_auth is \"secret\", and only then."
  }
}

variable "loader_secret" {
  description = "The secret with the loader's `username` and `password`, and its KMS key unless that is an AWS managed one."
  type        = object({ arn = string, kms_key_arn = optional(string) })
  default     = null
}

# Operations

variable "alarm_emails" {
  description = "Mail addresses that receive alarms. Each must confirm its subscription once."
  type        = list(string)
  default     = []
}

variable "lag_alarm_minutes" {
  description = "Alarm when the oldest file has waited longer than this."
  type        = number
  default     = 30

  validation {
    condition     = var.lag_alarm_minutes >= 1
    error_message = "lag_alarm_minutes must be 1 or more."
  }
}

variable "reject_alarm_percent" {
  description = "Alarm when more than this share of a dataset's rows was rejected within an hour."
  type        = number
  default     = 5

  validation {
    condition     = var.reject_alarm_percent >= 0 && var.reject_alarm_percent < 100
    error_message = "reject_alarm_percent must be 0 to 99."
  }
}

variable "runbook_url" {
  description = "The address of docs/how-to/operations.md. Each alarm links to its entry there."
  type        = string
  default     = "docs/how-to/operations.md"
}

variable "reconcile_schedule" {
  description = "When bucket and ledger are compared automatically, such as \"rate(1 day)\" or \"cron(0 4 * * ? *)\". null: never."
  type        = string
  default     = null

  validation {
    condition     = var.reconcile_schedule == null ? true : can(regex("^(rate|cron)[(].+[)]$", var.reconcile_schedule))
    error_message = "reconcile_schedule must be rate(...) or cron(...)."
  }
}

variable "extracts" {
  description = <<-EOT
    Tables of MySQL or Postgres that the loader copies into the bucket on a schedule, by a name for each. `source` is a
    URL without a password, which comes from `secret`, or from IAM with `resource_id` (db-... or cluster-...). Files go
    below `prefix`, by default the name and a slash. `security_group_id` is that of the source; rules for the functions
    are added. Without one, `cidr_blocks` are where the functions may connect to. The other options are those of
    `stardrop extract`.
  EOT
  type = map(object({
    schedule          = string
    source            = string
    secret            = optional(object({ arn = string, kms_key_arn = optional(string) }))
    resource_id       = optional(string)
    security_group_id = optional(string)
    cidr_blocks       = optional(list(string), [])
    tables            = optional(list(string), [])
    patterns          = optional(list(string), [])
    query             = optional(string)
    prefix            = optional(string)
    since             = optional(string)
    overlap           = optional(string)
    format            = optional(string)
    compression       = optional(string)
    split             = optional(string)
    zero_dates        = optional(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.extracts) : can(regex("^[a-z][a-z0-9_-]{0,29}$", name))])
    error_message = "The names of extracts must be at most 30 lower-case letters, digits, _ and -, and start with a letter."
  }
  validation {
    condition     = alltrue([for extract in values(var.extracts) : can(regex("^(rate|cron)[(].+[)]$", extract.schedule))])
    error_message = "The schedule of an extract must be rate(...) or cron(...)."
  }
  validation {
    condition     = alltrue([for extract in values(var.extracts) : can(regex("^(mysql|mariadb|postgres|postgresql)://[^:@/]+@[^@]+$", extract.source))])
    error_message = "The source of an extract must be such as mysql://user@host:3306/database, without a password."
  }
  validation {
    condition     = alltrue([for extract in values(var.extracts) : (extract.secret == null) != (extract.resource_id == null)])
    error_message = "An extract needs either secret, or resource_id to sign in with IAM."
  }
  validation {
    condition     = alltrue([for extract in values(var.extracts) : (length(extract.tables) + length(extract.patterns) > 0) != (extract.query != null)])
    error_message = "An extract needs either tables or patterns, or a query."
  }
  validation {
    condition     = alltrue([for extract in values(var.extracts) : extract.prefix == null ? true : can(regex("^[^/*?].*/$", extract.prefix))])
    error_message = "The prefix of an extract must end with a slash, and not start with one."
  }
}

variable "reconcile_heal" {
  description = "Whether the comparison loads what is missing. false: only reports it."
  type        = bool
  default     = true
}
