//! The trigger of staging: rows lead to the same star whoever inserts them.

use stardrop::db::Client;

use crate::load::exactly_once::sales;
use crate::support::cloud::{Cloud, LOADER, as_user};
use crate::support::star_content::{assert_balanced, meaning};
use crate::support::{TestDatabase, connect};

const HEADER: &str = "order_id,line_no,order_ts,customer_id,customer_name,country,product_id,product_name,quantity,unit_price,updated_at";

/// Lines of order 1, with this customer's name and these quantities.
fn order(name: &str, quantities: &[u32]) -> String {
    let mut text = format!("{HEADER}\n");
    for (line, quantity) in quantities.iter().enumerate() {
        text.push_str(&format!(
            "1,{line},2026-01-05 10:00,7,{name},Norway,p1,Pen,{quantity},1.50,\n"
        ));
    }
    text
}

const ORDER: &str =
    "select string_agg(quantity::text, ',' order by line_no) || ' ' || max(customer_name)
    from star.fact_sales join star.dim_customer using (customer_key)";

const COUNTS: &str =
    "select rows_inserted, rows_updated, rows_unchanged from stardrop.load order by load_id";

async fn load_as_of(cloud: &Cloud, key: &str, text: String, time: &str) {
    let mut object = cloud.put(key, text).await;
    object.object_time = Some(time.parse().unwrap());
    cloud.load(&object).await.unwrap();
}

#[tokio::test]
async fn columns_are_found_in_any_order_and_case() {
    let text = sales(300);
    let mut turned = String::new();
    for (number, line) in text.lines().enumerate() {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        fields.reverse();
        if number == 0 {
            fields = fields.iter().map(|name| format!(" {} ", name.to_uppercase())).collect();
        }
        turned.push_str(&fields.join(","));
        turned.push('\n');
    }
    let mut stars = Vec::new();
    for file in [text, turned] {
        let db = TestDatabase::migrated().await;
        let report = Cloud::new(&db).await.put_and_load("sales/a.csv", file).await;
        assert_eq!((report.rows_read, report.rows_rejected), (300, 0));
        stars.push(meaning(&db).await);
    }
    assert_eq!(stars[0], stars[1]);
}

#[tokio::test]
async fn a_newer_version_of_a_file_updates_by_grain() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    load_as_of(&cloud, "sales/a.csv", order("Ann", &[1, 2, 3]), "2026-01-05T10:00:00Z").await;
    load_as_of(&cloud, "sales/a.csv", order("Anne", &[1, 5, 3, 4]), "2026-01-05T11:00:00Z").await;
    assert_eq!(db.text(ORDER).await, "1,5,3,4 Anne");
    assert_eq!(db.rows(COUNTS).await, "3|0|0\n1|1|2");
    assert_balanced(&db).await;
}

#[tokio::test]
async fn an_older_file_that_arrives_late_overwrites_nothing_newer() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    load_as_of(&cloud, "sales/new.csv", order("Anne", &[1, 5]), "2026-01-05T11:00:00Z").await;
    load_as_of(&cloud, "sales/old.csv", order("Ann", &[1, 2, 3]), "2026-01-05T10:00:00Z").await;
    assert_eq!(db.text(ORDER).await, "1,5,3 Anne");
    assert_eq!(db.rows(COUNTS).await, "2|0|0\n1|0|2");
    assert_balanced(&db).await;
}

#[tokio::test]
async fn a_newer_version_of_a_row_wins_over_a_newer_file() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let at = |quantity, day| {
        order("Ann", &[quantity]).replace("1.50,\n", &format!("1.50,2026-01-{day}T00:00:00Z\n"))
    };
    load_as_of(&cloud, "sales/a.csv", at(2, "20"), "2026-02-01T10:00:00Z").await;
    load_as_of(&cloud, "sales/b.csv", at(1, "10"), "2026-02-02T10:00:00Z").await;
    assert_eq!(db.text(ORDER).await, "2 Ann");
    load_as_of(&cloud, "sales/c.csv", at(3, "30"), "2026-01-31T10:00:00Z").await;
    assert_eq!(db.text(ORDER).await, "3 Ann");
    assert_balanced(&db).await;
}

#[tokio::test]
async fn of_two_files_of_the_same_time_the_same_one_wins_in_either_order() {
    let mut stars = Vec::new();
    for keys in [["sales/a.csv", "sales/b.csv"], ["sales/b.csv", "sales/a.csv"]] {
        let db = TestDatabase::migrated().await;
        let cloud = Cloud::new(&db).await;
        for key in keys {
            let (name, quantity) = if key == "sales/a.csv" { ("Ann", 1) } else { ("Bo", 2) };
            load_as_of(&cloud, key, order(name, &[quantity]), "2026-01-05T10:00:00Z").await;
        }
        stars.push(meaning(&db).await);
        assert_eq!(db.text(ORDER).await, "2 Bo");
    }
    assert_eq!(stars[0], stars[1]);
}

