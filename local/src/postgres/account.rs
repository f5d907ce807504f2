//! The user that runs the server: the current one, or another one if that is root, since Postgres
//! does not run as root.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::PostgresError;

/// The user that runs the server.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    name: String,
    /// The user and group to switch to; `None` keeps the current ones.
    switch_to: Option<(u32, u32)>,
}

/// Environment variables of a user's own Postgres settings, which must not reach our server.
const REMOVED_VARIABLES: [&str; 6] =
    ["PGDATA", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGOPTIONS"];

impl Account {
    /// Chooses the account. `own_uid` is the current user; if the folder `data` exists, its owner runs
    /// the server.
    pub fn choose(own_uid: u32, data: Option<&Path>) -> Result<Account, PostgresError> {
        if own_uid != 0 {
            return Ok(Account { name: "you".to_owned(), switch_to: None });
        }
        let owner = data.and_then(|data| std::fs::metadata(data).ok());
        if let Some(owner) = owner.filter(|owner| owner.uid() != 0) {
            let name = format!("uid {}", owner.uid());
            return Ok(Account { name, switch_to: Some((owner.uid(), owner.gid())) });
        }
        for name in ["postgres", "nobody"] {
            if let (Some(uid), Some(gid)) = (id("-u", name), id("-g", name)) {
                return Ok(Account { name: name.to_owned(), switch_to: Some((uid, gid)) });
            }
        }
        Err(PostgresError::NoAccount)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the server runs as another user than root, who may not reach every path.
    pub fn is_switched(&self) -> bool {
        self.switch_to.is_some()
    }

    /// Makes this account the owner of a file or folder.
    pub fn chown(&self, path: &Path) -> Result<(), PostgresError> {
        let Some((uid, gid)) = self.switch_to else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(uid), Some(gid))
            .map_err(PostgresError::io("change the owner of", path))
    }

    /// A command that runs as this account, in `/`, since the account may not be able to enter the
    /// working directory, and without the caller's Postgres variables.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").env("LC_ALL", "C");
        for name in REMOVED_VARIABLES {
            command.env_remove(name);
        }
        if let Some((uid, gid)) = self.switch_to {
            // The standard library also drops root's supplementary groups here.
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Whether this account may enter a folder, or run a program.
    pub fn may_execute(&self, path: &Path) -> bool {
        let mut command = self.command(Path::new("/bin/sh"));
        command.args(["-c", "test -x \"$1\"", "sh"]).arg(path);
        let status =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }
}

/// Asks `id`, which also knows users of directories such as LDAP. On macOS it prints -2 for nobody.
fn id(flag: &str, user: &str) -> Option<u32> {
    let output = Command::new("id").args([flag, user]).stderr(Stdio::null()).output().ok()?;
    let number: i64 = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
    u32::try_from(number).ok().or_else(|| i32::try_from(number).ok().map(|id| id as u32))
}
