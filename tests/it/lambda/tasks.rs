//! Health and reconcile by event, and a loader that lacks a setting, its database or its queue.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stardrop::event;

use crate::lambda::events::{sample, success};
use crate::load::exactly_once::sales;
use crate::load::order::STOCK;
use crate::support::cloud::{BUCKET, Cloud, QUEUE, queue_event};
use crate::support::runtime_api::{Answer, Function};
use crate::support::{TestDatabase, root};

/// The variables with others in their place.
fn with(cloud: &Cloud, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut vars = cloud.vars();
    for (name, value) in more {
        vars.retain(|(known, _)| known != name);
        vars.push(((*name).to_owned(), (*value).to_owned()));
    }
    vars
}

fn error(answer: Answer) -> Value {
    match answer {
        Answer::Error(error) => error,
        Answer::Success(value) => panic!("{value}"),
    }
}

/// What was ever written, as Postgres counts it.
const WRITTEN: &str = "select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_all_tables
                       where schemaname in ('star', 'staging', 'stardrop')";

#[tokio::test]
async fn health_names_every_problem_and_writes_nothing() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let queue = cloud.sqs.queue_url(QUEUE);
    let queue = ("STARDROP_QUEUE_URL", queue.as_str());
    let (loads, written) =
        (db.text("select count(*) from stardrop.load").await, db.text(WRITTEN).await);
    let health = async |more: &[(&str, &str)]| {
        let mut function = Function::start(&with(&cloud, more)).await;
        success(function.invoke(sample("health.json")).await)
    };

    let answer = health(&[queue]).await;
    assert_eq!((&answer["healthy"], &answer["failing"]), (&json!(true), &json!({})), "{answer}");
    assert_eq!(answer["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(answer["database"]["reachable"], true);
    let version = db.text("select current_setting('server_version')").await;
    assert_eq!(answer["database"]["server_version"], version.as_str());
    assert_eq!(answer["datasets"]["sales"], true);

    let answer = health(&[]).await;
    assert_eq!((&answer["healthy"], &answer["queue"]), (&json!(false), &json!(false)), "{answer}");
    assert!(answer["failing"]["queue"].as_str().unwrap().contains("STARDROP_QUEUE_URL"));

    // A dataset that the database does not have, and one that it has otherwise.
    let folder = tempfile::tempdir().unwrap();
    let project = root().join("examples/sales/dataset.toml");
    let otherwise = std::fs::read_to_string(project).unwrap().replace("quantity", "quantity_sold");
    for (name, contract) in [("stock", STOCK), ("sales", &otherwise)] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join("dataset.toml"), contract).unwrap();
    }
    let answer = health(&[queue, ("STARDROP_DATASETS", folder.path().to_str().unwrap())]).await;
    assert_eq!(answer["datasets"], json!({ "sales": false, "stock": false }), "{answer}");
    let why = |name: &str| answer["failing"][name].as_str().unwrap_or_default().to_owned();
    assert!(why("datasets.stock").contains("does not have this dataset"), "{answer}");
    assert!(why("datasets.sales").contains("another version"), "{answer}");
    assert_eq!(answer["database"]["reachable"], true);

    // No database.
    let answer = health(&[queue, ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")]).await;
    assert_eq!(answer["healthy"], false);
    assert_eq!(answer["database"], json!({ "reachable": false, "server_version": null }));
    assert!(answer["failing"]["database"].as_str().unwrap().contains("127.0.0.1:1"), "{answer}");
    assert_eq!(answer["datasets"]["sales"], Value::Null, "nobody knows");

    // One without a ledger.
    let empty = TestDatabase::empty().await;
    let url = empty.url.clone();
    let answer = health(&[queue, ("DATABASE_URL", &url)]).await;
    assert!(answer["failing"]["datasets.sales"].is_string(), "{answer}");

    assert_eq!(db.text("select count(*) from stardrop.load").await, loads);
    assert_eq!(db.text(WRITTEN).await, written);
    assert_eq!(empty.text("select to_regnamespace('stardrop')").await, "null");
}

#[tokio::test]
async fn reconcile_sends_missing_objects_to_the_queue_or_loads_them_without_one() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    cloud.put_and_load("sales/fine.csv", sales(10)).await;
    let missing = cloud.put("sales/missing.csv", sales(20)).await;
    cloud.put("notes/of no dataset.txt", "hello").await;
    let bad = cloud.put("sales/bad.csv", "no,such,header\n1,2,3\n").await;
    cloud.load(&bad).await.unwrap_err();
    let event = |heal| json!({ "reconcile": { "bucket": BUCKET, "prefix": "", "heal": heal } });
    let queue = cloud.sqs.queue_url(QUEUE);
    let mut function = Function::start(&with(&cloud, &[("STARDROP_QUEUE_URL", &queue)])).await;

    let answer = success(function.invoke(event(false)).await);
    let counts = ["compared", "unmatched", "missing", "changed", "stuck", "failed", "queued"];
    let counts = counts.map(|name| answer[name].as_u64().unwrap());
    assert_eq!(counts, [3, 1, 1, 0, 0, 1, 0], "{answer}");
    assert_eq!(answer["differences"].as_array().unwrap().len(), 2);
    assert!(cloud.sqs.messages(QUEUE).is_empty(), "it was only asked to look");

    let answer = success(function.invoke(event(true)).await);
    assert_eq!(answer["queued"], 1, "{answer}");
    let [message] = &cloud.sqs.messages(QUEUE)[..] else { panic!("one message") };
    let message: Value = serde_json::from_str(message).unwrap();
    let event::Event::Objects(objects) = event::parse(&message).unwrap() else { panic!() };
    assert_eq!((&objects[0].key, &objects[0].etag), (&missing.key, &missing.etag));
    let answer = success(function.invoke(queue_event(&[message])).await);
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert_eq!(
        db.text("select state from stardrop.load where key = 'sales/missing.csv'").await,
        "loaded"
    );

    cloud.put("sales/second.csv", sales(30)).await;
    let mut without = Function::start(&cloud.vars()).await;
    let answer = success(without.invoke(event(true)).await);
    assert_eq!((&answer["loads"][0]["outcome"], &answer["queued"]), (&json!("loaded"), &json!(0)));
    let below = json!({ "reconcile": { "bucket": BUCKET, "prefix": "sales/fi" } });
    assert_eq!(success(without.invoke(below).await)["compared"], 1);

    // What cannot be done is an error that says so.
    let late = error(function.invoke_for(event(true), Duration::from_secs(3)).await);
    assert_eq!(late["errorType"], "OutOfTime", "{late}");
    let nowhere = json!({ "reconcile": { "bucket": "no-such-bucket" } });
    let refused = error(function.invoke(nowhere).await);
    assert_eq!(refused["errorType"], "NoBucket", "{refused}");
    let refused = error(function.invoke(json!({ "reconcile": { "buket": "b" } })).await);
    assert_eq!(refused["errorType"], "MalformedEvent", "{refused}");
}

