//! Outcomes: what became of each object in; lines or JSON, and the exit code, out.

use std::io::IsTerminal;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use stardrop::error::{Decision, Fault, Result};
use stardrop::load::{LoadReport, Outcome};
use stardrop::object::ObjectRef;

/// What became of the objects so far.
pub struct Outcomes {
    json: bool,
    bar: ProgressBar,
    loads: Vec<Value>,
    worst: Option<Fault>,
}

impl Outcomes {
    /// Nothing yet, of so many objects.
    pub fn new(objects: usize, json: bool) -> Self {
        let hidden = json || objects < 2 || !std::io::stderr().is_terminal();
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
        let bar = if hidden { ProgressBar::hidden() } else { ProgressBar::new(objects as u64) };
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Outcomes { json, bar, loads: Vec::new(), worst: None }
    }

    /// Says what became of an object. False where the rest would fail the same way.
    pub fn note(&mut self, object: &ObjectRef, result: Result<LoadReport>) -> anyhow::Result<bool> {
        self.bar.inc(1);
        self.bar.set_message(object.to_string());
        let error = match result {
            Ok(report) => {
                if report.outcome == Outcome::FailedBefore {
                    self.worst.get_or_insert(Fault::Data);
                }
                if !self.json {
                    self.bar.suspend(|| say!("{}", line(&report)))?;
                }
                self.loads.push(serde_json::to_value(report)?);
                return Ok(true);
            }
            Err(error) => error,
        };
        let policy = error.kind.policy();
        // The environment's fault hides whatever the data may be guilty of.
        self.worst = self
            .worst
            .filter(|fault| fault.exit_code() > policy.fault.exit_code())
            .or(Some(policy.fault));
        self.bar.suspend(|| eprintln!("stardrop: {error}\n  {}", policy.hint));
        self.loads.push(json!({
            "object": object.to_string(), "outcome": "failed", "failure": error.to_string(),
        }));
        Ok(policy.decision != Decision::Stop || policy.fault == Fault::Data)
    }

    /// The end: JSON where it was asked for, and the exit code.
    pub fn finish(self) -> anyhow::Result<ExitCode> {
        self.bar.finish_and_clear();
        if self.json {
            say!("{}", serde_json::to_string_pretty(&self.loads)?)?;
        }
        Ok(self.worst.map_or(ExitCode::SUCCESS, |fault| ExitCode::from(fault.exit_code())))
    }
}

fn line(report: &LoadReport) -> String {
    let (load, object) = (report.load_id, &report.object);
    match report.outcome {
        Outcome::Loaded => format!(
            "load {load}: {object}: {} rows read, {} rejected, {:.1} MB in {:.1} s",
            report.rows_read,
            report.rows_rejected,
            report.bytes as f64 / 1e6,
            report.duration_ms as f64 / 1e3,
        ),
        Outcome::Continues => {
            format!("load {load}: {object}: {} rows so far, to be gone on with", report.rows_read)
        }
        Outcome::AlreadyLoaded => format!("load {load}: {object}: loaded already, nothing to do"),
        Outcome::Duplicate => format!("load {load}: {object}: the same bytes are loaded already"),
        Outcome::Superseded => {
            format!(
                "load {load}: {object}: another version of the key counts, see: stardrop status {load}"
            )
        }
        Outcome::Missing => format!("load {load}: {object}: the object is gone"),
        Outcome::Undone => {
            format!(
                "load {load}: {object}: undone by hand, to load it again: stardrop replay {load}"
            )
        }
        Outcome::FailedBefore => {
            format!("load {load}: {object}: failed before, see: stardrop status {load}")
        }
    }
}
