//! Whatever kills, freezes or repeats a load, each row is in the star exactly once.

use std::process::Stdio;
use std::time::Duration;

use stardrop::error::ErrorKind;
use stardrop::load::Outcome;
use stardrop_local::s3::{Fault, FaultKind};
use tokio::process::Child;

use crate::support::TestDatabase;
use crate::support::cloud::{BUCKET, Cloud};
use crate::support::star_content::{assert_balanced, meaning};
use crate::support::wait::{eventually, within};

const KEY: &str = "sales/2026/01/day.csv";
const ROWS: u64 = 30_000;

/// Sales that share customers and products; the grain of each is unique.
pub fn sales(rows: u64) -> String {
    let mut text = String::from(
        "order_id,line_no,order_ts,customer_id,customer_name,country,product_id,product_name,quantity,unit_price,updated_at\n",
    );
    for row in 0..rows {
        text.push_str(&format!(
            "{},{},2026-01-{:02} 10:00:00,{c},name {c},Norway,p{p},product {p},{},{}.50,\n",
            row / 3,
            row % 3,
            row % 28 + 1,
            row % 9 + 1,
            row % 50,
            c = row % 700,
            p = row % 90,
        ));
    }
    text
}

/// What the star looks like after a load that nothing disturbed.
async fn undisturbed(text: &str, batch_rows: &str) -> String {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let object = cloud.put(KEY, text).await;
    let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", batch_rows)]);
    loader.load(&object, None).await.unwrap();
    meaning(&db).await
}

/// Waits until the SQL condition is true. The program must still be running then.
async fn wait_until(db: &TestDatabase, program: &mut Child, condition: &str) {
    eventually(condition, || {
        assert!(program.try_wait().unwrap().is_none(), "the loader ended too early");
        async { db.text(condition).await == "true" }
    })
    .await;
}

/// Starts the command line on an object that comes slowly.
fn start_slowly(cloud: &Cloud, batch_rows: &str, more: &[(&str, &str)]) -> Child {
    cloud.s3.faults().push(Fault::new(FaultKind::BytesPerSecond(600_000)).always());
    let address = format!("s3://{BUCKET}/{KEY}");
    let vars = [&[("STARDROP_BATCH_ROWS", batch_rows)], more].concat();
    cloud.stardrop(&["load", &address], &vars).stdout(Stdio::null()).spawn().unwrap()
}

async fn kill(cloud: &Cloud, mut program: Child) {
    program.kill().await.unwrap();
    cloud.s3.faults().clear();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_killed_between_its_batches_continues_at_its_checkpoint() {
    let text = sales(ROWS);
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let object = cloud.put(KEY, text.as_str()).await;
    let mut program = start_slowly(&cloud, "2000", &[]);
    wait_until(
        &db,
        &mut program,
        "select coalesce(max(checkpoint_rows), 0) >= 4000 from stardrop.load",
    )
    .await;
    kill(&cloud, program).await;
    let checkpoint: u64 =
        db.text("select checkpoint_rows from stardrop.load").await.parse().unwrap();
    assert!((4000..ROWS).contains(&checkpoint), "{checkpoint}");

    let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "2000")]);
    let report = loader.load(&object, None).await.unwrap();
    assert_eq!((report.outcome, report.rows_read), (Outcome::Loaded, ROWS));
    // What came before the checkpoint was not read again: each batch is booked once.
    let left = (ROWS - checkpoint).div_ceil(2000);
    assert_eq!(report.batches, checkpoint / 2000 + left);
    assert_eq!(
        db.rows("select state, attempt > 1 as again, rows_read, rows_inserted from stardrop.load")
            .await,
        format!("loaded|true|{ROWS}|{ROWS}")
    );
    assert_balanced(&db).await;
    assert_eq!(meaning(&db).await, undisturbed(&text, "2000").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_killed_in_its_first_copy_leaves_nothing_and_starts_again() {
    let text = sales(ROWS);
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let object = cloud.put(KEY, text.as_str()).await;
    let mut program = start_slowly(&cloud, "500000", &[]);
    let copying = "select exists (select from pg_stat_progress_copy where tuples_processed > 1000
                                  and datname = current_database())";
    wait_until(&db, &mut program, copying).await;
    kill(&cloud, program).await;
    assert_eq!(db.rows("select state, checkpoint_rows from stardrop.load").await, "loading|0");
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "0");

    let report = cloud.load(&object).await.unwrap();
    assert_eq!((report.outcome, report.rows_read), (Outcome::Loaded, ROWS));
    assert_eq!(
        db.rows("select state, attempt, rows_inserted from stardrop.load").await,
        format!("loaded|2|{ROWS}")
    );
    assert_balanced(&db).await;
    assert_eq!(meaning(&db).await, undisturbed(&text, "500000").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_frozen_past_its_lease_is_terminated_and_its_load_taken_over() {
    let text = sales(ROWS);
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let object = cloud.put(KEY, text.as_str()).await;
    let mut program = start_slowly(&cloud, "2000", &[("STARDROP_LEASE_SECONDS", "1")]);
    wait_until(
        &db,
        &mut program,
        "select coalesce(max(checkpoint_rows), 0) >= 2000 from stardrop.load",
    )
    .await;
    signal(&program, "STOP").await;
    cloud.s3.faults().clear();

    let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "2000")]);
    let taken = tokio::time::timeout(Duration::from_secs(25), loader.load(&object, None)).await;
    signal(&program, "CONT").await;
    let report = taken.expect("the load is never taken over").unwrap();
    assert_eq!(report.outcome, Outcome::Loaded);
    // The worker that runs again can commit nothing: it claims again, and finds the load finished.
    let output = within("the worker ends", program.wait_with_output()).await.unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        db.rows("select state, attempt, rows_inserted from stardrop.load").await,
        format!("loaded|2|{ROWS}")
    );
    assert_balanced(&db).await;
    assert_eq!(meaning(&db).await, undisturbed(&text, "2000").await);
}

