//! Supervisor: a command in, a server out that ends when we do, even if we are killed with -9.
//!
//! Linux could be asked to do that, macOS not, and both only by unsafe code. A shell that reads a
//! pipe of ours does it everywhere: however we end, the system closes the pipe.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::PostgresError;
use super::account::Account;

const SCRIPT: &str = include_str!("supervisor.sh");

/// A running server and the shell that watches over it.
#[derive(Debug)]
pub(super) struct Supervisor {
    shell: Child,
    orders: Option<ChildStdin>,
    said: Receiver<String>,
    /// The server's own process id.
    pub pid: u32,
    ended: Option<String>,
}

impl Supervisor {
    /// Starts `program`, which writes to `log`. `junk` is a folder to remove when all is over.
    pub fn start(
        account: &Account,
        program: &Path,
        args: &[String],
        log: &Path,
        junk: &Path,
    ) -> Result<Supervisor, PostgresError> {
        let shell_path = PathBuf::from("/bin/sh");
        let log_file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(PostgresError::io("open", log))?;
        let mut command = account.command(&shell_path);
        command.args(["-c", SCRIPT, "stardrop-postgres"]).arg(junk).arg(program).args(args);
        // A group of its own: Ctrl-C on the terminal is for us, and we decide in which order
        // things end.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log_file);
        let mut shell = command.spawn().map_err(PostgresError::io("run", &shell_path))?;
        let orders = shell.stdin.take();
        let (sender, said) = channel();
        if let Some(stdout) = shell.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        let mut supervisor = Supervisor { shell, orders, said, pid: 0, ended: None };
        let first = supervisor.said.recv_timeout(Duration::from_secs(20)).unwrap_or_default();
        match first.strip_prefix("pid ").and_then(|pid| pid.parse().ok()) {
            Some(pid) => supervisor.pid = pid,
            None => return Err(PostgresError::Ended("its supervisor did not start".to_owned())),
        }
        Ok(supervisor)
    }

    /// Sends a signal, by its name without `SIG`, to the server and to `others`.
    pub fn signal(&mut self, signal: &str, others: &[u32]) -> Result<(), PostgresError> {
        let pids: String = others.iter().map(|pid| format!(" {pid}")).collect();
        self.tell(&format!("{signal}{pids}\n"))
    }

    fn tell(&mut self, line: &str) -> Result<(), PostgresError> {
        let Some(orders) = &mut self.orders else {
            return Err(PostgresError::Ended("it was stopped".to_owned()));
        };
        let sent = orders.write_all(line.as_bytes());
        sent.map_err(|error| PostgresError::Ended(format!("its supervisor is gone: {error}")))
    }

    /// How the server ended, once it has; waits at most `patience` for that.
    pub fn ended(&mut self, patience: Duration) -> Option<&str> {
        use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
        if self.ended.is_none() {
            self.ended = match self.said.recv_timeout(patience) {
                Ok(line) => Some(describe(&line)),
                Err(Timeout) => None,
                Err(Disconnected) => Some("its supervisor ended".to_owned()),
            };
        }
        self.ended.as_deref()
    }

    /// Lets go of a server that has ended; `keep` leaves the junk folder where it is. A server
    /// that still runs is ended at once.
    pub fn finish(&mut self, keep: bool) {
        if keep && self.tell("keep\n").is_err() {
            // The supervisor is gone, so that nobody removes anything.
        }
        self.orders = None;
        let _ = self.shell.wait();
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.finish(false);
    }
}

/// `exit 1` or, above 128, the signal that ended it.
fn describe(line: &str) -> String {
    match line.strip_prefix("exit ").and_then(|code| code.parse::<u32>().ok()) {
        Some(code) if code > 128 => format!("ended by signal {}", code - 128),
        Some(code) => format!("exit code {code}"),
        None => line.to_owned(),
    }
}
