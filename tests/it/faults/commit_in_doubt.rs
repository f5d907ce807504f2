//! Commits in doubt: the answer to a COMMIT is lost, or the COMMIT arrives late. The loader finds out
//! whether the batch was committed.

use std::sync::Arc;
use std::time::Duration;

use stardrop::load::Outcome;

use super::frames::Phase;
use super::proxy::{At, Proxy, WireFault};
use super::tally::Injected;
use crate::load::exactly_once::sales;
use crate::support::TestDatabase;
use crate::support::cloud::{Cloud, settings_of};
use crate::support::star_content::assert_balanced;
use crate::support::wait::{eventually, within};

/// The commit of the second batch of a load over so many connections: each connection has committed once before.
const SECOND_BATCH: [(&str, u32); 2] = [("1", 2), ("2", 3)];

/// A load of 9,000 sales in batches of 3,000, with this fault at the commit of its second batch.
async fn load_with(
    wire_fault: WireFault,
    (connections, commit): (&str, u32),
) -> (TestDatabase, Outcome, i32, i64) {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let upstream: std::net::SocketAddr = db.url.split(['@', '/']).nth(3).unwrap().parse().unwrap();
    let calls = Arc::new(|_, _| panic!("nothing is called for"));
    let proxy = Proxy::start(upstream, calls, Injected::default()).await;
    let url = cloud.url.replacen(&upstream.to_string(), &format!("127.0.0.1:{}", proxy.port), 1);
    let vars = [("STARDROP_BATCH_ROWS", "3000"), ("STARDROP_CONNECTIONS", connections)];
    let settings = settings_of(&format!("{url}?sslmode=disable"), &vars);
    let object = cloud.put("sales/a.csv", sales(9000)).await;
    let mut loader = cloud.loader_of(settings);
    proxy.plan(vec![(At::Phase(Phase::Commit, commit), wire_fault)]);
    let load = tokio::spawn(async move { loader.load(&object, None).await });
    // What a plain look sees, and whose backend is in doubt, before anybody has claimed again.
    let look = "select coalesce(second_pid, worker_pid), checkpoint_rows from stardrop.load";
    let (mut backend, mut seen): (i32, i64) = (0, -1);
    within("the load commits its first batch", async {
        while !load.is_finished() && seen < 3000 {
            if let Some(row) = db.client.query_opt(look, &[]).await.unwrap() {
                (backend, seen) = (row.get::<_, Option<i32>>(0).unwrap_or(0), row.get(1));
            }
        }
    })
    .await;
    let report = within("the load ends", load).await.unwrap().unwrap();
    assert_eq!((report.rows_read, report.batches), (9000, 3), "each batch is booked once");
    let books = "select rows_inserted, (select count(*) from star.fact_sales) from stardrop.load";
    assert_eq!(db.rows(books).await, "9000|9000");
    assert_balanced(&db).await;
    // What the proxy still holds back reaches the server.
    if connections == "1" {
        eventually("all sessions through the proxy end", || async { proxy.sessions() == 0 }).await;
    } else {
        let open = format!("select count(xact_start) from pg_stat_activity where pid = {backend}");
        db.eventually(&open, "0").await;
    }
    assert_balanced(&db).await;
    assert_eq!(db.rows(books).await, "9000|9000");
    (db, report.outcome, backend, seen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_found_committed() {
    for commit in SECOND_BATCH {
        let (db, outcome, ..) = load_with(WireFault::CutAfter, commit).await;
        assert_eq!(outcome, Outcome::Loaded);
        assert_eq!(db.text("select attempt from stardrop.load").await, "2", "{commit:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_never_arrives_is_done_again() {
    for commit in SECOND_BATCH {
        let (db, ..) = load_with(WireFault::CutBefore, commit).await;
        assert_eq!(db.text("select attempt from stardrop.load").await, "2", "{commit:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_backend_of_a_commit_in_doubt_is_ended_before_anybody_looks() {
    // The network delivers the commit two seconds after the client has lost the connection. A plain
    // look meanwhile says that nothing was committed; the claim does not rely on one.
    for commit in SECOND_BATCH {
        let (db, _, backend, seen) =
            load_with(WireFault::Orphan(Duration::from_secs(2)), commit).await;
        assert_eq!(seen, 3000, "the trap: a plain look sees the first batch only");
        if commit.0 == "1" {
            let lives = format!("select count(*) from pg_stat_activity where pid = {backend}");
            assert_eq!(db.text(&lives).await, "0", "the old backend lives on");
        }
        assert_eq!(db.text("select attempt from stardrop.load").await, "2", "{commit:?}");
    }
}
