//! Finds this machine's MariaDB server programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The folders of Debian, of RPMs and of Homebrew, after those of `PATH`.
const USUAL: [&str; 6] = [
    "/usr/sbin",
    "/usr/bin",
    "/usr/libexec",
    "/usr/local/bin",
    "/opt/homebrew/bin",
    "/home/linuxbrew/.linuxbrew/bin",
];

/// The programs that a server needs.
#[derive(Debug, Clone)]
pub struct MariadbPrograms {
    /// `mariadbd`.
    pub server: PathBuf,
    /// `mariadb-install-db`.
    pub install: PathBuf,
    /// The command line, `mariadb`.
    pub client: PathBuf,
}

/// The programs in the folders of `path`, the variable `PATH`, or in the usual places; `None` if one is missing.
pub fn find_mariadb(path: Option<&OsStr>) -> Option<MariadbPrograms> {
    let mut folders: Vec<PathBuf> =
        path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    folders.extend(USUAL.map(PathBuf::from));
    let find = |names: [&str; 2]| {
        let files = names.iter().flat_map(|name| folders.iter().map(move |f| f.join(name)));
        files.into_iter().find(|file| Path::is_file(file))
    };
    Some(MariadbPrograms {
        server: find(["mariadbd", "mysqld"])?,
        install: find(["mariadb-install-db", "mysql_install_db"])?,
        client: find(["mariadb", "mysql"])?,
    })
}
