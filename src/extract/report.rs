//! Report: what became of a table, as the command and the Lambda function print it.

use serde_json::{Value, json};

use super::job::Job;
use super::part_writer::Written;
use super::target::Target;
use super::window::Window;

/// What became of a table.
#[derive(Debug, Clone)]
pub struct Report {
    /// The table.
    pub table: String,
    /// The files, as `s3://bucket/key` or paths; none if there was nothing new.
    pub files: Vec<String>,
    /// Rows.
    pub rows: u64,
    /// Bytes of CSV, before compression.
    pub bytes: u64,
    /// Zero dates that became null.
    pub zero_dates: u64,
    /// The window; `None` for a full extract.
    pub window: Option<Window>,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Report {
    /// The report as an object of JSON.
    pub fn to_json(&self) -> Value {
        let window = self.window.as_ref().map(|window| {
            json!({
                "from": window.from.map(|from| from.to_string()),
                "until": window.until.to_string(),
            })
        });
        json!({
            "table": self.table, "files": self.files, "rows": self.rows, "bytes": self.bytes,
            "zero_dates": self.zero_dates, "window": window, "notes": self.notes,
        })
    }
}

pub(super) fn report(
    job: &Job,
    target: &Target<'_>,
    written: Written,
    window: Option<Window>,
    notes: Vec<String>,
) -> Report {
    Report {
        table: job.table.name.to_string(),
        files: written.keys.iter().map(|key| target.display(key)).collect(),
        rows: written.rows,
        bytes: written.bytes,
        zero_dates: 0,
        window,
        notes,
    }
}
