//! Many loaders write to one star at once, and batches of any size follow each other in one session.

use std::time::{Duration, Instant};

use crate::support::cloud::Cloud;
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of, connect};

const MANY: u64 = 50_000;

/// With a plan that was made for one row it takes many minutes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sales whose keys are all new from number `from` on.
fn new_sales(from: u64, rows: u64) -> String {
    let mut text = String::from(
        "order_id,line_no,order_ts,customer_id,customer_name,country,product_id,product_name,quantity,unit_price,updated_at\n",
    );
    for n in from..from + rows {
        text.push_str(&format!("{n},1,2026-01-05 10:00,{n},c,Norway,p{n},p,1,1.50,\n"));
    }
    text
}

fn insert_sales(from: u64, rows: u64) -> String {
    format!(
        "insert into staging.sales (order_id, line_no, customer_id, product_id, quantity)
         select n, 1, n, 'p' || n, 1 from generate_series({from}, {}) n",
        from + rows - 1
    )
}

/// Compares how long a large batch takes after eight small ones and alone. Other programs on the machine may
/// disturb one of three comparisons, or two.
async fn assert_no_slower<F: Future<Output = Duration>>(measure: impl Fn(u64) -> F) {
    let mut measured = Vec::new();
    for _ in 0..3 {
        let (fresh, seasoned) = (measure(0).await, measure(8).await);
        if seasoned < fresh * 3 {
            return;
        }
        measured.push(format!("{seasoned:?}, and {fresh:?} alone"));
    }
    panic!("a large batch after small ones took {}", measured.join("; "));
}

/// A database in which one row has been seen, by Postgres' statistics too: a plan that is made now
/// and kept is one for tables of a row.
async fn hardly_used() -> TestDatabase {
    let db = TestDatabase::migrated().await;
    let client = connect(&db.url).await;
    client.batch_execute(&insert_sales(0, 1)).await.unwrap();
    client.batch_execute("analyze").await.unwrap();
    db
}

