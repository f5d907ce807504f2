//! Each change that a migration can make: safe ones are made, others only on request, with what they lose.
//! The plan follows the database itself, not the ledger.

use stardrop::error::{ErrorKind, Result};
use stardrop::migrate::{self, Destructive, Report};
use stardrop::star;

use crate::migrate::apply::{ROW, SHAPE, SHOP};
use crate::support::{TestDatabase, catalog_of};

async fn apply(
    db: &mut TestDatabase,
    contracts: &[(&str, &str)],
    destructive: Destructive,
) -> Result<Report> {
    migrate::apply(&mut db.client, &star::compile(&catalog_of(contracts)), destructive).await
}

pub async fn shop(db: &mut TestDatabase, contract: &str) -> Report {
    apply(db, &[("shop", contract)], Destructive::Refuse).await.unwrap()
}

/// Refused without a change, then made; returns what is said to be lost.
pub async fn forced(db: &mut TestDatabase, contract: &str) -> String {
    let shape = db.text(SHAPE).await;
    let refused = apply(db, &[("shop", contract)], Destructive::Refuse).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::UnsafeChange);
    assert_eq!(db.text(SHAPE).await, shape);
    apply(db, &[("shop", contract)], Destructive::Allow).await.unwrap();
    let again = apply(db, &[("shop", contract)], Destructive::Refuse).await.unwrap();
    assert_eq!(again.changes, Vec::<String>::new());
    refused.to_string()
}

pub async fn with_one_row() -> TestDatabase {
    let mut db = TestDatabase::empty().await;
    shop(&mut db, SHOP).await;
    db.run(ROW).await;
    db
}

#[tokio::test]
async fn types_widen_and_the_views_over_them_stay() {
    let mut db = with_one_row().await;
    db.run(
        "create schema report;
         create view report.receipts with (security_barrier) as select id, paid from star.fact_receipt;
         comment on view report.receipts is 'Mine.';
         create view report.total as select sum(paid) as paid from report.receipts;
         grant select on report.total to stardrop_reader;
         create view report.other as select town from star.dim_buyer",
    )
    .await;
    let views =
        "select format('%s %s %s %s %s', c.relname, c.relowner::regrole, c.relacl, c.reloptions,
                        obj_description(c.oid, 'pg_class')) as v
                 from pg_class c where relnamespace = 'report'::regnamespace order by 1";
    let before = db.rows(views).await;
    let contract =
        SHOP.replace("numeric(8,2)", "numeric(12,2)").replace("\"integer\"", "\"bigint\"");
    let report = shop(&mut db, &contract).await;
    assert_eq!(
        report.changes,
        [
            "change star.fact_receipt.paid from numeric(8,2) to numeric(12,2)",
            "change staging.shop.part from integer to bigint",
            "change staging.shop.paid from numeric(8,2) to numeric(12,2)",
            "update dataset shop"
        ]
    );
    assert_eq!(db.rows(views).await, before);
    db.run("insert into staging.shop (id, part, paid) values (2, 5000000000, 1000000000.25)").await;
    assert_eq!(db.rows("select paid from report.total").await, "1000000009.75");
}

#[tokio::test]
async fn a_renamed_column_keeps_its_values_everywhere() {
    let mut db = with_one_row().await;
    let contract = SHOP
        .replace("id    = {", "receipt_id = { was = \"id\", ")
        .replace("buyer = {", "guest = { was = \"buyer\", ")
        .replace("town  = {", "city = { was = \"town\", ")
        .replace("paid  = {", "amount = { was = \"paid\", ")
        .replace("\"id\"]", "\"receipt_id\"]")
        .replace("[\"buyer\"]\nattributes", "[\"guest\"]\nattributes")
        .replace("[\"town\"]", "[\"city\"]")
        .replace("[\"paid\"]", "[\"amount\"]");
    let report = shop(&mut db, &contract).await;
    for rename in [
        "rename column star.dim_buyer.buyer to guest",
        "rename column star.dim_buyer.town to city",
        "rename column star.fact_receipt.id to receipt_id",
        "rename column star.fact_receipt.paid to amount",
        "rename column staging.shop.id to receipt_id",
    ] {
        assert!(report.changes.iter().any(|change| change == rename), "{rename}: {report:?}");
    }
    assert!(!report.changes.iter().any(|c| c.starts_with("add column")), "{report:?}");
    db.run("insert into staging.shop (receipt_id, part, guest, city, amount) values (1, 1, 'Ann', 'Bergen', 7), (2, 1, 'Bo', 'Oslo', 1)").await;
    assert_eq!(
        db.rows("select receipt_id, guest, city, amount from star.fact_receipt join star.dim_buyer using (buyer_key) order by 1").await,
        "1|Ann|Bergen|7.00\n2|Bo|Oslo|1.00"
    );
    // The word stays in the contract, and means nothing any more.
    assert_eq!(shop(&mut db, &contract).await.changes, Vec::<String>::new());
}

