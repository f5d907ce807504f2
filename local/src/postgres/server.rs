//! A running local Postgres server: starts, stops, kills and restarts it.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::account::Account;
use super::cluster::{self, PidFile};
use super::error::PostgresError;
use super::find::{self, find_binaries};
use super::folder::{KeptFolder, RunFolder};
use super::options::{HOST, PostgresData, PostgresOptions};
use super::process;
use super::supervisor::Supervisor;

/// The time limit for a start. A large data folder needs time to recover from a crash.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// The time limit for a graceful stop, before it is forced.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// A running local Postgres server. Dropping it stops it immediately, without writing data to disk.
#[derive(Debug)]
pub struct LocalPostgres {
    options: PostgresOptions,
    account: Account,
    version: find::Version,
    port: u16,
    data: PathBuf,
    log: PathBuf,
    // Dropped in this order: the server stops before its folders are removed or unlocked.
    supervisor: Option<Supervisor>,
    run: RunFolder,
    _kept: Option<KeptFolder>,
}

impl LocalPostgres {
    /// Starts a server, and waits until it accepts connections. The first start in a folder creates
    /// the data; later starts use it, also after a crash.
    ///
    /// # Errors
    ///
    /// If the programs are not usable, the data folder is in use or of another version, or the server
    /// does not start.
    pub fn start(options: PostgresOptions) -> Result<LocalPostgres, PostgresError> {
        let bin_dir = find_binaries(Some(&options.bin_dir), None)?;
        let version = find::server_version(&bin_dir).ok_or_else(|| PostgresError::BadPgBin {
            path: bin_dir.clone(),
            why: "it does not contain working `initdb` and `postgres`".to_owned(),
        })?;
        let run = RunFolder::create()?;
        let kept = match &options.data {
            PostgresData::Kept(folder) => Some(KeptFolder::open(folder)?),
            PostgresData::Throwaway => None,
        };
        let account = Account::choose(run.own_uid, kept.as_ref().map(KeptFolder::data).as_deref())?;
        account.chown(&run.path)?;
        if !account.may_execute(&bin_dir.join("postgres")) {
            return Err(PostgresError::Unreachable {
                account: account.name().to_owned(),
                action: "run",
                path: bin_dir.join("postgres"),
                hint: "copy the programs to a folder that every user may enter, such as one below /opt",
            });
        }
        let (data, log) = match &kept {
            Some(folder) => (folder.resolve(&account)?, folder.log()),
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
                // Another process took the port after we found it free.
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
        let deadline = Instant::now() + START_TIMEOUT;
        let why = loop {
            if PidFile::read(&self.data)
                .is_some_and(|file| file.pid == supervisor.pid && file.ready)
            {
                self.supervisor = Some(supervisor);
                return Ok(());
            }
            if let Some(end) = supervisor.wait(Duration::from_millis(5)) {
                break end.to_owned();
            }
            if Instant::now() > deadline {
                break format!("not ready after {} s", START_TIMEOUT.as_secs());
            }
        };
        let log_tail = log_tail(&self.log, log_start);
        // Keep the folder: there may be another attempt.
        if supervisor.wait(Duration::ZERO).is_none() {
            supervisor.signal("QUIT", &[])?;
            supervisor.wait(STOP_TIMEOUT);
        }
        supervisor.finish(true);
        Err(PostgresError::NotStarted { why, log: self.log.clone(), log_tail })
    }

    /// The address of database `dbname`, such as `postgres://postgres@127.0.0.1:5432/postgres`.
    pub fn url(&self, dbname: &str) -> String {
        let mut url = format!("postgres://postgres@{}:{}/", HOST, self.port);
        for byte in dbname.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                url.push(char::from(byte));
            } else {
                let _ = write!(url, "%{byte:02X}");
            }
        }
        url
    }

    /// The port. It does not change in a [`restart`](Self::restart).
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

    /// The folder that contains the data.
    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// The process id of the server; `None` after [`kill_9`](Self::kill_9).
    pub fn pid(&self) -> Option<u32> {
        self.supervisor.as_ref().map(|supervisor| supervisor.pid)
    }

    /// Stops the server and ends its sessions. A server that keeps its data writes all of it to disk,
    /// so that its next start is quick; throwaway data is removed.
    ///
    /// # Errors
    ///
    /// If the server has stopped already.
    pub fn stop(mut self) -> Result<(), PostgresError> {
        let Some(mut supervisor) = self.supervisor.take() else { return Ok(()) };
        let kept = matches!(self.options.data, PostgresData::Kept(_));
        supervisor.signal(if kept { "INT" } else { "QUIT" }, &[])?;
        if supervisor.wait(STOP_TIMEOUT).is_none() {
            supervisor.signal("QUIT", &[])?;
        }
        supervisor.finish(false);
        Ok(())
    }

    /// Kills the server and all its children with -9, to simulate a crash, and waits until they have
    /// ended. [`restart`](Self::restart) starts it again.
    ///
    /// # Errors
    ///
    /// If the server has stopped already.
    pub fn kill_9(&mut self) -> Result<(), PostgresError> {
        let Some(mut supervisor) = self.supervisor.take() else { return Ok(()) };
        let children = process::children(supervisor.pid);
        supervisor.signal("KILL", &children)?;
        supervisor.wait(STOP_TIMEOUT);
        supervisor.finish(true);
        let deadline = Instant::now() + STOP_TIMEOUT;
        while children.iter().any(|pid| process::is_running(*pid)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Starts the server again with the same port and data, after [`kill_9`](Self::kill_9). A running
    /// server is stopped gracefully first.
    ///
    /// # Errors
    ///
    /// If the server does not start.
    pub fn restart(&mut self) -> Result<(), PostgresError> {
        if let Some(mut supervisor) = self.supervisor.take() {
            supervisor.signal("INT", &[])?;
            if supervisor.wait(STOP_TIMEOUT).is_none() {
                supervisor.signal("QUIT", &[])?;
                supervisor.wait(STOP_TIMEOUT);
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
