//! Postgres: the machine's own server programs in, a running local server out.
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
//! The server listens on 127.0.0.1 and on a socket of its own, knows the one user `postgres`, and
//! trusts everybody on this machine: it is for development and tests. It ends with the process
//! that started it, even if that is killed with -9. Calls block (starting takes about a second);
//! in async code, wrap them in `tokio::task::spawn_blocking`.

mod account;
mod cluster;
mod error;
mod find;
mod folder;
mod options;
mod process;
mod supervisor;

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use account::Account;
use cluster::PidFile;
pub use error::PostgresError;
pub use find::{OLDEST_MAJOR, find_binaries};
use folder::{KeptFolder, RunFolder};
pub use options::{PostgresData, PostgresOptions};
use supervisor::Supervisor;

const HOST: &str = "127.0.0.1";
/// How long a start may take: a large kept cluster that crashed has to recover first.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// How long a graceful stop may take before it is forced.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// A running local Postgres server. Dropping it stops it at once, as a crash would.
#[derive(Debug)]
pub struct LocalPostgres {
    options: PostgresOptions,
    account: Account,
    version: find::Version,
    port: u16,
    data: PathBuf,
    log: PathBuf,
    // Dropped in this order: the server ends before its folders are given up.
    supervisor: Option<Supervisor>,
    run: RunFolder,
    _kept: Option<KeptFolder>,
}

impl LocalPostgres {
    /// Starts a server and waits until it takes connections. The first start in a place makes the
    /// cluster; later ones find it, also after a crash.
    pub fn start(options: PostgresOptions) -> Result<LocalPostgres, PostgresError> {
        let bin_dir = find_binaries(Some(&options.bin_dir), None)?;
        let version = find::server_version(&bin_dir).ok_or_else(|| PostgresError::BadPgBin {
            path: bin_dir.clone(),
            why: "it does not hold working `initdb` and `postgres`".to_owned(),
        })?;
        let run = RunFolder::create()?;
        let kept = match &options.data {
            PostgresData::Kept(folder) => Some(KeptFolder::open(folder)?),
            PostgresData::Throwaway => None,
        };
        let account = Account::choose(run.own_uid, kept.as_ref().map(KeptFolder::data).as_deref())?;
        account.own(&run.path)?;
        if !account.may_execute(&bin_dir.join("postgres")) {
            return Err(PostgresError::Unreachable {
                account: account.name().to_owned(),
                wish: "run",
                path: bin_dir.join("postgres"),
                hint: "copy the programs to a folder that everybody may enter, such as below /opt",
            });
        }
        let (data, log) = match &kept {
            Some(folder) => (folder.place(&account)?, folder.log()),
            None => (run.path.join("data"), run.path.join("server.log")),
        };
        cluster::create(&account, &bin_dir, &version, &data)?;
        cluster::clear_stale(&data)?;
        let options = PostgresOptions { bin_dir, ..options };
        let mut server = LocalPostgres {
            options,
            account,
            version,
            port: 0,
            data,
            log,
            supervisor: None,
            run,
            _kept: kept,
        };
        server.launch_on_a_port()?;
        Ok(server)
    }

    fn launch_on_a_port(&mut self) -> Result<(), PostgresError> {
        if let Some(port) = self.options.port {
            self.port = port;
            return self.launch();
        }
        let mut attempts = 0;
        loop {
            self.port = free_port()?;
            attempts += 1;
            match self.launch() {
                // Between our finding the port and the server's taking it, somebody else did.
                Err(PostgresError::NotStarted { log_tail, .. })
                    if attempts < 5 && log_tail.contains("Address already in use") => {}
                launched => return launched,
            }
        }
    }

