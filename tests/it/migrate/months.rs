//! A contract may split a fact into months later, by another column, or no longer: its rows are copied.

use stardrop::error::Result;
use stardrop::migrate::{self, Destructive, Report};
use stardrop::star;

use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of, connect};

const SHOP: &str = r#"
name  = "shop"
match = ["shop/*"]
[columns]
id    = { type = "integer", required = true }
at    = { type = "timestamptz", required = true }
day   = { type = "date", required = true }
buyer = { type = "text" }
town  = { type = "text" }
paid  = { type = "integer" }
[dimension.buyer]
key        = ["buyer"]
attributes = ["town"]
history    = { town = "versions" }
[fact.receipt]
grain        = ["id", "at", "day"]
dimensions   = ["buyer", { date = "day" }]
measures     = ["paid", { double = "paid * 2" }]
foreign_keys = true
audit        = true
"#;

const ROWS: &str = "insert into staging.shop (id, at, day, buyer, town, paid)
    select n, timestamptz '2024-01-20 00:00Z' + n * interval '10 days', date '2023-01-01' + n * 40, 'b' || n % 3,
           't' || n % 2, n
    from generate_series(0, 9) n union all select 99, '9999-01-01', '0001-01-01', null, null, null";

const TABLES: &str =
    "select tableoid::regclass::text, count(*) from star.fact_receipt group by 1 order by 1";

/// Indexes, constraints, comments, owner and privileges of the fact.
const SHAPE: &str = "
    select 'index', c.relname, pg_get_indexdef(c.oid) from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = 'star.fact_receipt'::regclass
    union all select 'constraint', conname, pg_get_constraintdef(oid) from pg_constraint
    where conrelid = 'star.fact_receipt'::regclass and contype <> 'n'
    union all select 'column', attname, format('%s %s %s %s', format_type(atttypid, atttypmod), attnotnull, attacl,
        col_description(attrelid, attnum)) from pg_attribute
    where attrelid = 'star.fact_receipt'::regclass and attnum > 0 and not attisdropped
    union all select 'table', relname, format('%s %s %s', relowner::regrole, relacl, obj_description(oid, 'pg_class'))
    from pg_class where oid = 'star.fact_receipt'::regclass
    order by 1, 2";

fn by(column: &str) -> String {
    format!("{SHOP}partition = {{ by = \"{column}\", every = \"month\" }}\n")
}

async fn apply(db: &mut TestDatabase, contract: &str, destructive: Destructive) -> Result<Report> {
    migrate::apply(&mut db.client, &star::compile(&catalog_of(&[("shop", contract)])), destructive)
        .await
}

async fn to(db: &mut TestDatabase, contract: &str) -> Report {
    let report = apply(db, contract, Destructive::Refuse).await.unwrap();
    let again = apply(db, contract, Destructive::Refuse).await.unwrap();
    assert_eq!(again.changes, Vec::<String>::new());
    report
}

/// Sends rows that are new, that the fact has, and one that it has with another value.
async fn load_more(db: &TestDatabase) {
    let (more, changed) =
        (ROWS.replace("(0, 9)", "(5, 14)"), ROWS.replace("n % 2, n\n", "n % 2, n * 3\n"));
    db.run(&format!("{more}; {changed}")).await;
    assert_balanced(db).await;
}

