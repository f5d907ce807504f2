//! Races between events of one key: each gets the right outcome, and no version is left out.

use stardrop::error::ErrorKind;
use stardrop::load::Outcome;
use stardrop_local::s3::{Fault, FaultKind};

use crate::load::order::STOCK;
use crate::support::cloud::Cloud;
use crate::support::{TestDatabase, catalog_of, connect};

#[tokio::test]
async fn versions_a_b_a_end_as_a_even_if_the_first_a_was_not_finished() {
    let catalog = catalog_of(&[("stock", STOCK)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    // The first bytes of an object are read together, to tell what it is.
    let rows: String = (1..=400).map(|id| format!("{id},{id}\n")).collect();
    let (a, b) = (format!("id,qty\n{rows}"), "id,qty\n500,5\n");
    let first = cloud.put("stock/a.csv", a.clone()).await;
    let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "20")]);
    cloud.s3.faults().push(Fault::new(FaultKind::CutAt(1_000)));
    let error = loader.load(&first, None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::ObjectUnreadable, "{error}");
    let begun = "select state, checkpoint_rows > 0 as has_rows from stardrop.load";
    assert_eq!(db.rows(begun).await, "loading|true");
    cloud.put_and_load("stock/a.csv", b).await;
    let again = cloud.put_and_load("stock/a.csv", a).await;
    assert_eq!(again.outcome, Outcome::Loaded);
    let now = "select count(*) || ' from ' || min(id) || ' to ' || max(id) from star.fact_stock";
    assert_eq!(db.text(now).await, "400 from 1 to 400");
    // The event of the first one comes at last, and changes nothing.
    assert_eq!(loader.load(&first, None).await.unwrap().outcome, Outcome::AlreadyLoaded);
    assert_eq!(db.text(now).await, "400 from 1 to 400");
}

const CLAIM: &str = "select outcome, state from stardrop.claim('sales', 'b', 'k', null, 'old', 1,
    timestamptz '2026-01-01', '01', 'merge', false, interval '1 hour', now())";

#[tokio::test]
async fn two_events_of_a_superseded_version_are_skipped_without_a_conflict() {
    let db = TestDatabase::migrated().await;
    db.run("insert into stardrop.load (dataset, bucket, key, etag, object_time, sequencer, state, finished_at)
            values ('sales', 'b', 'k', 'new', '2026-01-02', '02', 'loaded', now())")
        .await;
    let (first, second) = (connect(&db.url).await, connect(&db.url).await);
    // The first claim has released the key, and its transaction is not committed yet.
    first.batch_execute("begin").await.unwrap();
    let answer = first.query_one(CLAIM, &[]).await.unwrap();
    assert_eq!((answer.get("outcome"), answer.get("state")), ("done", "superseded"));
    let other = tokio::spawn(async move { second.query_one(CLAIM, &[]).await });
    db.eventually_a_session_waits_for_a_lock().await;
    first.batch_execute("commit").await.unwrap();
    let answer = other.await.unwrap().unwrap();
    assert_eq!((answer.get("outcome"), answer.get("state")), ("done", "superseded"));
    assert_eq!(db.text("select count(*) from stardrop.load").await, "2");
}

#[tokio::test]
async fn a_rejected_last_line_without_a_line_end_is_kept_when_the_load_is_claimed_again() {
    let catalog =
        catalog_of(&[("stock", &STOCK.replace("[policy]", "[policy]\nrejects = \"50%\""))]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let object = cloud.put("stock/a.csv", "id,qty\n1,1\nx,2").await;
    let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "2")]);
    loader.load(&object, None).await.unwrap();
    // As if the worker had died after its last batch, which was full, and before the end.
    db.run("update stardrop.load set state = 'loading', finished_at = null").await;
    loader.load(&object, None).await.unwrap();
    let kept =
        "select rows_rejected, (select count(*) from stardrop.rejected_row) from stardrop.load";
    assert_eq!(db.rows(kept).await, "1|1");
}

#[tokio::test]
async fn rejected_rows_of_a_failure_that_was_not_recorded_go_with_a_load_that_is_superseded() {
    let catalog = catalog_of(&[("stock", STOCK)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let first = cloud.put("stock/a.csv", "id,qty\nx,1\n").await;
    cloud.load(&first).await.unwrap_err();
    // As if the worker had died between the two.
    db.run(
        "update stardrop.load set state = 'loading', finished_at = null, rows_read = 0,
        rows_rejected = 0, failure_text = null, failure_stage = null",
    )
    .await;
    assert_eq!(db.text("select count(*) from stardrop.rejected_row").await, "1");
    let second = cloud.put("stock/a.csv", "id,qty\n1,1\n").await;
    cloud.load(&second).await.unwrap();
    cloud.load(&first).await.unwrap();
    let loads = "select state, (select count(*) from stardrop.rejected_row) from stardrop.load order by load_id";
    assert_eq!(db.rows(loads).await, "superseded|0\nloaded|0");
}
