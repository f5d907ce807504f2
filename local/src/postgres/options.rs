//! Options: what the caller wants in, the server's arguments out.

use std::path::{Path, PathBuf};

/// Where a server's data lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostgresData {
    /// In this folder, which is created where needed and stays. It holds `data` (or, where root
    /// starts a server in a folder that nobody else may enter, a link to where the data lies),
    /// `server.log` and `lock`.
    Kept(PathBuf),
    /// Below `/tmp`, and removed when the server ends.
    Throwaway,
}

/// How to start a [`LocalPostgres`].
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// The folder of the server programs: see [`find_binaries`].
    pub bin_dir: PathBuf,
    /// Where the data lies.
    pub data: PostgresData,
    /// `None` takes a free port.
    pub port: Option<u16>,
    /// Whether data outlives a crash of the machine (`fsync`, `full_page_writes`). What was
    /// committed outlives a crash of the server either way.
    pub durable: bool,
    /// Further server settings, as by `-c name=value`. The time zone is UTC unless named here.
    pub settings: Vec<(String, String)>,
}

impl PostgresOptions {
    /// A server that is gone without a trace when it ends, and does not wait for the disk.
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

    /// A server that keeps its data in `folder`, durably.
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
        args.extend(["-h", super::HOST, "-p"].map(str::to_owned));
        args.push(port.to_string());
        let mut set =
            |name: &str, value: &str| args.extend(["-c".to_owned(), format!("{name}={value}")]);
        // What managed servers do, whatever this machine's clock says.
        set("timezone", "UTC");
        set("log_timezone", "UTC");
        // synchronous_commit stays on: off, a killed server would forget what it had confirmed.
        let durable = if self.durable { "on" } else { "off" };
        set("fsync", durable);
        set("full_page_writes", durable);
        for (name, value) in &self.settings {
            set(name, value);
        }
        args
    }
}
