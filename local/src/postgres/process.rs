//! Processes: whether one runs, its children, and whether it is a Postgres server.
//!
//! Reads `/proc` on Linux, where small images have no `ps`, and runs `ps` elsewhere.

use std::path::Path;
use std::process::Command;

struct Row {
    pid: u32,
    parent: u32,
    /// It has ended, but its parent has not read its exit code.
    zombie: bool,
    name: String,
}

/// The direct children of `pid`.
pub(super) fn children(pid: u32) -> Vec<u32> {
    rows().into_iter().filter(|row| row.parent == pid).map(|row| row.pid).collect()
}

/// Whether the process exists and has not ended.
pub(super) fn is_running(pid: u32) -> bool {
    rows().iter().any(|row| row.pid == pid && !row.zombie)
}

/// Whether the process is a Postgres server with the working directory `data`. If the system does not
/// tell the directory, any Postgres counts.
pub(super) fn is_postgres_in(pid: u32, data: &Path) -> bool {
    let works_there = || match std::fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(folder) => data.canonicalize().is_ok_and(|data| data == folder),
        Err(_) => true,
    };
    rows().iter().any(|row| row.pid == pid && !row.zombie && row.name.contains("postgres"))
        && works_there()
}

fn rows() -> Vec<Row> {
    match std::fs::read_dir("/proc") {
        Ok(entries) if Path::new("/proc/self/stat").exists() => entries
            .filter_map(|entry| {
                parse_stat(&std::fs::read_to_string(entry.ok()?.path().join("stat")).ok()?)
            })
            .collect(),
        _ => {
            let output = Command::new("ps").args(["-A", "-o", "pid=,ppid=,state=,comm="]).output();
            let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
            text.unwrap_or_default().lines().filter_map(parse_ps).collect()
        }
    }
}

/// Reads `/proc/<pid>/stat`: `pid (name) state parent ...`. The name may hold blanks and brackets.
fn parse_stat(stat: &str) -> Option<Row> {
    let (pid, rest) = stat.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let mut words = rest.split(' ');
    let zombie = matches!(words.next()?, "Z" | "X");
    Some(Row {
        pid: pid.parse().ok()?,
        parent: words.next()?.parse().ok()?,
        zombie,
        name: name.to_owned(),
    })
}

fn parse_ps(line: &str) -> Option<Row> {
    let mut words = line.split_whitespace();
    let (pid, parent) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let zombie = words.next()?.starts_with('Z');
    Some(Row { pid, parent, zombie, name: words.collect::<Vec<_>>().join(" ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_shift_the_columns() {
        let row = parse_stat("77 (a) b (c)) Z 12 77 77 0 -1").unwrap();
        assert_eq!(
            (row.pid, row.parent, row.zombie, row.name.as_str()),
            (77, 12, true, "a) b (c)")
        );
        let row = parse_ps("  77   12 S+   /opt/pg/bin/postgres").unwrap();
        assert_eq!((row.pid, row.parent, row.zombie), (77, 12, false));
    }

    #[test]
    fn the_current_process_runs_and_is_a_child_of_its_parent() {
        assert!(is_running(std::process::id()));
        assert!(children(std::os::unix::process::parent_id()).contains(&std::process::id()));
    }
}
