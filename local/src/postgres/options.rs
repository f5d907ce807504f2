//! The options of a local Postgres server, and its arguments that follow from them.

use std::path::{Path, PathBuf};

/// The address that the server listens on.
pub(super) const HOST: &str = "127.0.0.1";

/// The place of a server's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostgresData {
    /// This folder, which is created if it does not exist, and is kept. It contains `data` (a link to
    /// the data, if root starts a server in a folder that nobody else may enter), `server.log` and
    /// `lock`.
    Kept(PathBuf),
    /// A folder below `/tmp`, which is removed when the server stops.
    Throwaway,
}

/// How to start a [`LocalPostgres`](super::LocalPostgres).
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// The folder of the server programs: see [`find_binaries`](super::find_binaries).
    pub bin_dir: PathBuf,
    /// The place of the data.
    pub data: PostgresData,
    /// `None` chooses a free port.
    pub port: Option<u16>,
    /// Whether data survives a crash of the machine (`fsync`, `full_page_writes`). Committed data
    /// survives a crash of the server in any case.
    pub durable: bool,
    /// Further server settings, as by `-c name=value`. The time zone is UTC unless it is set here.
    pub settings: Vec<(String, String)>,
}

impl PostgresOptions {
    /// A server that removes its data when it stops, and does not wait for the disk.
    pub fn throwaway(bin_dir: impl Into<PathBuf>) -> PostgresOptions {
        let data = PostgresData::Throwaway;
        PostgresOptions {
            bin_dir: bin_dir.into(),
            data,
            port: None,
            durable: false,
            settings: Vec::new(),
        }
    }

    /// A server that keeps its data in `folder`, also after a crash of the machine.
    pub fn kept(bin_dir: impl Into<PathBuf>, folder: impl Into<PathBuf>) -> PostgresOptions {
        let data = PostgresData::Kept(folder.into());
        PostgresOptions {
            bin_dir: bin_dir.into(),
            data,
            port: None,
            durable: true,
            settings: Vec::new(),
        }
    }

    /// The arguments for `postgres`.
    pub(super) fn server_args(&self, data: &Path, socket_dir: &Path, port: u16) -> Vec<String> {
        let mut args = vec!["-D".to_owned(), data.display().to_string()];
        args.extend(["-k".to_owned(), socket_dir.display().to_string()]);
        args.extend(["-h", HOST, "-p"].map(str::to_owned));
        args.push(port.to_string());
        let mut set =
            |name: &str, value: &str| args.extend(["-c".to_owned(), format!("{name}={value}")]);
        // As managed servers do, whatever this machine's time zone is.
        set("timezone", "UTC");
        set("log_timezone", "UTC");
        // synchronous_commit stays on: without it a killed server loses commits that it has confirmed.
        let durable = if self.durable { "on" } else { "off" };
        set("fsync", durable);
        set("full_page_writes", durable);
        for (name, value) in &self.settings {
            set(name, value);
        }
        args
    }
}
