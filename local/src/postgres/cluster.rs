//! Cluster: an empty place in, a data folder made by `initdb` and fit to start out.

use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::account::Account;
use super::find::Version;
use super::{PostgresError, process};

/// How long a server whose parent was killed may take to end.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(15);

/// Makes the data folder unless there is one. It appears whole or not at all: `initdb` works
/// beside it, so that one killed half-way leaves nothing that looks finished.
pub(super) fn create(
    account: &Account,
    bin_dir: &Path,
    version: &Version,
    data: &Path,
) -> Result<(), PostgresError> {
    if let Ok(made_by) = std::fs::read_to_string(data.join("PG_VERSION")) {
        let made_by = made_by.trim().to_owned();
        if made_by == version.major.to_string() {
            return Ok(());
        }
        let (path, bin_dir) = (data.to_path_buf(), bin_dir.to_path_buf());
        return Err(PostgresError::OtherVersion {
            path,
            made_by,
            bin_dir,
            running: version.text.clone(),
        });
    }
    let unfinished = data.with_extension("unfinished");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished).map_err(PostgresError::io("remove", &unfinished))?;
    }
    let made = std::fs::DirBuilder::new().mode(0o700).create(&unfinished);
    made.map_err(PostgresError::io("create", &unfinished))?;
    account.own(&unfinished)?;
    let initdb = bin_dir.join("initdb");
    let mut command = account.command(&initdb);
    command.arg("-D").arg(&unfinished).stdin(Stdio::null());
    command.args(["-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"]);
    let output = command.output().map_err(PostgresError::io("run", &initdb))?;
    if !output.status.success() {
        let text = [output.stdout, output.stderr].concat();
        let _ = std::fs::remove_dir_all(&unfinished);
        let output = String::from_utf8_lossy(&text).trim().to_owned();
        return Err(PostgresError::Initdb { output });
    }
    std::fs::rename(&unfinished, data).map_err(PostgresError::io("create", data))
}

/// What `postmaster.pid` says. Its lines are described in Postgres' `src/include/utils/pidfile.h`.
pub(super) struct PidFile {
    pub pid: u32,
    /// The socket's path, where there is one.
    socket: Option<PathBuf>,
    pub ready: bool,
}

impl PidFile {
    pub fn read(data: &Path) -> Option<PidFile> {
        let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let socket = match (lines.get(3), lines.get(4)) {
            (Some(port), Some(folder)) if !folder.is_empty() => {
                Some(Path::new(folder).join(format!(".s.PGSQL.{port}")))
            }
            _ => None,
        };
        let ready = lines.get(7).is_some_and(|status| *status == "ready");
        Some(PidFile { pid: lines.first()?.parse().ok()?, socket, ready })
    }

    /// Whether the server of this file runs. After a crash of the machine, and often in containers,
    /// its process id belongs to somebody else, even to another Postgres: then nobody answers at
    /// the socket.
    fn runs(&self, data: &Path) -> bool {
        process::is_postgres_in(self.pid, data)
            && self.socket.as_ref().is_none_or(|socket| UnixStream::connect(socket).is_ok())
    }
}

/// Removes a stale `postmaster.pid`, and waits for a server that is about to end because its
/// parent was killed. To be called by the holder of the folder's lock.
pub(super) fn clear_stale(data: &Path) -> Result<(), PostgresError> {
    let deadline = Instant::now() + ORPHAN_PATIENCE;
    while let Some(file) = PidFile::read(data) {
        if file.runs(data) {
            if Instant::now() > deadline {
                let by = format!("a Postgres server that is not ours, process {}", file.pid);
                return Err(PostgresError::InUse { path: data.to_path_buf(), by });
            }
            std::thread::sleep(Duration::from_millis(50));
        } else if process::is_postgres_in(file.pid, data)
            && Instant::now() < deadline - ORPHAN_PATIENCE / 2
        {
            // A server that is starting or ending does not answer either.
            std::thread::sleep(Duration::from_millis(50));
        } else {
            let path = data.join("postmaster.pid");
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(PostgresError::io("remove", &path)(error));
                }
                _ => return Ok(()),
            }
        }
    }
    Ok(())
}
