//! The one integration binary: everything here runs against real servers.

#![allow(clippy::unwrap_used, clippy::panic)]

mod csv_spectrum;
mod local_postgres;
mod local_s3;
mod s3_events;
