//! Undoes a load: its facts are deleted, the output says what remains, and replays restore the earlier rows.

use serde_json::Value;
use stardrop::ledger::{self, Undo};
use stardrop::load::Outcome;
use stardrop_local::s3::{Fault, FaultKind};

use crate::load::exactly_once::sales;
use crate::support::cloud::{Cloud, run};
use crate::support::star_content::{assert_balanced, meaning};
use crate::support::wait::eventually;
use crate::support::{TestDatabase, connect};

pub const HEADER: &str = "order_id,line_no,order_ts,customer_id,customer_name,country,product_id,product_name,quantity,unit_price,updated_at\n";

pub fn line(order: u32, customer: &str, quantity: u32) -> String {
    format!("{order},1,2026-01-05 10:00,7,{customer},Norway,p1,Pen,{quantity},1.50,\n")
}

async fn load_as_of(cloud: &Cloud, key: &str, text: String, time: &str) -> i64 {
    let mut object = cloud.put(key, text).await;
    object.object_time = Some(time.parse().unwrap());
    cloud.load(&object).await.unwrap().load_id.unwrap()
}

pub const FACTS: &str = "select order_id, quantity, customer_name from star.fact_sales join star.dim_customer using (customer_key) order by 1";

pub async fn stardrop(
    db: &TestDatabase,
    cloud: &Cloud,
    arguments: &[&str],
) -> (Option<i32>, String, String) {
    let owner = [("DATABASE_URL", db.url.as_str())];
    run(cloud.stardrop(arguments, &owner)).await
}

/// Monday's file, and Tuesday's, which changes one row, repeats one and adds one.
async fn monday_and_tuesday() -> (TestDatabase, Cloud) {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let monday = HEADER.to_owned() + &line(1, "Ann", 1) + &line(2, "Ann", 2) + &line(3, "Ann", 3);
    let tuesday =
        HEADER.to_owned() + &line(2, "Anne", 20) + &line(3, "Anne", 3) + &line(4, "Anne", 4);
    load_as_of(&cloud, "sales/mo.csv", monday, "2026-01-05T10:00:00Z").await;
    load_as_of(&cloud, "sales/tu.csv", tuesday, "2026-01-06T10:00:00Z").await;
    assert_eq!(db.rows(FACTS).await, "1|1|Anne\n2|20|Anne\n3|3|Anne\n4|4|Anne");
    (db, cloud)
}

