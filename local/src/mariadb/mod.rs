//! Runs a local MariaDB server with the programs that are installed on this machine, for tests and examples.
//!
//! It listens on 127.0.0.1 and on a private socket, its user `root` has no password, and all of it is in a folder below
//! `/tmp`, which is removed when it stops: also where the process that started it is killed with -9. Calls block
//! (starting takes a few seconds): in async code, wrap them in `tokio::task::spawn_blocking`.

mod error;
mod find;

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

pub use error::MariadbError;
pub use find::{MariadbPrograms, find_mariadb};

use crate::postgres::{Account, PostgresError, RunFolder, Supervisor};

const HOST: &str = "127.0.0.1";
const START_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// A running MariaDB server. Dropping it stops it.
#[derive(Debug)]
pub struct LocalMariadb {
    port: u16,
    socket: PathBuf,
    // Dropped in this order: the server stops before its folder is removed.
    supervisor: Supervisor,
    _run: RunFolder,
}

impl LocalMariadb {
    /// Creates an empty server, and waits until it accepts connections. `settings` are further ones, as by
    /// `--name=value`.
    ///
    /// # Errors
    ///
    /// If the programs cannot be run, or the server does not start.
    pub fn start(
        programs: &MariadbPrograms,
        settings: &[(&str, &str)],
    ) -> Result<LocalMariadb, MariadbError> {
        let run = RunFolder::create()?;
        let account = Account::choose(run.own_uid, None)?;
        account.chown(&run.path)?;
        let data = run.path.join("data");
        create(&account, programs, &data)?;

        // The server runs these statements at its start. `root` may otherwise log in by the socket only.
        let init = run.path.join("init.sql");
        let statements = "create user if not exists 'root'@'127.0.0.1' identified by '';\n\
                          grant all privileges on *.* to 'root'@'127.0.0.1' with grant option;\n";
        std::fs::write(&init, statements).map_err(PostgresError::io("write", &init))?;
        account.chown(&init)?;

        let (socket, log) = (run.path.join("m.sock"), run.path.join("server.log"));
        let mut attempts = 0;
        loop {
            attempts += 1;
            let port = free_port()?;
            let mut args = vec![
                "--no-defaults".to_owned(),
                format!("--datadir={}", data.display()),
                format!("--socket={}", socket.display()),
                format!("--init-file={}", init.display()),
                format!("--pid-file={}", run.path.join("pid").display()),
                format!("--bind-address={HOST}"),
                format!("--port={port}"),
                "--skip-name-resolve".to_owned(),
                "--skip-log-bin".to_owned(),
                "--character-set-server=utf8mb4".to_owned(),
                "--innodb-buffer-pool-size=64M".to_owned(),
                "--innodb-flush-log-at-trx-commit=0".to_owned(),
            ];
            args.extend(settings.iter().map(|(name, value)| format!("--{name}={value}")));
            let mut supervisor =
                Supervisor::start(&account, &programs.server, &args, &log, &run.path)?;
            match wait_until_ready(&mut supervisor, port, &log) {
                Ok(()) => return Ok(LocalMariadb { port, socket, supervisor, _run: run }),
                Err(error) => {
                    if supervisor.wait(Duration::ZERO).is_none() {
                        supervisor.signal("KILL", &[])?;
                        supervisor.wait(STOP_TIMEOUT);
                    }
                    // Another process took the port after it was found free.
                    let again = attempts < 5 && error.to_string().contains("in use");
                    supervisor.finish(again);
                    if !again {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// The address of a database, for the user `root`: `mysql://root@127.0.0.1:3306/shop`.
    pub fn url(&self, dbname: &str) -> String {
        format!("mysql://root@{HOST}:{}/{dbname}", self.port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The socket, for the command line of MariaDB.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Stops the server immediately and removes its data.
    ///
    /// # Errors
    ///
    /// If the server has stopped already.
    pub fn stop(mut self) -> Result<(), MariadbError> {
        self.supervisor.signal("KILL", &[])?;
        self.supervisor.wait(STOP_TIMEOUT);
        self.supervisor.finish(false);
        Ok(())
    }
}

impl Drop for LocalMariadb {
    fn drop(&mut self) {
        // Its data is removed anyway: it need not write it to disk.
        let _ = self.supervisor.signal("KILL", &[]);
        self.supervisor.finish(false);
    }
}

/// Creates the data folder with the tables of the system.
fn create(account: &Account, programs: &MariadbPrograms, data: &Path) -> Result<(), MariadbError> {
    let mut command = account.command(&programs.install);
    command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
    command.arg("--skip-name-resolve").arg(format!("--datadir={}", data.display()));
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(PostgresError::io("run", &programs.install))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(MariadbError::NotCreated(String::from_utf8_lossy(&text).trim().to_owned()))
}

fn wait_until_ready(
    supervisor: &mut Supervisor,
    port: u16,
    log: &Path,
) -> Result<(), MariadbError> {
    let deadline = Instant::now() + START_TIMEOUT;
    let why = loop {
        if greets(port) {
            return Ok(());
        }
        if let Some(end) = supervisor.wait(Duration::from_millis(50)) {
            break end.to_owned();
        }
        if Instant::now() > deadline {
            break format!("not ready after {} s", START_TIMEOUT.as_secs());
        }
    };
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let log_tail = lines.get(lines.len().saturating_sub(15)..).unwrap_or_default().join("\n");
    Err(MariadbError::NotStarted { why, log_tail })
}

/// Whether a server sends the first packet of its protocol. It does so only once the init file has run.
fn greets(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((HOST, port)) else { return false };
    let mut header = [0; 5];
    let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
    // The fifth byte is the version of the protocol; 0xff is an error.
    stream.read_exact(&mut header).is_ok() && header.last() == Some(&10)
}

fn free_port() -> Result<u16, PostgresError> {
    let address = TcpListener::bind((HOST, 0)).and_then(|listener| listener.local_addr());
    Ok(address.map_err(PostgresError::io("find a free port on", Path::new(HOST)))?.port())
}
