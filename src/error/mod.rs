//! Error: one type for all errors of the pipeline, with its kind, stage, object and cause.

mod kind;

use std::fmt;
use std::time::Duration;

pub use kind::{Decision, ErrorKind, Fault, Policy};

/// The part of the pipeline in which an error happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the modules of these names are described in lib.rs")]
pub enum Stage {
    Settings,
    Event,
    Dataset,
    Object,
    Decode,
    Records,
    Enrich,
    Rows,
    Copy,
    Normalise,
    Ledger,
    Migrate,
    Connect,
    Queue,
    Extract,
}

impl Stage {
    /// The stage's name in messages, logs and the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Settings => "settings",
            Stage::Event => "event",
            Stage::Dataset => "dataset",
            Stage::Object => "object",
            Stage::Decode => "decode",
            Stage::Records => "records",
            Stage::Enrich => "enrich",
            Stage::Rows => "rows",
            Stage::Copy => "copy",
            Stage::Normalise => "normalise",
            Stage::Ledger => "ledger",
            Stage::Migrate => "migrate",
            Stage::Connect => "connect",
            Stage::Queue => "queue",
            Stage::Extract => "extract",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The rows that made Postgres refuse a COPY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusedRows {
    /// The line of the COPY that could not be read, counted from 1.
    CopyLine(u64),
    /// The lines of the object with the rows at fault.
    SourceLines(Vec<u64>),
}

/// An error with its stage, its object and its cause.
///
/// Displayed as `stage: object: message: cause`, lower case, without a full stop.
#[derive(Debug)]
pub struct Error {
    /// What kind of error it is, which decides what follows.
    pub kind: ErrorKind,
    /// Where in the flow of data it happened.
    pub stage: Stage,
    /// `s3://bucket/key` or a path, where the error is about one object.
    pub object: Option<String>,
    /// What happened, in one line.
    pub message: String,
    /// The SQLSTATE of an error by Postgres.
    pub sqlstate: Option<String>,
    /// The rows that Postgres refused, where it says which.
    pub rows: Option<Box<RefusedRows>>,
    details: Option<Box<Details>>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What few errors have, apart from the others so that an error is small.
#[derive(Debug, Default)]
struct Details {
    retry_after: Option<Duration>,
    load_id: Option<i64>,
    hint: Option<&'static str>,
}

/// The result of anything in the pipeline that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error without an object or a cause; `message` says what happened and where.
    pub fn new(kind: ErrorKind, stage: Stage, message: impl Into<String>) -> Self {
        let message = message.into();
        Error {
            kind,
            stage,
            object: None,
            message,
            sqlstate: None,
            rows: None,
            details: None,
            source: None,
        }
    }

    /// Adds the error that caused this one.
    pub fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error with another kind, stage and message, and without an object.
    pub(crate) fn with_message(self, kind: ErrorKind, stage: Stage, message: String) -> Self {
        Error { kind, stage, message, object: None, ..self }
    }

    /// Replaces the hint of the error's kind, where this error needs another one.
    #[must_use]
    pub fn with_hint(mut self, hint: &'static str) -> Self {
        self.details_mut().hint = Some(hint);
        self
    }

    /// What the operator can do, with the number of the load where that is known.
    pub fn hint(&self) -> String {
        let own = self.details.as_ref().and_then(|details| details.hint);
        let hint = own.unwrap_or(self.kind.policy().hint);
        match self.load_id() {
            Some(load_id) => hint.replace("LOAD", &load_id.to_string()),
            None => hint.to_owned(),
        }
    }

    /// The load that the error ended or interrupted.
    pub fn load_id(&self) -> Option<i64> {
        self.details.as_ref()?.load_id
    }

    /// How long to wait before a retry, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.details.as_ref()?.retry_after
    }

    /// Adds the load.
    pub(crate) fn of_load(mut self, load_id: i64) -> Self {
        self.details_mut().load_id = Some(load_id);
        self
    }

    /// Adds how long to wait before a retry, where that is known.
    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.details_mut().retry_after = wait;
        self
    }

    fn details_mut(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }

    /// Adds the object, unless there is one already.
    pub(crate) fn of_object(mut self, object: impl fmt::Display) -> Self {
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