#[tokio::test]
async fn a_dimension_that_is_new_to_a_fact_is_unknown_in_its_old_rows() {
    let mut db = with_one_row().await;
    let contract = SHOP
        .replace("[dimension.buyer]", "day = { type = \"date\" }\nclerk = { type = \"text\" }\n[dimension.clerk]\nkey = [\"clerk\"]\n[dimension.buyer]")
        .replace("dimensions = [\"buyer\"]", "dimensions = [\"buyer\", \"clerk\", { date = \"day\" }]");
    let report = shop(&mut db, &contract).await;
    assert!(
        report.notes.iter().any(|note| note
            == "star.fact_receipt.clerk_key refers to the unknown member in 1 existing row"),
        "{report:?}"
    );
    db.run("insert into staging.shop (id, part, clerk, day) values (2, 1, 'Cy', '2026-01-05')")
        .await;
    assert_eq!(
        db.rows("select id, clerk, date_key, year from star.fact_receipt join star.dim_clerk using (clerk_key) join star.dim_date using (date_key) order by 1").await,
        "1|null|0001-01-01|1\n2|Cy|2026-01-05|2026"
    );
}

#[tokio::test]
async fn lost_values_are_counted_and_dropped_on_request_only() {
    let mut db = with_one_row().await;
    db.run("insert into staging.shop (id, part, buyer, town, paid) values (2, 1, 'Bo', null, 3), (3, 1, 'Bo', null, null)").await;
    db.run("create view public.towns as select town from star.dim_buyer").await;
    let said = forced(&mut db, &SHOP.replace("[\"town\"]", "[]")).await;
    assert!(
        said.contains(
            "drop column star.dim_buyer.town; lost: 1 value, and the view towns that uses it"
        ),
        "{said}"
    );
    let said =
        forced(&mut db, &SHOP.replace("[\"town\"]", "[]").replace("numeric(8,2)", "integer")).await;
    assert!(said.contains("change star.fact_receipt.paid from numeric(8,2) to integer; lost: the exact value in 1 of 2 values"), "{said}");
    assert_eq!(
        db.rows("select id, paid from star.fact_receipt order by 1").await,
        "1|10\n2|3\n3|null"
    );
    let without = SHOP.replace("[\"town\"]", "[]").replace("numeric(8,2)", "date");
    let said = forced(&mut db, &without).await;
    assert!(said.contains("lost: 2 values, because not all can be converted"), "{said}");
    let said = forced(&mut db, &without.replace("measures   = [\"paid\"]", "")).await;
    assert!(said.contains("drop column star.fact_receipt.paid; lost: 0 values"), "{said}");
}

#[tokio::test]
async fn rows_stay_under_a_new_key_only_if_they_are_unique_by_it() {
    let wide = SHOP.replace("measures   = [\"paid\"]", "measures   = [\"paid\", \"part\"]");
    let mut db = TestDatabase::empty().await;
    shop(&mut db, &wide).await;
    db.run("insert into staging.shop (id, part, buyer, town, paid) values (1, 1, 'Ann', 'Oslo', 9.5), (2, 1, 'Bo', 'Oslo', 1)").await;
    let grain = wide.replace("[\"id\"]", "[\"id\", \"part\"]").replace(", \"part\"]\n", "]\n");
    let grain = grain.replace("grain      = [\"id\"]", "grain      = [\"id\", \"part\"]");
    let said = forced(&mut db, &grain).await;
    assert!(said.contains("change the key of star.fact_receipt: its key is PRIMARY KEY (id), the contract says PRIMARY KEY (id, part); lost: no row"), "{said}");
    assert_eq!(db.text("select count(*) from star.fact_receipt").await, "2");
    // By part alone they are not unique.
    let narrow = grain.replace(
        "grain      = [\"id\", \"part\"]",
        "grain      = [\"part\"]\ndegenerate = [\"id\"]",
    );
    let said = forced(&mut db, &narrow).await;
    assert!(said.contains("recreate star.fact_receipt: its key is PRIMARY KEY (id, part), the contract says PRIMARY KEY (part); lost: 2 rows"), "{said}");
    assert_eq!(db.text("select count(*) from star.fact_receipt").await, "0");
}

