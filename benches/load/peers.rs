//! Peers: tools that many use to bring a file into Postgres. `benches/peers/peer.py` runs each of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files::run;

/// What `peer.py` can run, and what it is in the table. None of them makes a star.
const TOOLS: [[&str; 2]; 5] = [
    ["pandas", "pandas `to_sql` with COPY, into a plain table"],
    ["ADBC", "ADBC `adbc_ingest`, into a plain table"],
    ["dlt", "dlt, Arrow tables, into a plain table"],
    ["dlt merge", "dlt, merged by key into a plain table"],
    ["pgloader", "pgloader, into a plain table"],
];

/// The tools that are installed, and the database that they load into.
pub struct Peers {
    python: PathBuf,
    url: String,
}

impl Peers {
    /// `None` unless `STARDROP_BENCH_PEERS` asks for them.
    pub fn find(url: String) -> Option<Peers> {
        std::env::var("STARDROP_BENCH_PEERS").ok().filter(|value| !matches!(&**value, "" | "0"))?;
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/peers/bin/python");
        assert!(python.exists(), "{} is missing: run scripts/setup-peers.sh", python.display());
        Some(Peers { python, url })
    }

    /// The tools, each with its name in the table.
    pub fn tools(&self) -> impl Iterator<Item = [&'static str; 2]> {
        let has_pgloader = Command::new("pgloader").arg("--version").output().is_ok();
        TOOLS.into_iter().filter(move |[tool, _]| *tool != "pgloader" || has_pgloader)
    }

    /// Loads a file by one of the tools, from the start of its process to its end.
    pub fn load(&self, tool: &str, file: &Path) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/peer.py");
        run(Command::new(&self.python).arg(script).args([tool, &self.url]).arg(file));
    }
}
