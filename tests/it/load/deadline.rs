//! A load that needs more time than an invocation has continues in the next one, through the queue, and
//! every row counts once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stardrop::error::ErrorKind;
use stardrop::event::{self, Event};
use stardrop::ledger;
use stardrop_local::s3::{Fault, FaultKind};

use crate::load::exactly_once::sales;
use crate::load::memory::write_sales;
use crate::load::order::{STOCK, Site, site};
use crate::support::TestDatabase;
use crate::support::cloud::{BUCKET, Cloud, QUEUE, event_of, object_of};
use crate::support::runtime_api::{Answer, Function};
use crate::support::star_content::{assert_balanced, meaning};

const KEY: &str = "sales/large.csv";

/// Works the queue off as Lambda's poller does; how many invocations that took, and how many of them
/// were not through in time and were killed.
async fn drain(cloud: &Cloud, function: &mut Function, time: Duration) -> (u32, u32) {
    let (mut invocations, mut killed) = (0, 0);
    while let Some(wait) = cloud.sqs.visible_in(QUEUE) {
        assert!(wait < Duration::from_secs(600), "the next message is hidden for {wait:?}");
        // Sleeps: the queue itself hides the message until then.
        tokio::time::sleep(wait).await;
        let Some(message) = cloud.sqs.receive(QUEUE) else { continue };
        let answer = function.invoke_or_kill(event_of(&message), time).await;
        invocations += 1;
        assert!(invocations < 2_000, "the load makes no progress");
        match answer {
            Some(Answer::Success(answer)) if answer["batchItemFailures"] == json!([]) => {
                assert!(cloud.sqs.delete(QUEUE, &message.receipt_handle), "{message:?}");
            }
            Some(_) => {}
            None => {
                killed += 1;
                *function = Function::start(&cloud.vars()).await;
            }
        }
    }
    (invocations, killed)
}

async fn undisturbed(text: &str) -> String {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    cloud.put_and_load(KEY, text).await;
    meaning(&db).await
}

#[tokio::test]
async fn a_load_of_many_invocations_loads_every_row_once() {
    let text = sales(20_000);
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let event = cloud.put_event(KEY, text.clone()).await;
    // So slow that an invocation of 5 seconds, less its reserve, reads a part of it only.
    let slow = FaultKind::BytesPerSecond(text.len() as u64 / 5);
    cloud.s3.faults().push(Fault::new(slow).always());
    cloud.sqs.send(QUEUE, &event.to_string()).unwrap();
    let mut function = Function::start(&cloud.vars()).await;

    let (invocations, killed) = drain(&cloud, &mut function, Duration::from_secs(5)).await;

    assert_eq!(killed, 0);
    assert!(invocations > 1, "one invocation was enough");
    let load = "select state, attempt, batches, rows_read, rows_inserted from stardrop.load";
    let expected = format!("loaded|{invocations}|{invocations}|20000|20000");
    assert_eq!(db.rows(load).await, expected);
    assert_balanced(&db).await;
    assert_eq!(meaning(&db).await, undisturbed(&text).await);
}

/// An answer with so much time, in process.
async fn answer_within(
    cloud: &Cloud,
    more: &[(&str, &str)],
    queue_url: Option<String>,
    event: &Value,
    time: Duration,
) -> stardrop::error::Result<Value> {
    let queue = stardrop::queue::Queue::with_client(cloud.sqs.client());
    let mut handler = stardrop::handler::Handler::new(cloud.loader_with(more), queue, queue_url);
    handler.handle(event, Some(Instant::now() + time)).await
}

