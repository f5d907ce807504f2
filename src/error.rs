//! Error: what went wrong, where, and what follows from it (retry, fail or stop).

use std::fmt;
use std::time::Duration;

/// The part of the pipeline in which an error arose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Settings,
    Event,
    Dataset,
    Object,
    Decode,
    Records,
    Rows,
    Copy,
    Normalise,
    Ledger,
    Migrate,
    Connect,
    Queue,
}

impl Stage {
    /// The stage's name as it stands in messages, logs and the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Settings => "settings",
            Stage::Event => "event",
            Stage::Dataset => "dataset",
            Stage::Object => "object",
            Stage::Decode => "decode",
            Stage::Records => "records",
            Stage::Rows => "rows",
            Stage::Copy => "copy",
            Stage::Normalise => "normalise",
            Stage::Ledger => "ledger",
            Stage::Migrate => "migrate",
            Stage::Connect => "connect",
            Stage::Queue => "queue",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The message goes back to the queue: the same event may well succeed later.
    Retry,
    /// The file is at fault: the ledger keeps the failure, and nobody tries again unasked.
    Fail,
    /// The set-up is at fault: no file can load until somebody mends it. The event is kept.
    Stop,
}

/// Who has to act, which is also the exit code of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Exit code 1.
    Data,
    /// Exit code 2.
    Configuration,
    /// Exit code 3.
    Environment,
}

impl Fault {
    /// The exit code that `stardrop` ends with.
    pub fn exit_code(self) -> u8 {
        match self {
            Fault::Data => 1,
            Fault::Configuration => 2,
            Fault::Environment => 3,
        }
    }
}

/// Every kind of error there is. A new kind is one line here and one in [`ErrorKind::policy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// A setting is missing or cannot be read.
    BadSetting,
    /// The event is none that is known.
    MalformedEvent,
    /// A `dataset.toml` breaks the rules.
    BadContract,
    /// No dataset's `match` fits the key.
    NoDataset,
    /// The database lacks the dataset's tables, or has those of another contract.
    NotMigrated,
    /// A change that `migrate` cannot make without losing data.
    UnsafeChange,
    /// The bucket does not exist.
    NoBucket,
    /// The object is gone.
    ObjectMissing,
    /// The object was overwritten after the event.
    ObjectChanged,
    /// S3 or the file system refused to let us read.
    ObjectDenied,
    /// S3 broke off, timed out or answered 5xx.
    ObjectUnreadable,
    /// A format or compression that is not read (yet).
    UnsupportedFormat,
    /// The file as a whole breaks the contract: header, encoding, structure.
    BadFile,
    /// The file is larger than a limit allows: row length, columns.
    OverLimit,
    /// More rows were rejected than `rejects` allows.
    OverRejectBudget,
    /// The database does not answer.
    NoDatabase,
    /// The database answers, and refuses the user, the password or the certificate.
    DatabaseDenied,
    /// The connection broke, or the server shut down, is out of memory or disk.
    DatabaseLost,
    /// Deadlock or serialisation failure.
    DatabaseConflict,
    /// The role lacks a right.
    NoPermission,
    /// Postgres refused the rows.
    RowsRefused,
    /// Postgres refused a statement of ours: a bug, or a database changed by hand.
    DatabaseRefused,
    /// Another worker holds the load.
    Busy,
    /// Another worker took the load over while we worked.
    ClaimLost,
    /// The invocation's time is over, and the object is not loaded to its end.
    OutOfTime,
    /// SQS did not take what it was told.
    QueueRefused,
}

/// What follows from an [`ErrorKind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    pub decision: Decision,
    pub fault: Fault,
    /// What the operator can do, as a sentence without a full stop.
    pub hint: &'static str,
}

impl ErrorKind {
    /// All of them, in the order above; the README's table is made of this.
    pub const ALL: &[ErrorKind] = &[
        ErrorKind::BadSetting,
        ErrorKind::MalformedEvent,
        ErrorKind::BadContract,
        ErrorKind::NoDataset,
        ErrorKind::NotMigrated,
        ErrorKind::UnsafeChange,
        ErrorKind::NoBucket,
        ErrorKind::ObjectMissing,
        ErrorKind::ObjectChanged,
        ErrorKind::ObjectDenied,
        ErrorKind::ObjectUnreadable,
        ErrorKind::UnsupportedFormat,
        ErrorKind::BadFile,
        ErrorKind::OverLimit,
        ErrorKind::OverRejectBudget,
        ErrorKind::NoDatabase,
        ErrorKind::DatabaseDenied,
        ErrorKind::DatabaseLost,
        ErrorKind::DatabaseConflict,
        ErrorKind::NoPermission,
        ErrorKind::RowsRefused,
        ErrorKind::DatabaseRefused,
        ErrorKind::Busy,
        ErrorKind::ClaimLost,
        ErrorKind::OutOfTime,
        ErrorKind::QueueRefused,
    ];