#[tokio::test]
async fn an_undone_load_leaves_the_rows_of_others_and_says_how_to_restore_the_rest() {
    let (db, cloud) = monday_and_tuesday().await;
    let (code, out, err) = stardrop(&db, &cloud, &["undo", "2"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(
        out,
        "2 rows deleted from star.fact_sales\n  1 of them were changed, not inserted, by this load\n\
         1 members of star.dim_customer stay, for other facts or files, without the values that were from this load\n\
         to restore the values of other files in these rows, run: stardrop replay 1\n\
         load 2 is undone; to load it again, run: stardrop replay 2\n"
    );
    // The customer's name was this load's; what it was before is known once the other is replayed.
    assert_eq!(db.rows(FACTS).await, "1|1|null\n3|3|null");
    assert_eq!(
        db.rows("select state, rows_read, rows_inserted, rows_updated, rows_unchanged from stardrop.load order by load_id").await,
        "loaded|3|3|0|0\nundone|3|1|1|1"
    );
    assert_eq!(
        db.rows("select inserted, updated, unchanged, deleted from stardrop.load_table where load_id = 2 and table_name = 'star.fact_sales'").await,
        "1|1|1|2"
    );
    assert!(
        db.text("select notes from stardrop.load where load_id = 2")
            .await
            .starts_with("undone by postgres at ")
    );

    // A second delivery of the event changes nothing, and neither does a second undo.
    let (code, _, err) = stardrop(&db, &cloud, &["undo", "2"]).await;
    assert_eq!(
        (code, err.as_str()),
        (Some(1), "stardrop: load 2 is undone: it has no rows in the facts\n")
    );
    let (code, _, err) = stardrop(&db, &cloud, &["undo", "99"]).await;
    assert_eq!((code, err.as_str()), (Some(1), "stardrop: there is no load 99\n"));

    // The replay that the output names restores Monday, the customer's name too.
    let (code, out, err) = stardrop(&db, &cloud, &["replay", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(db.rows(FACTS).await, "1|1|Ann\n2|2|Ann\n3|3|Ann");
    assert_balanced(&db).await;

    // And Tuesday again: as if nothing had happened.
    stardrop(&db, &cloud, &["replay", "2"]).await;
    assert_eq!(db.rows(FACTS).await, "1|1|Anne\n2|20|Anne\n3|3|Anne\n4|4|Anne");
    assert_eq!(
        db.rows("select state, rows_read, rows_inserted, rows_updated, rows_unchanged from stardrop.load order by load_id").await,
        "loaded|3|3|0|0\nloaded|3|1|1|1"
    );
    assert_balanced(&db).await;
}

#[tokio::test]
async fn an_event_does_not_start_an_undone_load_and_a_file_in_between_counts_as_if_it_had_never_been()
 {
    let (db, cloud) = monday_and_tuesday().await;
    let undone = ledger::undo(&db.client, 2).await.unwrap();
    assert!(matches!(undone, Undo::Undone(_)), "{undone:?}");
    let mut event = cloud
        .put(
            "sales/tu.csv",
            HEADER.to_owned() + &line(2, "Anne", 20) + &line(3, "Anne", 3) + &line(4, "Anne", 4),
        )
        .await;
    let row = db
        .client
        .query_one(
            "select version_id, object_time, sequencer from stardrop.load where load_id = 2",
            &[],
        )
        .await
        .unwrap();
    event.version_id = row.get(0);
    event.object_time = row.get(1);
    event.sequencer = row.get(2);
    assert_eq!(cloud.load(&event).await.unwrap().outcome, Outcome::Undone);
    // Older than the undone one, which had confirmed order 3.
    let between = HEADER.to_owned() + &line(3, "Anna", 33);
    load_as_of(&cloud, "sales/between.csv", between, "2026-01-05T20:00:00Z").await;
    assert_eq!(db.rows(FACTS).await, "1|1|Anna\n3|33|Anna");
}

#[tokio::test]
async fn facts_without_a_grain_are_deleted_and_restored_once() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let head =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
    let file = |n: u32| {
        (0..n).fold(head.to_owned(), |text, i| {
            text + &format!("{n}{i},p{i},Pen,1,2026-01-05 10:00,1.50,{i},Norway\n")
        })
    };
    cloud.put_and_load("online_retail/a.csv", file(10)).await;
    cloud.put_and_load("online_retail/b.csv", file(5)).await;
    let before = meaning(&db).await;
    let (code, out, _) = stardrop(&db, &cloud, &["undo", "1", "--json"]).await;
    let answer: Value = serde_json::from_str(&out).unwrap();
    // The other file has some of the same products.
    assert_eq!((code, &answer["replay"]), (Some(0), &serde_json::json!([2])));
    assert_eq!(answer["tables"][0]["deleted"], 10);
    assert_eq!(db.text("select count(*) from star.fact_order_line").await, "5");
    let (_, out, err) = stardrop(&db, &cloud, &["replay", "--dataset", "online_retail"]).await;
    assert!(out.contains("load 2: ") && !out.contains("load 1: "), "{out}{err}");
    assert_eq!(db.text("select count(*) from star.fact_order_line").await, "5");
    stardrop(&db, &cloud, &["replay", "1"]).await;
    assert_eq!(meaning(&db).await, before);
    assert_balanced(&db).await;
}

#[tokio::test]
async fn a_failed_load_is_undone_with_the_batches_that_it_left() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut text = sales(300);
    text.push_str(&"x,1,,1,,,p,,,,\n".repeat(100));
    let object = cloud.put("sales/a.csv", text).await;
    cloud.loader_with(&[("STARDROP_BATCH_ROWS", "100")]).load(&object, None).await.unwrap_err();
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "300");
    assert!(matches!(ledger::undo(&db.client, 1).await.unwrap(), Undo::Undone(_)));
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "0");
    assert_eq!(db.rows("select state, failure_text from stardrop.load").await, "undone|null");
    assert!(db.text("select notes from stardrop.load").await.contains("rows were rejected"));
}

