//! A migration makes a database match its contracts, and refuses what would lose data.

use stardrop::error::{ErrorKind, Result};
use stardrop::migrate::{self, Report};
use stardrop::star;

use crate::support::cloud::{Cloud, run, stardrop};
use crate::support::{TestDatabase, catalog_of, connect, project_catalog, root, server};

/// The sample contract, which the unit tests of the comparison use too.
pub const SHOP: &str = include_str!("../../../src/migrate/compare/sample_for_tests.toml");

pub const ROW: &str =
    "insert into staging.shop (id, part, buyer, town, paid) values (1, 1, 'Ann', 'Oslo', 9.5)";

/// The catalogs' whole view of our schemas: what a change would show up in.
pub const SHAPE: &str = "select string_agg(line, e'\\n' order by line) from (
    select format('%s.%s %s %s %s %s', n.nspname, c.relname, a.attname, a.atttypid::regtype,
                  a.atttypmod, a.attnotnull) as line
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('star', 'staging', 'stardrop') and not a.attisdropped
      and c.relname <> 'lineage'
    union all
    select format('%s %s', p.oid::regprocedure, md5(p.prosrc)) from pg_proc p
    where p.pronamespace::regnamespace::text in ('star', 'staging', 'stardrop')
    union all
    select format('%s %s', name, fingerprint) from stardrop.dataset) t";

async fn migrate(db: &mut TestDatabase, contract: &str) -> Result<Report> {
    let star = star::compile(&catalog_of(&[("shop", contract)]));
    migrate::run(&mut db.client, &star).await
}

#[tokio::test]
async fn a_second_migration_finds_nothing_to_do() {
    let mut db = TestDatabase::empty().await;
    let star = star::compile(&project_catalog());
    let first = migrate::run(&mut db.client, &star).await.unwrap();
    assert!(first.changes.iter().any(|change| change == "create star.fact_sales"), "{first:?}");
    let shape = db.text(SHAPE).await;
    let second = migrate::run(&mut db.client, &star).await.unwrap();
    assert_eq!(second.changes, Vec::<String>::new());
    assert_eq!(db.text(SHAPE).await, shape);
}

#[tokio::test]
async fn a_migration_that_would_lose_data_is_refused_and_changes_nothing() {
    let mut db = TestDatabase::empty().await;
    migrate(&mut db, SHOP).await.unwrap();
    db.run(ROW).await;
    let shape = db.text(SHAPE).await;
    // A column goes, a type and a grain change, and a harmless column comes along.
    let contract = SHOP
        .replace("town  = { type = \"text\" }\n", "phone = { type = \"text\" }\n")
        .replace("[\"town\"]", "[\"phone\"]")
        .replace("numeric(8,2)", "integer")
        .replace("[\"id\"]", "[\"id\", \"part\"]");
    let error = migrate(&mut db, &contract).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::UnsafeChange);
    let text = error.to_string();
    for part in [
        "drop column star.dim_buyer.town; lost: 1 value",
        "recreate star.fact_receipt: its key is PRIMARY KEY (id), the contract says PRIMARY KEY (id, part); lost: 1 row",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(db.text(SHAPE).await, shape);
    assert_eq!(db.rows("select paid from star.fact_receipt").await, "9.50");
    // The session is as good as before.
    assert_eq!(db.text("select current_user").await, "postgres");
    assert_eq!(migrate(&mut db, SHOP).await.unwrap().changes, Vec::<String>::new());
}

#[tokio::test]
async fn each_unsafe_change_alone_is_refused() {
    let mut db = TestDatabase::empty().await;
    migrate(&mut db, SHOP).await.unwrap();
    db.run(ROW).await;
    let shape = db.text(SHAPE).await;
    for (what, from, to) in [
        ("measure goes", "measures   = [\"paid\"]", "measures   = []"),
        ("attribute goes", "attributes = [\"town\"]", "attributes = []"),
        ("type changes", "paid  = { type = \"numeric(8,2)\" }", "paid  = { type = \"text\" }"),
        ("precision changes", "numeric(8,2)", "numeric(6,2)"),
        ("grain grows", "[\"id\"]", "[\"id\", \"part\"]"),
        ("grain goes", "grain      = [\"id\"]\n", ""),
        (
            "dimension's key changes",
            "key        = [\"buyer\"]\nattributes = [\"town\"]",
            "key        = [\"buyer\", \"town\"]",
        ),
    ] {
        let contract = SHOP.replace(from, to);
        assert_ne!(contract, SHOP);
        let refused = migrate(&mut db, &contract).await;
        let error = refused.expect_err(what);
        assert_eq!(error.kind, ErrorKind::UnsafeChange, "{what}: {error}");
        assert_eq!(db.text(SHAPE).await, shape, "{what}");
    }
}

