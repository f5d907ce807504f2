//! Sessions: the settings of a login or a database change nothing, and a database that loads cannot use is refused by
//! its name.

use stardrop::db;
use stardrop::error::{ErrorKind, Stage};
use stardrop::load::Outcome;

use crate::load::exactly_once::sales;
use crate::support::cloud::{Cloud, run, settings_of};
use crate::support::star_content::meaning;
use crate::support::{TestDatabase, connect, server};

/// What a database may say, and what would change or break a load.
const SETTINGS: &[(&str, &str)] = &[
    ("default_transaction_isolation", "serializable"),
    ("default_transaction_deferrable", "on"),
    ("synchronous_commit", "off"),
    ("statement_timeout", "500ms"),
    ("lock_timeout", "1ms"),
    ("transaction_timeout", "500ms"),
    ("idle_in_transaction_session_timeout", "20ms"),
    ("idle_session_timeout", "3s"),
    ("search_path", "star, staging, stardrop, public"),
    ("row_security", "on"),
    ("DateStyle", "SQL, DMY"),
    ("IntervalStyle", "sql_standard"),
    ("TimeZone", "Pacific/Auckland"),
    ("extra_float_digits", "-15"),
    ("bytea_output", "escape"),
    ("xmloption", "document"),
    ("array_nulls", "off"),
    ("client_encoding", "LATIN1"),
    ("standard_conforming_strings", "off"),
    ("quote_all_identifiers", "on"),
    ("transform_null_equals", "on"),
    ("plpgsql.extra_errors", "all"),
];

async fn set(db: &TestDatabase, name: &str, value: &str) {
    let known = format!(
        "select exists (select from pg_settings where name = '{name}') or '{name}' like '%.%'"
    );
    if db.text(&known).await == "true" {
        let database = db.text("current_database()").await;
        let value = if name == "search_path" { value.to_owned() } else { format!("'{value}'") };
        db.run(&format!("alter database {database} set {name} to {value}")).await;
    }
}

#[tokio::test]
async fn no_setting_of_a_database_changes_what_migrations_and_loads_do() {
    let text = sales(40_000);
    let usual = TestDatabase::migrated().await;
    Cloud::new(&usual).await.put_and_load("sales/a.csv", text.clone()).await;

    let db = TestDatabase::empty().await;
    for (name, value) in SETTINGS {
        set(&db, name, value).await;
    }
    let cloud = Cloud::new(&db).await;
    for again in ["", "again "] {
        let migrate = cloud.stardrop(&["migrate"], &[("DATABASE_URL", &db.url)]);
        let (code, out, err) = run(migrate).await;
        assert_eq!(code, Some(0), "{again}{out}{err}");
        assert_eq!(out.contains("create star.fact_sales"), again.is_empty(), "{again}{out}");
    }
    let report = cloud.put_and_load("sales/a.csv", text).await;
    assert_eq!((report.outcome, report.rows_read), (Outcome::Loaded, 40_000), "{report:?}");
    assert_eq!(meaning(&db).await, meaning(&usual).await);
    for arguments in [&["status", "1"][..], &["undo", "1"], &["prune", "--days", "1"]] {
        let (code, out, err) = run(cloud.stardrop(arguments, &[("DATABASE_URL", &db.url)])).await;
        assert_eq!(code, Some(0), "{arguments:?} {out}{err}");
    }
}

#[tokio::test]
async fn a_session_has_the_settings_that_it_needs() {
    let db = TestDatabase::empty().await;
    for (name, value) in SETTINGS {
        set(&db, name, value).await;
    }
    let session = db::connect(&settings_of(&db.url, &[])).await.unwrap();
    let reset = "select name, setting from pg_settings where source = 'database' order by name";
    let left = session.client.query(reset, &[]).await.unwrap();
    let left: Vec<(String, String)> = left.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(left, []);
    let path = session.client.query_one("show search_path", &[]).await.unwrap();
    assert_eq!(path.get::<_, String>(0), "pg_catalog, pg_temp");
}

#[tokio::test]
async fn triggers_that_a_setting_switches_off_stop_the_load_by_name() {
    let db = TestDatabase::migrated().await;
    set(&db, "session_replication_role", "replica").await;
    let cloud = Cloud::new(&db).await;
    let object = cloud.put("sales/a.csv", sales(3)).await;
    let error = cloud.load(&object).await.unwrap_err();
    assert_eq!((error.kind, error.stage), (ErrorKind::NoPermission, Stage::Connect), "{error}");
    assert!(error.to_string().contains("session_replication_role"), "{error}");
    // A superuser may set it, and so has triggers.
    let session = db::connect(&settings_of(&db.url, &[])).await.unwrap();
    let role = session.client.query_one("show session_replication_role", &[]).await.unwrap();
    assert_eq!(role.get::<_, String>(0), "origin");
}

#[tokio::test]
async fn a_read_only_database_says_so_and_can_still_be_looked_at() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    cloud.put_and_load("sales/a.csv", sales(3)).await;
    set(&db, "default_transaction_read_only", "on").await;
    let object = cloud.put("sales/b.csv", sales(6)).await;
    let error = cloud.load(&object).await.unwrap_err();
    assert_eq!((error.kind, error.stage), (ErrorKind::ReadOnlyDatabase, Stage::Connect), "{error}");
    for part in ["read-only by default_transaction_read_only", "use the writer's endpoint"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(error.kind.policy().hint.contains("use the writer's endpoint"));
    let as_owner = [("DATABASE_URL", db.url.as_str())];
    for (arguments, expected) in [(&["status"][..], 0), (&["rejects", "1"], 0), (&["migrate"], 3)] {
        let (code, out, err) = run(cloud.stardrop(arguments, &as_owner)).await;
        assert_eq!(code, Some(expected), "{arguments:?} {out}{err}");
    }
}

#[tokio::test]
async fn a_database_that_is_not_utf_8_is_refused_by_name() {
    let admin = connect(&server().url("postgres")).await;
    let create =
        "create database latin encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0";
    admin.batch_execute(create).await.unwrap();
    let url = server().url("latin");
    let error = db::connect(&settings_of(&url, &[])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::UnsupportedDatabase, "{error}");
    let message = error.to_string();
    assert!(message.contains("database \"latin\" has the encoding LATIN1"), "{message}");
    assert!(message.contains("create database .. encoding 'UTF8'"), "{message}");
}

#[tokio::test]
async fn a_policy_on_a_table_of_the_star_never_hides_rows_silently() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    cloud.put_and_load("sales/a.csv", sales(3)).await;
    db.run(
        "alter table star.fact_sales enable row level security;
         create policy nothing on star.fact_sales using (false)",
    )
    .await;
    // The owner is exempt.
    cloud.put_and_load("sales/b.csv", sales(6)).await;
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "6");
    db.run("alter table star.fact_sales force row level security").await;
    let object = cloud.put("sales/c.csv", sales(9)).await;
    let error = cloud.load(&object).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoPermission, "{error}");
    assert!(error.to_string().contains("row-level security policy for table \"fact_sales\""));
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "6");
}

#[tokio::test]
async fn a_password_with_an_at_sign_is_refused_and_not_printed() {
    let url = "postgres://loader:Winter@Hunter2024@127.0.0.1:1/x";
    let (code, out, err) =
        run(crate::support::cloud::stardrop(&["status"], &[("DATABASE_URL", url)])).await;
    assert_eq!(code, Some(2), "{out}{err}");
    assert!(!err.contains("Hunter") && !err.contains("Winter"), "{err}");
    assert!(err.contains("percent-encoded"), "{err}");
}