#[tokio::test]
async fn an_unreachable_database_is_reported_soon_and_the_loader_keeps_running() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let event = cloud.put_event("sales/a.csv", sales(10)).await;
    let queued = queue_event(std::slice::from_ref(&event));
    // A port without a server, and a server that does not answer.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("postgres://nobody@{}/none", silent.local_addr().unwrap());
    for (url, most, times) in
        [("postgres://nobody@127.0.0.1:1/none", 3, 2), (silent.as_str(), 14, 1)]
    {
        let mut function = Function::start(&with(&cloud, &[("DATABASE_URL", url)])).await;
        let pid = function.program.id();
        for _ in 0..times {
            let since = Instant::now();
            let answer = success(function.invoke(queued.clone()).await);
            assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "0" }] }));
            let took = since.elapsed();
            assert!(took < Duration::from_secs(most), "{url}: {took:?}");
        }
        let refused = error(function.invoke(event.clone()).await);
        assert_eq!(refused["errorType"], "NoDatabase", "{refused}");
        assert_eq!(function.program.id(), pid, "it lives on");
    }
}

#[tokio::test]
async fn a_wrong_setting_is_reported_at_each_event_without_a_crash() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let event = cloud.put_event("sales/a.csv", sales(10)).await;
    for (more, kind, why) in [
        (vec![("STARDROP_BATCH_ROWS", "many")], "BadSetting", "STARDROP_BATCH_ROWS"),
        (vec![("STARDROP_DATASETS", "/no/such/folder")], "BadSetting", "STARDROP_DATASETS"),
        (vec![("DATABASE_URL", "")], "BadSetting", "no database is set"),
        (vec![("STARDROP_DB_AUTH", "secret")], "BadSetting", "STARDROP_DB_SECRET_ARN"),
        (
            vec![
                ("STARDROP_DB_AUTH", "secret"),
                ("STARDROP_DB_SECRET_ARN", "arn:aws:secretsmanager:us-east-1:1:secret:gone"),
                ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:1"),
            ],
            "DatabaseDenied",
            "secret:gone cannot be read",
        ),
    ] {
        let mut function = Function::start(&with(&cloud, &more)).await;
        for _ in 0..2 {
            let refused = error(function.invoke(event.clone()).await);
            assert_eq!(refused["errorType"], kind, "{refused}");
            assert!(refused["errorMessage"].as_str().unwrap().contains(why), "{refused}");
        }
        let lines = function.lines();
        let said = lines.iter().any(|line| {
            line["level"] == "ERROR"
                && line["message"].as_str().is_some_and(|text| text.contains(why))
        });
        assert!(said, "{lines:?}");
    }
}

