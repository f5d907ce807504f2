//! Rows: a record in; a line of COPY text, or the place and the reason of a rejection, out.
//! Knows nothing of files or the database.

mod copy_text;
mod header;
mod kept;
mod protect;
mod writer;

pub use header::{Header, HeaderError, REJECTED, UnknownField};
pub use writer::{Rejection, RowWriter};
