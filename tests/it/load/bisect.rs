//! Rows that only Postgres can refuse are found by bisection and rejected; the other rows load.

use crate::support::cloud::Cloud;
use crate::support::{TestDatabase, catalog_of};

/// A sales file of `rows` order lines; the quantity is the line's number.
fn sales(rows: u32) -> String {
    let mut text =
        "order_id,line_no,order_ts,customer_id,customer_name,country,product_id,product_name,\
         quantity,unit_price,updated_at\n"
            .to_owned();
    for n in 1..=rows {
        text.push_str(&format!(
            "{n},1,2026-01-05 10:00,{},Ann,Norway,p{},Pen,{n},1.5,\n",
            n % 7,
            n % 5
        ));
    }
    text
}

/// Loads 1,000 rows into a database that the user has changed so, and says what was refused.
async fn refused_after(change: &str) -> String {
    let db = TestDatabase::migrated().await;
    db.run(change).await;
    let cloud = Cloud::new(&db).await;
    let object = cloud.put("sales/a.csv", sales(1000)).await;
    let report = cloud.loader().load(&object, None).await.unwrap();
    assert_eq!(report.outcome.as_str(), "loaded");
    let books =
        "select rows_read, rows_rejected, rows_staged, rows_inserted, rows_unchanged, attempt
                 from stardrop.load";
    assert_eq!(db.rows(books).await, "1000|3|997|997|0|1");
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "997");
    assert_eq!(
        db.text("select count(*) from star.fact_sales where quantity in (77, 500, 999)").await,
        "0"
    );
    assert_eq!(
        db.text(
            "select sum(inserted) from stardrop.load_table where table_name = 'star.fact_sales'"
        )
        .await,
        "997"
    );
    db.rows("select source_line, code, reason, left(raw, 4) as raw from stardrop.rejected_row order by 1")
        .await
}

#[tokio::test]
async fn a_check_on_the_fact_rejects_exactly_the_offending_rows() {
    let refused = refused_after(
        "alter table star.fact_sales add constraint odd check (quantity not in (77, 500, 999))",
    )
    .await;
    assert_eq!(
        refused,
        "78|refused_by_database|new row for relation \"fact_sales\" violates check constraint \"odd\"|77,1\n\
         501|refused_by_database|new row for relation \"fact_sales\" violates check constraint \"odd\"|500,\n\
         1000|refused_by_database|new row for relation \"fact_sales\" violates check constraint \"odd\"|999,"
    );
}

#[tokio::test]
async fn a_check_on_staging_rejects_exactly_the_offending_rows() {
    let refused = refused_after(
        "alter table staging.sales add constraint odd check (quantity not in (77, 500, 999))",
    )
    .await;
    assert_eq!(refused.lines().count(), 3, "{refused}");
}

#[tokio::test]
async fn a_users_trigger_that_raises_rejects_exactly_the_offending_rows() {
    let refused = refused_after(
        "create function public.odd() returns trigger language plpgsql as $$
         begin
             if new.quantity in (77, 500, 999) then raise exception 'odd quantity'; end if;
             return new;
         end $$;
         create trigger odd before insert on star.fact_sales
             for each row execute function public.odd()",
    )
    .await;
    assert!(refused.starts_with("78|refused_by_database|odd quantity|77,1"), "{refused}");
}

#[tokio::test]
async fn a_file_without_a_header_keeps_its_delimiter_in_every_batch() {
    let catalog = catalog_of(&[(
        "plain",
        "name = \"plain\"\nmatch = [\"plain/*.csv\"]\n[file]\nheader = false\n[policy]\nrejects = \"50%\"\n\
         [columns]\nid = { type = \"integer\", required = true }\nwords = { type = \"text\" }\n\
         [fact.plain]\ngrain = [\"id\"]\nmeasures = [\"words\"]\n",
    )]);
    let (db, _) = TestDatabase::of(&catalog).await;
    db.run("alter table star.fact_plain add constraint odd check (id <> 4)").await;
    let cloud = Cloud::of(&db, catalog).await;
    let object = cloud.put("plain/a.csv", "1,a\n2,b\n3,a;b;c\n4,a;b;c\n5,a;b;c\n6,c\n").await;
    let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "2")]);
    loader.load(&object, None).await.unwrap();
    assert_eq!(db.text("select sum(id) from star.fact_plain").await, "17");
    assert_eq!(db.text("select source_line from stardrop.rejected_row").await, "4");
}

#[tokio::test]
async fn a_batch_of_refused_rows_stops_at_its_budget_and_leaves_nothing() {
    let db = TestDatabase::migrated().await;
    db.run("alter table star.fact_sales add constraint odd check (quantity > 500)").await;
    let cloud = Cloud::new(&db).await;
    let object = cloud.put("sales/a.csv", sales(1000)).await;
    let error = cloud.loader().load(&object, None).await.unwrap_err();
    assert!(error.to_string().contains("11 of 1000 rows were rejected, more than 1%"), "{error}");
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "0");
    assert_eq!(db.text("select state from stardrop.load").await, "failed");
}
