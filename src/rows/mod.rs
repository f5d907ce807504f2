//! Writes records as lines of COPY text, or says at which line and column one is rejected and why.
//! Knows nothing of files or the database.

mod copy_text;
mod extra;
mod header;
mod protect;
mod redact;
mod target;
#[cfg(test)]
mod tests;
mod writer;

pub use header::{Header, HeaderError, REJECTED, UnknownField};
pub use writer::{Rejection, RowWriter};
