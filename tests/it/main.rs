//! The one integration binary: everything here runs against real servers.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

mod bisect;
mod concurrency;
mod csv_spectrum;
mod deadline;
mod dialects;
mod exactly_once;
mod failures;
mod faults;
mod generate;
mod lambda;
mod local_postgres;
mod local_s3;
mod login;
mod memory;
mod migrate;
mod mock_retail;
mod online_retail;
mod order;
mod packed;
mod papers;
mod reconcile;
mod rejects;
mod replace;
mod s3_events;
mod same_content;
mod star;
mod tidy;
mod trigger;
