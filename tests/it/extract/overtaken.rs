//! Runs that are killed, or that another run overtakes: no row is lost, and nothing half done is left.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use tokio::process::Child;

use super::{Way, next_second};
use crate::support::cloud::{BUCKET, run};
use crate::support::mariadb::MariadbDatabase;
use crate::support::wait::{becomes_true, eventually};

const SINCE: [&str; 8] =
    ["--table", "events", "--to", "s3://inbox/events/", "--since", "at", "--compression", "none"];

/// A table whose file has several parts of an upload.
async fn events() -> Option<MariadbDatabase> {
    let mut source = MariadbDatabase::new().await?;
    source
        .run(
            "create table events (id int primary key, at timestamp not null, note varchar(400));
             insert into events select seq, now() - interval 1 hour, repeat(char(65 + seq % 26), 400) from seq_1_to_60000",
        )
        .await;
    Some(source)
}

/// The numbers of rows of the objects that can be seen.
async fn visible_rows(way: &Way) -> Vec<usize> {
    let mut counts = Vec::new();
    for key in way.keys().await.iter().filter(|key| key.starts_with("events/")) {
        let client = way.cloud.s3.client();
        let got = client.get_object().bucket(BUCKET).key(key).send().await.unwrap();
        let bytes = got.body.collect().await.unwrap().to_vec();
        counts.push(bytes.iter().filter(|byte| **byte == b'\n').count() - 1);
    }
    counts
}

#[tokio::test]
async fn a_run_that_is_killed_anywhere_loses_no_row_and_leaves_nothing_half_done() {
    let Some(mut source) = events().await else { return };
    let way = Way::new(&source.url, &SINCE).await;
    let arguments = [&["extract", way.source.as_str()], &SINCE[..]].concat();
    // How long a run takes, into a folder of its own: the first one may have to wait for other tests.
    let elsewhere = tempfile::tempdir().unwrap();
    let to = elsewhere.path().to_str().unwrap();
    let measured = ["--table", "events", "--to", to, "--compression", "none"];
    let mut whole = Duration::MAX;
    for _ in 0..3 {
        let began = Instant::now();
        way.extract(&measured).await;
        whole = whole.min(began.elapsed());
    }

    let upload: PathBuf = way.cloud.s3.root().join(".local-s3");
    let mut rows = 60_000;
    let mut died = 0;
    for place in 0..10_u32 {
        let mut child = way.cloud.stardrop(&arguments, &[]).spawn().unwrap();
        match place {
            // As soon as there is an upload; as soon as the object is visible, but perhaps not the state.
            0 => wait_for(|| contains(&upload, "upload.json")).await,
            1 => wait_for(|| contains(&upload, "1-")).await,
            2 => wait_for(|| contains(&way.cloud.s3.root().join(BUCKET), "00000.csv")).await,
            // Sleeps: it is killed at a time, wherever that is.
            place => tokio::time::sleep(whole * place / 10).await,
        }
        let _ = child.start_kill();
        let status = child.wait().await.unwrap();
        died += usize::from(!status.success());
        for visible in visible_rows(&way).await {
            assert!(visible >= 60_000 || visible <= 10, "{visible} rows are visible after {place}");
        }
        rows += 1;
        source
            .run(&format!("insert into events values ({rows}, now() - interval 1 minute, 'new')"))
            .await;
    }
    // How many depends on what else the machine does.
    assert!(died >= 2, "only {died} runs were killed before their end");

    next_second().await;
    way.extract(&SINCE).await;
    assert_eq!(way.unfinished().await, 0);
    way.load("events/").await;
    let count =
        "select count(*) || ' ' || count(distinct id) || ' ' || sum(id) from star.fact_events";
    let sum: u64 = (1..=rows).sum();
    assert_eq!(way.db.text(count).await, format!("{rows} {rows} {sum}"));
}

async fn wait_for(condition: impl Fn() -> bool) {
    becomes_true(Duration::from_secs(10), || std::future::ready(condition())).await;
}

/// Whether a file below a folder begins with this name.
fn contains(folder: &std::path::Path, name: &str) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.filter_map(Result::ok).any(|entry| {
        entry.file_name().to_string_lossy().starts_with(name) || contains(&entry.path(), name)
    })
}

#[tokio::test]
async fn a_run_that_fails_aborts_its_upload() {
    let Some(mut source) = events().await else { return };
    source.run("update events set at = '0000-00-00' where id = 59000").await;
    let way = Way::new(&source.url, &SINCE).await;
    let options = [&SINCE[..], &["--zero-dates", "fail"]].concat();
    let (code, said) = way.try_extract(&options).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("events: column at has a zero date"), "{said}");
    assert_eq!((way.unfinished().await, way.keys().await.len()), (0, 0));
}

#[tokio::test]
async fn a_run_that_is_asked_to_end_aborts_its_upload() {
    let Some(source) = events().await else { return };
    let way = Way::new(&source.url, &SINCE).await;
    let arguments = [&["extract", way.source.as_str()], &SINCE[..]].concat();
    let mut command = way.cloud.stardrop(&arguments, &[]);
    command.stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let upload = way.cloud.s3.root().join(".local-s3");
    wait_for(|| contains(&upload, "upload.json")).await;
    let pid = child.id().unwrap().to_string();
    signal("TERM", &pid).await;
    let ended = child.wait_with_output().await.unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(3), "{said}");
    assert!(said.contains("the extract was interrupted"), "{said}");
    assert_eq!((way.unfinished().await, way.keys().await.len()), (0, 0));
}

