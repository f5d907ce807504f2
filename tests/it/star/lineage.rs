//! Leads from any row of a fact to the object and the line that it was loaded from.

use crate::load::exactly_once::sales;
use crate::support::cloud::{BUCKET, Cloud};
use crate::support::{TestDatabase, connect};

#[tokio::test]
async fn a_row_of_a_fact_leads_to_bucket_key_version_and_line() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let text = sales(50);
    let object = cloud.put("sales/a.csv", text.clone()).await;
    cloud.load(&object).await.unwrap();
    let line = text.lines().nth(20).unwrap();
    let (order, line_no) = (line.split(',').next().unwrap(), line.split(',').nth(1).unwrap());
    let by_key = format!(
        "select bucket, key, etag, version_id is not distinct from (select version_id from stardrop.load) as same, source_line
         from stardrop.lineage
         where table_name = 'star.fact_sales'
           and row_key = '{{\"order_id\": {order}, \"line_no\": {line_no}}}'"
    );
    let wanted = format!("{BUCKET}|sales/a.csv|{}|true|21", object.etag.unwrap());
    assert_eq!(db.rows(&by_key).await, wanted);
    let by_line = "select row_key ->> 'order_id' as order_id, dataset, load_id from stardrop.lineage where load_id = 1 and source_line = 21";
    assert_eq!(db.rows(by_line).await, format!("{order}|sales|1"));
    // Every row of every fact has one; those without a grain have no key.
    db.run("insert into staging.online_retail (invoice_no, invoice_ts, product_id, quantity, unit_price) values ('i', now(), 'p', 1, 1)").await;
    assert_eq!(
        db.rows("select table_name, count(*), max(bucket) as bucket, max(row_key::text) = '{}' as keyless from stardrop.lineage group by 1 order by 1").await,
        "star.fact_order_line|1|sql|true\nstar.fact_sales|50|inbox|false"
    );
}

#[tokio::test]
async fn the_lineage_of_one_table_reads_no_other() {
    let db = TestDatabase::migrated().await;
    let plan = db
        .client
        .query("explain select * from stardrop.lineage where table_name = 'star.fact_sales' and load_id = 1", &[])
        .await
        .unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    let plan = plan.join("\n");
    assert!(plan.contains("fact_sales") && !plan.contains("fact_order_line"), "{plan}");
}

#[tokio::test]
async fn readers_may_read_the_lineage() {
    let db = TestDatabase::migrated().await;
    db.run("do $$ begin create role test_lineage login in role stardrop_reader; exception when duplicate_object or unique_violation then null; end $$").await;
    let reader = connect(&crate::support::cloud::as_user(&db.url, "test_lineage")).await;
    reader.batch_execute("select * from stardrop.lineage").await.unwrap();
}