#[tokio::test]
async fn a_fact_that_is_split_later_and_joined_again_has_what_it_would_have_had() {
    let (always, _) = TestDatabase::of(&catalog_of(&[("shop", SHOP)])).await;
    let (mut db, _) = TestDatabase::of(&catalog_of(&[("shop", SHOP)])).await;
    always.run(ROWS).await;
    db.run(ROWS).await;
    db.run(
        "grant select, insert on star.fact_receipt to stardrop_reader with grant option;
         grant select (paid) on star.fact_receipt to public;
         create view star.mine as select id, paid from star.fact_receipt;
         grant select on star.mine to public",
    )
    .await;
    let shape = db.rows(SHAPE).await;
    let lineage = db.rows("select * from stardrop.lineage order by row_key").await;
    let rows = db.rows("select * from star.fact_receipt order by id").await;

    let report = to(&mut db, &by("at")).await;
    assert_eq!(report.changes[0], "split star.fact_receipt by month of at");
    assert_eq!(
        report.notes[0],
        "splitting star.fact_receipt copies 11 rows; loads wait until that is done, and the disk needs room for both copies"
    );
    assert_eq!(
        db.rows(TABLES).await,
        "star.fact_receipt_from_2100|1\nstar.fact_receipt_p2024_01|2\nstar.fact_receipt_p2024_02|3\n\
         star.fact_receipt_p2024_03|3\nstar.fact_receipt_p2024_04|2"
    );
    assert_eq!(db.rows("select * from star.fact_receipt order by id").await, rows);
    assert_eq!(db.rows("select * from stardrop.lineage order by row_key").await, lineage);
    let is_analyzed = "select count(*) > 0 from pg_stats where schemaname = 'star' and tablename = 'fact_receipt'";
    assert_eq!(db.text(is_analyzed).await, "true");
    load_more(&db).await;

    // By another column: into other months.
    let report = to(&mut db, &by("day")).await;
    assert_eq!(
        report.changes[..2],
        ["join the months of star.fact_receipt", "split star.fact_receipt by month of day"]
    );
    let months = db.rows(TABLES).await;
    assert!(
        months.starts_with("star.fact_receipt_before_1970|1\nstar.fact_receipt_p2023_01|1\n"),
        "{months}"
    );
    load_more(&db).await;

    let report = to(&mut db, SHOP).await;
    assert_eq!(report.changes[0], "join the months of star.fact_receipt");
    assert_eq!(db.rows(TABLES).await, "star.fact_receipt|16");
    // What is there now is there as if it had never been split.
    assert_eq!(db.rows(SHAPE).await, shape);
    assert_eq!(db.rows("select count(*) from star.mine").await, "16");
    load_more(&always).await;
    load_more(&always).await;
    let member = "select f.id, f.at, f.day, f.date_key, d.buyer, d.town, f.paid, f.double
        from star.fact_receipt f join star.dim_buyer d using (buyer_key) order by f.id";
    assert_eq!(db.rows(member).await, always.rows(member).await);
    let leftovers = "select count(*) from pg_class where relnamespace = 'stardrop'::regnamespace and relname like 'fact%'";
    assert_eq!(db.text(leftovers).await, "0");
}

#[tokio::test]
async fn columns_and_their_types_may_change_along_with_the_months() {
    let (mut db, _) = TestDatabase::of(&catalog_of(&[("shop", SHOP)])).await;
    db.run(&ROWS.replace("union all select 99, '9999-01-01', '0001-01-01', null, null, null", ""))
        .await;
    // The column of the months is renamed and changes its type, one comes and one goes.
    let split = by("day")
        .replace("\"paid\", {", "{")
        .replace("town  = {", "tip   = { type = \"integer\" }\ntown  = {");
    let split = split.replace("measures     = [", "measures     = [\"tip\", ");
    assert_eq!(
        apply(&mut db, &split, Destructive::Allow).await.unwrap().changes[..3],
        [
            "drop column star.fact_receipt.paid",
            "add column star.fact_receipt.tip",
            "split star.fact_receipt by month of day"
        ]
    );
    let days = db.rows("select id, day::date from star.fact_receipt order by id").await;
    let renamed = split
        .replace("day   = { type = \"date\"", "sold  = { was = \"day\", type = \"timestamp\"")
        .replace("\"day\"]", "\"sold\"]")
        .replace("date = \"day\"", "date = \"sold\"")
        .replace("by = \"day\"", "by = \"sold\"");
    let said = apply(&mut db, &renamed, Destructive::Allow).await.unwrap().changes.join("\n");
    assert!(
        said.contains(
            "join the months of star.fact_receipt\nrename column star.fact_receipt.day to sold\n\
             change star.fact_receipt.sold from date to timestamp\n\
             split star.fact_receipt by month of sold"
        ),
        "{said}"
    );
    assert_eq!(db.rows("select id, sold::date from star.fact_receipt order by id").await, days);
    to(&mut db, &renamed).await;
    // Renamed alone, it needs no copy.
    let again = renamed.replace("sold", "sold_at").replace("was = \"day\"", "was = \"sold\"");
    let said = to(&mut db, &again).await.changes.join("\n");
    assert!(!said.contains("month"), "{said}");
    db.run(&ROWS.replace("day,", "sold_at,").replace("(0, 9)", "(10, 11)")).await;
    assert_eq!(db.text("select count(*) from star.fact_receipt").await, "13");
}

