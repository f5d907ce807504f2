//! SQL that a contract contains, in expressions and in files next to it, cannot break out of its place.

use std::fs;

use stardrop::dataset::Catalog;
use stardrop::error::{Error, ErrorKind};
use stardrop::{dataset_files, migrate, star};

use crate::support::TestDatabase;
use crate::support::cloud::Cloud;

const CONTRACT: &str = r#"
name  = "till"
match = ["till/*"]
[columns]
id   = { type = "integer", required = true }
note = { type = "text" }
[dimension.note]
key = ["note"]
[fact.receipt]
grain      = ["id"]
dimensions = ["note"]
measures   = [{ x = "MEASURE" }]
delete_when = "MARKER"
[fact.line]
measures = [{ y = "MEASURE" }]
[policy]
overwrite = "ignore"
"#;

fn contract(measure: &str, marker: &str) -> String {
    CONTRACT.replace("MEASURE", measure).replace("MARKER", marker)
}

fn read(files: &[(&str, &str)]) -> Catalog {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("till")).unwrap();
    for (name, text) in files {
        fs::write(folder.path().join("till").join(name), text).unwrap();
    }
    dataset_files::read(folder.path()).unwrap()
}

async fn site(files: &[(&str, &str)]) -> (TestDatabase, Cloud) {
    let catalog = read(files);
    let (mut db, star) = TestDatabase::of(&catalog).await;
    assert_eq!(migrate::run(&mut db.client, &star).await.unwrap().changes, Vec::<String>::new());
    let cloud = Cloud::of(&db, catalog).await;
    (db, cloud)
}

/// Every dollar quote that could end one of ours.
const QUOTES: [&str; 7] =
    ["$sql$", "$sql", "$", "$$", "$normalise$", "$sql$ $sql_1$", "$normalise$ $normalise_1"];

#[tokio::test]
async fn a_text_in_an_expression_cannot_end_a_quote_of_the_generated_sql() {
    for quote in QUOTES {
        let measure = format!("length(concat(note, '{quote}', '{quote}'))");
        let marker = format!("note = '{quote}'");
        let (db, cloud) = site(&[("dataset.toml", &contract(&measure, &marker))]).await;
        cloud.put_and_load("till/a.csv", format!("id,note\n1,ab\n2,{quote}\n")).await;
        let sum = 2 + 2 * quote.len();
        assert_eq!(
            db.rows("select id, x from star.fact_receipt order by 1").await,
            format!("1|{sum}"),
            "{quote}"
        );
        assert_eq!(
            db.text("select min(y) from star.fact_line").await,
            sum.min(3 * quote.len()).to_string()
        );
    }
}

#[tokio::test]
async fn an_expression_cannot_contain_a_query() {
    let measure = "length('$sql$ || (select quote_literal(string_agg(rolname, chr(44))) from pg_catalog.pg_roles) || $sql$')";
    let (db, cloud) = site(&[("dataset.toml", &contract(measure, "false"))]).await;
    cloud.put_and_load("till/a.csv", "id,note\n1,ab\n").await;
    let length = measure.len() - "length('')".len();
    assert_eq!(db.text("select x from star.fact_receipt").await, length.to_string());
}

#[tokio::test]
async fn normalise_sql_may_contain_any_dollar_quote() {
    let normalise =
        "    perform $normalise$ a $normalise$, $sql$ b $sql$, $normalise_1$;$normalise_1$;\n";
    let (db, cloud) =
        site(&[("dataset.toml", &contract("1", "false")), ("normalise.sql", normalise)]).await;
    cloud.put_and_load("till/a.csv", "id,note\n1,ab\n").await;
    assert_eq!(db.text("select rows_unchanged from stardrop.load").await, "1");
}

/// What a migration to a contract says, and that it leaves nothing behind.
async fn refusal(db: &mut TestDatabase, files: &[(&str, &str)]) -> Error {
    let star = star::compile(&read(files));
    let error = migrate::run(&mut db.client, &star).await.expect_err("it is migrated");
    assert_eq!(db.text("select count(*) from stardrop.dataset").await, "0");
    assert_eq!(db.text("select to_regclass('star.fact_receipt') is null").await, "true");
    assert_eq!(db.text("select current_user = session_user").await, "true");
    error
}

