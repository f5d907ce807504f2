//! The one integration binary: everything here runs against real servers.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

mod bisect;
mod concurrency;
mod csv_spectrum;
mod diagram;
mod exactly_once;
mod failures;
mod generate;
mod lambda;
mod ledger_functions;
mod lineage;
mod local_postgres;
mod local_s3;
mod memory;
mod migrate;
mod migrate_alive;
mod migrate_changes;
mod mock_retail;
mod online_retail;
mod order;
mod papers;
mod plpgsql;
mod rejects;
mod roles;
mod s3_events;
mod star;
mod tidy;
mod trigger;
mod undo;