#[tokio::test]
async fn a_grain_that_gets_the_months_column_needs_consent_and_keeps_the_rows() {
    let before = SHOP.replace("[\"id\", \"at\", \"day\"]", "[\"id\"]");
    let (mut db, _) = TestDatabase::of(&catalog_of(&[("shop", &before)])).await;
    db.run(ROWS).await;
    let after = before.replace("[\"id\"]", "[\"id\", \"at\"]")
        + "partition = { by = \"at\", every = \"month\" }\n";
    // The fact has no such column: its rows cannot be kept.
    let error = apply(&mut db, &after, Destructive::Refuse).await.unwrap_err().to_string();
    assert!(error.contains("recreate star.fact_receipt"), "{error}");
    let kept = before.replace("audit ", "degenerate = [\"at\"]\naudit ");
    to(&mut db, &kept).await;
    db.run("update star.fact_receipt set at = '2024-01-01'").await;
    let after = kept.replace("[\"id\"]", "[\"id\", \"at\"]").replace("degenerate = [\"at\"]\n", "")
        + "partition = { by = \"at\", every = \"month\" }\n";
    let error = apply(&mut db, &after, Destructive::Refuse).await.unwrap_err().to_string();
    assert!(error.contains("change the key of star.fact_receipt"), "{error}");
    apply(&mut db, &after, Destructive::Allow).await.unwrap();
    assert_eq!(db.rows(TABLES).await, "star.fact_receipt_p2024_01|11");
    assert_eq!(to(&mut db, &after).await.changes, Vec::<String>::new());
}

#[tokio::test]
async fn what_others_added_is_not_lost_without_consent() {
    let (mut db, _) = TestDatabase::of(&catalog_of(&[("shop", SHOP)])).await;
    db.run(ROWS).await;
    db.run("create index mine on star.fact_receipt (paid)").await;
    let error = apply(&mut db, &by("at"), Destructive::Refuse).await.unwrap_err().to_string();
    assert!(error.contains("split star.fact_receipt by month of at; lost: no row, and what others added to it: index mine"), "{error}");
    apply(&mut db, &by("at"), Destructive::Allow).await.unwrap();
    // An index on the months is left alone, and new months have it.
    db.run("create index mine on star.fact_receipt (paid)").await;
    to(&mut db, &by("at")).await;
    db.run("insert into staging.shop (id, at, day) values (1, '2031-01-01', '2031-01-01')").await;
    let indexes =
        "select count(*) from pg_index where indrelid = 'star.fact_receipt_p2031_01'::regclass";
    assert_eq!(db.text(indexes).await, "4");
}

#[tokio::test]
async fn readers_have_the_old_table_while_its_rows_are_copied() {
    let (db, _) = TestDatabase::of(&catalog_of(&[("shop", SHOP)])).await;
    db.run(ROWS).await;
    let reader = connect(&db.url).await;
    reader.batch_execute("begin; select count(*) from star.fact_receipt").await.unwrap();
    let url = db.url.clone();
    let migration = tokio::spawn(async move {
        let mut other = TestDatabase { client: connect(&url).await, url };
        apply(&mut other, &by("at"), Destructive::Refuse).await.unwrap();
    });
    // It has copied the rows, and waits for this reader to put the copy in the table's place.
    db.eventually_a_session_waits_for_a_lock().await;
    let other = connect(&db.url).await;
    other
        .batch_execute(
            "set lock_timeout = '1s'; select 1 from pg_class where relname = 'fact_receipt'",
        )
        .await
        .unwrap();
    reader.batch_execute("commit").await.unwrap();
    migration.await.unwrap();
    assert!(db.rows(TABLES).await.contains("star.fact_receipt_p2024_01|2"));
}