/// The keys of the object that a Terraform file sends as its `input`.
fn keys_sent_by(file: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let (_, input) = text.split_once("input = jsonencode({").unwrap();
    let (input, _) = input.split_once("})").unwrap();
    let keys = input.lines().filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned()));
    keys.collect()
}

#[test]
fn terraform_sends_what_the_samples_show() {
    let keys_of =
        |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let migrate = sample("migrate.json");
    assert_eq!(keys_sent_by("infra/migrate.tf"), keys_of(&migrate));
    let reconcile = sample("reconcile.json");
    let keys = &keys_of(&reconcile) | &keys_of(&reconcile["reconcile"]);
    assert_eq!(keys_sent_by("infra/reconcile.tf"), keys);
    // The logins that Terraform asks for, by the names that its tests show.
    let plan = std::fs::read_to_string(root().join("infra/tests/migrate.tftest.hcl")).unwrap();
    for (login, role) in migrate["logins"].as_object().unwrap() {
        assert!(plan.contains(&format!("{login} = {role}")), "{login}");
    }
}

#[test]
fn terraform_sends_only_what_an_extract_has() {
    let text = std::fs::read_to_string(root().join("infra/extracts.tf")).unwrap();
    let (_, request) = text.split_once("for key, value in {").unwrap();
    let (request, _) = request.split_once("} : key").unwrap();
    let keys = request.lines().filter_map(|line| Some(line.split_once('=')?.0.trim()));
    let keys: Vec<&str> = keys.collect();
    assert!(keys.len() > 10 && keys.contains(&"zero_dates"), "{keys:?}");
    for key in keys {
        let mut extract = json!({ "source": "mysql://a@b/c", "to": "s3://b/a/", "tables": ["t"] });
        extract[key] = match key {
            "iam" => json!(true),
            "tables" | "patterns" => json!(["t"]),
            "query" => json!({ "name": "t", "sql": "select 1" }),
            "source" => json!("postgres://a@b/c"),
            _ => json!("a text"),
        };
        if key == "query" {
            extract.as_object_mut().unwrap().remove("tables");
        }
        let read = event::parse(&json!({ "extract": extract }));
        assert!(read.is_ok(), "{key}: {read:?}");
    }
}
