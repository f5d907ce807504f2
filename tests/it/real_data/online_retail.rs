//! Online Retail: twenty real trading days, with repeated rows, returns and unknown customers.

use std::path::{Path, PathBuf};

use stardrop::load::Outcome;
use stardrop::object::ObjectRef;

use crate::support::cloud::Cloud;
use crate::support::star_content::{assert_balanced, everything};
use crate::support::{TestDatabase, shared_data};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Rows of a file whose last but one field is empty.
fn rows_without_customer(file: &Path) -> usize {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().skip(1).filter(|line| line.rsplit(',').nth(1) == Some("")).count()
}

async fn put_all(cloud: &Cloud, files: &[PathBuf]) -> Vec<ObjectRef> {
    let mut objects = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        objects.push(cloud.put_file(&format!("online_retail/{name}"), file).await);
    }
    objects
}

async fn load_all(cloud: &Cloud, objects: &[ObjectRef], outcome: Outcome) {
    let mut loader = cloud.loader();
    for object in objects {
        assert_eq!(loader.load(object, None).await.unwrap().outcome, outcome, "{object}");
    }
}

const TOTALS: &str = "select count(*), count(distinct invoice_no), sum(quantity),
    sum(quantity * unit_price) from star.fact_order_line";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_trading_days_add_up_and_change_nothing_when_they_come_again() {
    let Some(folder) = shared_data("sales_online_retail") else { return };
    let files = files(&folder);
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut objects = put_all(&cloud, &files).await;
    assert_eq!(objects.len(), 20);
    load_all(&cloud, &objects, Outcome::Loaded).await;

    assert_eq!(db.rows(TOTALS).await, "42481|2025|342228|748957.020");
    assert_eq!(
        db.rows("select count(*), sum(rows_read), sum(rows_rejected), sum(rows_inserted) from stardrop.load where state = 'loaded'").await,
        "20|42481|0|42481"
    );
    assert_balanced(&db).await;
    let unknown: usize = files.iter().map(|file| rows_without_customer(file)).sum();
    assert!(unknown > 0);
    assert_eq!(
        db.text("select count(*) from star.fact_order_line where customer_key = -1").await,
        unknown.to_string()
    );
    assert_eq!(
        db.rows("select country from star.dim_customer where customer_id = 17850").await,
        "United Kingdom"
    );
    assert_eq!(
        db.text("select count(*) from star.dim_customer where customer_key = -1").await,
        "1"
    );

    // The same events again, in another order, twice at once.
    let star = everything(&db).await;
    let ledger =
        "select count(*), sum(attempt), sum(rows_read), max(finished_at) from stardrop.load";
    let books = db.rows(ledger).await;
    objects.reverse();
    objects.rotate_left(7);
    tokio::join!(
        load_all(&cloud, &objects, Outcome::AlreadyLoaded),
        load_all(&cloud, &objects, Outcome::AlreadyLoaded)
    );
    assert_eq!(everything(&db).await, star);
    assert_eq!(db.rows(ledger).await, books);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_loaders_that_handle_the_same_events_at_once_load_each_file_once() {
    let Some(folder) = shared_data("sales_online_retail") else { return };
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let objects = put_all(&cloud, &files(&folder)).await;
    let load = |objects: Vec<ObjectRef>| {
        let mut loader = cloud.loader();
        async move {
            let mut loaded = 0;
            for object in &objects {
                let report = loader.load(object, None).await.unwrap();
                loaded += usize::from(report.outcome == Outcome::Loaded);
            }
            loaded
        }
    };
    let backwards: Vec<ObjectRef> = objects.iter().rev().cloned().collect();
    let (a, b, c) = tokio::join!(load(objects.clone()), load(objects.clone()), load(backwards));
    assert_eq!(a + b + c, 20);
    assert_eq!(db.rows(TOTALS).await, "42481|2025|342228|748957.020");
    assert_balanced(&db).await;
}