#[tokio::test]
async fn without_a_queue_the_error_names_reconcile_and_the_next_attempt_continues() {
    let text = sales(20_000);
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let event = cloud.put_event(KEY, text.clone()).await;
    let slow = FaultKind::BytesPerSecond(text.len() as u64 / 5);
    cloud.s3.faults().push(Fault::new(slow).times(1));
    let time = Duration::from_secs(4);

    let error = answer_within(&cloud, &[], None, &event, time).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::OutOfTime, "{error}");
    assert!(error.to_string().contains("reconcile"), "{error}");
    let reached = "select state || '|' || batches || '|' || (checkpoint_rows between 1 and 19999)
                   from stardrop.load";
    assert_eq!(db.text(reached).await, "loading|1|true");

    let enough = Duration::from_secs(600);
    let answer = answer_within(&cloud, &[], None, &event, enough).await.unwrap();
    assert_eq!(answer["loads"][0]["outcome"], "loaded", "{answer}");
    assert_eq!(db.text("select batches from stardrop.load").await, "2");
    assert_eq!(meaning(&db).await, undisturbed(&text).await);
}

#[tokio::test]
async fn a_direct_invocation_continues_through_the_queue_of_the_settings() {
    let text = sales(20_000);
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let object = cloud.put(KEY, text.clone()).await;
    let slow = FaultKind::BytesPerSecond(text.len() as u64 / 5);
    cloud.s3.faults().push(Fault::new(slow).times(1));
    let (request, url) = (event::request(&object, 0), cloud.sqs.queue_url(QUEUE));

    let time = Duration::from_secs(4);
    let answer = answer_within(&cloud, &[], Some(url), &request, time).await.unwrap();

    assert_eq!(answer["loads"][0]["outcome"], "continues", "{answer}");
    let [message] = &cloud.sqs.messages(QUEUE)[..] else { panic!("one message") };
    let message: Value = serde_json::from_str(message).unwrap();
    assert_eq!(message, event::request(&object, 1));
    let Event::Objects(objects) = event::parse(&message).unwrap() else { panic!("{message}") };
    assert_eq!(objects, [object]);
}

#[tokio::test]
async fn a_load_without_progress_or_with_a_thousand_continuations_goes_back_to_the_queue() {
    let text = sales(20_000);
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let object = cloud.put(KEY, text.clone()).await;
    let queued = |continuations| {
        cloud.sqs.send(QUEUE, &event::request(&object, continuations).to_string()).unwrap();
        let message = cloud.sqs.receive(QUEUE).unwrap();
        (
            event_of(&message),
            json!({ "batchItemFailures": [{ "itemIdentifier": message.message_id }] }),
        )
    };

    let (event, back) = queued(3);
    let answer = answer_within(&cloud, &[], None, &event, Duration::ZERO).await.unwrap();
    assert_eq!(answer, back);
    assert_eq!(cloud.sqs.messages(QUEUE).len(), 1);

    let slow = FaultKind::BytesPerSecond(text.len() as u64 / 5);
    cloud.s3.faults().push(Fault::new(slow).times(1));
    let (event, back) = queued(1_000);
    let answer = answer_within(&cloud, &[], None, &event, Duration::from_secs(4)).await.unwrap();
    assert_eq!(answer, back);
    assert_eq!(cloud.sqs.messages(QUEUE).len(), 2, "no third message was sent");
    // It stands at a checkpoint all the same.
    assert_eq!(db.text("select checkpoint_rows > 0 from stardrop.load").await, "true");
}

#[tokio::test]
async fn a_message_of_a_busy_load_is_hidden_until_the_other_lease_ends() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let event = cloud.put_event(KEY, sales(10)).await;
    // Another worker holds the load, with 100 seconds of its lease left.
    let object = object_of(&event);
    let holder = stardrop::db::connect(&cloud.settings(&[])).await.unwrap();
    let dataset = cloud.catalog.dataset("sales").unwrap();
    ledger::claim(&holder.client, dataset, &object, "", Duration::from_secs(100)).await.unwrap();
    cloud.sqs.send(QUEUE, &event.to_string()).unwrap();
    let message = cloud.sqs.receive(QUEUE).unwrap();

    let time = Duration::from_secs(5);
    let answer = answer_within(&cloud, &[], None, &event_of(&message), time).await.unwrap();

    assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], message.message_id.as_str());
    let visible_in = cloud.sqs.visible_in(QUEUE).unwrap().as_secs();
    assert!((90..=101).contains(&visible_in), "{visible_in} s");
    drop(holder);
}

