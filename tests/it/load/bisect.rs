//! Rows that only Postgres can refuse are found by bisection and rejected; the other rows load.

use std::time::{Duration, Instant};

use stardrop::load::Outcome;

use crate::support::cloud::Cloud;
use crate::support::star_content::assert_balanced;
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
    let text = error.to_string();
    assert!(text.contains("at least 11 of 1000 rows were rejected, more than 1%"), "{text}");
    assert!(text.contains("first: line 2: new row for relation"), "{text}");
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "0");
    assert_eq!(db.text("select state from stardrop.load").await, "failed");
}

/// Counts the COPYs that reach the star, also those that are rolled back: sequences do not roll back.
const COUNTED: &str = "create sequence public.copies;
    create function public.count_copy() returns trigger language plpgsql security definer as $$
    begin perform nextval('public.copies'); return null; end $$;
    create trigger counted before insert on star.fact_sales
        for each statement execute function public.count_copy()";

/// Loads a file of 1,000 rows after these changes, and returns the number of COPYs and the error.
async fn copies_after(change: &str) -> (i64, Option<String>) {
    let db = TestDatabase::migrated().await;
    db.run(COUNTED).await;
    db.run(change).await;
    let cloud = Cloud::new(&db).await;
    let object = cloud.put("sales/a.csv", sales(1000)).await;
    let loaded = cloud.loader().load(&object, None).await;
    let copies = db.text("select last_value from public.copies").await.parse().unwrap();
    (copies, loaded.err().map(|error| error.to_string()))
}

#[tokio::test]
async fn rows_that_postgres_cannot_read_are_found_without_running_the_trigger() {
    let check = "alter table staging.sales add constraint odd check (quantity % 125 <> 0)";
    assert_eq!(copies_after(check).await, (1, None), "8 rows are refused");
    // The budget of ten rows is known to be exceeded before anything is staged.
    let check = "alter table staging.sales add constraint odd check (quantity % 50 <> 0)";
    let (copies, error) = copies_after(check).await;
    assert_eq!(copies, 1, "the sequence was never called");
    assert!(error.unwrap().contains("11 of 1000 rows were rejected"));
}

#[tokio::test]
async fn a_budget_that_is_exceeded_is_known_before_the_rows_are_found() {
    for check in ["quantity % 50 <> 0", "quantity > 500"] {
        let change = format!("alter table star.fact_sales add constraint odd check ({check})");
        let (copies, error) = copies_after(&change).await;
        assert!(error.unwrap().contains("at least 11 of 1000 rows were rejected"));
        assert!(copies <= 40, "{check}: {copies} COPYs");
    }
}

#[tokio::test]
async fn a_refused_row_costs_one_copy_for_each_halving() {
    let change = "alter table star.fact_sales add constraint odd check (quantity <> 700)";
    let (copies, error) = copies_after(change).await;
    assert_eq!(error, None);
    assert!(copies <= 20, "{copies} COPYs");
}

#[tokio::test]
async fn staging_stops_in_time_and_continues_in_the_next_invocation() {
    let contract = "name = \"plain\"\nmatch = [\"plain/*.csv\"]\n[policy]\nrejects = \"100%\"\n[columns]\n\
        id = { type = \"integer\", required = true }\n[fact.plain]\ngrain = [\"id\"]\n";
    let catalog = catalog_of(&[("plain", contract)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    db.run(
        "alter table star.fact_plain add constraint odd check (id % 100 <> 0);
         create function public.slow() returns trigger language plpgsql as $$
         begin perform pg_sleep(0.08); return null; end $$;
         create trigger slow before insert on star.fact_plain
             for each statement execute function public.slow()",
    )
    .await;
    let cloud = Cloud::of(&db, catalog).await;
    let rows: String = (1..=1000).map(|id| format!("{id}\n")).collect();
    let object = cloud.put("plain/a.csv", format!("id\n{rows}")).await;
    let mut loader = cloud.loader();
    let mut invocations = 0;
    loop {
        invocations += 1;
        let started = Instant::now();
        let deadline = started + Duration::from_secs(5);
        loader.set_deadline(Some(deadline));
        let report = loader.load(&object, None).await.unwrap();
        assert!(Instant::now() < deadline, "{:?}", started.elapsed());
        if report.outcome == Outcome::Loaded {
            break;
        }
        assert_eq!(report.outcome, Outcome::Continues);
        assert!(invocations < 20, "no progress");
    }
    assert!(invocations > 1, "the test needs more than one invocation");
    assert_eq!(
        db.rows("select rows_read, rows_rejected, rows_inserted from stardrop.load").await,
        "1000|10|990"
    );
    assert_eq!(
        db.text("select string_agg(source_line::text, ' ' order by source_line) from stardrop.rejected_row")
            .await,
        "101 201 301 401 501 601 701 801 901 1001"
    );
    assert_balanced(&db).await;
}