#[tokio::test]
async fn rows_may_not_enter_in_repeatable_read() {
    let db = TestDatabase::migrated().await;
    for level in ["repeatable read", "serializable"] {
        db.run(&format!("begin isolation level {level}")).await;
        let refused = db.client.batch_execute(INSERT).await.unwrap_err();
        let refusal = refused.as_db_error().unwrap();
        assert_eq!(
            refusal.message(),
            "rows can be inserted into staging.sales only in a read committed transaction"
        );
        assert_eq!(
            refusal.hint(),
            Some("begin the transaction with: isolation level read committed")
        );
        db.run("rollback").await;
    }
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "0");
}

const INSERT: &str = "insert into staging.sales (order_id, line_no, customer_id, product_id)
    values (1, 1, 7, 'p1')";

async fn sqlstate(client: &Client, sql: &str) -> String {
    match client.batch_execute(sql).await {
        Ok(()) => "allowed".to_owned(),
        Err(error) => error.code().unwrap().code().to_owned(),
    }
}

#[tokio::test]
async fn the_loaders_login_may_only_put_rows_in_and_keep_its_ledger() {
    let db = TestDatabase::migrated().await;
    let _cloud = Cloud::new(&db).await;
    let client = connect(&as_user(&db.url, LOADER)).await;
    let other = connect(&as_user(&db.url, LOADER)).await;
    assert_eq!(sqlstate(&client, INSERT).await, "allowed");
    client.batch_execute("select staging.open_sales()").await.unwrap();
    let inbox = client.query_one("select relnamespace::regnamespace::text from pg_class where oid = 'pg_temp.sales_in'::regclass", &[]).await.unwrap();
    let inbox: String = inbox.get(0);
    for refused in [
        "select * from star.fact_sales",
        "insert into star.dim_customer (customer_id, load_id, source_line, source_load_id, source_time) values (1, 1, 1, 1, now())",
        "delete from star.fact_sales",
        "select * from staging.sales",
        "delete from staging.sales",
        "truncate staging.sales",
        "select * from stardrop.load",
        "update stardrop.load set state = 'loaded'",
        "delete from stardrop.rejected_row",
        "insert into stardrop.dataset (name, fingerprint, sql) values ('x', 'x', 'x')",
        "select stardrop.add_row_counts(1, '{}', 0, 0, 1)",
        "select stardrop.open_batch('sales')",
        "select stardrop.close_batch(1, '{\"staged\": 1}')",
        "select staging.normalise_sales()",
        "create table staging.mine (a integer)",
        "create function star.f() returns integer language sql as 'select 1'",
        "select * from pg_temp.sales_in",
        "alter table staging.sales disable trigger all",
        "set role stardrop_owner",
    ] {
        assert_eq!(sqlstate(&client, refused).await, "42501", "{refused}");
    }
    // No session can insert through the staging table of another.
    let into_another = format!(
        "insert into {inbox}.sales_in (order_id, line_no, customer_id, product_id, source_line) values (9, 9, 9, 'p', 1)"
    );
    assert_ne!(sqlstate(&other, &into_another).await, "allowed");
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "1");
}

#[tokio::test]
async fn nobody_can_count_rows_for_a_load_that_another_session_holds() {
    let db = TestDatabase::migrated().await;
    let _cloud = Cloud::new(&db).await;
    let worker = connect(&as_user(&db.url, LOADER)).await;
    let thief = connect(&as_user(&db.url, LOADER)).await;
    let claim = "select * from stardrop.claim('sales', 'b', 'k', null, 'e', 1, now(), null, 'merge', true, interval '1 hour', now())";
    let claimed = worker.query_one(claim, &[]).await.unwrap();
    let load_id: i64 = claimed.get("load_id");
    thief
        .batch_execute(&format!("begin; select set_config('stardrop.load_id', '{load_id}', true)"))
        .await
        .unwrap();
    let refused = thief.batch_execute(INSERT).await.unwrap_err();
    assert!(
        refused.as_db_error().unwrap().message().starts_with("this session does not hold load")
    );
    thief.batch_execute("rollback").await.unwrap();
    let moved = thief.query_one(&format!("select stardrop.checkpoint({load_id}, 1, 0, 5, 5, 5, 0, interval '1 hour') as moved, stardrop.finish({load_id}, 1, 0, null) as finished"), &[]).await.unwrap();
    assert_eq!((moved.get("moved"), moved.get("finished")), (false, false));
    assert_eq!(db.rows("select state, checkpoint_rows from stardrop.load").await, "loading|0");
}
