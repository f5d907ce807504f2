//! The one integration binary: everything here runs against real servers.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

mod beside;
mod bisect;
mod concurrency;
mod csv_spectrum;
mod exactly_once;
mod facts;
mod failures;
mod generate;
mod lambda;
mod local_postgres;
mod local_s3;
mod memory;
mod migrate;
mod mock_retail;
mod online_retail;
mod oracle;
mod order;
mod papers;
mod plans;
mod rejects;
mod retail_history;
mod s3_events;
mod shared_dimension;
mod star;
mod tidy;
mod trigger;
mod versions;
