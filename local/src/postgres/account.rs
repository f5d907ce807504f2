//! Account: who we are in, who runs the server out: ourselves, or somebody else where we are root.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::PostgresError;

/// The user that runs the server.
#[derive(Debug, Clone)]
pub(super) struct Account {
    name: String,
    /// User and group to become; `None` where we stay who we are.
    become_ids: Option<(u32, u32)>,
}

/// Variables by which a user's own Postgres settings would leak into our server.
const FOREIGN_VARIABLES: [&str; 6] =
    ["PGDATA", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGOPTIONS"];

impl Account {
    /// Chooses the account. `own_uid` is ours; `data` is the data folder, whose owner is taken if
    /// it exists already.
    pub fn choose(own_uid: u32, data: Option<&Path>) -> Result<Account, PostgresError> {
        if own_uid != 0 {
            return Ok(Account { name: "you".to_owned(), become_ids: None });
        }
        let owner = data.and_then(|data| std::fs::metadata(data).ok());
        if let Some(owner) = owner.filter(|owner| owner.uid() != 0) {
            let name = format!("uid {}", owner.uid());
            return Ok(Account { name, become_ids: Some((owner.uid(), owner.gid())) });
        }
        for name in ["postgres", "nobody"] {
            if let (Some(uid), Some(gid)) = (id("-u", name), id("-g", name)) {
                return Ok(Account { name: name.to_owned(), become_ids: Some((uid, gid)) });
            }
        }
        Err(PostgresError::NoAccount)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether root's rights are given up, so that paths may be out of reach.
    pub fn is_another(&self) -> bool {
        self.become_ids.is_some()
    }

    /// Gives a file or folder to this account.
    pub fn own(&self, path: &Path) -> Result<(), PostgresError> {
        let Some((uid, gid)) = self.become_ids else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(uid), Some(gid))
            .map_err(PostgresError::io("change the owner of", path))
    }

    /// A command that this account will run, away from our working directory, which it may not
    /// be able to enter, and from the caller's Postgres variables.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").env("LC_ALL", "C");
        for name in FOREIGN_VARIABLES {
            command.env_remove(name);
        }
        if let Some((uid, gid)) = self.become_ids {
            // The standard library also drops root's supplementary groups when root sets a uid.
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

/// Asks `id`, which knows users of directories such as LDAP too. macOS says -2 for nobody.
fn id(flag: &str, user: &str) -> Option<u32> {
    let output = Command::new("id").args([flag, user]).stderr(Stdio::null()).output().ok()?;
    let number: i64 = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
    u32::try_from(number).ok().or_else(|| i32::try_from(number).ok().map(|id| id as u32))
}
