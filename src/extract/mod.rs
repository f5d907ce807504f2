//! Extract: copies tables of a database into files that the loader takes, in full or only what is new.
//!
//! ```text
//! source (a database) -> rows as CSV -> format, compress -> target (a bucket or a folder) -> state
//! ```
//!
//! `source/` and `target/` do IO, `prepare.rs`, `part_writer.rs`, `file_channel.rs` and `run.rs` join them, and all other files are pure: the
//! types, CSV, formats, keys, windows, the state and the contract that `--init` writes.

mod amount;
mod compress;
mod contract;
mod csv;
mod file_channel;
mod format;
mod job;
mod mark;
mod name;
mod part_writer;
mod prepare;
mod report;
mod run;
mod source;
mod star;
mod state;
mod table;
mod target;
mod task;
mod window;

pub use amount::{parse_bytes, parse_duration};
pub use compress::Compression;
pub use contract::{Draft, contracts};
pub use csv::ZeroDates;
pub use format::{FORMATS, Format};
pub use job::{Login, Query, Request};
pub use name::dataset_name;
pub use report::Report;
pub use run::{Progress, describe, run};
pub use source::DRIVERS;
pub use table::{Column, DataType, Reference, Table, TableName};
pub use target::Address;

use crate::error::{Error, ErrorKind, Stage};

fn extract_error(kind: ErrorKind, message: impl Into<String>) -> Error {
    Error::new(kind, Stage::Extract, message)
}
