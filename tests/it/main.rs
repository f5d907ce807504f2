//! The one integration binary: everything here runs against real servers.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

mod beside;
mod commands;
mod cost;
mod docs_match_code;
mod faults;
mod files;
mod lambda;
mod load;
mod migrate;
mod oracle;
mod postgres;
mod real_data;
mod star;
mod tidy;
mod undo;
