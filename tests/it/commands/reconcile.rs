//! Tests `stardrop reconcile`: objects of the bucket that the ledger lacks are found, and loaded on request.

use serde_json::{Value, json};
use stardrop_local::s3::{Fault, FaultKind};

use crate::load::exactly_once::sales;
use crate::support::TestDatabase;
use crate::support::cloud::{Cloud, run};
use crate::support::star_content::assert_balanced;

#[tokio::test]
async fn lost_events_overwritten_keys_and_stuck_loads_are_found_and_repaired() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    cloud.put_and_load("sales/fine.csv", sales(10)).await;
    cloud.put("sales/missing.csv", sales(20)).await;
    cloud.put_and_load("sales/changed.csv", sales(30)).await;
    cloud.put("sales/changed.csv", sales(40)).await;
    cloud.put("notes/of no dataset.txt", "hello").await;
    let bad = cloud.put("sales/bad.csv", "no,such,header\n1,2,3\n").await;
    cloud.load(&bad).await.unwrap_err();
    // A load that no loader continues.
    let text = sales(5_000);
    let stuck = cloud.put("sales/stuck.csv", text.clone()).await;
    cloud.s3.faults().push(Fault::new(FaultKind::CutAt(text.len() as u64 / 2)));
    let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "700")]);
    loader.load(&stuck, None).await.unwrap_err();
    drop(loader);

    let reconcile = |more: &[&str]| {
        let arguments = [&["reconcile", "s3://inbox/", "--json"], more].concat();
        let command = cloud.stardrop(&arguments, &[]);
        async move { run(command).await }
    };
    let (code, out, err) = reconcile(&[]).await;
    assert_eq!(code, Some(1), "{err}");
    let found: Vec<Value> = serde_json::from_str(&out).unwrap();
    let found: Vec<Value> = found.iter().map(|d| json!([d["difference"], d["key"]])).collect();
    assert_eq!(
        json!(found),
        json!([
            ["failed", "sales/bad.csv"],
            ["changed", "sales/changed.csv"],
            ["missing", "sales/missing.csv"],
            ["stuck", "sales/stuck.csv"],
        ])
    );

    let (code, out, err) = reconcile(&["--heal"]).await;
    assert_eq!(code, Some(1), "the failed one is left: {err}");
    let healed: Vec<Value> = serde_json::from_str(&out).unwrap();
    assert!(healed.iter().all(|load| load["outcome"] == "loaded"), "{out}");
    assert_eq!(healed.len(), 3);
    assert!(err.contains("sales/bad.csv"), "{err}");
    let (_, out, _) = reconcile(&[]).await;
    let found: Vec<Value> = serde_json::from_str(&out).unwrap();
    assert_eq!(found.len(), 1, "{out}");
    assert_balanced(&db).await;
}
