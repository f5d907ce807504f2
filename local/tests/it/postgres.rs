//! The local Postgres server: starts, keeps its data through crashes, and stops with its parent.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use stardrop_local::postgres::{
    LocalPostgres, PostgresData, PostgresError, PostgresOptions, find_binaries,
};
use tokio_postgres::{Client, NoTls};

fn bin_dir() -> PathBuf {
    let pg_bin = std::env::var_os("PG_BIN").map(PathBuf::from);
    find_binaries(pg_bin.as_deref(), std::env::var_os("PATH").as_deref()).unwrap()
}

async fn connect(server: &LocalPostgres) -> Client {
    let (client, connection) =
        tokio_postgres::connect(&server.url("postgres"), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn count(server: &LocalPostgres) -> i64 {
    connect(server).await.query_one("select count(*) from kept", &[]).await.unwrap().get(0)
}

/// Waits at most ten seconds until `what` is true.
fn eventually(what: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        if what() {
            return true;
        }
        // Sleeps: between two checks of a condition that has a deadline.
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

fn lives(pid: u32) -> bool {
    let status = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let state = String::from_utf8_lossy(&status.stdout);
    !state.trim().is_empty() && !state.starts_with('Z')
}

#[tokio::test]
async fn a_throwaway_server_accepts_sessions_and_removes_its_files() {
    let mut options = PostgresOptions::throwaway(bin_dir());
    options.settings.push(("work_mem".to_owned(), "7MB".to_owned()));
    let server = LocalPostgres::start(options).unwrap();
    assert!(server.major_version() >= 15, "{}", server.version());
    let row = connect(&server)
        .await
        .query_one(
            "select current_setting('work_mem'), current_setting('timezone'), current_setting('listen_addresses'), \
             current_setting('synchronous_commit'), current_setting('server_encoding')",
            &[],
        )
        .await
        .unwrap();
    let settings: Vec<String> = (0..5).map(|column| row.get(column)).collect();
    assert_eq!(settings, ["7MB", "UTC", "127.0.0.1", "on", "UTF8"]);
    let (pid, folder) = (server.pid().unwrap(), server.data_dir().parent().unwrap().to_path_buf());
    server.stop().unwrap();
    assert!(!lives(pid));
    assert!(!folder.exists(), "{} is still there", folder.display());
}

#[tokio::test]
async fn dropping_the_server_stops_it() {
    let server = LocalPostgres::start(PostgresOptions::throwaway(bin_dir())).unwrap();
    let (pid, folder) = (server.pid().unwrap(), server.data_dir().parent().unwrap().to_path_buf());
    drop(server);
    assert!(!lives(pid));
    assert!(!folder.exists());
}

#[tokio::test]
async fn a_killed_server_has_every_confirmed_row_after_its_restart() {
    let mut server = LocalPostgres::start(PostgresOptions::throwaway(bin_dir())).unwrap();
    let port = server.port();
    let client = connect(&server).await;
    client.batch_execute("create table kept (n int)").await.unwrap();
    for round in 1..=3 {
        let client = connect(&server).await;
        client.execute("insert into kept values (1)", &[]).await.unwrap();
        server.kill_9().unwrap();
        assert!(client.execute("insert into kept values (1)", &[]).await.is_err());
        server.restart().unwrap();
        assert_eq!(server.port(), port);
        assert_eq!(count(&server).await, round);
    }
    server.restart().unwrap();
    assert_eq!(count(&server).await, 3);
}

#[tokio::test]
async fn a_kept_folder_keeps_its_rows_and_serves_one_process_at_a_time() {
    let home = tempfile::tempdir().unwrap();
    let options = PostgresOptions::kept(bin_dir(), home.path().join("pg"));
    let server = LocalPostgres::start(options.clone()).unwrap();
    connect(&server).await.batch_execute("create table kept as select 1 as n").await.unwrap();

    let second = LocalPostgres::start(options.clone()).unwrap_err();
    assert!(matches!(second, PostgresError::InUse { .. }), "{second}");
    assert!(second.to_string().contains("another process"), "{second}");

    server.stop().unwrap();
    let server = LocalPostgres::start(options.clone()).unwrap();
    assert_eq!(count(&server).await, 1);
    remove_data(server, &options);
}

#[tokio::test]
async fn a_stale_pid_file_does_not_prevent_a_start() {
    let home = tempfile::tempdir().unwrap();
    let options = PostgresOptions::kept(bin_dir(), home.path().join("pg"));
    let mut server = LocalPostgres::start(options.clone()).unwrap();
    server.kill_9().unwrap();
    let pid_file = server.data_dir().join("postmaster.pid");
    // After a crash of the machine the process id may belong to anybody: here it is a process of
    // the server's own user, which is what Postgres itself takes for a running server.
    let other = LocalPostgres::start(PostgresOptions::throwaway(bin_dir())).unwrap();
    let text = std::fs::read_to_string(&pid_file).unwrap();
    let rest = text.split_once('\n').unwrap().1;
    std::fs::write(&pid_file, format!("{}\n{rest}", other.pid().unwrap())).unwrap();
    drop(server);

    let started = Instant::now();
    let server = LocalPostgres::start(options.clone()).unwrap();
    assert!(started.elapsed() < Duration::from_secs(20));
    connect(&server).await;
    remove_data(server, &options);
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let mut options = PostgresOptions::throwaway(bin_dir());
    options.settings.push(("shared_buffers".to_owned(), "much".to_owned()));
    let error = LocalPostgres::start(options).unwrap_err().to_string();
    assert!(error.contains("invalid value for parameter \"shared_buffers\""), "{error}");
}

#[test]
fn a_taken_port_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut options = PostgresOptions::throwaway(bin_dir());
    options.port = Some(taken.local_addr().unwrap().port());
    let error = LocalPostgres::start(options).unwrap_err().to_string();
    assert!(error.contains("Address already in use"), "{error}");
}

#[test]
fn data_of_another_major_version_is_not_touched() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("pg");
    std::fs::create_dir_all(folder.join("data")).unwrap();
    std::fs::write(folder.join("data/PG_VERSION"), "12\n").unwrap();
    open_to_all(home.path());
    let error = LocalPostgres::start(PostgresOptions::kept(bin_dir(), &folder)).unwrap_err();
    assert!(matches!(error, PostgresError::OtherVersion { .. }), "{error}");
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The next test runs this one in a separate process.
#[test]
#[ignore = "a part of a_parent_killed_with_9_leaves_no_server_behind"]
fn a_parent_that_waits_to_be_killed() {
    let data = match std::env::var_os("LOCAL_TEST_KEPT") {
        Some(folder) => PostgresData::Kept(folder.into()),
        None => PostgresData::Throwaway,
    };
    let mut options = PostgresOptions::throwaway(bin_dir());
    options.data = data;
    let server = LocalPostgres::start(options).unwrap();
    println!("\nserver {} {}", server.pid().unwrap(), server.data_dir().display());
    // Sleeps: the next test kills this process.
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn a_parent_killed_with_9_leaves_no_server_behind() {
    let home = tempfile::tempdir().unwrap();
    for kept in [None, Some(home.path().join("pg"))] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([
            "--exact",
            "--ignored",
            "--nocapture",
            "postgres::a_parent_that_waits_to_be_killed",
        ]);
        command.stdout(Stdio::piped());
        if let Some(folder) = &kept {
            command.env("LOCAL_TEST_KEPT", folder);
        }
        let mut parent = command.spawn().unwrap();
        let lines = BufReader::new(parent.stdout.take().unwrap()).lines();
        let line = lines.map_while(Result::ok).find(|line| line.starts_with("server ")).unwrap();
        let mut words = line.split(' ').skip(1);
        let pid: u32 = words.next().unwrap().parse().unwrap();
        let data = PathBuf::from(words.next().unwrap());
        assert!(lives(pid));
        parent.kill().unwrap();
        parent.wait().unwrap();
        match kept {
            None => {
                assert!(eventually(|| !lives(pid)), "the server outlived its parent");
                assert!(
                    eventually(|| !data.parent().unwrap().exists()),
                    "its folder is still there"
                );
            }
            // At once, while the orphan is still ending.
            Some(folder) => {
                let options = PostgresOptions::kept(bin_dir(), folder);
                let server = LocalPostgres::start(options.clone()).unwrap();
                assert!(!lives(pid));
                remove_data(server, &options);
            }
        }
    }
}

#[test]
fn a_folder_that_only_root_may_enter_still_keeps_data() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let options = PostgresOptions::kept(bin_dir(), home.path().join("deep/pg"));
    let server = LocalPostgres::start(options.clone()).unwrap();
    let first = server.data_dir().to_path_buf();
    server.stop().unwrap();
    let server = LocalPostgres::start(options.clone()).unwrap();
    assert_eq!(server.data_dir(), first);
    assert!(home.path().join("deep/pg/data/PG_VERSION").exists());
    remove_data(server, &options);
}

/// The data may lie outside the test's own folder: see `PostgresData::Kept`.
fn remove_data(server: LocalPostgres, options: &PostgresOptions) {
    let data = server.data_dir().to_path_buf();
    drop(server);
    std::fs::remove_dir_all(&data).unwrap();
    let PostgresData::Kept(folder) = &options.data else { return };
    let _ = std::fs::remove_dir_all(folder);
}
