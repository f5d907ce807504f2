//! Sends S3 and queue events to the real `loader` program, which runs against a local Lambda runtime API.

use serde_json::{Value, json};

use crate::load::exactly_once::sales;
use crate::support::cloud::{Cloud, as_user, queue_event};
use crate::support::runtime_api::{Answer, Function};
use crate::support::star_content::{assert_balanced, everything};
use crate::support::{TestDatabase, root};

pub fn success(answer: Answer) -> Value {
    match answer {
        Answer::Success(value) => value,
        Answer::Error(error) => panic!("{error}"),
    }
}

pub fn sample(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(root().join("events").join(name)).unwrap()).unwrap()
}

#[tokio::test]
async fn an_event_fills_the_star_and_its_second_delivery_does_nothing() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut function = Function::start(&cloud.vars()).await;
    let event = cloud.put_event("sales/a b+c.csv", sales(1000)).await;

    let answer = success(function.invoke(event.clone()).await);
    assert_eq!(answer["loads"][0]["outcome"], "loaded", "{answer}");
    assert_eq!(answer["loads"][0]["rows_read"], 1000);
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "1000");
    assert_eq!(db.text("select key from stardrop.load").await, "sales/a b+c.csv");
    assert_balanced(&db).await;

    let star = everything(&db).await;
    let answer = success(function.invoke(event).await);
    assert_eq!(answer["loads"][0]["outcome"], "already_loaded", "{answer}");
    assert_eq!(everything(&db).await, star);

    // S3 asks whether anybody is there when its notification is set up.
    let answer = success(function.invoke(sample("s3-test-event.json")).await);
    assert!(answer["ignored"].is_string(), "{answer}");
    assert_eq!(db.text("select count(*) from stardrop.load").await, "1");
}

#[tokio::test]
async fn a_deadline_that_is_not_a_point_in_time_is_ignored() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut function = Function::start(&cloud.vars()).await;
    let event = cloud.put_event("sales/a.csv", sales(10)).await;
    let answer = success(function.invoke_as_cargo_lambda(event).await);
    assert_eq!(answer["loads"][0]["outcome"], "loaded", "{answer}");
}

#[tokio::test]
async fn one_bad_message_of_a_batch_is_returned_alone() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut function = Function::start(&cloud.vars()).await;
    let good = cloud.put_event("sales/good.csv", sales(10)).await;
    let over_budget =
        cloud.put_event("sales/bad.csv", format!("{}x,1,,1,,,p,,,,\n", sales(0))).await;
    let poison = json!("no JSON at all");
    let also_good = cloud.put_event("sales/good-2.csv", sales(20)).await;
    let batch = queue_event(&[
        good,
        poison,
        over_budget,
        sample("s3-test-event.json"),
        sample("s3-removed.json"),
        also_good,
    ]);

    let answer = success(function.invoke(batch).await);
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "1" }] }));
    assert_eq!(
        db.rows("select key, state, rows_inserted from stardrop.load order by key").await,
        "sales/bad.csv|failed|0\nsales/good-2.csv|loaded|10\nsales/good.csv|loaded|10"
    );
    assert_balanced(&db).await;
}

#[tokio::test]
async fn an_event_that_cannot_be_loaded_now_is_an_error_and_loads_on_its_next_delivery() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let role = format!("locked_out_{}", std::process::id());
    db.run(&format!("create role {role} nologin in role stardrop_loader")).await;
    let mut vars = cloud.vars();
    vars[0].1 = as_user(&db.url, &role);
    let mut function = Function::start(&vars).await;
    let event = cloud.put_event("sales/a.csv", sales(10)).await;

    let Answer::Error(error) = function.invoke(event.clone()).await else { panic!("no error") };
    assert_eq!(error["errorType"], "DatabaseDenied", "{error}");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.contains("not permitted to log in") && message.contains("PG*"), "{message}");
    let queued = queue_event(std::slice::from_ref(&event));
    let answer = success(function.invoke(queued.clone()).await);
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "0" }] }));

    db.run(&format!("alter role {role} login")).await;
    let answer = success(function.invoke(queued).await);
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "10");
    drop(function);
    // Roles outlive the database: this one is of this run alone.
    db.run(&format!("alter role {role} nologin")).await;
}