#[tokio::test]
async fn sql_of_a_contract_runs_in_the_migrations_transaction_and_its_errors_name_the_contract() {
    let plain = contract("1", "false");
    let view = |sql: &str| format!("{plain}[view.notes]\nsql = \"\"\"{sql}\"\"\"\n");
    let mut db = TestDatabase::empty().await;
    for (views, said) in [
        ("commit; select 1/0;", "views.sql"),
        ("create table star.left_behind (); rollback;", "views.sql"),
        (
            "reset role; create role views_sql superuser;",
            "views.sql: cannot set parameter \"role\"",
        ),
        ("set session authorization default;", "views.sql: cannot set parameter"),
        ("select * from pg_authid;", "views.sql: permission denied for table pg_authid"),
        ("select 1/0;", "views.sql: division by zero"),
        ("select 'a\"b'::integer;", "views.sql: invalid input syntax for type integer: \"…\""),
        (
            "create view star.x as select nothing from star.dim_note;",
            "views.sql: column \"nothing\"",
        ),
    ] {
        let error = refusal(&mut db, &[("dataset.toml", &plain), ("views.sql", views)]).await;
        assert_eq!(error.kind, ErrorKind::BadContract, "{views}: {error:?}");
        assert!(format!("{error:?}").replace("\\\"", "\"").contains(said), "{views}: {error:?}");
    }
    for (sql, said) in [
        ("select 1 as one; drop table star.dim_note", "[view.notes]: sql must be a single query"),
        ("drop table star.dim_note", "[view.notes]: sql must be a single query"),
        ("select 1 as one; commit", "[view.notes]: sql must be a single query"),
        ("select * from pg_authid", "[view.notes]: permission denied for table pg_authid"),
        ("select nothing from star.dim_note", "[view.notes]: column \"nothing\""),
        ("select 1 as one /* open", "[view.notes]: unterminated"),
    ] {
        let error = refusal(&mut db, &[("dataset.toml", &view(sql))]).await;
        assert_eq!(error.kind, ErrorKind::BadContract, "{sql}: {error:?}");
        assert!(format!("{error:?}").replace("\\\"", "\"").contains(said), "{sql}: {error:?}");
    }
    assert_eq!(db.text("select count(*) from pg_roles where rolname = 'views_sql'").await, "0");
}

#[tokio::test]
async fn an_expression_that_postgres_refuses_is_an_error_of_the_contract() {
    let mut db = TestDatabase::empty().await;
    for (measure, said) in [
        (
            "case when id > 1 then 'x'::numeric else 1 end",
            "[fact.receipt]: invalid input syntax for type numeric",
        ),
        ("1 / 0", "[fact.receipt]: division by zero"),
        ("upper(id)", "[fact.receipt]: function upper(integer) does not exist"),
    ] {
        let text = contract("1", "false")
            .replace("[{ x = \"1\" }]", &format!("[{{ x = \"{measure}\" }}]"));
        let error = refusal(&mut db, &[("dataset.toml", &text)]).await;
        assert_eq!(error.kind, ErrorKind::BadContract, "{measure}: {error:?}");
        assert!(format!("{error:?}").contains(said), "{measure}: {error:?}");
    }
}

#[tokio::test]
async fn views_sql_finds_what_the_session_that_migrates_would_find() {
    let views = "create or replace function public.shout(text) returns text language sql immutable
             return upper($1);
         create or replace view star.loud as select shout(note) as note from star.dim_note;";
    let mut db = TestDatabase::empty().await;
    db.run(
        "do $$ begin create role stardrop_owner nologin;
         exception when duplicate_object or unique_violation then null; end $$",
    )
    .await;
    db.run("grant create on schema public to stardrop_owner").await;
    let star =
        star::compile(&read(&[("dataset.toml", &contract("1", "false")), ("views.sql", views)]));
    migrate::run(&mut db.client, &star).await.unwrap();
    assert_eq!(db.text("select count(*) from star.loud").await, "1");
}

#[tokio::test]
async fn wrong_row_counts_of_normalise_sql_are_refused_before_the_commit() {
    for (books, counted) in [
        ("rows_inserted := 999;", "999 rows inserted and 0 updated"),
        ("rows_inserted := -1;", "-1 rows inserted and 0 updated"),
        ("rows_updated := 2;", "0 rows inserted and 2 updated"),
        ("rows_updated := null;", "0 rows inserted and null updated"),
    ] {
        let (db, cloud) =
            site(&[("dataset.toml", &contract("1", "false")), ("normalise.sql", books)]).await;
        let object = cloud.put("till/a.csv", "id,note\n1,ab\n").await;
        let error = cloud.load(&object).await.expect_err(books);
        assert_eq!(error.kind, ErrorKind::BadContract, "{books}: {error:?}");
        let said = format!("normalise.sql of dataset till counts {counted}, of 1 staged");
        assert!(error.message.contains(&said), "{books}: {error:?}");
        assert_eq!(db.text("select sum(rows_staged) from stardrop.load").await, "0");
        assert_eq!(db.text("select count(*) from stardrop.load where state = 'loaded'").await, "0");
    }
}
