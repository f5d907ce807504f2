//! Finds the program that Lambda runs, of this build or of a package, and makes a sandbox like Lambda's.
//!
//! `make package-test` sets both variables, so that the tests run what is deployed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::programs::program_of_this_build;
use super::root;

/// The program; if unset, the loader of this build is used.
pub const PROGRAM: &str = "STARDROP_TEST_BOOTSTRAP";

/// The folder of the extracted layer; if unset, the project's datasets are used.
pub const LAYER: &str = "STARDROP_TEST_LAYER";

/// The program that the tests start.
pub fn program() -> PathBuf {
    std::env::var_os(PROGRAM).map_or_else(|| program_of_this_build("loader"), PathBuf::from)
}

/// The datasets that it is given.
pub fn datasets() -> PathBuf {
    std::env::var_os(LAYER)
        .map_or_else(|| root().join("examples"), |layer| PathBuf::from(layer).join("datasets"))
}

/// A sandbox like Lambda's: the program in `/var/task`, the datasets in `/opt`, `/tmp` of a given
/// size, all else read-only, the system's libraries and root certificates and nothing more, and a user
/// without rights.
/// Its `starter` is to be started instead of the program.
pub struct Sandbox {
    pub starter: PathBuf,
    _folder: tempfile::TempDir,
}

impl Sandbox {
    /// `None`, with a line on standard error, if this machine does not allow to make one.
    pub fn new(tmp_mb: u32) -> Option<Sandbox> {
        let allowed = std::process::Command::new("unshare").args(["--mount", "true"]).output();
        if !allowed.is_ok_and(|output| output.status.success()) {
            eprintln!("SKIPPED: only root may make a sandbox like Lambda's (unshare --mount)");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let (starter, inner) = (folder.path().join("starter"), folder.path().join("inner.sh"));
        let (program, datasets) = (program(), datasets());
        let (task, name) = (program.parent().unwrap(), program.file_name().unwrap());
        let text = format!(
            "set -eu
             PATH=/usr/sbin:/usr/bin:/sbin:/bin
             root={root}
             mkdir $root
             mount -t tmpfs -o size=1m,mode=755 none $root
             for folder in lib lib64 usr/lib usr/lib64 etc/ssl etc/pki; do
                 [ -d /$folder ] || continue
                 mkdir -p $root/$folder
                 mount --bind /$folder $root/$folder
                 mount -o remount,bind,ro $root/$folder
             done
             mkdir -p $root/var/task $root/opt/datasets $root/tmp
             mount --bind '{task}' $root/var/task
             mount -o remount,bind,ro $root/var/task
             mount --bind '{datasets}' $root/opt/datasets
             mount -o remount,bind,ro $root/opt/datasets
             mount -t tmpfs -o size={tmp_mb}m,mode=1777 none $root/tmp
             mount -o remount,ro $root
             exec chroot --userspec=993:990 $root '/var/task/{name}'
             ",
            root = folder.path().join("root").display(),
            task = task.display(),
            datasets = datasets.display(),
            name = Path::new(name).display(),
        );
        fs::write(&inner, text).unwrap();
        let outer =
            format!("#!/bin/sh\nexec /usr/bin/env unshare --mount /bin/sh '{}'\n", inner.display());
        fs::write(&starter, outer).unwrap();
        fs::set_permissions(&starter, fs::Permissions::from_mode(0o755)).unwrap();
        Some(Sandbox { starter, _folder: folder })
    }
}
