//! Breaks the ledger on purpose, so that tests can show that the oracle finds the differences.
//!
//! `STARDROP_FAULT_BREAK=checkpoint` breaks the databases of any run of the harness. The product does not
//! know this setting: the functions are replaced in the databases of the harness only.

use super::site::Site;

/// What of the ledger does not do its work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Break {
    /// A new claim forgets the checkpoint, and starts at the first row. A load that nothing
    /// disturbs does not notice.
    Checkpoint,
    /// A load may be taken over while its worker lives, and a worker whose load was taken over may
    /// commit: no lock, no fence.
    Fence,
}

impl Break {
    pub fn named(name: &str) -> Break {
        match name {
            "checkpoint" => Break::Checkpoint,
            "fence" => Break::Fence,
            _ => panic!("STARDROP_FAULT_BREAK is `checkpoint` or `fence`, not `{name}`"),
        }
    }

    pub async fn apply(self, site: &Site) {
        match self {
            Break::Checkpoint => {
                let forgets = "set attempt = l.attempt + 1,
        checkpoint_rows = 0, checkpoint_line = 0, checkpoint_offset = 0,";
                change(site, "claim", &[("set attempt = l.attempt + 1,", forgets)]).await;
            }
            Break::Fence => {
                change(site, "claim", &[("pg_try_advisory_lock(lock_key)", "true")]).await;
                for function in ["begin_batch", "checkpoint", "finish", "reject_rows"] {
                    let fences = [
                        ("and l.attempt = in_attempt", ""),
                        ("and l.checkpoint_rows = in_from_rows", ""),
                        ("and l.checkpoint_rows = in_rows", ""),
                        ("and l.worker_pid = pg_backend_pid()", ""),
                        ("and pg_backend_pid() in (l.worker_pid, l.second_pid)", ""),
                    ];
                    change(site, function, &fences).await;
                }
                let held = [("and pg_backend_pid() in (l.worker_pid, l.second_pid)", "")];
                change(site, "open_batch", &held).await;
            }
        }
    }
}

/// Replaces texts in a function of the ledger. What is meant is there, or the break would be none.
async fn change(site: &Site, function: &str, texts: &[(&str, &str)]) {
    let sql = format!("select pg_get_functiondef('stardrop.{function}'::regproc)");
    let mut source = site.lines(&sql).await.remove(0);
    let before = source.clone();
    for (from, to) in texts {
        source = source.replace(from, to);
    }
    assert_ne!(source, before, "stardrop.{function} has changed: update this switch");
    site.run(&source).await;
}
