//! The log lines, metrics and trace ids that the real loader writes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use stardrop::load::metrics::TABLE;
use stardrop::telemetry::FIELDS;

use crate::lambda::events::{sample, success};
use crate::load::exactly_once::sales;
use crate::support::cloud::{Cloud, queue_event, run};
use crate::support::runtime_api::{Function, REQUEST_ID};
use crate::support::schema::assert_valid;
use crate::support::{TestDatabase, root};

const TRACE_ID: &str = "1-5759e988-bd862e3fe1be46a994272793";

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

fn schema(name: &str) -> Value {
    serde_json::from_str(&read(&format!("tests/it/schemas/{name}"))).unwrap()
}

/// The metrics of all documents among these lines, added up.
fn metrics(lines: &[Value]) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for line in lines.iter().filter(|line| line.get("_aws").is_some()) {
        assert_valid(&schema("emf.json"), line);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Stardrop");
        assert_eq!(directive["Dimensions"], json!([["Dataset"]]));
        let dataset = if line.get("LoadsUnmatched").is_some() { "-" } else { "sales" };
        assert_eq!(line["Dataset"], dataset);
        for metric in directive["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            *sums.entry(name.to_owned()).or_default() += line[name].as_u64().unwrap();
        }
    }
    sums
}

#[tokio::test]
async fn each_load_is_counted_once_with_the_numbers_of_the_ledger() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut function = Function::start(&cloud.vars()).await;
    let rejected = "x,1,,1,,,p,,,,\n";
    let text = format!("{}{rejected}", sales(1000));
    let bytes = text.len() as u64;
    let event = cloud.put_event("sales/a.csv", text).await;
    success(function.invoke(event.clone()).await);
    success(function.invoke(event).await); // a second delivery counts nothing
    let got = metrics(&function.lines());
    let lag = got["EventToCommitLag"];
    assert!(lag > 0 && lag < 600_000, "{lag}");
    assert!(got["LoadDuration"] <= lag, "{got:?}");
    for (name, value) in [
        ("LoadsLoaded", 1),
        ("RowsRead", 1001),
        ("RowsRejected", 1),
        ("RowsInserted", 1000),
        ("RowsUpdated", 0),
        ("RowsUnchanged", 0),
        ("BytesRead", bytes),
    ] {
        assert_eq!(got.get(name), Some(&value), "{name}: {got:?}");
    }
    assert!(!got.contains_key("LoadsFailed"), "{got:?}");

    let before = function.lines().len();
    let copy = format!("{}{rejected}", sales(1000));
    let duplicate = cloud.put_event("sales/b.csv", copy).await;
    success(function.invoke(duplicate).await);
    let over = cloud.put_event("sales/bad.csv", format!("{}{rejected}", sales(9))).await;
    success(function.invoke(over).await);
    let gone = json!({ "bucket": "inbox", "key": "sales/gone.csv" });
    success(function.invoke(gone).await);
    let unmatched = cloud.put_event("other/a.csv", "a").await;
    success(function.invoke(unmatched).await);
    let got = metrics(&function.lines()[before..]);
    for (name, value) in [
        ("LoadsDuplicate", 1),
        ("LoadsFailed", 1),
        ("LoadsMissing", 1),
        ("LoadsUnmatched", 1),
        ("RowsRead", 10),
        ("RowsRejected", 1),
    ] {
        assert_eq!(got.get(name), Some(&value), "{name}: {got:?}");
    }
    assert!(!got.contains_key("LoadsLoaded"), "{got:?}");
}

#[tokio::test]
async fn the_command_line_emits_no_metrics() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let object = cloud.put("sales/a.csv", sales(3)).await;
    let (code, out, err) = run(cloud.stardrop(&["load", &object.to_string()], &[])).await;
    assert_eq!(code, Some(0), "{err}");
    assert!(!out.contains("_aws") && !err.contains("_aws"));
}

/// The names in quotes, or before `=`, of a text that read like those of our metrics.
fn names_of(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let begins = ["Loads", "Load", "Rows", "Bytes", "Event", "Busy", "Continued"];
    let ours = words.filter(|word| {
        let rest = begins.iter().filter_map(|begin| word.strip_prefix(begin));
        rest.into_iter().any(|rest| rest.chars().next().is_none_or(|c| c.is_ascii_uppercase()))
    });
    ours.filter(|word| *word != "Loader" && *word != "Load").collect()
}

