//! Connections that are lost between invocations, and shutdown by SIGTERM at any moment of a load.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use stardrop_local::s3::{Fault, FaultKind};

use crate::lambda::events::success;
use crate::load::exactly_once::sales;
use crate::support::cloud::{Cloud, LOADER, QUEUE, event_of};
use crate::support::runtime_api::{Answer, Function};
use crate::support::star_content::{assert_balanced, meaning};
use crate::support::wait::within;
use crate::support::{TestDatabase, connect};

fn signal(signal: &str, pid: impl ToString) {
    let status = Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
    assert!(status.success());
}

fn loaders() -> String {
    format!(
        "select count(*) from pg_stat_activity
         where datname = current_database() and usename = '{LOADER}'"
    )
}

/// Sends SIGTERM; how long the program then takes to end, and its exit code.
pub async fn terminate(function: &mut Function) -> (Duration, Option<i32>) {
    let since = Instant::now();
    signal("-TERM", function.program.id().unwrap());
    let status = within("the loader ends", function.program.wait()).await.unwrap();
    (since.elapsed(), status.code())
}

#[tokio::test]
async fn one_connection_serves_many_invocations() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut function = Function::start(&cloud.vars()).await;
    let backend = format!(
        "select string_agg(pid::text, ',') from pg_stat_activity
         where datname = current_database() and usename = '{LOADER}'"
    );
    let mut backends = Vec::new();
    for key in ["sales/a.csv", "sales/b.csv"] {
        success(function.invoke(cloud.put_event(key, sales(3)).await).await);
        success(function.invoke(json!({ "health": true })).await);
        let all = json!({ "reconcile": { "bucket": "inbox" } });
        success(function.invoke(all).await);
        backends.push(db.text(&backend).await);
    }
    assert_eq!(backends[0], backends[1]);
    assert!(!backends[0].contains(','), "more than one connection: {backends:?}");
}

#[tokio::test]
async fn a_connection_that_is_lost_between_invocations_is_replaced() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut function = Function::start(&cloud.vars()).await;
    success(function.invoke(cloud.put_event("sales/a.csv", sales(3)).await).await);
    let loader = function.program.id().unwrap();
    let backend = format!(
        "select pid from pg_stat_activity where datname = current_database() and usename = '{LOADER}'"
    );

    // The server terminates it while the sandbox is frozen.
    signal("-STOP", loader);
    db.run(&format!("select pg_terminate_backend(({backend}), 10000)")).await;
    let event = cloud.put_event("sales/b.csv", sales(4)).await;
    function.begin(event.clone(), Duration::from_secs(60));
    signal("-CONT", loader);
    function.is_idle().await;

    // The backend does not answer any more.
    let silent = db.text(&backend).await;
    signal("-STOP", &silent);
    let since = Instant::now();
    let answer = function.invoke(cloud.put_event("sales/c.csv", sales(5)).await).await;
    let took = since.elapsed();
    signal("-CONT", &silent);
    // The answer to the second event comes first.
    assert_eq!(success(answer)["loads"][0]["outcome"], "loaded");
    assert!(took < Duration::from_secs(20), "{took:?}");

    db.eventually("select count(*) from star.fact_sales", "5").await;
    let loads = "select key, state, attempt from stardrop.load order by key";
    let expected = "sales/a.csv|loaded|1\nsales/b.csv|loaded|1\nsales/c.csv|loaded|1";
    assert_eq!(db.rows(loads).await, expected);
    let noticed = |line: &&serde_json::Value| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("the connection was lost since"))
    };
    assert_eq!(function.lines().iter().filter(noticed).count(), 2);
}

#[tokio::test]
async fn an_invocation_that_breaks_off_midway_leaves_a_loader_that_works() {
    let text = sales(6_000);
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut handler = cloud.handler_of(cloud.loader_with(&[("STARDROP_BATCH_ROWS", "1000")]));
    let event = cloud.put_event("sales/a.csv", text.clone()).await;
    cloud.s3.faults().push(Fault::new(FaultKind::BytesPerSecond(text.len() as u64 / 20)).times(1));
    // As after a panic: in the middle of a COPY, while the session holds its claim.
    let some = Duration::from_secs(7);
    tokio::time::timeout(some, handler.handle(&event, None)).await.unwrap_err();
    let reached = db.text("select checkpoint_rows between 1000 and 5000 from stardrop.load").await;
    assert_eq!(reached, "true");
    let answer = handler.handle(&event, None).await.unwrap();
    assert_eq!(answer["loads"][0]["outcome"], "loaded", "{answer}");
    let load = "select attempt, batches, rows_inserted from stardrop.load";
    assert_eq!(db.rows(load).await, "2|6|6000");
    assert_balanced(&db).await;
}

#[tokio::test]
async fn an_idle_loader_leaves_no_connection_at_shutdown() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut function = Function::start(&cloud.vars()).await;
    success(function.invoke(cloud.put_event("sales/a.csv", sales(3)).await).await);
    assert_eq!(db.text(&loaders()).await, "1");
    let (took, code) = terminate(&mut function).await;
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
    db.eventually(&loaders(), "0").await;
    let line = function
        .lines()
        .into_iter()
        .find(|line| line["message"] == "shutting down on SIGTERM")
        .unwrap();
    assert_eq!((&line["idle"], &line["in_time"]), (&json!(true), &json!(true)));
}

