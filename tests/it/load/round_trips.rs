//! What a small file costs besides its rows: how often the loader waits for the server, and what the server looks up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use stardrop::load::Outcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::exactly_once::sales;
use crate::support::TestDatabase;
use crate::support::cloud::{Cloud, settings_of};
use crate::support::wait::eventually;

/// How long an answer takes: what a client sends meanwhile, it sends without waiting.
const ANSWER_DELAY: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Counted {
    trips: AtomicUsize,
    has_answered: AtomicBool,
}

/// Passes sessions on to the server, and counts how often a client sends something after an answer.
async fn counting_proxy(upstream: String) -> (u16, Arc<Counted>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let counted = Arc::new(Counted::default());
    let shared = Arc::clone(&counted);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&upstream).await.unwrap();
            client.set_nodelay(true).unwrap();
            server.set_nodelay(true).unwrap();
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            tokio::spawn(forward(from_client, to_server, Arc::clone(&shared), true));
            tokio::spawn(forward(from_server, to_client, Arc::clone(&shared), false));
        }
    });
    (port, counted)
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    counted: Arc<Counted>,
    is_client: bool,
) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if !is_client {
            // Sleeps: the way of an answer is what is counted.
            tokio::time::sleep(ANSWER_DELAY).await;
            counted.has_answered.store(true, Ordering::SeqCst);
        } else if counted.has_answered.swap(false, Ordering::SeqCst) {
            counted.trips.fetch_add(1, Ordering::SeqCst);
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_file_takes_four_round_trips() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let upstream = db.url.split(['@', '/']).nth(3).unwrap().to_owned();
    let (port, counted) = counting_proxy(upstream.clone()).await;
    let url = cloud.url.replacen(&upstream, &format!("127.0.0.1:{port}"), 1);
    let mut loader = cloud.loader_of(settings_of(&format!("{url}?sslmode=disable"), &[]));
    let mut trips = Vec::new();
    for number in 0..3_u64 {
        let object = cloud.put(&format!("sales/{number}.csv"), sales(100 + number)).await;
        let before = counted.trips.load(Ordering::SeqCst);
        let report = loader.load(&object, None).await.unwrap();
        assert_eq!((report.outcome, report.rows_read), (Outcome::Loaded, 100 + number));
        trips.push(counted.trips.load(Ordering::SeqCst) - before);
        // The report came with the last of them, and so did the release of the key.
        assert_eq!(report.rows_inserted, if number == 0 { 100 } else { 1 });
        let held = "select count(*) from pg_locks where locktype = 'advisory'
            and database = (select oid from pg_database where datname = current_database())";
        assert_eq!(db.text(held).await, "0", "the key is released");
    }
    // The first one also connects, and prepares the session.
    assert_eq!(trips[1..], [4, 4], "claim; begin; start of the COPY; rows, checkpoint and commit");
}

#[tokio::test]
async fn a_load_finds_its_row_by_its_number_alone() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut loader = cloud.loader();
    for number in 0..5 {
        let object = cloud.put(&format!("sales/{number}.csv"), sales(10 + number)).await;
        loader.load(&object, None).await.unwrap();
    }
    loader.close().await;
    let scans = async |index: &str| {
        let scans = format!(
            "select idx_scan from pg_stat_user_indexes where indexrelid = 'stardrop.{index}'::regclass"
        );
        db.text(&scans).await.parse::<u64>().unwrap()
    };
    eventually("the session's statistics arrive", || async { scans("load_pkey").await >= 25 })
        .await;
    // The entries of a state are those of all loads that had it since the last vacuum.
    assert_eq!(scans("load_state").await, 0);
}