#[tokio::test]
async fn a_large_insert_after_small_ones_in_the_same_session_is_as_fast_as_alone() {
    assert_no_slower(|small_ones| async move {
        let db = hardly_used().await;
        for n in 0..small_ones {
            db.run(&insert_sales(n + 1, 1)).await;
        }
        let started = Instant::now();
        let large = insert_sales(1000, MANY);
        tokio::time::timeout(PATIENCE, db.run(&large)).await.expect("it takes far too long");
        let took = started.elapsed();
        let facts = (MANY + 1 + small_ones).to_string();
        assert_eq!(db.text("select count(*) from star.fact_sales").await, facts);
        took
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_after_small_ones_in_the_same_loader_is_as_fast_as_alone() {
    assert_no_slower(|small_ones| async move {
        let db = hardly_used().await;
        let cloud = Cloud::new(&db).await;
        let mut loader = cloud.loader();
        for n in 0..small_ones {
            let object = cloud.put(&format!("sales/{n}.csv"), new_sales(n + 1, 1)).await;
            loader.load(&object, None).await.unwrap();
        }
        let object = cloud.put("sales/large.csv", new_sales(1000, MANY)).await;
        let started = Instant::now();
        let load = tokio::time::timeout(PATIENCE, loader.load(&object, None)).await;
        load.expect("it takes far too long").unwrap();
        let took = started.elapsed();
        assert_balanced(&db).await;
        took
    })
    .await;
}

async fn deadlocks(db: &TestDatabase) -> u64 {
    db.run("select pg_stat_clear_snapshot()").await;
    let counted = "select deadlocks from pg_stat_database where datname = current_database()";
    db.text(counted).await.parse().unwrap()
}

/// Numbers below `count`, in an order that depends on `seed`.
fn shuffled(count: u64, seed: u64) -> impl Iterator<Item = u64> {
    let step = [7, 11, 13, 17, 19, 23, 29, 31][seed as usize % 8]; // coprime with counts used here
    (0..count).map(move |n| (n * step + seed * 101) % count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_loaders_of_two_datasets_with_the_same_new_members_do_not_deadlock() {
    const ROWS: u64 = 4000;
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let mut loads = Vec::new();
    for n in 0..8 {
        let mut text;
        let dataset = if n % 2 == 0 {
            text = new_sales(0, 0);
            for row in shuffled(ROWS, n) {
                text.push_str(&format!(
                    "{row},{n},2026-01-05 10:00,{row},c{n},Norway,p{row},p{n},1,1.50,\n"
                ));
            }
            "sales"
        } else {
            text = String::from(
                "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n",
            );
            for row in shuffled(ROWS, n) {
                text.push_str(&format!(
                    "i{row},p{row},p{n},1,2026-01-05 10:00,1.50,{row},Norway\n"
                ));
            }
            "online_retail"
        };
        let object = cloud.put(&format!("{dataset}/{n}.csv"), text).await;
        let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "1000")]);
        loads.push(tokio::spawn(
            async move { loader.load(&object, None).await.map(|r| r.rows_read) },
        ));
    }
    for load in loads {
        assert_eq!(load.await.unwrap().unwrap(), ROWS);
    }
    assert_eq!(deadlocks(&db).await, 0);
    assert_eq!(
        db.rows("select (select count(*) from star.fact_sales) as sales, (select count(*) from star.fact_order_line) as lines,
            (select count(*) from star.dim_customer where customer_key > 0) as customers,
            (select count(*) from star.dim_product where product_key > 0) as products").await,
        format!("{}|{}|{ROWS}|{ROWS}", 4 * ROWS, 4 * ROWS)
    );
    assert_balanced(&db).await;
}

/// A dataset that names its dimensions in this order.
fn contract(name: &str, dimensions: [&str; 2]) -> String {
    let [first, second] = dimensions.map(|dimension| {
        format!("[dimension.{dimension}]\nkey = [\"{dimension}_id\"]\nattributes = [\"{dimension}_name\"]\n")
    });
    format!(
        r#"
name  = "{name}"
match = ["{name}/*.csv"]
[columns]
id         = {{ type = "bigint", required = true }}
left_id    = {{ type = "text" }}
left_name  = {{ type = "text" }}
right_id   = {{ type = "text" }}
right_name = {{ type = "text" }}
{first}{second}
[fact.{name}]
grain      = ["id"]
dimensions = ["{}", "{}"]
"#,
        dimensions[0], dimensions[1]
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_insert_the_same_members_in_any_order_do_not_deadlock() {
    const ROWS: u64 = 2000;
    const ROUNDS: u64 = 4;
    let catalog = catalog_of(&[
        ("forth", &contract("forth", ["left", "right"])),
        ("back", &contract("back", ["right", "left"])),
    ]);
    let (db, _) = TestDatabase::of(&catalog).await;
    for round in 0..ROUNDS {
        let mut sessions = Vec::new();
        for n in 0..8u64 {
            let client = connect(&db.url).await;
            let table = ["forth", "back"][n as usize % 2];
            // The grains overlap too: half of each session's facts are another's.
            let sql = format!(
                "insert into staging.{table} (id, left_id, left_name, right_id, right_name)
                 select n + {}, 'l' || n, 'name {n}', 'r' || n, 'name {n}'
                 from (select ({round} * {ROWS} + (n * {} + {n}) % {ROWS}) as n
                       from generate_series(0, {ROWS} - 1) n) t",
                n / 2 * (ROWS / 2),
                [7, 11, 13, 17, 19, 23, 29, 31][n as usize]
            );
            sessions.push(tokio::spawn(async move { client.batch_execute(&sql).await }));
        }
        for session in sessions {
            session.await.unwrap().unwrap();
        }
    }
    assert_eq!(deadlocks(&db).await, 0);
    let members = (ROUNDS * ROWS).to_string();
    assert_eq!(db.text("select count(*) from star.dim_left where left_key > 0").await, members);
    assert_eq!(db.text("select count(*) from star.dim_right where right_key > 0").await, members);
    assert_eq!(
        db.text("select count(*) from stardrop.load where rows_staged = 2000").await,
        (8 * ROUNDS).to_string()
    );
    assert_balanced(&db).await;
}
