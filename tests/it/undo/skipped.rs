//! An undo names the files that were skipped because of the undone load.

use stardrop::load::Outcome;

use super::undo_load::{FACTS, HEADER, line, stardrop};
use crate::load::exactly_once::sales;
use crate::support::cloud::Cloud;
use crate::support::{TestDatabase, project_catalog};

#[tokio::test]
async fn duplicates_that_were_skipped_for_it_are_named() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    cloud.put_and_load("sales/a.csv", sales(10)).await;
    let duplicate = cloud.put_and_load("sales/b.csv", sales(10)).await;
    assert_eq!(duplicate.outcome, Outcome::Duplicate);
    let (_, out, _) = stardrop(&db, &cloud, &["undo", "1"]).await;
    assert!(out.contains("loads skipped because of the same content; to load one instead, run: stardrop replay 2\n"), "{out}");
    stardrop(&db, &cloud, &["replay", "2"]).await;
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "10");
}

#[tokio::test]
async fn an_older_version_that_was_skipped_for_it_is_named() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::with_versions(&db, project_catalog()).await;
    let key = "sales/a.csv";
    let old = cloud.put(key, HEADER.to_owned() + &line(1, "Ann", 1)).await;
    let new = cloud.put(key, HEADER.to_owned() + &line(2, "Ann", 2)).await;
    cloud.load(&new).await.unwrap();
    assert_eq!(cloud.load(&old).await.unwrap().outcome, Outcome::Superseded);
    let (_, out, _) = stardrop(&db, &cloud, &["undo", "1"]).await;
    assert!(out.contains("load 2 was skipped because a newer version of the key was loaded; to load it, run: stardrop replay 2\n"), "{out}");
    let (code, _, err) = stardrop(&db, &cloud, &["replay", "2"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(db.rows(FACTS).await, "1|1|Ann");
}