#[tokio::test]
async fn attempts_without_progress_make_the_batches_smaller() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let event = cloud.put_event(KEY, sales(20_000)).await;
    let time = Duration::from_secs(600);
    // Three attempts that died before their first commit, of what Lambda never said.
    for _ in 0..3 {
        cloud.s3.faults().push(Fault::new(FaultKind::CutAt(400_000)));
        let error = answer_within(&cloud, &[], None, &event, time).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::ObjectUnreadable, "{error}");
    }
    assert_eq!(db.text("select attempts_without_progress from stardrop.load").await, "3");

    let settings = [("STARDROP_BATCH_ROWS", "40000")];
    answer_within(&cloud, &settings, None, &event, time).await.unwrap();
    assert_eq!(db.text("select batches from stardrop.load").await, "4", "20,000 / (40,000 / 8)");
    assert_eq!(db.text("select attempts_without_progress from stardrop.load").await, "0");
}

#[tokio::test]
async fn a_replacement_that_does_not_fit_in_one_invocation_fails_whole_with_a_hint() {
    let Site { db, cloud } = &site(("stock", STOCK)).await;
    let old = cloud.put_event("stock/a.csv", "id,qty\n1,7\n").await;
    answer_within(cloud, &[], None, &old, Duration::from_secs(600)).await.unwrap();
    let rows: String = (0..20_000).map(|id| format!("{id},{}\n", id + 1_000_000_000)).collect();
    let text = format!("id,qty\n{rows}");
    let size = text.len() as u64;
    let event = cloud.put_event("stock/a.csv", text).await;
    cloud.s3.faults().push(Fault::new(FaultKind::BytesPerSecond(size / 5)).always());
    let time = Duration::from_secs(4);

    for _ in 0..2 {
        let error = answer_within(cloud, &[], None, &event, time).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::OutOfTime, "{error}");
    }
    let answer = answer_within(cloud, &[], None, &event, time).await.unwrap();
    assert_eq!(answer["loads"][0]["outcome"], "failed", "{answer}");
    let failure = answer["loads"][0]["failure"].as_str().unwrap();
    assert!(failure.contains("does not fit in one invocation"), "{failure}");
    assert_eq!(db.rows("select id, qty from star.fact_stock").await, "1|7");
}

/// The long run: 5 GB in invocations of 30 seconds each. Needs 20 GB of disk and half an hour.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes half an hour: cargo test --workspace --test it -- --ignored deadline::"]
async fn five_gigabytes_in_invocations_of_thirty_seconds_load_every_row_once() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.csv");
    let rows = write_sales(&cloud, &path, 5_000_000_000);
    let bytes = std::fs::metadata(&path).unwrap().len();
    cloud.s3.put_file(BUCKET, KEY, &path).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    cloud.sqs.send(QUEUE, &json!({ "bucket": BUCKET, "key": KEY }).to_string()).unwrap();
    let mut function = Function::start(&cloud.vars()).await;
    let before = function.memory_bytes("VmRSS");
    let started = Instant::now();

    let (invocations, killed) = drain(&cloud, &mut function, Duration::from_secs(30)).await;

    let seconds = started.elapsed().as_secs_f64();
    let above = function.memory_bytes("VmHWM") - before;
    eprintln!(
        "{bytes} bytes, {rows} rows, {invocations} invocations, {killed} of them killed, \
         {seconds:.0} s, {} rows/s, {} KiB above the start",
        (rows as f64 / seconds) as u64,
        above >> 10
    );
    let load = "select state, rows_read, rows_rejected from stardrop.load";
    assert_eq!(db.rows(load).await, format!("loaded|{rows}|0"));
    assert_balanced(&db).await;
    let facts = "select count(*), count(distinct source_line) from star.fact_sales";
    assert_eq!(db.rows(facts).await, format!("{rows}|{rows}"));
    assert!(invocations > 5, "{invocations}");
    assert!(above < 64 << 20, "{above} bytes above the start");
}
