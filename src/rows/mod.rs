//! Writes records as lines of COPY text, or says at which line and column one is rejected and why.
//! Knows nothing of files or the database.

mod copy_text;
mod enriched;
#[cfg(test)]
mod enriched_tests;
mod extra;
mod header;
mod header_error;
mod header_rows;
#[cfg(test)]
mod header_tests;
mod load_values;
#[cfg(test)]
mod load_values_tests;
#[cfg(test)]
mod mutation_tests;
mod no_value;
mod place;
#[cfg(test)]
mod plain_reader_for_tests;
mod protect;
mod redact;
mod target;
#[cfg(test)]
mod tests;
mod width;
mod writer;

pub use header::{Header, REJECTED, UnknownField};
pub use header_error::HeaderError;
pub use header_rows::join_names;
pub use load_values::{LoadValues, ObjectFacts, texts_of_object};
pub use width::has_no_columns;
pub use writer::{Rejection, RowWriter};
