//! Runs a local Postgres server with the programs that are installed on this machine.
//!
//! ```no_run
//! use stardrop_local::postgres::{LocalPostgres, PostgresOptions, find_binaries};
//!
//! let bin_dir = find_binaries(None, std::env::var_os("PATH").as_deref())?;
//! let server = LocalPostgres::start(PostgresOptions::throwaway(bin_dir))?;
//! println!("{}", server.url("postgres"));
//! # Ok::<(), stardrop_local::postgres::PostgresError>(())
//! ```
//!
//! The server listens on 127.0.0.1 and on a private socket, has the one user `postgres`, and asks
//! nobody on this machine for a password: it is for development and tests. It stops with the process
//! that started it, even if that is killed with -9. Calls block (starting takes about a second): in
//! async code, wrap them in `tokio::task::spawn_blocking`.

mod account;
mod cluster;
mod error;
mod find;
mod folder;
mod options;
mod process;
mod server;
mod supervisor;

pub(crate) use account::Account;
pub use error::PostgresError;
pub use find::{OLDEST_MAJOR, find_binaries};
pub(crate) use folder::RunFolder;
pub use options::{PostgresData, PostgresOptions};
pub use server::LocalPostgres;
pub(crate) use supervisor::Supervisor;
