//! Tests `stardrop status LOAD --steps`.

use crate::support::TestDatabase;
use crate::support::cloud::{Cloud, run};

const HEADER: &str = "order_id,line_no,Order Date,customer_id,customer_name,country,product_id,product_name,\
    quantity,unit_price,updated_at\n";

/// A row of [`HEADER`]. A file has `wrong` in a row that cannot be loaded.
fn row(order: &str, quantity: u32) -> String {
    format!("{order},1,2026-01-05 10:00:00,7,Ann,Spain,P1,Lamp,{quantity},1.00,\n")
}

fn rows(orders: std::ops::RangeInclusive<u32>) -> String {
    orders.map(|order| row(&order.to_string(), 1)).collect()
}

async fn steps(db: &TestDatabase, cloud: &Cloud, load: &str) -> (Option<i32>, String, String) {
    let reader = [("DATABASE_URL", db.url.as_str())];
    run(cloud.stardrop(&["status", load, "--steps"], &reader)).await
}

/// The rows of the table of steps: name, rows, seconds.
fn table(out: &str) -> Vec<(String, String, f64)> {
    let (_, table) = out.split_once("\n\n").unwrap();
    let rows = table.lines().skip(1).map(|line| {
        let [step, rows, seconds] = line.split_whitespace().collect::<Vec<_>>().try_into().unwrap();
        (step.to_owned(), rows.to_owned(), seconds.parse().unwrap())
    });
    rows.collect()
}

#[tokio::test]
async fn the_steps_of_a_load_have_their_rows_and_seconds() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let first = [HEADER, &rows(1..=300), &row("wrong", 1)].concat();
    let report = cloud.put_and_load("sales/a.csv", first).await;
    assert_eq!(report.rows_rejected, 1);
    // One row of the second file is new and one changed; the others change nothing.
    let second = [HEADER, &rows(1..=3), &rows(301..=301), &row("5", 50)].concat();
    cloud.put_and_load("sales/b.csv", second).await;
    for (load, expected) in [("1", ["301", "300", "300", "1"]), ("2", ["5", "5", "2", "0"])] {
        let (code, out, err) = steps(&db, &cloud, load).await;
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert!(out.starts_with("load  dataset  state "), "{out}");
        let table = table(&out);
        let named: Vec<&str> = table.iter().map(|(step, ..)| step.as_str()).collect();
        assert_eq!(named, ["claim", "open", "read", "copy", "normalise", "reject"]);
        let counted: Vec<&str> = table.iter().map(|(_, rows, _)| rows.as_str()).collect();
        assert_eq!(counted, [&["-", "-"], &expected[..]].concat(), "load {load}");
    }
}

#[tokio::test]
async fn seconds_of_batches_and_attempts_add_up_and_are_part_of_the_whole() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    db.run(
        "create function star.slow() returns trigger language plpgsql as
             $$ begin perform pg_sleep(0.3); return null; end $$;
         create trigger slow after insert on star.fact_sales
             for each statement execute function star.slow()",
    )
    .await;
    let object = cloud.put("sales/a.csv", [HEADER, &rows(1..=300)].concat()).await;
    let batches = [("STARDROP_BATCH_ROWS", "100")];
    cloud.loader_with(&batches).load(&object, None).await.unwrap();
    let normalising = "select (steps ->> 'normalise')::numeric >= 0.9 from stardrop.load";
    assert_eq!(db.text(normalising).await, "true", "three batches of 0.3 s each");
    let sums = "select (select sum(seconds::numeric) from jsonb_each_text(steps) s (step, seconds))
            <= extract(epoch from finished_at - started_at) + 1 from stardrop.load";
    assert_eq!(db.text(sums).await, "true");
    let others = "select bool_and(seconds::numeric < 0.9)
        from stardrop.load, jsonb_each_text(steps) s (step, seconds) where step <> 'normalise'";
    assert_eq!(db.text(others).await, "true");
}

#[tokio::test]
async fn a_load_without_a_committed_batch_has_no_steps() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let object = cloud.put("sales/a.csv", [HEADER, &row("wrong", 1)].concat()).await;
    cloud.load(&object).await.unwrap_err();
    let (code, out, _) = steps(&db, &cloud, "1").await;
    assert_eq!(code, Some(0));
    assert!(out.ends_with("\n\nno batch of this load is committed\n"), "{out}");
    let (code, _, err) = steps(&db, &cloud, "2").await;
    assert!(code == Some(1) && err.contains("there is no load 2"), "{err}");
}