#[tokio::test]
async fn a_replay_whose_object_is_gone_deletes_nothing() {
    let (db, cloud) = monday_and_tuesday().await;
    let before = db.rows(FACTS).await;
    // In a bucket that is not there any more.
    db.run("update stardrop.load set bucket = 'gone' where load_id = 1").await;
    let (code, _, err) = stardrop(&db, &cloud, &["replay", "1"]).await;
    assert_ne!(code, Some(0));
    assert!(err.contains("s3://gone/"), "{err}");
    assert_eq!(db.rows(FACTS).await, before);
    assert_eq!(db.text("select state from stardrop.load where load_id = 1").await, "loaded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn undoing_while_others_load_loses_none_of_their_rows() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    cloud.put_and_load("sales/first.csv", sales(200)).await;
    let wave: Vec<_> = {
        let mut objects = Vec::new();
        for n in 0..4 {
            let text = (0..300)
                .fold(HEADER.to_owned(), |text, i| text + &line(10_000 + n * 1000 + i, "Ann", 1));
            objects.push(cloud.put(&format!("sales/{n}.csv"), text).await);
        }
        objects
    };
    // So slow that they are still at work when the undoing begins.
    cloud.s3.faults().push(Fault::new(FaultKind::BytesPerSecond(10_000)).always());
    let mut loading = Vec::new();
    for object in wave {
        let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "20")]);
        loading.push(tokio::spawn(async move { loader.load(&object, None).await.map(drop) }));
    }
    let at_work =
        "select count(*) from stardrop.load where state = 'loading' and checkpoint_rows > 0";
    eventually("a load has committed a batch", || async {
        assert!(!loading.iter().all(|load| load.is_finished()), "all loads ended unseen");
        db.text(at_work).await != "0"
    })
    .await;
    let undoer = connect(&db.url).await;
    assert!(matches!(ledger::undo(&undoer, 1).await.unwrap(), Undo::Undone(_)));
    // One that is being loaded is not undone under its worker's hands.
    let mut busy = 0;
    for load in 2..6 {
        match ledger::undo(&undoer, load).await.unwrap() {
            Undo::Busy => busy += 1,
            other => assert!(matches!(other, Undo::Undone(_) | Undo::NotFound), "{other:?}"),
        }
    }
    assert!(busy > 0);
    for load in loading {
        load.await.unwrap().unwrap();
    }
    let kept = "select count(*) from star.fact_sales f join stardrop.load l using (load_id) where l.state = 'loaded'";
    let claimed =
        "select coalesce(sum(rows_inserted), 0) from stardrop.load where state = 'loaded'";
    assert_eq!(db.text(kept).await, db.text(claimed).await);
    assert_eq!(db.text("select count(*) from star.fact_sales where load_id = 1").await, "0");
}

#[tokio::test]
async fn an_unknown_load_is_reported() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    for arguments in [
        &["status", "7"][..],
        &["status", "7", "--json"],
        &["rejects", "7"],
        &["rejects", "7", "--json"],
    ] {
        let (code, out, err) = stardrop(&db, &cloud, arguments).await;
        assert_eq!((code, out.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(err.contains("there is no load 7"), "{err}");
    }
}

#[tokio::test]
async fn rejected_rows_past_their_age_go_but_not_those_of_failed_loads() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    cloud.put_and_load("sales/a.csv", sales(300) + "x,1,,1,,,p,,,,\n").await;
    let bad = cloud.put("sales/b.csv", sales(1) + "x,1,,1,,,p,,,,\n").await;
    cloud.load(&bad).await.unwrap_err();
    db.run("update stardrop.rejected_row set rejected_at = rejected_at - interval '10 days'").await;
    let (code, out, err) = stardrop(&db, &cloud, &["prune", "--days", "11"]).await;
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (
            Some(0),
            "deleted 0 rejected rows older than 11 days\ndeleted 0 staging rows older than 11 days\n",
            ""
        )
    );
    let (_, out, _) = stardrop(&db, &cloud, &["prune", "--days", "9", "--json"]).await;
    assert_eq!(out, "{\"rejected_rows\":1,\"staging_rows\":0}\n");
    assert_eq!(db.rows("select l.state, count(*) from stardrop.rejected_row join stardrop.load l using (load_id) group by 1").await, "failed|1");
}
