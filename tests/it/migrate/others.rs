//! What others made in the schemas of a star, and added to its tables: never dropped, locked or refused for, and named
//! in the plan's notes.

use stardrop::error::{ErrorKind, Result};
use stardrop::migrate::{self, Destructive, Plan, Report};
use stardrop::star;

use crate::migrate::apply::{ROW, SHOP};
use crate::migrate::changes::{shop, with_one_row};
use crate::support::cloud::{as_user, settings_of};
use crate::support::{TestDatabase, catalog_of, connect};

async fn plan(db: &TestDatabase, contract: &str) -> Plan {
    migrate::plan(&db.client, &star::compile(&catalog_of(&[("shop", contract)]))).await.unwrap()
}

async fn forced(db: &mut TestDatabase, contract: &str, destructive: Destructive) -> Result<Report> {
    let star = star::compile(&catalog_of(&[("shop", contract)]));
    migrate::apply(&mut db.client, &star, destructive).await
}

fn with_a_measure() -> String {
    SHOP.replace("\"paid\"", "\"paid\", { twice = \"paid * 2\" }")
}

#[tokio::test]
async fn schemas_that_are_there_already_stay_their_owners_and_hold_the_star_too() {
    let mut db = TestDatabase::empty().await;
    db.run(
        "create schema staging; create table staging.raw_orders (x int);
         create table staging.dim_like (x int); insert into staging.raw_orders values (1);
         comment on schema staging is 'Mine.';
         create schema star; create table star.dim_old (x int); create view star.fact_old as select 1 as one",
    )
    .await;
    let planned = plan(&db, SHOP).await;
    for note in [
        "schema staging belongs to role postgres: what others have in it is left alone",
        "schema star belongs to role postgres: what others have in it is left alone",
    ] {
        assert!(planned.notes.iter().any(|found| found == note), "{planned:?}");
    }
    let report = shop(&mut db, SHOP).await;
    assert!(report.changes.contains(&"create staging.shop".to_owned()), "{report:?}");
    db.run(ROW).await;
    let report = shop(&mut db, &with_a_measure()).await;
    assert!(
        report.changes.contains(&"add column star.fact_receipt.twice".to_owned()),
        "{report:?}"
    );
    assert_eq!(db.text("select count(*) from staging.raw_orders").await, "1");
    assert_eq!(db.text("select one from star.fact_old").await, "1");
    assert_eq!(
        db.rows("select nspname, nspowner::regrole, obj_description(oid, 'pg_namespace') from pg_namespace where nspname in ('staging', 'star') order by 1").await,
        "staging|postgres|Mine.\nstar|postgres|null"
    );
    assert_eq!(plan(&db, &with_a_measure()).await.changes, []);
}

#[tokio::test]
async fn a_name_that_somebody_has_is_refused_with_its_owner_and_before_anything_is_changed() {
    for (made, part) in [
        (
            "create table staging.shop (x int)",
            "staging.shop exists already, belongs to role postgres",
        ),
        (
            "create view star.dim_buyer as select 1",
            "star.dim_buyer exists already, belongs to role postgres",
        ),
        (
            "create sequence star.fact_receipt",
            "star.fact_receipt exists already, belongs to role postgres",
        ),
    ] {
        let mut db = TestDatabase::empty().await;
        db.run(&format!("create schema staging; create schema star; {made}")).await;
        let error = forced(&mut db, SHOP, Destructive::Allow).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NameTaken, "{error}");
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(
            db.text("select count(*) from pg_class where relnamespace in ('star'::regnamespace, 'staging'::regnamespace) and relkind <> 'i'").await,
            "1"
        );
    }
    let mut db = with_one_row().await;
    db.run("alter table star.fact_receipt add column twice numeric").await;
    let error = forced(&mut db, &with_a_measure(), Destructive::Allow).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NameTaken, "{error}");
    assert!(error.to_string().contains("column star.fact_receipt.twice exists already"), "{error}");
}

