//! Runs the program that is deployed in a sandbox like Lambda's. It is the loader of this build or, in
//! `make package-test`, that of the package.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::load::exactly_once::sales;
use crate::load::memory::{as_workbook, sales_rows};
use crate::support::TestDatabase;
use crate::support::bootstrap::{self, Sandbox};
use crate::support::cloud::{Cloud, LOADER, queue_event};
use crate::support::runtime_api::{Answer, Function};
use crate::support::star_content::assert_balanced;

/// The variables of a function on AWS: `cloud.vars()` without where the datasets are.
fn lambda_vars(cloud: &Cloud) -> Vec<(String, String)> {
    cloud.vars().into_iter().filter(|(name, _)| name != "STARDROP_DATASETS").collect()
}

#[tokio::test]
async fn a_sandbox_like_lambdas_loads_files_of_all_kinds() {
    let Some(sandbox) = Sandbox::new(512) else { return };
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut function = Function::start_as(&sandbox.starter, &lambda_vars(&cloud)).await;
    let workbook = as_workbook(&sales_rows(&cloud, 5_000));

    for (key, bytes, rows) in
        [("sales/a.csv", sales(1_000).into_bytes(), 1_000), ("sales/b.xlsx", workbook, 5_000)]
    {
        let event = cloud.put_event(key, bytes).await;
        let answer = function.invoke(event).await;
        let Answer::Success(answer) = answer else { panic!("{key}: {answer:?}") };
        assert_eq!(answer["loads"][0]["outcome"], "loaded", "{answer}");
        assert_eq!(answer["loads"][0]["rows_read"], rows, "{answer}");
    }
    assert_balanced(&db).await;
}

#[tokio::test]
async fn a_workbook_larger_than_tmp_is_an_error_that_names_the_setting_and_csv_still_loads() {
    let Some(sandbox) = Sandbox::new(1) else { return };
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut function = Function::start_as(&sandbox.starter, &lambda_vars(&cloud)).await;
    let workbook = as_workbook(&sales_rows(&cloud, 20_000));
    assert!(workbook.len() > 2 << 20, "{} bytes", workbook.len());

    let event = cloud.put_event("sales/large.xlsx", workbook).await;
    let Answer::Error(error) = function.invoke(event.clone()).await else { panic!("no error") };
    let message = error["errorMessage"].as_str().unwrap();
    println!("{message}");
    assert!(message.contains("temporary folder") && message.contains("tmp_mb"), "{message}");
    assert!(message.contains("No space left"), "{message}");
    // The message is delivered again, maybe to an invocation with more room; nothing was loaded.
    let answer = function.invoke(queue_event(&[event])).await;
    let Answer::Success(answer) = answer else { panic!("{answer:?}") };
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "0" }] }));
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "0");

    let event = cloud.put_event("sales/a.csv", sales(10)).await;
    let Answer::Success(answer) = function.invoke(event).await else { panic!("no csv") };
    assert_eq!(answer["loads"][0]["outcome"], "loaded", "{answer}");
}

#[tokio::test]
async fn without_the_layer_the_loader_exits_at_once_and_names_the_folder() {
    let mut command = tokio::process::Command::new(bootstrap::program());
    command.env_clear().env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9");
    command.env("STARDROP_DATASETS", "/nowhere/opt/datasets").kill_on_drop(true);
    let ended = tokio::time::timeout(Duration::from_secs(30), command.output()).await;
    let output = ended.expect("it waits for something").unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    println!("{said}");
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("/nowhere/opt/datasets"), "{said}");
}

#[tokio::test]
async fn an_unreachable_database_returns_the_event_and_is_found_once_it_is_back() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let event = cloud.put_event("sales/a.csv", sales(10)).await;
    let queued = queue_event(std::slice::from_ref(&event));

    // Nobody listens there: the port was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut vars = cloud.vars();
    vars[0].1 = format!("postgres://{LOADER}@{free}/none");
    let mut function = Function::start(&vars).await;
    let started = Instant::now();
    let Answer::Error(error) = function.invoke(event.clone()).await else { panic!("no error") };
    assert_eq!(error["errorType"], "NoDatabase", "{error}");
    assert!(error["errorMessage"].as_str().unwrap().contains(&free.to_string()), "{error}");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    let Answer::Success(answer) = function.invoke(queued).await else { panic!("no answer") };
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "0" }] }));

    // A warm sandbox whose session ended meanwhile opens another.
    let mut function = Function::start(&cloud.vars()).await;
    for (key, rows) in [("sales/b.csv", 10), ("sales/c.csv", 20)] {
        let event = cloud.put_event(key, sales(rows)).await;
        let answer = function.invoke(event).await;
        let Answer::Success(answer) = answer else { panic!("{key}: {answer:?}") };
        assert_eq!(answer["loads"][0]["outcome"], "loaded", "{answer}");
        let ended = format!(
            "(select count(pg_terminate_backend(pid)) from pg_stat_activity
              where usename = '{LOADER}' and datname = current_database())"
        );
        assert_eq!(db.text(&ended).await, "1", "one session for each sandbox");
    }
}

#[tokio::test]
async fn a_cold_start_is_measured() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut times = Vec::new();
    for _ in 0..7 {
        let started = Instant::now();
        let function = Function::start(&cloud.vars()).await;
        times.push(started.elapsed());
        drop(function);
    }
    times.sort();
    println!(
        "cold start, from the process to its first question for an event: {:.1} ms at best, \
         {:.1} ms in the middle of {} ({})",
        times[0].as_secs_f64() * 1e3,
        times[times.len() / 2].as_secs_f64() * 1e3,
        times.len(),
        bootstrap::program().display()
    );
    // Lambda itself gives up after ten seconds.
    assert!(times[times.len() / 2] < Duration::from_secs(5), "{times:?}");
}
