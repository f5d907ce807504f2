//! Reads the ledger for `status`, `rejects`, `replay` and `reconcile`.

mod loads;
mod objects;
mod rejected_rows;

pub use loads::{LoadFilter, LoadLine, STATES, loads, loads_json, tables};
pub use objects::{FileLoad, Newest, file_load, has_load, newest_loads, replayable};
pub use rejected_rows::{RejectLine, rejects, rejects_json};
