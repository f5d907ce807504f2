//! Table: the name, default and meaning of every environment variable that Stardrop reads.

pub(crate) const DATABASE_URL: &str = "DATABASE_URL";
pub(crate) const PGHOST: &str = "PGHOST";
pub(crate) const PGPORT: &str = "PGPORT";
pub(crate) const PGUSER: &str = "PGUSER";
pub(crate) const PGPASSWORD: &str = "PGPASSWORD";
pub(crate) const PGDATABASE: &str = "PGDATABASE";
pub(crate) const PGSSLMODE: &str = "PGSSLMODE";
pub(crate) const PGSSLROOTCERT: &str = "PGSSLROOTCERT";
pub(crate) const MYSQL_PWD: &str = "MYSQL_PWD";
pub(crate) const STARDROP_DB_AUTH: &str = "STARDROP_DB_AUTH";
pub(crate) const STARDROP_DB_SECRET_ARN: &str = "STARDROP_DB_SECRET_ARN";
pub(crate) const STARDROP_NAMESPACE: &str = "STARDROP_NAMESPACE";
pub(crate) const STARDROP_STAR_SCHEMA: &str = "STARDROP_STAR_SCHEMA";
pub(crate) const STARDROP_STAGING_SCHEMA: &str = "STARDROP_STAGING_SCHEMA";
pub(crate) const STARDROP_DATASETS: &str = "STARDROP_DATASETS";
pub(crate) const STARDROP_BATCH_ROWS: &str = "STARDROP_BATCH_ROWS";
pub(crate) const STARDROP_BATCH_BYTES: &str = "STARDROP_BATCH_BYTES";
pub(crate) const STARDROP_CONNECTIONS: &str = "STARDROP_CONNECTIONS";
pub(crate) const STARDROP_MAX_ROW_BYTES: &str = "STARDROP_MAX_ROW_BYTES";
pub(crate) const STARDROP_MAX_COLUMNS: &str = "STARDROP_MAX_COLUMNS";
pub(crate) const STARDROP_MAX_DECOMPRESSED_BYTES: &str = "STARDROP_MAX_DECOMPRESSED_BYTES";
pub(crate) const STARDROP_MAX_RATIO: &str = "STARDROP_MAX_RATIO";
pub(crate) const STARDROP_SALT: &str = "STARDROP_SALT";
pub(crate) const STARDROP_LEASE_SECONDS: &str = "STARDROP_LEASE_SECONDS";
pub(crate) const STARDROP_QUEUE_URL: &str = "STARDROP_QUEUE_URL";
pub(crate) const STARDROP_IGNORE: &str = "STARDROP_IGNORE";
pub(crate) const STARDROP_LOG: &str = "STARDROP_LOG";
pub(crate) const AWS_ENDPOINT_URL_S3: &str = "AWS_ENDPOINT_URL_S3";
pub(crate) const AWS_ENDPOINT_URL_SQS: &str = "AWS_ENDPOINT_URL_SQS";
pub(crate) const AWS_ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
pub(crate) const PG_BIN: &str = "PG_BIN";

/// The default of `STARDROP_IGNORE`.
pub(super) const DEFAULT_IGNORE: &str = "**/_SUCCESS, **/*_$folder$, _stardrop/**";

/// The shell's search path. Read, but not a setting of Stardrop.
pub(super) const PATH: &str = "PATH";
/// The login name, which is Postgres' default user. Read, but not a setting of Stardrop.
pub(super) const USER: &str = "USER";
/// Set by AWS Lambda only.
pub(super) const AWS_LAMBDA_RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";
/// Set by AWS Lambda only.
pub(super) const AWS_LAMBDA_FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";

/// Every setting: variable, default and meaning. A test compares the documentation's table with this.
pub const TABLE: &[(&str, &str, &str)] = &[
    (DATABASE_URL, "", "The database: `postgres://user:password@host:port/database?sslmode=...`"),
    (PGHOST, "localhost", "The host, or the folder of its socket, if not in the URL"),
    (PGPORT, "5432", "The port, if the URL has no host"),
    (PGUSER, "the login name", "The user, if not in the URL"),
    (PGPASSWORD, "", "The password, if not in the URL"),
    (PGDATABASE, "the user's name", "The database, if not in the URL"),
    (
        PGSSLMODE,
        "`verify-full`; `prefer` for a local host",
        "`disable`, `prefer`, `require` (encrypts, does not verify), `verify-ca` or `verify-full`",
    ),
    (
        PGSSLROOTCERT,
        "the system's root certificates",
        "A PEM file of the certificate authorities to trust",
    ),
    (
        STARDROP_DB_AUTH,
        "password",
        "How to authenticate: `password`, `iam` (a signed token for each connection) or `secret`",
    ),
    (STARDROP_DB_SECRET_ARN, "", "The secret in AWS Secrets Manager with user and password"),
    (
        STARDROP_NAMESPACE,
        "stardrop",
        "The schema of the ledger; the roles are `<namespace>_owner`, `<namespace>_loader` and `<namespace>_reader`",
    ),
    (STARDROP_STAR_SCHEMA, "star", "The schema of the dimensions and facts"),
    (STARDROP_STAGING_SCHEMA, "staging", "The schema of the staging tables"),
    (STARDROP_DATASETS, "`datasets/`; `/opt/datasets` in Lambda", "The folder of the contracts"),
    (STARDROP_BATCH_ROWS, "500000", "Maximum rows in one transaction"),
    (STARDROP_BATCH_BYTES, "67108864", "Maximum bytes in one transaction"),
    (
        STARDROP_CONNECTIONS,
        "2",
        "Connections of one load, `1` or `2`: with two, the next batch is copied while one is normalised and committed",
    ),
    (STARDROP_MAX_ROW_BYTES, "4194304", "Maximum bytes of one record"),
    (STARDROP_MAX_COLUMNS, "1000", "Maximum columns of one file"),
    (
        STARDROP_MAX_DECOMPRESSED_BYTES,
        "68719476736",
        "Maximum bytes of a compressed file after decompression, and of an Excel or Parquet file",
    ),
    (
        STARDROP_MAX_RATIO,
        "500",
        "Maximum ratio of a compressed file's decompressed to its compressed size",
    ),
    (
        STARDROP_SALT,
        "",
        "A secret that is part of the hashes of columns with `protect = \"sha256\"`",
    ),
    (
        STARDROP_LEASE_SECONDS,
        "900",
        "Seconds without progress after which a worker loses its claim",
    ),
    (
        STARDROP_QUEUE_URL,
        "the queue that the event came from",
        "The SQS queue through which a load that runs out of time continues",
    ),
    (
        STARDROP_IGNORE,
        "`**/_SUCCESS, **/*_$folder$, _stardrop/**`",
        "Patterns of keys that are no files to load, separated by commas, as in `match` of a contract",
    ),
    (
        STARDROP_LOG,
        "`warn`; `info` in Lambda",
        "The log level: `error`, `warn`, `info`, `debug` or `trace`",
    ),
    (AWS_ENDPOINT_URL_S3, "", "The S3 endpoint, if not AWS; buckets are then addressed by path"),
    (AWS_ENDPOINT_URL_SQS, "", "The SQS endpoint, if not AWS"),
    (AWS_ENDPOINT_URL, "", "The endpoint of all AWS services, if not AWS"),
    (
        MYSQL_PWD,
        "",
        "The password of a MySQL source of `stardrop extract`, if not in its URL; for Postgres it is `PGPASSWORD`",
    ),
    (
        PG_BIN,
        "searched in the usual places",
        "The folder of the Postgres server's programs, for `stardrop dev`",
    ),
];
