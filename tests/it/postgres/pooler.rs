//! Poolers: PgBouncer between the loader and the server is refused where it shares sessions, and works where it does not.
//!
//! `make setup-pgbouncer` installs it. Without it these tests say that they are skipped.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use stardrop::error::{ErrorKind, Stage};

use crate::load::exactly_once::sales;
use crate::support::cloud::{Cloud, LOADER, settings_of};
use crate::support::wait::eventually;
use crate::support::{TestDatabase, server};

/// A running PgBouncer; it stops with the test.
struct Pooler {
    port: u16,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join("pgbouncer")).find(|file| file.is_file())
}

impl Pooler {
    /// `None`, with a line on standard error, where there is no PgBouncer.
    async fn start(settings: &str) -> Option<Pooler> {
        let Some(program) = program() else {
            eprintln!("SKIPPED: no pgbouncer is installed: make setup-pgbouncer");
            return None;
        };
        let folder = tempfile::Builder::new()
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir()
            .unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let users = folder.path().join("users.txt");
        std::fs::write(&users, format!("\"postgres\" \"\"\n\"{LOADER}\" \"\"\n")).unwrap();
        let ini = folder.path().join("pgbouncer.ini");
        let url = server().url("");
        let server_port = url.rsplit(':').next().unwrap().trim_end_matches('/');
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={server_port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {}\n{settings}\n",
            users.display()
        );
        std::fs::write(&ini, text).unwrap();
        let mut command = Command::new(program);
        // PgBouncer does not run as root.
        if is_root() {
            command.args(["-u", "nobody"]);
        }
        let process =
            command.arg(&ini).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let pooler = Pooler { port, process, _folder: folder };
        eventually("PgBouncer answers", || async {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        })
        .await;
        Some(pooler)
    }

    /// The cloud's database, through the pooler.
    fn url(&self, cloud: &Cloud) -> String {
        let (before, database) = cloud.url.rsplit_once('/').unwrap();
        let (login, _) = before.rsplit_once('@').unwrap();
        format!("{login}@127.0.0.1:{}/{database}", self.port)
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

#[tokio::test]
async fn a_pooler_that_shares_sessions_is_refused_by_name() {
    for mode in [
        "pool_mode = transaction",
        "pool_mode = transaction\ndefault_pool_size = 1",
        "pool_mode = transaction\nserver_round_robin = 1",
        "pool_mode = statement",
    ] {
        let Some(pooler) = Pooler::start(mode).await else { return };
        let db = TestDatabase::migrated().await;
        let cloud = Cloud::new(&db).await;
        let object = cloud.put("sales/a.csv", sales(3)).await;
        // The second time there is a session left over from the first.
        for time in 1..=2 {
            let mut loader = cloud.loader_of(settings_of(&pooler.url(&cloud), &[]));
            let error = loader.load(&object, None).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::UnsupportedDatabase, "{mode} {time}: {error}");
            assert_eq!(error.stage, Stage::Connect, "{mode}: {error}");
            for part in ["PgBouncer", "pool_mode", &format!("127.0.0.1:{}", pooler.port)] {
                assert!(error.to_string().contains(part), "{mode}: {error}");
            }
        }
        assert_eq!(db.text("select count(*) from stardrop.load").await, "0");
    }
}

#[tokio::test]
async fn a_pooler_that_gives_each_client_its_session_loads() {
    let Some(pooler) = Pooler::start("pool_mode = session").await else { return };
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let object = cloud.put("sales/a.csv", sales(30)).await;
    cloud.loader_of(settings_of(&pooler.url(&cloud), &[])).load(&object, None).await.unwrap();
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "30");
}