async fn signal(program: &Child, name: &str) {
    let pid = program.id().unwrap().to_string();
    let sent = tokio::process::Command::new("kill").args(["-s", name, &pid]).status().await;
    assert!(sent.unwrap().success());
}

#[tokio::test]
async fn an_object_that_breaks_off_loads_whole_on_the_next_delivery() {
    let text = sales(10_000);
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let object = cloud.put(KEY, text.as_str()).await;
    let middle = text.len() as u64 / 2;
    let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "1000")]);
    for fault in [FaultKind::CutAt(middle), FaultKind::TruncateAt(middle)] {
        cloud.s3.faults().push(Fault::new(fault));
        let error = loader.load(&object, None).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::ObjectUnreadable, "{error}");
    }
    let before: u64 = db.text("select checkpoint_rows from stardrop.load").await.parse().unwrap();
    assert!((1..10_000).contains(&before), "nothing was committed before the object broke off");
    let report = loader.load(&object, None).await.unwrap();
    assert_eq!(report.batches, 10, "it did not continue at its checkpoint");
    assert_eq!(
        db.rows("select state, rows_read, rows_inserted from stardrop.load").await,
        "loaded|10000|10000"
    );
    assert_balanced(&db).await;
    assert_eq!(meaning(&db).await, undisturbed(&text, "1000").await);
}

#[tokio::test]
async fn a_load_that_makes_progress_survives_any_number_of_lost_connections() {
    let text = sales(20_000);
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let object = cloud.put(KEY, text.as_str()).await;
    cloud.s3.faults().push(Fault::new(FaultKind::BytesPerSecond(400_000)).always());
    let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "500")]);
    let load = tokio::spawn(async move {
        let first = loader.load(&object, None).await;
        (first, loader.load(&object, None).await)
    });
    for cut in 0..8 {
        let rows = 500 * (1 + 4 * cut);
        let terminate = format!(
            "select count(*) filter (where pg_terminate_backend(worker_pid))
             from stardrop.load where state = 'loading' and checkpoint_rows >= {rows}"
        );
        eventually(&format!("connection {cut} of the load is cut"), || async {
            assert!(!load.is_finished(), "the load ended after {cut} cuts");
            db.text(&terminate).await == "1"
        })
        .await;
    }
    cloud.s3.faults().clear();
    let (first, again) = load.await.unwrap();
    let report = first.unwrap();
    assert_eq!((report.outcome, report.rows_read, report.batches), (Outcome::Loaded, 20_000, 40));
    // The lost connections leave no trace: the second delivery has the outcome of any second delivery.
    assert_eq!(again.unwrap().outcome, Outcome::AlreadyLoaded);
    assert_balanced(&db).await;
    assert_eq!(meaning(&db).await, undisturbed(&text, "500").await);
}
