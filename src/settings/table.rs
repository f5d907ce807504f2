//! Table: the name, default and meaning of every variable that is read.

pub const DATABASE_URL: &str = "DATABASE_URL";
pub const PGHOST: &str = "PGHOST";
pub const PGPORT: &str = "PGPORT";
pub const PGUSER: &str = "PGUSER";
pub const PGPASSWORD: &str = "PGPASSWORD";
pub const PGDATABASE: &str = "PGDATABASE";
pub const PGSSLMODE: &str = "PGSSLMODE";
pub const PGSSLROOTCERT: &str = "PGSSLROOTCERT";
pub const STARDROP_DB_AUTH: &str = "STARDROP_DB_AUTH";
pub const STARDROP_DB_SECRET_ARN: &str = "STARDROP_DB_SECRET_ARN";
pub const STARDROP_DATASETS: &str = "STARDROP_DATASETS";
pub const STARDROP_BATCH_ROWS: &str = "STARDROP_BATCH_ROWS";
pub const STARDROP_BATCH_BYTES: &str = "STARDROP_BATCH_BYTES";
pub const STARDROP_MAX_ROW_BYTES: &str = "STARDROP_MAX_ROW_BYTES";
pub const STARDROP_MAX_COLUMNS: &str = "STARDROP_MAX_COLUMNS";
pub const STARDROP_MAX_DECOMPRESSED_BYTES: &str = "STARDROP_MAX_DECOMPRESSED_BYTES";
pub const STARDROP_MAX_RATIO: &str = "STARDROP_MAX_RATIO";
pub const STARDROP_SALT: &str = "STARDROP_SALT";
pub const STARDROP_LEASE_SECONDS: &str = "STARDROP_LEASE_SECONDS";
pub const STARDROP_QUEUE_URL: &str = "STARDROP_QUEUE_URL";
pub const STARDROP_LOG: &str = "STARDROP_LOG";
pub const AWS_ENDPOINT_URL_S3: &str = "AWS_ENDPOINT_URL_S3";
pub const AWS_ENDPOINT_URL_SQS: &str = "AWS_ENDPOINT_URL_SQS";
pub const AWS_ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
pub const PG_BIN: &str = "PG_BIN";

/// Read, and no setting of ours: the search path of the shell.
pub(super) const PATH: &str = "PATH";
/// Read, and no setting of ours: the login name, which is Postgres' default user.
pub(super) const USER: &str = "USER";
/// Set by AWS Lambda alone.
pub(super) const AWS_LAMBDA_RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";
/// Set by AWS Lambda alone.
pub(super) const AWS_LAMBDA_FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";

/// Every setting: its variable, its default and its meaning. The README's table is made of this.
pub const TABLE: &[(&str, &str, &str)] = &[
    (DATABASE_URL, "", "The database: `postgres://user:password@host:port/database?sslmode=...`"),
    (PGHOST, "localhost", "Its host, or the folder of its socket, where the URL names none"),
    (PGPORT, "5432", "Its port, where the URL names no host"),
    (PGUSER, "the login name", "The user, where the URL names none"),
    (PGPASSWORD, "", "The password, where the URL names none"),
    (PGDATABASE, "the user's name", "The database, where the URL names none"),
    (
        PGSSLMODE,
        "`verify-full`, on a local host `prefer`",
        "`disable`, `prefer`, `require` (encrypt, verify nothing), `verify-ca` or `verify-full`",
    ),
    (PGSSLROOTCERT, "the system's roots", "A PEM file of the authorities to trust"),
    (
        STARDROP_DB_AUTH,
        "password",
        "How to log in: `password`, `iam` (a signed token for each connection) or `secret`",
    ),
    (STARDROP_DB_SECRET_ARN, "", "The secret of AWS Secrets Manager that holds user and password"),
    (STARDROP_DATASETS, "`datasets/`, in Lambda `/opt/datasets`", "The folder of the contracts"),
    (STARDROP_BATCH_ROWS, "500000", "Rows in one transaction at most"),
    (STARDROP_BATCH_BYTES, "67108864", "Bytes in one transaction at most"),
    (STARDROP_MAX_ROW_BYTES, "4194304", "Bytes in one record at most"),
    (STARDROP_MAX_COLUMNS, "1000", "Columns in one file at most"),
    (
        STARDROP_MAX_DECOMPRESSED_BYTES,
        "68719476736",
        "Bytes that a compressed file may unpack to at most, and a spooled one be long",
    ),
    (STARDROP_MAX_RATIO, "500", "How many times its size a compressed file may become"),
    (
        STARDROP_SALT,
        "",
        "What goes into the hashes of columns with `protect = \"sha256\"`: a secret",
    ),
    (STARDROP_LEASE_SECONDS, "900", "Seconds after which a silent worker loses its claim"),
    (
        STARDROP_QUEUE_URL,
        "the event's own queue",
        "The SQS queue that goes on with a load that runs out of time",
    ),
    (
        STARDROP_LOG,
        "`info`, on the command line `warn`",
        "`error`, `warn`, `info`, `debug` or `trace`",
    ),
    (AWS_ENDPOINT_URL_S3, "", "Where S3 is, if not at AWS; buckets are then addressed by path"),
    (AWS_ENDPOINT_URL_SQS, "", "Where SQS is, if not at AWS"),
    (AWS_ENDPOINT_URL, "", "The same for all of AWS"),
    (PG_BIN, "found", "The folder of the Postgres server's programs, for `stardrop dev`"),
];