#[tokio::test]
async fn of_two_runs_at_a_time_only_one_moves_the_state_and_no_row_is_lost() {
    let Some(mut source) = events().await else { return };
    let way = Way::new(&source.url, &SINCE).await;
    let arguments = [&["extract", way.source.as_str()], &SINCE[..]].concat();
    let mut rows = 60_000_u64;
    for _ in 0..4 {
        let runs = [(); 3].map(|()| run(way.cloud.stardrop(&arguments, &[])));
        let ended = futures_util::future::join_all(runs).await;
        for (code, _, said) in ended {
            let overtaken = said.contains("another run has extracted the table meanwhile");
            assert!(code == Some(0) || code == Some(3) && overtaken, "{said}");
        }
        way.load("events/").await;
        rows += 1;
        source.run(&format!("insert into events values ({rows}, now(), 'new')")).await;
        next_second().await;
    }
    way.extract(&SINCE).await;
    way.load("events/").await;
    assert_eq!(way.unfinished().await, 0);
    let count = "select count(*) || ' ' || sum(id) from star.fact_events";
    let sum: u64 = (1..=rows).sum();
    assert_eq!(way.db.text(count).await, format!("{rows} {sum}"));
}

/// Starts a run that waits for the locked table, with its clock and its snapshot, and stands still from then on.
async fn stalled(source: &mut MariadbDatabase, way: &Way, options: &[&str]) -> Child {
    source.run("lock tables events write").await;
    let arguments = [&["extract", way.source.as_str()], options].concat();
    let mut command = way.cloud.stardrop(&arguments, &[]);
    command.stderr(std::process::Stdio::piped());
    let slow = command.spawn().unwrap();
    let watcher = source.connect().await;
    let waiting = format!(
        "select count(*) from information_schema.processlist where db = '{}' and state like 'Waiting for%'",
        source.name
    );
    let watcher = tokio::sync::Mutex::new(watcher);
    eventually("the run waits for the table", || async {
        let found = watcher.lock().await.query_first::<u8, _>(&waiting).await;
        found.unwrap() == Some(1)
    })
    .await;
    signal("STOP", &slow.id().unwrap().to_string()).await;
    source.run("unlock tables").await;
    slow
}

/// Lets it continue, which it must not do to the end: another run has been faster.
async fn is_overtaken(slow: Child) {
    signal("CONT", &slow.id().unwrap().to_string()).await;
    let ended = slow.wait_with_output().await.unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(3), "{said}");
    assert!(said.contains("another run has extracted the table meanwhile"), "{said}");
}

/// A table with one row.
async fn one_event() -> Option<MariadbDatabase> {
    let mut source = MariadbDatabase::new().await?;
    source.run("create table events (id int primary key, at timestamp not null)").await;
    source.run("insert into events values (1, now() - interval 1 hour)").await;
    Some(source)
}

#[tokio::test]
async fn a_run_that_another_one_has_overtaken_replaces_nothing() {
    let Some(mut source) = one_event().await else { return };
    let way = Way::new(&source.url, &SINCE).await;
    let slow = stalled(&mut source, &way, &SINCE).await;
    source.run("insert into events values (2, now() - interval 1 second)").await;
    next_second().await;
    let said = way.extract(&SINCE).await;
    assert!(said.contains("events: 2 rows: s3://inbox/events/since=start/00000.csv"), "{said}");

    // Its object would have one row, and the state says that both have been extracted.
    is_overtaken(slow).await;
    assert_eq!(visible_rows(&way).await, [2]);
}

#[tokio::test]
async fn an_overtaken_full_extract_does_not_bring_back_the_rows_of_its_old_snapshot() {
    let Some(mut source) = one_event().await else { return };
    let full = &["--table", "events", "--to", "s3://inbox/events/", "--compression", "none"];
    let way = Way::new(&source.url, full).await;
    way.extract(full).await;
    let slow = stalled(&mut source, &way, full).await;
    source.run("insert into events values (2, now())").await;
    way.extract(full).await;
    // It has seen the object, but not the one that is there now.
    is_overtaken(slow).await;
    assert_eq!(visible_rows(&way).await, [2]);
}

#[tokio::test]
async fn an_overtaken_run_without_new_rows_does_not_move_the_state_back() {
    let Some(mut source) = one_event().await else { return };
    let way = Way::new(&source.url, &SINCE).await;
    let options = [&SINCE[..], &["--overlap", "0s"]].concat();
    way.extract(&options).await;
    next_second().await;
    let slow = stalled(&mut source, &way, &options).await;
    next_second().await;
    let said = way.extract(&options).await;
    assert!(said.contains("events: nothing new"), "{said}");
    let state = "_stardrop/extract/events/events.json";
    let read = async || {
        let got = way.cloud.s3.client().get_object().bucket(BUCKET).key(state).send().await;
        got.unwrap().body.collect().await.unwrap().to_vec()
    };
    let moved = read().await;
    is_overtaken(slow).await;
    assert_eq!(read().await, moved);
}

pub async fn signal(name: &str, pid: &str) {
    let sent = tokio::process::Command::new("kill").args(["-s", name, pid]).status().await;
    assert!(sent.unwrap().success());
}

#[tokio::test]
async fn a_folder_takes_one_run_at_a_time() {
    let Some(source) = events().await else { return };
    let way = Way::new(&source.url, &SINCE).await;
    let folder = tempfile::tempdir().unwrap();
    let options = ["--table", "events", "--to", folder.path().to_str().unwrap()];
    let lock = std::fs::File::create(folder.path().join(".stardrop-lock")).unwrap();
    lock.lock().unwrap();
    let (code, said) = way.try_extract(&options).await;
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("another run writes to this folder"), "{said}");
    drop(lock);
    let stale = folder.path().join(".stardrop-full.csv.gz.tmp");
    std::fs::write(&stale, "of a run that was killed").unwrap();
    way.extract(&options).await;
    assert!(!stale.exists());
}