    fn launch(&mut self) -> Result<(), PostgresError> {
        let log_start = std::fs::metadata(&self.log).map_or(0, |log| log.len());
        let args = self.options.server_args(&self.data, &self.run.path, self.port);
        let program = self.options.bin_dir.join("postgres");
        let mut supervisor =
            Supervisor::start(&self.account, &program, &args, &self.log, &self.run.path)?;
        let deadline = Instant::now() + START_PATIENCE;
        let why = loop {
            if PidFile::read(&self.data)
                .is_some_and(|file| file.pid == supervisor.pid && file.ready)
            {
                self.supervisor = Some(supervisor);
                return Ok(());
            }
            if let Some(end) = supervisor.ended(Duration::from_millis(5)) {
                break end.to_owned();
            }
            if Instant::now() > deadline {
                break format!("not ready after {} s", START_PATIENCE.as_secs());
            }
        };
        let log_tail = log_tail(&self.log, log_start);
        // Our folder has to outlive this attempt: there may be another.
        if supervisor.ended(Duration::ZERO).is_none() {
            supervisor.signal("QUIT", &[])?;
            supervisor.ended(STOP_PATIENCE);
        }
        supervisor.finish(true);
        Err(PostgresError::NotStarted { why, log: self.log.clone(), log_tail })
    }

    /// The address of database `dbname`, such as `postgres://postgres@127.0.0.1:5432/postgres`.
    pub fn url(&self, dbname: &str) -> String {
        let mut url = format!("postgres://postgres@{}:{}/", self.host(), self.port);
        for byte in dbname.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                url.push(char::from(byte));
            } else {
                let _ = write!(url, "%{byte:02X}");
            }
        }
        url
    }

    /// Always `127.0.0.1`.
    pub fn host(&self) -> &'static str {
        HOST
    }

    /// The port; it stays the same over [`restart`](Self::restart).
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's version, such as `15.18`.
    pub fn version(&self) -> &str {
        &self.version.text
    }

    /// The server's major version, such as 15.
    pub fn major_version(&self) -> u32 {
        self.version.major
    }

    /// Where the data really lies.
    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// The server's log.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// The process id of the server; `None` after [`kill_9`](Self::kill_9).
    pub fn pid(&self) -> Option<u32> {
        self.supervisor.as_ref().map(|supervisor| supervisor.pid)
    }

    /// Stops the server: sessions are ended, and a kept cluster is written down whole, so that its
    /// next start is quick. Throwaway data is removed.
    pub fn stop(mut self) -> Result<(), PostgresError> {
        let Some(mut supervisor) = self.supervisor.take() else { return Ok(()) };
        let kept = matches!(self.options.data, PostgresData::Kept(_));
        supervisor.signal(if kept { "INT" } else { "QUIT" }, &[])?;
        if supervisor.ended(STOP_PATIENCE).is_none() {
            supervisor.signal("QUIT", &[])?;
        }
        supervisor.finish(false);
        Ok(())
    }

    /// Kills the server and all its children with -9, as a power cut would, and waits until they
    /// are gone. [`restart`](Self::restart) brings it back.
    pub fn kill_9(&mut self) -> Result<(), PostgresError> {
        let Some(mut supervisor) = self.supervisor.take() else { return Ok(()) };
        let children = process::children(supervisor.pid);
        supervisor.signal("KILL", &children)?;
        supervisor.ended(STOP_PATIENCE);
        supervisor.finish(true);
        let deadline = Instant::now() + STOP_PATIENCE;
        while children.iter().any(|pid| process::lives(*pid)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Starts the server again, on the same port and data, after [`kill_9`](Self::kill_9). A
    /// server that runs is stopped gracefully first.
    pub fn restart(&mut self) -> Result<(), PostgresError> {
        if let Some(mut supervisor) = self.supervisor.take() {
            supervisor.signal("INT", &[])?;
            if supervisor.ended(STOP_PATIENCE).is_none() {
                supervisor.signal("QUIT", &[])?;
                supervisor.ended(STOP_PATIENCE);
            }
            supervisor.finish(true);
        }
        cluster::clear_stale(&self.data)?;
        self.launch()
    }
}

fn free_port() -> Result<u16, PostgresError> {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    Ok(address.map_err(PostgresError::io("find a free port on", Path::new("127.0.0.1")))?.port())
}

/// The last lines of the log, from byte `start` on.
fn log_tail(log: &Path, start: u64) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let new = bytes.get(usize::try_from(start).unwrap_or(0)..).unwrap_or_default();
    let text = String::from_utf8_lossy(new);
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(15)..).unwrap_or_default().join("\n")
}
