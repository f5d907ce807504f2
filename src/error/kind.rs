//! Kind: the kinds of errors, and for each whether to retry, where the cause is, and a hint for the operator.

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Try again later: the same event may then succeed. Its message goes back to the queue.
    Retry,
    /// The file has an error: record the load as failed in the ledger, and do not retry.
    Fail,
    /// The configuration has an error, and no file can load until it is fixed. The event's message goes back to the
    /// queue.
    Stop,
}

/// Where the cause of an error is. It decides the exit code of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// In the file. Exit code 1.
    Data,
    /// In the settings, the contracts or the database's set-up. Exit code 2.
    Configuration,
    /// In what the program needs: database, S3, SQS. Exit code 3.
    Environment,
}

impl Fault {
    /// The exit code of `stardrop`.
    pub fn exit_code(self) -> u8 {
        match self {
            Fault::Data => 1,
            Fault::Configuration => 2,
            Fault::Environment => 3,
        }
    }
}

/// Declares the enum, and the list of all its variants.
macro_rules! error_kinds {
    ($($(#[$doc:meta])* $kind:ident,)*) => {
        /// The kinds of errors. A new kind is an entry here and one in [`ErrorKind::policy`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ErrorKind {
            $($(#[$doc])* $kind,)*
        }

        impl ErrorKind {
            /// All kinds, in the order of their declaration.
            pub const ALL: &[ErrorKind] = &[$(ErrorKind::$kind,)*];
        }
    };
}

error_kinds! {
    /// A setting is missing, or its value is not valid.
    BadSetting,
    /// The event is of no known kind, or lacks a field.
    MalformedEvent,
    /// A `dataset.toml` has errors.
    BadContract,
    /// A file that a contract's `[enrich.*]` names is missing, damaged, or lacks what the contract expects.
    BadEnrichment,
    /// The key matches no dataset, or more than one.
    NoDataset,
    /// The database lacks the dataset's tables, or has those of another version of the contract.
    NotMigrated,
    /// A change that `migrate` cannot make without losing data.
    UnsafeChange,
    /// A table or a column of that name exists, and no migration of Stardrop created it.
    NameTaken,
    /// The bucket does not exist.
    NoBucket,
    /// The object does not exist (any more).
    ObjectMissing,
    /// The object was overwritten after the event.
    ObjectChanged,
    /// S3 or the file system denied access to the object.
    ObjectDenied,
    /// S3 closed the connection, timed out or answered with status 5xx.
    ObjectUnreadable,
    /// The format or compression of the file is not supported.
    UnsupportedFormat,
    /// The file as a whole breaks the contract: header, encoding, structure.
    BadFile,
    /// The file exceeds a limit: size, length of a row, number of columns.
    OverLimit,
    /// More rows were rejected than `[policy] rejects` allows.
    OverRejectBudget,
    /// Cannot connect to the database.
    NoDatabase,
    /// The database refused the user, the password or the database name, or its certificate is not trusted.
    DatabaseDenied,
    /// Loads cannot use the server, the encoding of the database, or a pooler in between.
    UnsupportedDatabase,
    /// The database is a read-only replica, or its transactions are read-only by a setting.
    ReadOnlyDatabase,
    /// The connection was lost, or the server shut down or ran out of memory or disk space.
    DatabaseLost,
    /// Deadlock or serialization failure.
    DatabaseConflict,
    /// The database role lacks a privilege.
    NoPermission,
    /// Postgres refused the rows.
    RowsRefused,
    /// Postgres refused one of our statements: a bug, or a database that was changed by hand.
    DatabaseRefused,
    /// Another worker holds the load.
    Busy,
    /// Another worker took over the load.
    ClaimLost,
    /// The invocation's time limit was reached before the end of the object.
    OutOfTime,
    /// SQS refused a request.
    QueueRefused,
    /// Cannot connect to the database that is extracted from.
    NoSource,
    /// The source refused user, password or certificate, or the user may not read the table.
    SourceDenied,
    /// The source has no such table or column, or it cannot be extracted in this way.
    BadSource,
    /// A value of the source cannot be written, and the options say to stop there.
    SourceValue,
    /// The connection to the source was lost, or the source ended the query.
    SourceLost,
    /// Another run has extracted the same table meanwhile.
    ExtractOvertaken,
}

/// What to do about an [`ErrorKind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// What happens to the load, and to the message.
    pub decision: Decision,
    /// Who can fix it.
    pub fault: Fault,
    /// What the operator can do: a sentence without a full stop. LOAD stands for the number of the load.
    pub hint: &'static str,
}

impl ErrorKind {
    /// What to do about this kind of error. Decided here only.
    pub fn policy(self) -> Policy {
        use Decision::{Fail, Retry, Stop};
        use Fault::{Configuration, Data, Environment};
        let (decision, fault, hint) = match self {
            Self::BadSetting => (Stop, Configuration, "fix the setting named in the message"),
            Self::MalformedEvent => (
                Stop,
                Configuration,
                "send an event of S3, SQS, SNS, EventBridge or S3 Batch Operations, or {\"bucket\":..,\"key\":..}",
            ),
            Self::BadContract => {
                (Stop, Configuration, "fix dataset.toml, then run: stardrop migrate --check")
            }
            Self::BadEnrichment => (
                Stop,
                Configuration,
                "replace the file named in the message, or fix [enrich.*] in dataset.toml",
            ),
            Self::NoDataset => (
                Stop,
                Configuration,
                "add a pattern for the key to `match` in a dataset.toml, or restrict the bucket's notification to fewer keys",
            ),
            Self::NotMigrated => (Stop, Configuration, "run: stardrop migrate"),
            Self::UnsafeChange => (
                Stop,
                Configuration,
                "undo the change of the contract, or run: stardrop migrate --allow-destructive",
            ),
            Self::NameTaken => (
                Stop,
                Configuration,
                "choose another name in the contract, or set STARDROP_STAR_SCHEMA and STARDROP_STAGING_SCHEMA to other schemas",
            ),
            Self::NoBucket => (
                Stop,
                Environment,
                "check the name of the bucket, the region and AWS_ENDPOINT_URL_S3",
            ),
            Self::ObjectMissing => (Fail, Data, "upload the file again if it is still needed"),
            Self::ObjectChanged => (
                Fail,
                Data,
                "no action needed: the event of the newer version loads it; load a local file again yourself",
            ),
            Self::ObjectDenied => (
                Stop,
                Environment,
                "grant the loader s3:GetObject, s3:GetObjectVersion and kms:Decrypt",
            ),
            Self::ObjectUnreadable => {
                (Retry, Environment, "no action needed: retried automatically")
            }
            Self::UnsupportedFormat => (
                Fail,
                Data,
                "convert the file; or set [file] format, then run: stardrop replay LOAD",
            ),
            Self::BadFile => (
                Fail,
                Data,
                "fix the file and upload it again; or fix the contract, then run: stardrop replay LOAD",
            ),
            Self::OverLimit => (
                Fail,
                Data,
                "check the file for an unclosed quote; or raise the limit named in the message, then run: stardrop replay LOAD",
            ),
            Self::OverRejectBudget => (
                Fail,
                Data,
                "run: stardrop rejects LOAD; fix the file and upload it again, or raise [policy] rejects and run: stardrop replay LOAD",
            ),
            Self::NoDatabase => {
                (Retry, Environment, "start the database, or check DATABASE_URL, PGHOST and PGPORT")
            }
            Self::DatabaseDenied => (
                Stop,
                Environment,
                "check user, password, database and certificate in DATABASE_URL or the PG* variables",
            ),
            Self::UnsupportedDatabase => (
                Stop,
                Configuration,
                "use a Postgres server, a database and a connection as the message says",
            ),
            Self::ReadOnlyDatabase => (
                Retry,
                Environment,
                "use the writer's endpoint in DATABASE_URL or PGHOST; retried automatically, in case the server fails over",
            ),
            Self::DatabaseLost => (Retry, Environment, "no action needed: retried automatically"),
            Self::DatabaseConflict => {
                (Retry, Environment, "no action needed: retried automatically")
            }
            Self::NoPermission => (
                Stop,
                Configuration,
                "grant the privilege that the message names; the loader's login needs: grant stardrop_loader to <login> (with STARDROP_NAMESPACE: its role)",
            ),
            Self::RowsRefused => (
                Fail,
                Data,
                "the contract allows a row that the database refuses: fix the file, or the constraint or trigger named in the message",
            ),
            Self::DatabaseRefused => (
                Stop,
                Configuration,
                "run: stardrop migrate; if the error persists, report it with its message",
            ),
            Self::Busy => {
                (Retry, Environment, "no action needed: another worker is loading this object")
            }
            Self::ClaimLost => {
                (Retry, Environment, "no action needed: another worker took over the load")
            }
            Self::OutOfTime => (
                Retry,
                Environment,
                "send the event again, or run: stardrop reconcile --heal; the load continues at its checkpoint",
            ),
            Self::QueueRefused => (
                Retry,
                Environment,
                "grant the loader sqs:SendMessage and sqs:ChangeMessageVisibility on its queue",
            ),
            Self::NoSource => {
                (Retry, Environment, "start the source, or check the host and the port in its URL")
            }
            Self::SourceDenied => (
                Stop,
                Environment,
                "check user, password and certificate in the source's URL, MYSQL_PWD or PGPASSWORD; the user needs the right to select from the tables",
            ),
            Self::BadSource => (Stop, Configuration, "change the option named in the message"),
            Self::SourceValue => (
                Fail,
                Data,
                "fix the values in the source, or choose what to do with them: --zero-dates null or keep",
            ),
            Self::SourceLost => (
                Retry,
                Environment,
                "run the same command again: it writes the same keys, and nothing counts twice",
            ),
            Self::ExtractOvertaken => (
                Retry,
                Environment,
                "run the same command again, one at a time: what is loaded already does not count twice",
            ),
        };
        Policy { decision, fault, hint }
    }
}
