//! Outcomes: prints the result of each load as a line or as JSON, and decides the exit code.

use std::io::IsTerminal;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use stardrop::error::{Decision, Fault, Result};
use stardrop::load::{LoadReport, Outcome, PartLoad, label};
use stardrop::object::ObjectRef;

/// The results of the objects so far.
pub struct Outcomes {
    json: bool,
    bar: ProgressBar,
    loads: Vec<Value>,
    worst: Option<Fault>,
}

impl Outcomes {
    /// Starts with no results. `objects` is their number, for the progress bar.
    pub fn new(objects: usize, json: bool) -> Self {
        let hidden = json || objects < 2 || !std::io::stderr().is_terminal();
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
        let bar = if hidden { ProgressBar::hidden() } else { ProgressBar::new(objects as u64) };
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Outcomes { json, bar, loads: Vec::new(), worst: None }
    }

    /// Prints and keeps the results of an object's loads. False where the other objects would fail the same way.
    pub fn add(&mut self, object: &ObjectRef, loads: Vec<PartLoad>) -> anyhow::Result<bool> {
        self.bar.inc(1);
        self.bar.set_message(object.to_string());
        let mut goes_on = true;
        for PartLoad { part, result } in loads {
            goes_on &= self.add_load(object, &part, result)?;
        }
        Ok(goes_on)
    }

    fn add_load(
        &mut self,
        object: &ObjectRef,
        part: &str,
        result: Result<LoadReport>,
    ) -> anyhow::Result<bool> {
        let error = match result {
            Ok(report) => {
                match report.outcome {
                    Outcome::FailedBefore => {
                        self.worst.get_or_insert(Fault::Data);
                    }
                    Outcome::Unmatched => self.add_fault(Fault::Configuration),
                    _ => {}
                }
                if !self.json {
                    self.bar.suspend(|| say!("{}", line(&report)))?;
                    for finding in &report.findings {
                        self.bar.suspend(|| say!("  {finding}"))?;
                    }
                }
                self.loads.push(serde_json::to_value(report)?);
                return Ok(true);
            }
            Err(error) => error,
        };
        let policy = error.kind.policy();
        self.add_fault(policy.fault);
        let load = error.load_id().map_or_else(String::new, |load_id| format!("load {load_id}: "));
        self.bar.suspend(|| eprintln!("stardrop: {load}{error}\n  {}", error.hint()));
        let mut failed = json!({
            "load_id": error.load_id(), "object": object.to_string(), "outcome": "failed",
            "failure": error.to_string(),
        });
        if let (false, Some(fields)) = (part.is_empty(), failed.as_object_mut()) {
            fields.insert("part".to_owned(), part.into());
        }
        self.loads.push(failed);
        Ok(policy.decision != Decision::Stop || policy.fault == Fault::Data)
    }

    /// Counts one more object than was known at the start, and says why.
    pub fn expect_more(&mut self, why: &str) -> anyhow::Result<()> {
        self.bar.inc_length(1);
        if !self.json {
            self.bar.suspend(|| say!("{why}"))?;
        }
        Ok(())
    }

    /// The highest exit code wins: an error in the environment over one in the data.
    fn add_fault(&mut self, fault: Fault) {
        let worst = self.worst.filter(|worst| worst.exit_code() > fault.exit_code());
        self.worst = worst.or(Some(fault));
    }

    /// Prints the JSON array, if requested, and returns the exit code.
    pub fn finish(self) -> anyhow::Result<ExitCode> {
        self.bar.finish_and_clear();
        if self.json {
            say!("{}", serde_json::to_string_pretty(&self.loads)?)?;
        }
        Ok(self.worst.map_or(ExitCode::SUCCESS, |fault| ExitCode::from(fault.exit_code())))
    }
}

fn line(report: &LoadReport) -> String {
    let load = report.load_id.unwrap_or_default();
    let object = &label(&report.object, &report.part);
    let said = match report.outcome {
        Outcome::Ignored => {
            return format!("{object}: ignored because of its key (STARDROP_IGNORE)");
        }
        Outcome::Loaded => format!(
            "{} rows read, {} rejected, {:.1} MB in {:.1} s",
            report.rows_read,
            report.rows_rejected,
            report.bytes as f64 / 1e6,
            report.duration_ms as f64 / 1e3,
        ),
        Outcome::Continues => {
            format!("{} rows so far, continues in the next invocation", report.rows_read)
        }
        Outcome::AlreadyLoaded => "already loaded".to_owned(),
        Outcome::Duplicate => "skipped, a file with the same content is already loaded".to_owned(),
        Outcome::Superseded => {
            format!("skipped, another version of the object is newer; see: stardrop status {load}")
        }
        Outcome::Missing => "the object does not exist any more".to_owned(),
        Outcome::Undone => {
            format!("skipped, it was undone; to load it again, run: stardrop replay {load}")
        }
        Outcome::Unmatched => {
            format!("no dataset's `match` fits the key; once one does, run: stardrop replay {load}")
        }
        Outcome::FailedBefore => format!("skipped, it failed before; see: stardrop status {load}"),
    };
    format!("load {load}: {object}: {said}")
}
