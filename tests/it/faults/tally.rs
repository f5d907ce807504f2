//! Counts what was injected and loaded, and prints the totals.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::frames::Phase;
use super::proxy::{At, Call, WireFault};

/// The faults that really happened, by kind. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Injected(Arc<Mutex<BTreeMap<String, u64>>>);

impl Injected {
    pub fn count(&self, kind: impl Into<String>, times: u64) {
        if times > 0 {
            *self.0.lock().unwrap().entry(kind.into()).or_default() += times;
        }
    }

    /// A fault on the way between loader and database.
    pub fn count_fault(&self, at: At, wire_fault: WireFault, phase: Option<Phase>) {
        let what = match wire_fault {
            WireFault::CutBefore => "connection cut before",
            WireFault::CutHalf => "connection cut within",
            WireFault::CutAtOnce => "connection cut right after",
            WireFault::CutAfter => "answer lost of",
            WireFault::Orphan(_) => "half-open connection, late",
            WireFault::Stall(_) => "stall at",
            WireFault::Before(call) | WireFault::After(call) => match call {
                Call::Terminate => "backend terminated at",
                Call::Abandon => "invocation dropped at",
                Call::Kill => "process killed -9 at",
                Call::Freeze => "process stopped at",
                Call::Put(_) => "object overwritten at",
                Call::Delete(_) => "object deleted at",
                Call::KillServer => "server killed -9 at",
            },
        };
        let place = match (at, phase) {
            (At::FromServer(_), _) => "an answer".to_owned(),
            (_, Some(phase)) => format!("{phase:?}").to_lowercase(),
            (_, None) => "a message".to_owned(),
        };
        self.count(format!("{what} {place}"), 1);
    }
}

/// The totals of many schedules.
#[derive(Debug, Default)]
pub struct Tally {
    pub schedules: u64,
    pub deliveries: u64,
    pub loads: u64,
    pub rows: u64,
    pub differences: Vec<String>,
    faults: BTreeMap<String, u64>,
}

impl Tally {
    pub fn add(&mut self, other: Tally) {
        self.schedules += other.schedules;
        self.deliveries += other.deliveries;
        self.loads += other.loads;
        self.rows += other.rows;
        self.differences.extend(other.differences);
        for (kind, times) in other.faults {
            *self.faults.entry(kind).or_default() += times;
        }
    }

    pub fn take(&mut self, injected: &Injected) {
        for (kind, times) in std::mem::take(&mut *injected.0.lock().unwrap()) {
            *self.faults.entry(kind).or_default() += times;
        }
    }

    pub fn faults(&self) -> u64 {
        self.faults.values().sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, times) in &self.faults {
            writeln!(f, "{times:>9}  {kind}")?;
        }
        let Tally { schedules, deliveries, loads, rows, .. } = self;
        write!(
            f,
            "{schedules} schedules, {} faults, {deliveries} deliveries, {loads} loads, {rows} rows, \
             {} differences",
            self.faults(),
            self.differences.len()
        )
    }
}
