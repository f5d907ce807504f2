//! Report: the outcome and the row counts of one object's load.

use std::time::Duration;

use serde::Serialize;

use crate::dataset::Dataset;
use crate::ledger::{Finding, Totals};
use crate::object::ObjectRef;

/// The outcome of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its rows are in the star now.
    Loaded,
    /// A part of its rows is in the star; the load continues in the next invocation.
    Continues,
    /// It was loaded before; nothing was done.
    AlreadyLoaded,
    /// It failed before; nothing was done.
    FailedBefore,
    /// The same content is loaded under another key or version; nothing was done.
    Duplicate,
    /// A newer version of the key is loaded, or the object was overwritten since its event.
    Superseded,
    /// The object no longer exists.
    Missing,
    /// It was undone by `stardrop undo`; nothing was done.
    Undone,
    /// Its key fits no dataset; the ledger has it in state `unmatched`.
    Unmatched,
    /// Its key fits `STARDROP_IGNORE`; nothing was done.
    Ignored,
}

impl Outcome {
    /// Whether rows were committed. Of the other outcomes, an earlier invocation may have had the same.
    pub(crate) fn is_progress(self) -> bool {
        matches!(self, Outcome::Loaded | Outcome::Continues)
    }

    /// The outcome's name in logs and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Loaded => "loaded",
            Outcome::Continues => "continues",
            Outcome::AlreadyLoaded => "already_loaded",
            Outcome::FailedBefore => "failed_before",
            Outcome::Duplicate => "duplicate",
            Outcome::Superseded => "superseded",
            Outcome::Missing => "missing",
            Outcome::Undone => "undone",
            Outcome::Unmatched => "unmatched",
            Outcome::Ignored => "ignored",
        }
    }
}

/// The result of loading one object. The counts are those of the whole load, over all invocations.
#[derive(Debug, Clone, Serialize)]
pub struct LoadReport {
    /// The load in the ledger; `None` for an object that is ignored.
    pub load_id: Option<i64>,
    /// The name of the dataset; `None` for an object that belongs to none.
    pub dataset: Option<String>,
    /// The object, as `s3://bucket/key` or a path.
    pub object: String,
    /// The sheet or the entry of the object that was loaded; empty for the whole object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// How the load ended.
    pub outcome: Outcome,
    /// Rows found in the object, rejected ones included.
    pub rows_read: u64,
    /// Rows that are in `rejected_row` instead of the star.
    pub rows_rejected: u64,
    /// Facts that were inserted.
    pub rows_inserted: u64,
    /// Facts that were updated.
    pub rows_updated: u64,
    /// Rows whose fact was in the star already, with the same values.
    pub rows_unchanged: u64,
    /// Batches that were committed.
    pub batches: u64,
    /// Bytes of the decoded object.
    pub bytes: u64,
    /// Milliseconds from start to end.
    pub duration_ms: u64,
    /// What was lost of rows that were loaded, once the load is finished.
    pub findings: Vec<Finding>,
}

/// The name of an object in messages, with the part of it in parentheses.
pub fn label(object: impl std::fmt::Display, part: &str) -> String {
    match part {
        "" => object.to_string(),
        part => format!("{object} ({part})"),
    }
}

impl LoadReport {
    /// A report of a load that was not run because of its state in the ledger.
    pub(super) fn nothing_done(
        load_id: i64,
        object: &ObjectRef,
        dataset: Option<&Dataset>,
        state: &str,
    ) -> Self {
        let outcome = match state {
            "failed" => Outcome::FailedBefore,
            "duplicate" => Outcome::Duplicate,
            "superseded" => Outcome::Superseded,
            "missing" => Outcome::Missing,
            "undone" => Outcome::Undone,
            "unmatched" => Outcome::Unmatched,
            _ => Outcome::AlreadyLoaded,
        };
        let nothing = Totals::default();
        LoadReport::of_totals(outcome, load_id, &nothing, object, dataset, Duration::ZERO)
    }

    /// A report of an object that is not loaded because of its key.
    pub(super) fn ignored(object: &ObjectRef) -> Self {
        let nothing = Totals::default();
        let report =
            LoadReport::of_totals(Outcome::Ignored, 0, &nothing, object, None, Duration::ZERO);
        LoadReport { load_id: None, ..report }
    }

    pub(super) fn of_totals(
        outcome: Outcome,
        load_id: i64,
        totals: &Totals,
        object: &ObjectRef,
        dataset: Option<&Dataset>,
        duration: Duration,
    ) -> Self {
        LoadReport {
            load_id: Some(load_id),
            dataset: dataset.map(|dataset| dataset.name.clone()),
            object: object.to_string(),
            part: String::new(),
            outcome,
            rows_read: totals.rows_read,
            rows_rejected: totals.rows_rejected,
            rows_inserted: totals.rows_inserted,
            rows_updated: totals.rows_updated,
            rows_unchanged: totals.rows_unchanged,
            batches: totals.batches,
            bytes: totals.bytes,
            duration_ms: duration.as_millis() as u64,
            findings: Vec::new(),
        }
    }

    /// The report as that of a part of the object.
    pub(super) fn of_part(self, part: &str) -> Self {
        LoadReport { part: part.to_owned(), ..self }
    }

    /// The counts of the load.
    pub(super) fn totals(&self) -> Totals {
        Totals {
            rows_read: self.rows_read,
            rows_rejected: self.rows_rejected,
            rows_inserted: self.rows_inserted,
            rows_updated: self.rows_updated,
            rows_unchanged: self.rows_unchanged,
            batches: self.batches,
            bytes: self.bytes,
        }
    }
}