    /// The one place that decides what an error means.
    pub fn policy(self) -> Policy {
        use Decision::{Fail, Retry, Stop};
        use Fault::{Configuration, Data, Environment};
        let (decision, fault, hint) = match self {
            ErrorKind::BadSetting => {
                (Stop, Configuration, "mend the setting that the message names")
            }
            ErrorKind::MalformedEvent => (
                Stop,
                Configuration,
                "send an S3 event, an SQS or EventBridge one, or {\"bucket\":..,\"key\":..}",
            ),
            ErrorKind::BadContract => {
                (Stop, Configuration, "mend dataset.toml, then run: stardrop migrate --check")
            }
            ErrorKind::NoDataset => (
                Stop,
                Configuration,
                "add the key's pattern to `match` in a dataset.toml, or narrow the bucket's notification",
            ),
            ErrorKind::NotMigrated => (Stop, Configuration, "run: stardrop migrate"),
            ErrorKind::UnsafeChange => (
                Stop,
                Configuration,
                "change the contract back, or run: stardrop migrate --allow-destructive",
            ),
            ErrorKind::NoBucket => {
                (Stop, Environment, "check the bucket's name, the region and AWS_ENDPOINT_URL_S3")
            }
            ErrorKind::ObjectMissing => (Fail, Data, "drop the file again if it is still wanted"),
            ErrorKind::ObjectChanged => (
                Fail,
                Data,
                "nothing to do: the newer version has an event of its own; a local file has none, load it again",
            ),
            ErrorKind::ObjectDenied => (
                Stop,
                Environment,
                "allow the loader to read the object: s3:GetObject, s3:GetObjectVersion, kms:Decrypt",
            ),
            ErrorKind::ObjectUnreadable => (Retry, Environment, "nothing to do: it is tried again"),
            ErrorKind::UnsupportedFormat => (Fail, Data, "convert the file, or set [file] format"),
            ErrorKind::BadFile => {
                (Fail, Data, "mend the file or the contract, then drop the file again")
            }
            ErrorKind::OverLimit => (
                Fail,
                Data,
                "check the file for an unclosed quote, or raise the limit that the message names",
            ),
            ErrorKind::OverRejectBudget => {
                (Fail, Data, "see `stardrop rejects LOAD`, mend the file or raise [policy] rejects")
            }
            ErrorKind::NoDatabase => {
                (Retry, Environment, "start the database, or check DATABASE_URL, PGHOST and PGPORT")
            }
            ErrorKind::DatabaseDenied => (
                Stop,
                Environment,
                "check the user, password, database and certificate in DATABASE_URL or the PG* variables",
            ),
            ErrorKind::DatabaseLost => (Retry, Environment, "nothing to do: it is tried again"),
            ErrorKind::DatabaseConflict => (Retry, Environment, "nothing to do: it is tried again"),
            ErrorKind::NoPermission => (
                Stop,
                Configuration,
                "make the login a member of stardrop_loader: grant stardrop_loader to <login>",
            ),
            ErrorKind::RowsRefused => (
                Fail,
                Data,
                "see the failure text: the database refused a row that the contract allows",
            ),
            ErrorKind::DatabaseRefused => (
                Stop,
                Configuration,
                "run: stardrop migrate; if it stays, report it with the message",
            ),
            ErrorKind::Busy => {
                (Retry, Environment, "nothing to do: another worker is loading this object")
            }
            ErrorKind::ClaimLost => {
                (Retry, Environment, "nothing to do: another worker has taken the load over")
            }
            ErrorKind::OutOfTime => (
                Retry,
                Environment,
                "send the event again: it goes on at the checkpoint; stardrop reconcile --heal finds such loads",
            ),
            ErrorKind::QueueRefused => (
                Retry,
                Environment,
                "allow the loader sqs:SendMessage and sqs:ChangeMessageVisibility on its queue",
            ),
        };
        Policy { decision, fault, hint }
    }
}

/// An error with its stage, its object and its cause.
///
/// Displayed as `stage: object: message: cause`, lower case, without a full stop.
#[derive(Debug)]
pub struct Error {
    pub kind: ErrorKind,
    pub stage: Stage,
    /// `s3://bucket/key` or a path, where one object is concerned.
    pub object: Option<String>,
    pub message: String,
    /// The five characters by which Postgres names its errors.
    pub sqlstate: Option<String>,
    /// When trying again makes sense, where that is known.
    pub retry_after: Option<Duration>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of whatever can fail in the pipeline.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` in `stage`; `message` says what and where.
    pub fn new(kind: ErrorKind, stage: Stage, message: impl Into<String>) -> Self {
        let message = message.into();
        Error {
            kind,
            stage,
            object: None,
            message,
            sqlstate: None,
            retry_after: None,
            source: None,
        }
    }

    /// Keeps what caused the error.
    pub fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Names the object, unless one is named already.
    pub fn of_object(mut self, object: impl fmt::Display) -> Self {
        self.object.get_or_insert_with(|| object.to_string());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.stage)?;
        if let Some(object) = &self.object {
            write!(f, "{object}: ")?;
        }
        f.write_str(&self.message)?;
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}
