//! The one integration test binary. Its tests run against real Postgres servers and a local S3 endpoint; the
//! folders follow the modules of the code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

mod commands;
mod docs_match_code;
mod examples;
mod extract;
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
