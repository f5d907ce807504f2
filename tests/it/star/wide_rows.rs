//! The size of a row that `--check` computes is that of Postgres.

use stardrop::error::ErrorKind;
use stardrop::star;

use crate::support::{TestDatabase, catalog_of};

fn contract(columns: usize, kind: &str, fact: &str) -> String {
    let columns: String =
        (0..columns).map(|index| format!("c{index} = {{ type = \"{kind}\" }}\n")).collect();
    format!(
        "name = \"wide\"\nmatch = [\"wide/*\"]\n[columns]\n{columns}[dimension.first]\nkey = \"c0\"\n{fact}"
    )
}

#[tokio::test]
async fn a_contract_is_refused_if_and_only_if_postgres_cannot_store_a_row_of_it() {
    let db = TestDatabase::migrated().await;
    for (kind, value, most) in [
        ("bigint", "1", 1_000),
        ("timestamptz", "now()", 1_000),
        ("uuid", "gen_random_uuid()", 504),
    ] {
        for (count, fits) in [(most, true), (most + 1, false)] {
            let star = star::compile(&catalog_of(&[("wide", &contract(count, kind, ""))]));
            assert_eq!(star.check().is_ok(), fits, "{count} {kind}");
            let staging = &star.datasets[0].staging;
            let names: Vec<String> = (0..count).map(|index| format!("c{index}")).collect();
            let insert = format!(
                "begin; {} insert into staging.wide ({}) select {}; rollback;",
                staging.create(),
                names.join(", "),
                vec![value; count].join(", ")
            );
            let inserted = db.client.batch_execute(&insert).await;
            let error = inserted.as_ref().err().and_then(|error| error.as_db_error());
            assert!(error.is_none_or(|error| error.message().contains("row is too big")));
            assert_eq!(inserted.is_ok(), fits, "{count} {kind}: {inserted:?}");
            db.client.batch_execute("rollback").await.unwrap();
        }
    }
}

#[test]
fn the_refusal_names_dataset_table_and_sizes() {
    let wide = contract(1_100, "bigint", "");
    let error = star::compile(&catalog_of(&[("wide", &wide)])).check().unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadContract);
    assert!(
        error.message.contains("dataset `wide`: staging.wide cannot store its rows"),
        "{error}"
    );
    assert!(error.message.contains("at least 8976 bytes, and Postgres allows 8160"), "{error}");
    // The fact has more columns than staging.
    let degenerate: Vec<String> = (0..1_000).map(|index| format!("\"c{index}\"")).collect();
    let fact = format!("[fact.wide]\ndegenerate = [{}]\n", degenerate.join(", "));
    let star = star::compile(&catalog_of(&[("wide", &contract(1_000, "bigint", &fact))]));
    let error = star.check().unwrap_err();
    assert!(error.message.contains("star.fact_wide"), "{error}");
    assert!(!error.message.contains("staging.wide"), "{error}");
}
