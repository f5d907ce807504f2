//! Runs a server that stops when this process ends, even if it is killed with -9.
//!
//! Linux can do that, macOS cannot, and both only in unsafe code. A shell that reads a pipe from this
//! process works everywhere: the system closes the pipe, however the process ends.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::account::Account;
use super::error::PostgresError;

const SCRIPT: &str = include_str!("supervisor.sh");

/// A running server and the shell that supervises it.
#[derive(Debug)]
pub(crate) struct Supervisor {
    shell: Child,
    /// Takes the lines that `supervisor.sh` describes.
    input: Option<ChildStdin>,
    output: Receiver<String>,
    /// The server's own process id.
    pub pid: u32,
    exit: Option<String>,
}

impl Supervisor {
    /// Starts `program`, which writes to `log`. The folder `scratch` is removed once it has stopped.
    pub fn start(
        account: &Account,
        program: &Path,
        args: &[String],
        log: &Path,
        scratch: &Path,
    ) -> Result<Supervisor, PostgresError> {
        let shell_path = PathBuf::from("/bin/sh");
        let log_file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(PostgresError::io("open", log))?;
        let mut command = account.command(&shell_path);
        command.args(["-c", SCRIPT, "local-postgres"]).arg(scratch).arg(program).args(args);
        // A separate process group: Ctrl-C on the terminal signals only this process, which then
        // stops the server in the right order.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log_file);
        let mut shell = command.spawn().map_err(PostgresError::io("run", &shell_path))?;
        let input = shell.stdin.take();
        let (sender, output) = channel();
        if let Some(stdout) = shell.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        let mut supervisor = Supervisor { shell, input, output, pid: 0, exit: None };
        let first = supervisor.output.recv_timeout(Duration::from_secs(20)).unwrap_or_default();
        match first.strip_prefix("pid ").and_then(|pid| pid.parse().ok()) {
            Some(pid) => supervisor.pid = pid,
            None => return Err(PostgresError::Stopped("its supervisor did not start".to_owned())),
        }
        Ok(supervisor)
    }

    /// Sends a signal, by its name without `SIG`, to the server and to `others`.
    pub fn signal(&mut self, signal: &str, others: &[u32]) -> Result<(), PostgresError> {
        let pids: String = others.iter().map(|pid| format!(" {pid}")).collect();
        self.send(&format!("{signal}{pids}\n"))
    }

    fn send(&mut self, line: &str) -> Result<(), PostgresError> {
        let Some(input) = &mut self.input else {
            return Err(PostgresError::Stopped("it was stopped".to_owned()));
        };
        let sent = input.write_all(line.as_bytes());
        sent.map_err(|error| PostgresError::Stopped(format!("its supervisor has ended: {error}")))
    }

    /// Waits at most `timeout` for the server to stop, and returns how it ended; `None` if it runs.
    pub fn wait(&mut self, timeout: Duration) -> Option<&str> {
        use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
        if self.exit.is_none() {
            self.exit = match self.output.recv_timeout(timeout) {
                Ok(line) => Some(describe(&line)),
                Err(Timeout) => None,
                Err(Disconnected) => Some("its supervisor ended".to_owned()),
            };
        }
        self.exit.as_deref()
    }

    /// Ends the supervisor of a server that has stopped; `keep` keeps the scratch folder. A server
    /// that still runs is stopped immediately.
    pub fn finish(&mut self, keep: bool) {
        if keep && self.send("keep\n").is_err() {
            // The supervisor has ended already, so the folder is not removed.
        }
        self.input = None;
        let _ = self.shell.wait();
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.finish(false);
    }
}

/// Describes the line `exit CODE`; a code above 128 means a signal.
fn describe(line: &str) -> String {
    match line.strip_prefix("exit ").and_then(|code| code.parse::<u32>().ok()) {
        Some(code) if code > 128 => format!("ended by signal {}", code - 128),
        Some(code) => format!("exit code {code}"),
        None => line.to_owned(),
    }
}
