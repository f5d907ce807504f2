//! The one integration binary: everything here runs against real servers.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

mod bisect;
mod concurrency;
mod csv_spectrum;
mod dialects;
mod exactly_once;
mod examples;
mod failures;
mod formats;
mod generate;
mod lambda;
mod local_postgres;
mod local_s3;
mod memory;
mod migrate;
mod mock_retail;
mod online_retail;
mod order;
mod packed;
mod papers;
mod real_files;
mod rejects;
mod round_trip;
mod s3_events;
mod star;
mod tidy;
mod trigger;
