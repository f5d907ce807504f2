//! Contract SQL: what SQL a contract brings along, in expressions and beside it, stays what it is.

use std::fs;

use stardrop::dataset::Catalog;
use stardrop::{catalog, migrate};

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
    catalog::read(folder.path()).unwrap()
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
async fn a_text_in_an_expression_ends_no_quote_of_ours() {
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
async fn an_expression_runs_no_query_of_its_own() {
    let measure = "length('$sql$ || (select quote_literal(string_agg(rolname, chr(44))) from pg_catalog.pg_roles) || $sql$')";
    let (db, cloud) = site(&[("dataset.toml", &contract(measure, "false"))]).await;
    cloud.put_and_load("till/a.csv", "id,note\n1,ab\n").await;
    let length = measure.len() - "length('')".len();
    assert_eq!(db.text("select x from star.fact_receipt").await, length.to_string());
}

#[tokio::test]
async fn normalise_sql_may_hold_any_dollar_quote() {
    let normalise =
        "    perform $normalise$ a $normalise$, $sql$ b $sql$, $normalise_1$;$normalise_1$;\n";
    let (db, cloud) =
        site(&[("dataset.toml", &contract("1", "false")), ("normalise.sql", normalise)]).await;
    cloud.put_and_load("till/a.csv", "id,note\n1,ab\n").await;
    assert_eq!(db.text("select rows_unchanged from stardrop.load").await, "1");
}