#[tokio::test]
async fn recreating_a_dimension_recreates_the_facts_that_use_it() {
    let mut db = with_one_row().await;
    db.run("insert into staging.shop (id, part, buyer, town) values (2, 1, 'Bo', 'Oslo')").await;
    // Two members of one town.
    let contract = SHOP.replace(
        "key        = [\"buyer\"]\nattributes = [\"town\"]",
        "key        = [\"town\"]\nattributes = [\"buyer\"]",
    );
    let said = forced(&mut db, &contract).await;
    assert!(said.contains("recreate star.dim_buyer") && said.contains("lost: 2 rows"), "{said}");
    assert!(
        said.contains(
            "recreate star.fact_receipt: it refers to star.dim_buyer, which is recreated; lost: 2 rows"
        ),
        "{said}"
    );
    db.run("insert into staging.shop (id, part, buyer, town) values (2, 1, 'Bo', 'Oslo')").await;
    assert_eq!(
        db.rows(
            "select id, town, buyer from star.fact_receipt join star.dim_buyer using (buyer_key)"
        )
        .await,
        "2|Oslo|Bo"
    );
}

#[tokio::test]
async fn a_dataset_without_a_contract_is_dropped_on_request_with_its_tables() {
    let mut db = TestDatabase::empty().await;
    let cafe = SHOP
        .replace("shop", "cafe")
        .replace("receipt", "bill")
        .replace("dimension.buyer", "dimension.guest")
        .replace("[\"buyer\"]\nmeasures", "[\"guest\"]\nmeasures");
    apply(&mut db, &[("shop", SHOP), ("cafe", &cafe)], Destructive::Refuse).await.unwrap();
    db.run(ROW).await;
    db.run(&ROW.replace("shop", "cafe")).await;
    // Of others, with a name like ours, or ours by another name.
    db.run("create table star.fact_mine (a integer); create view star.dim_view as select 1 as a")
        .await;
    let said = forced(&mut db, SHOP).await;
    for line in [
        "drop dataset cafe; lost: staging.cafe with 0 rows; its files are not loaded any more; the ledger keeps its loads",
        "drop star.fact_bill; lost: 1 row",
        "drop star.dim_guest; lost: 1 row",
    ] {
        assert!(said.contains(line), "{said}");
    }
    assert_eq!(
        db.rows("select oid::regprocedure::text from pg_proc where proname like '%cafe' union all
                 select oid::regclass::text from pg_class where relname in ('cafe', 'fact_bill', 'dim_guest')").await,
        ""
    );
    assert_eq!(
        db.rows("select a from star.fact_mine union select a from star.dim_view").await,
        "1"
    );
    assert_eq!(
        db.rows("select dataset, state from stardrop.load order by load_id").await,
        "shop|loaded\ncafe|loaded"
    );
}

#[tokio::test]
async fn changes_made_by_hand_are_reverted_and_additions_of_users_stay() {
    let mut db = with_one_row().await;
    let shape = db.text(SHAPE).await;
    for (by_hand, fixed) in [
        ("drop trigger _100_normalise on staging.shop", "update dataset shop"),
        ("drop function staging.open_shop()", "update dataset shop"),
        (
            "create or replace function staging.open_shop() returns void language sql as 'select'",
            "update dataset shop",
        ),
        ("drop index star.fact_receipt_load_id", "create index fact_receipt_load_id"),
        ("alter table star.dim_buyer drop column town", "add column star.dim_buyer.town"),
        ("alter table staging.shop drop column paid", "add column staging.shop.paid"),
        (
            "alter table star.fact_receipt alter column paid type numeric(6,2)",
            "change star.fact_receipt.paid from numeric(6,2) to numeric(8,2)",
        ),
        ("drop table staging.shop", "create staging.shop"),
    ] {
        db.run(by_hand).await;
        let report = shop(&mut db, SHOP).await;
        assert!(report.changes.iter().any(|change| change == fixed), "{by_hand}: {report:?}");
        db.run("insert into staging.shop (id, part, buyer, town, paid) values (2, 1, 'Bo', 'Bergen', 1)").await;
        assert_eq!(shop(&mut db, SHOP).await.changes, Vec::<String>::new(), "{by_hand}");
        assert_eq!(db.text(SHAPE).await, shape, "{by_hand}");
    }
    db.run("alter table staging.shop add constraint mine check (paid >= 0)").await;
    shop(&mut db, &SHOP.replace("numeric(8,2)", "numeric(9,2)")).await;
    let refused = db.client.batch_execute(&ROW.replace("9.5", "-1")).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "23514");
}