#[tokio::test]
async fn a_new_column_that_may_be_null_is_added_and_filled_from_then_on() {
    let mut db = TestDatabase::empty().await;
    migrate(&mut db, SHOP).await.unwrap();
    db.run(ROW).await;
    let contract = SHOP
        .replace(
            "[dimension.buyer]",
            "tip   = { type = \"numeric(8,2)\" }\nzip = { type = \"text\" }\n[dimension.buyer]",
        )
        .replace("[\"town\"]", "[\"town\", \"zip\"]")
        .replace("[\"paid\"]", "[\"paid\", \"tip\"]");
    let report = migrate(&mut db, &contract).await.unwrap();
    assert_eq!(
        report.changes.iter().filter(|change| !change.is_empty()).collect::<Vec<_>>(),
        [
            "add column star.dim_buyer.zip",
            "add column star.fact_receipt.tip",
            "add column staging.shop.tip",
            "add column staging.shop.zip",
            "update dataset shop"
        ]
    );
    assert_eq!(
        report.notes,
        [
            "star.dim_buyer.zip is null in 1 existing row",
            "run `stardrop replay --dataset shop` to fill new columns from the files",
            "star.fact_receipt.tip is null in 1 existing row",
        ]
    );
    db.run("insert into staging.shop (id, part, buyer, town, zip, paid, tip) values (2, 1, 'Bo', 'Bergen', '5003', 1, 2)").await;
    assert_eq!(
        db.rows("select id, paid, tip from star.fact_receipt order by 1").await,
        "1|9.50|null\n2|1.00|2.00"
    );
    assert_eq!(
        db.rows("select buyer, zip from star.dim_buyer where buyer_key > 0 order by 1").await,
        "Ann|null\nBo|5003"
    );
    assert_eq!(migrate(&mut db, &contract).await.unwrap().changes, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_at_once_do_not_conflict() {
    let db = TestDatabase::empty().await;
    let run = async |url: String| {
        let mut client = connect(&url).await;
        migrate::run(&mut client, &star::compile(&project_catalog())).await.map(|r| r.changes.len())
    };
    let others = TestDatabase::empty().await;
    let (a, b, c, d) = tokio::join!(
        run(db.url.clone()),
        run(db.url.clone()),
        run(db.url.clone()),
        run(others.url.clone()) // the roles are of the whole server
    );
    let mut changes = [a.unwrap(), b.unwrap(), c.unwrap()];
    changes.sort_unstable();
    assert_eq!(changes[..2], [0, 0]);
    assert!(changes[2] > 0 && d.unwrap() > 0);
}

#[tokio::test]
async fn check_and_sql_need_no_database() {
    let datasets = root().join("examples").display().to_string();
    let vars = [("STARDROP_DATASETS", datasets.as_str())];
    let (code, out, err) = run(stardrop(&["migrate", "--check"], &vars)).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("sales") && out.contains("online_retail"), "{out}");
    let (code, out, err) = run(stardrop(&["migrate", "--sql"], &vars)).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(out, star::compile(&project_catalog()).script());
    let (code, _, err) = run(stardrop(&["migrate"], &vars)).await;
    assert_eq!(code, Some(2));
    assert!(err.contains("DATABASE_URL"), "{err}");
}

#[tokio::test]
async fn the_printed_sql_makes_the_same_star_as_a_migration() {
    let migrated = TestDatabase::migrated().await;
    let scripted = TestDatabase::migrated().await;
    let _ = server();
    scripted
        .run("drop schema star, staging cascade; create schema star; create schema staging")
        .await;
    scripted.run(&star::compile(&project_catalog()).script()).await;
    assert_eq!(scripted.text(SHAPE).await, migrated.text(SHAPE).await);
}

#[tokio::test]
async fn the_command_line_migrates_and_lists_what_it_did() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let owner = [("DATABASE_URL", db.url.as_str())];
    let (code, out, err) = run(cloud.stardrop(&["migrate"], &owner)).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(out, "the database is up to date\n");
}
