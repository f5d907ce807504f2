//! Objects whose key fits no dataset, or is to be ignored: their events are done, and nothing is lost.

use serde_json::{Value, json};
use stardrop::load::{Loader, Outcome};
use stardrop::object::Source;

use crate::load::exactly_once::sales;
use crate::support::cloud::{Cloud, queue_event, run, settings_of};
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of, root};

const KEY: &str = "sales/2026/a.csv";
const LEDGER: &str = "select key, dataset, state, rows_read from stardrop.load order by load_id";

/// A loader that has only the sales contract, with a pattern that does not fit [`KEY`].
fn narrow_loader(cloud: &Cloud) -> Loader {
    let text = std::fs::read_to_string(root().join("examples/sales/dataset.toml")).unwrap();
    let narrow = catalog_of(&[("sales", &text.replace("sales/**/*.csv", "shop/*.csv"))]);
    let source = Source::with_client(cloud.s3.client(), None);
    Loader::new(settings_of(&cloud.url, &[]).into(), narrow.into(), source.into())
}

async fn unmatched_cloud() -> (TestDatabase, Cloud, Value) {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let event = cloud.put_event(KEY, sales(30)).await;
    let queued = queue_event(&[event.clone(), event.clone()]);
    let answer = cloud.handler_of(narrow_loader(&cloud)).handle(&queued, None).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }), "no retry finds a dataset");
    assert_eq!(db.rows(LEDGER).await, format!("{KEY}|null|unmatched|0"));
    (db, cloud, event)
}

async fn assert_loaded(db: &TestDatabase) {
    assert_eq!(db.rows(LEDGER).await, format!("{KEY}|sales|loaded|30"));
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "30");
    assert_balanced(db).await;
}

#[tokio::test]
async fn an_unmatched_key_is_one_line_of_the_ledger_and_its_next_event_loads_it() {
    let (db, cloud, event) = unmatched_cloud().await;
    let answer = cloud.handler().handle(&event, None).await.unwrap();
    assert_eq!(answer["loads"][0]["outcome"], "loaded", "{answer}");
    assert_loaded(&db).await;
    // A loader that still has the old contracts changes nothing.
    let answer = cloud.handler_of(narrow_loader(&cloud)).handle(&event, None).await.unwrap();
    assert_eq!(answer["loads"][0]["outcome"], "already_loaded", "{answer}");
    assert_loaded(&db).await;
}

#[tokio::test]
async fn reconcile_loads_an_unmatched_object_once_a_contract_fits() {
    let (db, cloud, _) = unmatched_cloud().await;
    let mut old = cloud.handler_of(narrow_loader(&cloud));
    let event = |heal| json!({ "reconcile": { "bucket": "inbox", "prefix": "", "heal": heal } });
    let answer = old.handle(&event(true), None).await.unwrap();
    assert_eq!((&answer["unmatched"], &answer["missing"]), (&1.into(), &0.into()), "{answer}");
    let answer = cloud.handler().handle(&event(true), None).await.unwrap();
    assert_eq!((&answer["unmatched"], &answer["missing"]), (&0.into(), &1.into()), "{answer}");
    assert_loaded(&db).await;
}

#[tokio::test]
async fn replay_loads_unmatched_objects_once_a_contract_fits_and_status_shows_them() {
    let (db, cloud, _) = unmatched_cloud().await;
    let other = cloud.put("other/b.csv", "a\n1\n").await;
    let (code, out, err) = run(cloud.stardrop(&["load", &other.to_string()], &[])).await;
    assert_eq!(code, Some(2), "{out}{err}");
    assert!(out.contains("s3://inbox/other/b.csv: no dataset's `match` fits the key"), "{out}");
    let owner = [("DATABASE_URL", db.url.as_str())];
    let (_, out, _) = run(cloud.stardrop(&["status", "--state", "unmatched"], &owner)).await;
    assert!(out.contains(KEY) && out.contains("other/b.csv"), "{out}");
    let (_, out, _) = run(cloud.stardrop(&["status", "1"], &owner)).await;
    assert!(out.contains("no dataset's `match` fits the key"), "{out}");
    let (code, _, err) = run(cloud.stardrop(&["undo", "1"], &owner)).await;
    assert!(code == Some(1) && err.contains("unmatched"), "{err}");
    let (code, _, err) = run(cloud.stardrop(&["replay", "--rejects", "1"], &owner)).await;
    assert!(code == Some(2) && err.contains("load 1 is unmatched"), "{err}");

    let (code, out, err) = run(cloud.stardrop(&["replay", "--unmatched"], &owner)).await;
    assert_eq!(code, Some(2), "one is still unmatched: {out}{err}");
    assert!(out.contains("30 rows read"), "{out}");
    db.run("delete from stardrop.load where key like 'other/%'").await;
    assert_loaded(&db).await;
}

