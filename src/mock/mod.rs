//! Mock data: writes plausible delimited files that fit a dataset, of any number of rows.
//!
//! The same description and seed give the same bytes, on every platform.

mod column;
mod column_writer;
mod date_time;
mod file;
mod for_dataset;
mod number;
mod plan;
mod random;
mod ranges;
#[cfg(test)]
mod tests;
mod value;
#[cfg(test)]
mod value_tests;
mod words;

pub use column::{Cardinality, MockColumn};
pub use file::MockFile;
pub use for_dataset::{columns, key};
pub use random::MockRng;
pub use value::MockValues;
