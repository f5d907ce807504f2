//! The data folder: creates it by `initdb`, and prepares one that a crash left behind.

use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::account::Account;
use super::error::PostgresError;
use super::find::Version;
use super::process;

/// The time that a server whose parent was killed gets to shut down.
const ORPHAN_TIMEOUT: Duration = Duration::from_secs(15);

/// Creates the data folder, unless it exists. `initdb` writes to a folder next to it, which is then
/// renamed: if it is killed, nothing is left that looks complete.
pub(super) fn create(
    account: &Account,
    bin_dir: &Path,
    version: &Version,
    data: &Path,
) -> Result<(), PostgresError> {
    if let Ok(created_by) = std::fs::read_to_string(data.join("PG_VERSION")) {
        let created_by = created_by.trim().to_owned();
        if created_by == version.major.to_string() {
            return Ok(());
        }
        let (path, bin_dir) = (data.to_path_buf(), bin_dir.to_path_buf());
        return Err(PostgresError::OtherVersion {
            path,
            created_by,
            bin_dir,
            running: version.text.clone(),
        });
    }
    let unfinished = data.with_extension("unfinished");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished).map_err(PostgresError::io("remove", &unfinished))?;
    }
    let created = std::fs::DirBuilder::new().mode(0o700).create(&unfinished);
    created.map_err(PostgresError::io("create", &unfinished))?;
    account.chown(&unfinished)?;
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

/// The content of `postmaster.pid`. Postgres' `src/include/utils/pidfile.h` describes its lines.
pub(super) struct PidFile {
    pub pid: u32,
    /// The socket's path, if there is one.
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
    /// its process id belongs to another process, even to another Postgres: then the socket does
    /// not accept connections.
    fn runs(&self, data: &Path) -> bool {
        process::is_postgres_in(self.pid, data)
            && self.socket.as_ref().is_none_or(|socket| UnixStream::connect(socket).is_ok())
    }
}

/// Removes a stale `postmaster.pid`, and waits for a server that is shutting down because its parent
/// was killed. The caller holds the folder's lock.
pub(super) fn clear_stale(data: &Path) -> Result<(), PostgresError> {
    let deadline = Instant::now() + ORPHAN_TIMEOUT;
    while let Some(file) = PidFile::read(data) {
        if file.runs(data) {
            if Instant::now() > deadline {
                let by = format!("another Postgres server, process {}", file.pid);
                return Err(PostgresError::InUse { path: data.to_path_buf(), by });
            }
            std::thread::sleep(Duration::from_millis(50));
        } else if process::is_postgres_in(file.pid, data)
            && Instant::now() < deadline - ORPHAN_TIMEOUT / 2
        {
            // A server that is starting or shutting down does not accept connections either.
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