#[tokio::test]
async fn a_load_that_shutdown_interrupts_continues_elsewhere_at_once() {
    let text = sales(20_000);
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut vars = cloud.vars();
    vars.push(("STARDROP_BATCH_ROWS".to_owned(), "2000".to_owned()));
    let mut function = Function::start(&vars).await;
    let event = cloud.put_event("sales/large.csv", text.clone()).await;
    cloud.s3.faults().push(Fault::new(FaultKind::BytesPerSecond(text.len() as u64 / 20)).times(1));
    cloud.sqs.send(QUEUE, &event.to_string()).unwrap();
    let message = cloud.sqs.receive(QUEUE).unwrap();
    function.begin(event_of(&message), Duration::from_secs(600));
    db.eventually("select coalesce(max(checkpoint_rows), 0) >= 2000 from stardrop.load", "true")
        .await;

    // Twice: a second signal changes nothing.
    let since = Instant::now();
    let pid = function.program.id().unwrap();
    signal("-TERM", pid);
    signal("-TERM", pid);
    let answered = function.answer_or_end().await;
    let status = within("the loader ends", function.program.wait()).await.unwrap();
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
    assert_eq!(status.code(), Some(0));
    let Some(Answer::Success(answer)) = answered else { panic!("{answered:?}") };
    assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], message.message_id.as_str());
    let line = function
        .lines()
        .into_iter()
        .find(|line| line["message"] == "shutting down on SIGTERM")
        .unwrap();
    assert_eq!((&line["idle"], &line["in_time"]), (&json!(false), &json!(true)));
    let rest = cloud.sqs.visible_in(QUEUE).unwrap();
    assert!(rest <= Duration::from_secs(6), "the message rests for {rest:?}");

    let mut other = Function::start(&vars).await;
    let since = Instant::now();
    let answer = success(other.invoke(event).await);
    assert_eq!(answer["loads"][0]["outcome"], "loaded", "{answer}");
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    let load = "select attempt, rows_read, rows_inserted, batches from stardrop.load";
    assert_eq!(db.rows(load).await, "2|20000|20000|10", "each batch once");
    assert_balanced(&db).await;
}

#[tokio::test]
async fn a_batch_that_waits_in_the_database_is_cancelled_at_shutdown() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut function = Function::start(&cloud.vars()).await;
    let event = cloud.put_event("sales/a.csv", sales(10)).await;
    let other = connect(&db.url).await;
    other.batch_execute("begin; lock table star.fact_sales in share mode").await.unwrap();
    function.begin(event.clone(), Duration::from_secs(600));
    let waits = format!(
        "select count(*) from pg_stat_activity
         where usename = '{LOADER}' and datname = current_database() and wait_event_type = 'Lock'"
    );
    db.eventually(&waits, "1").await;
    let (took, code) = terminate(&mut function).await;
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
    // The lock is still held: only the loader's cancel request can have ended the batch.
    let since = Instant::now();
    db.eventually(&loaders(), "0").await;
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
    other.batch_execute("rollback").await.unwrap();
    let answer = success(Function::start(&cloud.vars()).await.invoke(event).await);
    assert_eq!(answer["loads"][0]["outcome"], "loaded", "{answer}");
    assert_balanced(&db).await;
}

#[tokio::test]
async fn shutdown_at_any_moment_loses_and_repeats_no_row() {
    let text = sales(6_000);
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut vars = cloud.vars();
    vars.push(("STARDROP_BATCH_ROWS".to_owned(), "200".to_owned()));
    let event = cloud.put_event("sales/a.csv", text.clone()).await;
    for _ in 0..8 {
        let mut function = Function::start(&vars).await;
        function.begin(event.clone(), Duration::from_secs(600));
        // Sleeps: the moment of the shutdown is what the test varies.
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..400))).await;
        let (took, code) = terminate(&mut function).await;
        assert_eq!(code, Some(0));
        assert!(took < Duration::from_secs(2), "{took:?}");
        db.eventually(&loaders(), "0").await;
    }
    let attempts = db.text("select coalesce(max(attempt), 0) from stardrop.load").await;
    success(Function::start(&vars).await.invoke(event).await);
    let load = "select state, rows_read, rows_inserted, rows_rejected from stardrop.load";
    assert_eq!(db.rows(load).await, "loaded|6000|6000|0", "after {attempts} attempts");
    assert_balanced(&db).await;
    let facts = "select count(*), count(distinct (order_id, line_no)) from star.fact_sales";
    assert_eq!(db.rows(facts).await, "6000|6000");
    let undisturbed = TestDatabase::migrated().await;
    Cloud::new(&undisturbed).await.put_and_load("sales/a.csv", text).await;
    assert_eq!(meaning(&db).await, meaning(&undisturbed).await);
}