#[test]
fn every_metric_is_on_the_dashboard_and_the_dashboard_asks_for_no_other() {
    let emitted: BTreeSet<&str> = TABLE.iter().map(|(name, ..)| *name).collect();
    assert_eq!(emitted.len(), TABLE.len(), "each once");
    let alarms = read("infra/alarms.tf");
    let ours = alarms.split_once("# The loader's own metrics").unwrap().1;
    let asked: BTreeSet<&str> =
        ours.split('"').skip(1).step_by(2).filter(|word| names_of(word).contains(word)).collect();
    assert!(asked.contains("LoadsFailed") && asked.contains("RowsRejected"), "{asked:?}");
    let dashboard = read("infra/dashboard.tf");
    let (_, shown) = dashboard.split_once("by_dataset = {").unwrap();
    let shown = names_of(shown.split_once("} :").unwrap().0);
    assert_eq!(shown, emitted, "infra/dashboard.tf, by_dataset");
    assert!(asked.is_subset(&emitted), "{asked:?}");
    for name in &emitted {
        let charted = dashboard.contains(&format!("local.by_dataset.{name}"));
        assert!(charted, "infra/dashboard.tf has no chart of {name}");
    }
}

#[tokio::test]
async fn each_log_line_names_its_load_and_all_its_fields_are_known() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut vars = cloud.vars();
    vars.push(("STARDROP_LOG".to_owned(), "debug".to_owned()));
    let mut function = Function::start(&vars).await;
    let good = cloud.put_event("sales/good.csv", sales(10)).await;
    let bad = cloud.put_event("sales/bad.csv", "no,such,header\n1,2,3\n").await;
    let mut missing = cloud.put_event("sales/other.csv", sales(10)).await;
    missing["Records"][0]["s3"]["object"]["key"] = "notes/of no dataset.txt".into();
    success(function.invoke(queue_event(&[good, bad, missing])).await);
    success(function.invoke(sample("health.json")).await);
    let heal = json!({ "reconcile": { "bucket": "inbox", "prefix": "", "heal": true } });
    success(function.invoke(heal).await);

    let known: BTreeSet<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
    let lines = function.lines();
    let of = |key: &str| lines.iter().filter(|line| line["key"] == key).collect::<Vec<_>>();
    for line in lines.iter().filter(|line| line.get("_aws").is_none()) {
        let held = line.as_object().unwrap_or_else(|| panic!("no JSON: {line}"));
        for name in held.keys() {
            assert!(known.contains(name.as_str()), "telemetry::FIELDS lacks {name}: {line}");
        }
        for name in ["timestamp", "level", "target", "message"] {
            assert!(line[name].is_string(), "{name}: {line}");
        }
        if line["target"].as_str().unwrap().starts_with("stardrop::load") {
            assert_eq!(line["request_id"], REQUEST_ID, "{line}");
            assert_eq!(line["xray_trace_id"], TRACE_ID, "{line}");
            assert_eq!(line["bucket"], "inbox", "{line}");
        }
    }
    let finished = of("sales/good.csv").into_iter().find(|line| line["message"] == "load finished");
    let finished = finished.unwrap();
    assert_eq!((&finished["level"], &finished["dataset"]), (&json!("INFO"), &json!("sales")));
    assert!(finished["load_id"].is_u64() || finished["load_id"].is_i64(), "{finished}");
    let failed = of("sales/bad.csv").into_iter().find(|line| line["level"] == "WARN").unwrap();
    assert_eq!((&failed["kind"], &failed["dataset"]), (&json!("BadFile"), &json!("sales")));
    assert!(failed["load_id"].is_i64() || failed["load_id"].is_u64(), "{failed}");
    // What the runbook filters by.
    let runbook = read("docs/how-to/operations.md");
    assert!(runbook.contains(r#"$.level = "ERROR" || $.level = "WARN""#));
}

#[test]
fn the_operations_page_lists_every_field() {
    let page = read("docs/how-to/operations.md");
    let (_, after) =
        page.split_once("| field | is |").expect("docs/how-to/operations.md: no table of fields");
    let found: Vec<&str> = after.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    let wanted: Vec<String> =
        FIELDS.iter().map(|(name, meaning)| format!("| `{name}` | {meaning} |")).collect();
    assert!(found == wanted, "the table of fields should be:\n{}", wanted.join("\n"));
}
