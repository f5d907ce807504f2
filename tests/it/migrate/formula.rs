//! A changed formula of a measure is reported, since the rows of the star keep their old values.

use stardrop::{migrate, star};

use crate::support::{TestDatabase, catalog_of};

const CONTRACT: &str = r#"
name  = "till"
match = ["till/*"]
[columns]
id = { type = "integer", required = true }
n  = { type = "integer" }
[fact.receipt]
grain    = ["id"]
measures = [{ twice = "n * 2" }]
"#;

/// The notes of a migration to a contract that says `to` instead of `from`.
async fn notes(db: &mut TestDatabase, changes: &[(&str, &str)]) -> Vec<String> {
    let text = changes.iter().fold(CONTRACT.to_owned(), |text, (from, to)| text.replace(from, to));
    let star = star::compile(&catalog_of(&[("till", &text)]));
    let planned = migrate::plan(&db.client, &star).await.unwrap().notes;
    let report = migrate::run(&mut db.client, &star).await.unwrap();
    assert_eq!(planned, report.notes);
    report.notes
}

#[tokio::test]
async fn a_changed_formula_is_reported_if_the_fact_has_rows() {
    let (mut db, _) = TestDatabase::of(&catalog_of(&[("till", CONTRACT)])).await;
    let none: &[&str] = &[];
    assert_eq!(notes(&mut db, &[("n * 2", "n * 4")]).await, none);
    db.run("insert into staging.till (id, n) values (1, 5)").await;
    assert_eq!(notes(&mut db, &[("n * 2", "n * 4")]).await, none);
    let said = ["run `stardrop replay --dataset till` to recompute star.fact_receipt.twice: \
                 existing rows keep the values of the old formula"];
    assert_eq!(notes(&mut db, &[("n * 2", "n * 3")]).await, said);
    assert_eq!(db.text("select twice from star.fact_receipt").await, "20");
    assert_eq!(notes(&mut db, &[("n * 2", "n * 3")]).await, none);
    // A renamed measure has the same formula; a plain column in its place is another formula.
    let renamed = ("n  = { type = \"integer\" }", "m = { type = \"integer\", was = \"n\" }");
    assert_eq!(notes(&mut db, &[renamed, ("n * 2", "m * 3")]).await, none);
    let plain = ("n  = {", "twice = { type = \"numeric\" }\nm  = {");
    assert_eq!(notes(&mut db, &[plain, ("{ twice = \"n * 2\" }", "\"twice\"")]).await, said);
}
