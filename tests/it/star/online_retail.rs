//! Trading days of a shop, with repeated rows, returns and unknown customers: their sums are right, and
//! stay right however often and in whatever order the files are loaded.

use stardrop::load::Outcome;
use stardrop::object::ObjectRef;

use crate::star::retail_history::fields;
use crate::support::TestDatabase;
use crate::support::cloud::Cloud;
use crate::support::fixtures::trading_days;
use crate::support::star_content::{assert_balanced, everything};

/// Files by their name.
pub type Files = [(String, Vec<u8>)];

/// Rows, invoices, units and money, by a plain reading of the files.
pub fn totals(files: &Files) -> String {
    let mut invoices = std::collections::BTreeSet::new();
    let (mut rows, mut units, mut thousandths) = (0, 0, 0);
    for (_, bytes) in files {
        for line in std::str::from_utf8(bytes).unwrap().lines().skip(1) {
            let field = fields(line);
            let quantity: i64 = field[3].parse().unwrap();
            let (whole, part) = field[5].split_once('.').unwrap_or((&field[5], ""));
            let price: i64 = format!("{whole}{part:0<3}").parse().unwrap();
            invoices.insert(field[0].clone());
            rows += 1;
            units += quantity;
            thousandths += quantity * price;
        }
    }
    let invoices = invoices.len();
    format!("{rows}|{invoices}|{units}|{}.{:03}", thousandths / 1000, thousandths % 1000)
}

/// Rows whose last but one field is empty.
fn rows_without_customer(files: &Files) -> usize {
    let texts = files.iter().map(|(_, bytes)| std::str::from_utf8(bytes).unwrap());
    let lines = texts.flat_map(|text| text.lines().skip(1));
    lines.filter(|line| line.rsplit(',').nth(1) == Some("")).count()
}

async fn put_all(cloud: &Cloud, files: &Files) -> Vec<ObjectRef> {
    let mut objects = Vec::new();
    for (name, bytes) in files {
        objects.push(cloud.put(&format!("online_retail/{name}"), bytes.clone()).await);
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

/// Loads the files one after the other, then all of them again, by two loaders at once.
pub async fn days_add_up_and_change_nothing_when_loaded_again(files: &Files) {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut objects = put_all(&cloud, files).await;
    load_all(&cloud, &objects, Outcome::Loaded).await;

    let expected = totals(files);
    assert_eq!(db.rows(TOTALS).await, expected);
    let rows = expected.split('|').next().unwrap();
    assert_eq!(
        db.rows("select count(*), sum(rows_read), sum(rows_rejected), sum(rows_inserted) from stardrop.load where state = 'loaded'").await,
        format!("{}|{rows}|0|{rows}", files.len())
    );
    assert_balanced(&db).await;
    let unknown = rows_without_customer(files);
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
    let before = db.rows(ledger).await;
    objects.reverse();
    objects.rotate_left(7 % files.len());
    tokio::join!(
        load_all(&cloud, &objects, Outcome::AlreadyLoaded),
        load_all(&cloud, &objects, Outcome::AlreadyLoaded)
    );
    assert_eq!(everything(&db).await, star);
    assert_eq!(db.rows(ledger).await, before);
}

/// Three loaders handle the events of all files at once, one of them backwards.
pub async fn loaders_with_the_same_events_load_each_file_once(files: &Files) {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let objects = put_all(&cloud, files).await;
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
    assert_eq!(a + b + c, files.len());
    assert_eq!(db.rows(TOTALS).await, totals(files));
    assert_balanced(&db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trading_days_add_up_and_change_nothing_when_loaded_again() {
    days_add_up_and_change_nothing_when_loaded_again(&trading_days()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_loaders_that_handle_the_same_events_at_once_load_each_file_once() {
    loaders_with_the_same_events_load_each_file_once(&trading_days()).await;
}
