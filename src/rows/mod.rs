//! Rows: a record in; a line of COPY text, or the place and the reason of a rejection, out.
//! Knows nothing of files or the database.

mod header;
mod writer;

pub use header::{Header, HeaderError};
pub use writer::{Rejection, RowWriter};
