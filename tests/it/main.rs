//! The one integration binary: everything here runs against real servers.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

mod bisect;
mod claim;
mod concurrency;
mod csv_spectrum;
mod deadline;
mod diagram;
mod dialects;
mod exactly_once;
mod examples;
mod failures;
mod faults;
mod formats;
mod generate;
mod lambda;
mod ledger_functions;
mod lineage;
mod local_postgres;
mod local_s3;
mod login;
mod memory;
mod migrate;
mod migrate_alive;
mod migrate_changes;
mod mock_retail;
mod online_retail;
mod order;
mod packed;
mod papers;
mod plpgsql;
mod real_files;
mod reconcile;
mod rejects;
mod replace;
mod roles;
mod round_trip;
mod s3_events;
mod same_content;
mod star;
mod tidy;
mod traps;
mod trigger;
mod undo;
