//! Column types: each checks the text of a field and writes the value as Postgres reads it, or says
//! why the text is refused. Knows nothing of files, rows or the database.
//!
//! A new column type is one file here, one line in `registry.rs` and, if no other type has its
//! Postgres type, one variant in `sql_type.rs`.

mod amount;
mod blank;
mod boolean;
mod column_type;
mod date;
mod decimal;
mod float;
mod form;
mod inet;
mod integer;
mod iso;
mod json;
mod numeric;
mod pattern;
mod pattern_check;
mod reading;
mod refusal;
mod registry;
mod rounding;
mod serial;
mod sign;
mod spec;
mod sql_type;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod timestamp;
mod timestamptz;
mod uuid;
mod zone;

pub use column_type::{ColumnType, Invalid, Repeated, Round, TypeOptions};
pub(crate) use inet::address_of;
pub(crate) use json::check as check_json;
pub use registry::{column_type, type_names, type_options};
pub(crate) use serial::Serial;
pub use sql_type::SqlType;
pub use zone::time_zone;