#[tokio::test]
async fn markers_are_ignored_without_a_line_in_the_ledger() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut events = Vec::new();
    for key in ["sales/_SUCCESS", "sales/2026_$folder$", "_SUCCESS", "sales/tmp/x.csv"] {
        events.push(cloud.put_event(key, "").await);
    }
    let outcomes = |answer: &Value| {
        let outcome = |load: &Value| load["outcome"].as_str().unwrap().to_owned();
        answer["loads"].as_array().unwrap().iter().map(outcome).collect::<Vec<_>>()
    };
    let events = Value::from(events);
    let settings = settings_of(&cloud.url, &[("STARDROP_IGNORE", "sales/tmp/*, **/*_$folder$")]);
    let mut handler = cloud.handler_of(cloud.loader_of(settings));
    let answer = handler.handle(&events, None).await.unwrap();
    let expected = ["unmatched", "ignored", "unmatched", "ignored"];
    assert_eq!(outcomes(&answer), expected, "{answer}");
    assert_eq!(answer["loads"][1]["load_id"], Value::Null);
    db.run("delete from stardrop.load").await;

    let event = events.as_array().unwrap()[..3].to_vec();
    let answer = cloud.handler().handle(&event.into(), None).await.unwrap();
    assert_eq!(outcomes(&answer), ["ignored"; 3], "{answer}");
    let reconcile = json!({ "reconcile": { "bucket": "inbox", "heal": false } });
    let answer = cloud.handler().handle(&reconcile, None).await.unwrap();
    assert_eq!((&answer["ignored"], &answer["unmatched"]), (&3.into(), &0.into()), "{answer}");
    assert_eq!(db.rows(LEDGER).await, "");
    // The name of a dataset overrides the setting.
    let marker = cloud.put("sales/_SUCCESS", sales(2)).await;
    let report = cloud.loader().load(&marker, Some("sales")).await;
    assert!(report.is_err() || report.unwrap().outcome != Outcome::Ignored);
}

#[tokio::test]
async fn a_batch_operation_gets_a_result_for_each_task() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    cloud.put("sales/a b.csv", sales(10)).await;
    cloud.put("sales/bad.csv", "no,such,header\n1,2,3\n").await;
    cloud.put("other/x.csv", "a\n").await;
    let task = |id: &str, key: &str, bucket: &str| json!({ "taskId": id, "s3Key": key, "s3BucketArn": format!("arn:aws:s3:::{bucket}") });
    let event = json!({
        "invocationSchemaVersion": "1.0", "invocationId": "i", "job": { "id": "j" },
        "tasks": [
            task("1", "sales/a+b.csv", "inbox"), task("2", "sales/bad.csv", "inbox"),
            task("3", "other/x.csv", "inbox"), task("4", "sales/a.csv", "elsewhere"),
            task("5", "sales/%FF", "inbox"), task("6", "sales/gone.csv", "inbox"),
        ],
    });
    let answer = cloud.handler().handle(&event, None).await.unwrap();
    assert_eq!(
        (&answer["invocationSchemaVersion"], &answer["invocationId"]),
        (&"1.0".into(), &"i".into())
    );
    let found: Vec<Value> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| json!([r["taskId"], r["resultCode"]]))
        .collect();
    assert_eq!(
        json!(found),
        json!([
            ["1", "Succeeded"],
            ["2", "PermanentFailure"],
            ["3", "PermanentFailure"],
            ["4", "PermanentFailure"],
            ["5", "PermanentFailure"],
            ["6", "Succeeded"],
        ])
    );
    assert_eq!(answer["results"][0]["resultString"], "loaded");
    let failure = answer["results"][1]["resultString"].as_str().unwrap();
    assert!(failure.contains("s3://inbox/sales/bad.csv"), "{failure}");

    let nowhere = settings_of("postgres://x@127.0.0.1:1/x", &[]);
    let mut lost = cloud.handler_of(cloud.loader_of(nowhere));
    let answer = lost.handle(&event, None).await.unwrap();
    assert_eq!(answer["results"][0]["resultCode"], "TemporaryFailure", "{answer}");
}
