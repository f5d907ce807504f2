//! Versions of a file that replace each other lose no row, whatever the clocks of S3 and the order of events.

use stardrop::error::ErrorKind;
use stardrop_local::s3::{Fault, FaultKind};

use crate::support::cloud::Cloud;
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of};

/// Rows with a grain, and rows without, replaced file by file.
fn contract(grain: &str) -> String {
    format!(
        "name = \"stock\"\nmatch = [\"stock/*.csv\"]\n[columns]\n\
         id = {{ type = \"integer\", required = true }}\nqty = {{ type = \"integer\" }}\n\
         [policy]\noverwrite = \"replace\"\n[fact.stock]\n{grain}"
    )
}

const BY_GRAIN: &str = "grain = [\"id\"]\nmeasures = [\"qty\"]\n";
const APPENDED: &str = "measures = [\"id\", \"qty\"]\n";

const NOW: &str = "select id, qty from star.fact_stock order by 1, 2";

#[tokio::test]
async fn a_new_version_keeps_all_its_rows_though_its_clock_is_behind() {
    let catalog = catalog_of(&[("stock", &contract(BY_GRAIN))]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let old = cloud.put("stock/a.csv", "id,qty\n1,1\n2,2\n3,3\n").await;
    cloud.load(&old).await.unwrap();
    let mut new = cloud.put("stock/a.csv", "id,qty\n2,20\n3,3\n4,40\n").await;
    // Another node of S3 wrote it; the sequencer says which one is newer.
    new.object_time = old.object_time.map(|time| time - jiff::SignedDuration::from_hours(1));
    cloud.load(&new).await.unwrap();
    assert_eq!(db.rows(NOW).await, "2|20\n3|3\n4|40");
    assert_balanced(&db).await;
}

#[tokio::test]
async fn an_older_version_that_arrives_late_leaves_the_rows_of_a_newer_one_that_is_half_loaded() {
    for (grain, clock_is_behind) in [(BY_GRAIN, false), (BY_GRAIN, true), (APPENDED, false)] {
        let catalog = catalog_of(&[("stock", &contract(grain))]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::with_versions(&db, catalog).await;
        let mut old = cloud.put("stock/a.csv", "id,qty\n1,1\n2,2\n3,3\n").await;
        // The first bytes of an object are read together, to tell what it is: blank lines fill them.
        let blank = "\n".repeat(600);
        let text = format!("id,qty\n{blank}2,20\n3,30\n4,40\n5,50\n");
        let new = cloud.put("stock/a.csv", text).await;
        if clock_is_behind {
            old.object_time =
                new.object_time.map(|time| time + jiff::SignedDuration::from_hours(1));
        }
        let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "2")]);
        cloud.s3.faults().push(Fault::new(FaultKind::CutAt(622)));
        let error = loader.load(&new, None).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::ObjectUnreadable, "{error}");
        assert_eq!(db.rows(NOW).await, "2|20\n3|30", "its first batch is there");
        loader.load(&old, None).await.unwrap();
        loader.load(&new, None).await.unwrap();
        assert_eq!(db.rows(NOW).await, "2|20\n3|30\n4|40\n5|50", "{grain}");
        assert_balanced(&db).await;
    }
}