#[tokio::test]
async fn what_users_added_to_the_stars_tables_stays_and_is_in_the_notes() {
    let mut db = with_one_row().await;
    db.run(
        "create schema report;
         create view report.receipts as select id from star.fact_receipt;
         create table staging.scratch (x int); create table star.fact_mine (x int); create table star.helper (x int);
         alter table star.fact_receipt add column reviewed boolean default true;
         alter table star.fact_receipt add column ticket text not null default 'none';
         alter table star.fact_receipt add constraint one_ticket unique (id, ticket);
         create index mine on star.fact_receipt (reviewed);
         create policy everybody on star.fact_receipt using (true);
         create function report.nothing() returns trigger language plpgsql as 'begin return null; end';
         create trigger watch after insert on star.fact_receipt execute function report.nothing();
         create function staging.undo_shop(text) returns text language sql as 'select $1';
         alter table staging.shop add constraint positive check (paid >= 0)",
    )
    .await;
    // Locked by somebody else for as long as the migration takes.
    let somebody = connect(&db.url).await;
    somebody
        .batch_execute("begin; lock table staging.scratch, star.fact_mine, star.helper")
        .await
        .unwrap();
    let report = shop(&mut db, &with_a_measure()).await;
    assert!(
        report.changes.contains(&"add column star.fact_receipt.twice".to_owned()),
        "{report:?}"
    );
    for note in [
        "star.fact_receipt has what stardrop did not create, and leaves it alone: column reviewed, column ticket, \
         constraint one_ticket, index mine, policy everybody, trigger watch, view report.receipts",
        "staging.shop has what stardrop did not create, and leaves it alone: constraint positive",
    ] {
        assert!(report.notes.iter().any(|found| found == note), "{report:#?}");
    }
    somebody.batch_execute("commit").await.unwrap();
    db.run(
        "insert into staging.shop (id, part, buyer, town, paid) values (2, 1, 'Bo', 'Bergen', 1)",
    )
    .await;
    assert_eq!(
        db.rows("select id, reviewed, ticket from star.fact_receipt order by id").await,
        "1|true|none\n2|true|none"
    );
    assert_eq!(db.text("staging.undo_shop('x')").await, "x");
    let again = shop(&mut db, &with_a_measure()).await;
    assert_eq!(again.changes, Vec::<String>::new());
    // A column of the star goes, those of users stay.
    forced(&mut db, SHOP, Destructive::Allow).await.unwrap();
    assert_eq!(
        db.text("select count(*) from pg_attribute where attrelid = 'star.fact_receipt'::regclass and attname in ('reviewed', 'ticket', 'twice')").await,
        "2"
    );
    assert_eq!(
        db.text("select count(*) from pg_class where relname in ('one_ticket', 'mine')").await,
        "2"
    );
}

#[tokio::test]
async fn a_table_that_is_dropped_is_said_to_lose_what_users_added() {
    let mut db = TestDatabase::empty().await;
    shop(&mut db, SHOP).await;
    db.run("alter table star.fact_receipt add column reviewed boolean").await;
    let gone = "name = \"other\"\nmatch = [\"o/*\"]\n[columns]\nid = { type = \"bigint\", required = true }\n[fact.other]\ngrain = [\"id\"]\n";
    let star = star::compile(&catalog_of(&[("other", gone)]));
    let error = migrate::apply(&mut db.client, &star, Destructive::Refuse).await.unwrap_err();
    assert!(error.to_string().contains("what others added to it: column reviewed"), "{error}");
}

#[tokio::test]
async fn a_view_of_somebody_else_that_blocks_a_change_is_named_with_the_statement() {
    let db = with_one_row().await;
    let name = format!("migrator_{}", std::process::id());
    db.run(&format!(
        "create role {name} login; grant stardrop_owner to {name};
         create role {name}_analyst; create schema report authorization {name}_analyst;
         grant usage on schema star to {name}_analyst; grant select on star.fact_receipt to {name}_analyst;
         set role {name}_analyst; create view report.receipts as select paid from star.fact_receipt; reset role"
    ))
    .await;
    let settings = settings_of(&as_user(&db.url, &name), &[]);
    let mut migrator = stardrop::db::connect(&settings).await.unwrap();
    let wider = SHOP.replace("numeric(8,2)", "numeric(12,2)");
    let star = star::compile(&catalog_of(&[("shop", &wider)]));
    let error = migrate::run(&mut migrator.client, &star).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoPermission, "{error}");
    for part in [
        format!("view report.receipts of role {name}_analyst uses star.fact_receipt"),
        "run as that role: drop view report.receipts".to_owned(),
    ] {
        assert!(error.to_string().contains(&part), "{error}");
    }
    // A superuser restores it.
    let mut db = db;
    shop(&mut db, &wider).await;
    assert_eq!(db.text("select paid from report.receipts").await, "9.50");
    db.run(&format!("drop schema report cascade; drop owned by {name}, {name}_analyst")).await;
    db.run(&format!("drop role {name}; drop role {name}_analyst")).await;
}
