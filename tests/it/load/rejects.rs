//! Rows that break the contract are kept whole, with their position and the reason.

use stardrop::dataset::Catalog;
use stardrop::error::ErrorKind;
use stardrop::load::Outcome;

use crate::support::cloud::{Cloud, run};
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of};

/// A small shop, with this budget of rejected rows.
pub fn shop(rejects: &str) -> Catalog {
    let contract = format!(
        r#"
name  = "shop"
match = ["shop/**/*.csv"]
[columns]
id    = {{ type = "bigint", required = true }}
buyer = {{ type = "text" }}
paid  = {{ type = "numeric(8,2)" }}
day   = {{ type = "date" }}
[policy]
rejects = "{rejects}"
[dimension.buyer]
key = ["buyer"]
[fact.receipt]
grain      = ["id"]
dimensions = ["buyer", {{ date = "day" }}]
measures   = ["paid"]
"#
    );
    catalog_of(&[("shop", &contract)])
}

async fn cloud_with(rejects: &str) -> (TestDatabase, Cloud) {
    let catalog = shop(rejects);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    (db, cloud)
}

const REJECTED: &str = "select source_line, column_name, code, reason, raw,
    encode(raw_bytes, 'hex') as raw_bytes from stardrop.rejected_row order by 1";
const LEFT_BEHIND: &str = "select (select count(*) from star.fact_receipt) as facts,
    (select count(*) from star.dim_buyer where buyer_key > 0) as buyers,
    (select count(*) from star.dim_date) as dates, (select count(*) from staging.shop) as staged";
#[tokio::test]
async fn a_rejected_row_is_kept_with_its_line_column_reason_and_text() {
    let (db, cloud) = cloud_with("90%").await;
    let mut file = b"id,buyer,paid,day\n".to_vec();
    file.extend_from_slice(b"1,Ann,9.50,2026-01-05\n"); // line 2
    file.extend_from_slice(b"two,Bo,9.50,2026-01-05\n");
    file.extend_from_slice(b"3,\"line one\nline two\",9.50,yesterday\n"); // lines 4 and 5
    file.extend_from_slice(b"4,J\xf8rn,9.50,2026-01-05\n"); // Latin-1
    file.extend_from_slice(b",Dan,9.50,2026-01-05\n");
    file.extend_from_slice(b"6,Eve,9.50\n");
    file.extend_from_slice(b"7,\"said \"\"hi\"\"\",1234567.89,2026-01-05\n");
    file.extend_from_slice(b"8,\"two\nlines\",9.50,2026-01-05\n"); // lines 10 and 11
    file.extend_from_slice(b"9,Zoe,9.50,2026-02-30\n");
    let report = cloud.put_and_load("shop/a.csv", file).await;
    assert_eq!((report.outcome, report.rows_read, report.rows_rejected), (Outcome::Loaded, 9, 7));
    insta::assert_snapshot!(db.rows(REJECTED).await, @r#"
    3|id|invalid_integer|expected a whole number|two,Bo,9.50,2026-01-05|null
    4|day|invalid_date|expected a day as YYYY-MM-DD|3,"line one
    line two",9.50,yesterday|null
    6|buyer|invalid_utf8|expected UTF-8, found other bytes at byte 103 of the file (setting: encoding)|null|342c4af8726e2c392e35302c323032362d30312d3035
    7|id|missing_value|expected a value, found none|,Dan,9.50,2026-01-05|null
    8|null|field_count|expected 4 fields, found 3 (setting: ragged)|6,Eve,9.50|null
    9|paid|out_of_range|expected a number that fits numeric(8,2)|7,"said ""hi""",1234567.89,2026-01-05|null
    12|day|invalid_date|not a date of the calendar|9,Zoe,9.50,2026-02-30|null
    "#);
    let owner = [("DATABASE_URL", db.url.as_str())];
    let (code, out, _) = run(cloud.stardrop(&["status", "1"], &owner)).await;
    assert_eq!(code, Some(0));
    let first = out.split("\n\n").nth(2).unwrap();
    insta::assert_snapshot!(first, @"
    rejected as      rows  first line  column  reason
    invalid_integer     1           3  id      expected a whole number
    invalid_date        2           4  day     expected a day as YYYY-MM-DD
    invalid_utf8        1           6  buyer   expected UTF-8, found other bytes at byte 103 of the file (setting: encoding)
    missing_value       1           7  id      expected a value, found none
    field_count         1           8          expected 4 fields, found 3 (setting: ragged)
    out_of_range        1           9  paid    expected a number that fits numeric(8,2)
    ");
    let (_, status, _) = run(cloud.stardrop(&["status", "1", "--json"], &owner)).await;
    let json: serde_json::Value = serde_json::from_str(&status).unwrap();
    let codes = json[0]["rejected_row"].as_array().unwrap();
    assert_eq!((codes.len(), &codes[0]["code"]), (6, &"invalid_integer".into()), "{json}");
    assert_eq!((&codes[1]["source_line"], &codes[1]["rows"]), (&4.into(), &2.into()), "{json}");
    let facts = "select id, buyer, f.source_line from star.fact_receipt f
        join star.dim_buyer using (buyer_key) order by 1";
    assert_eq!(db.rows(facts).await, "1|Ann|2\n8|two\nlines|10");
    assert_balanced(&db).await;
}

#[tokio::test]
async fn a_file_of_one_batch_over_its_budget_leaves_only_its_rejected_rows() {
    let (db, cloud) = cloud_with("10%").await;
    let mut file = String::from("id,buyer,paid,day\n");
    for id in 0..20 {
        let paid = if id % 5 == 4 { "free" } else { "1.00" };
        file.push_str(&format!("{id},buyer {id},{paid},2026-01-05\n"));
    }
    let object = cloud.put("shop/a.csv", file).await;
    let error = cloud.load(&object).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::OverRejectBudget);
    let text = error.to_string();
    for part in ["s3://inbox/shop/a.csv", "4 of 20 rows", "10%", "line 6", "column paid"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("free"), "a cell's value is in the message: {text}");
    assert_eq!(db.rows(LEFT_BEHIND).await, "0|0|0|0");
    assert_eq!(
        db.rows("select source_line, raw from stardrop.rejected_row order by 1").await,
        "6|4,buyer 4,free,2026-01-05\n11|9,buyer 9,free,2026-01-05\n\
         16|14,buyer 14,free,2026-01-05\n21|19,buyer 19,free,2026-01-05"
    );
    assert_eq!(
        db.rows("select state, checkpoint_rows, rows_read, rows_rejected, failure_stage, failure_text is not null as has_failure_text from stardrop.load").await,
        "failed|0|20|4|rows|true"
    );
    // It stays failed: the same event does nothing.
    assert_eq!(cloud.load(&object).await.unwrap().outcome, Outcome::FailedBefore);
    assert_eq!(db.rows(LEFT_BEHIND).await, "0|0|0|0");
    // The command line shows the rows, and whose fault it is.
    let owner = [("DATABASE_URL", db.url.as_str())];
    let (_, shown, _) = run(cloud.stardrop(&["rejects"], &owner)).await;
    assert!(shown.contains("16") && shown.contains("14,buyer 14,free,2026-01-05"), "{shown}");
}

#[tokio::test]
async fn batches_before_the_one_over_budget_stay_and_the_load_keeps_their_checkpoint() {
    let (db, cloud) = cloud_with("10%").await;
    let mut file = String::from("id,buyer,paid,day\n");
    for id in 0..500 {
        let paid = if id >= 300 || id == 7 { "free" } else { "1.00" };
        file.push_str(&format!("{id},buyer {},{paid},2026-01-05\n", id % 30));
    }
    let object = cloud.put("shop/a.csv", file).await;
    let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "100")]);
    let error = loader.load(&object, None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::OverRejectBudget);
    assert_eq!(
        db.rows(
            "select state, checkpoint_rows, checkpoint_line, rows_read, rows_rejected, rows_staged,
                    rows_inserted, batches from stardrop.load"
        )
        .await,
        "failed|300|301|400|101|299|299|3"
    );
    assert_eq!(db.text("select count(*) from star.fact_receipt").await, "299");
    assert_eq!(
        db.rows("select count(*), min(source_line), max(source_line) from stardrop.rejected_row")
            .await,
        "101|9|401"
    );
    // Taken up again, the load stands at what was committed.
    db.run("select stardrop.reopen(1)").await;
    assert_eq!(
        db.rows("select state, rows_read, rows_rejected, rows_staged from stardrop.load").await,
        "loading|300|1|299"
    );
}

#[tokio::test]
async fn empty_fields_at_the_end_of_a_line_are_as_many_as_in_the_header() {
    let (db, cloud) = cloud_with("90%").await;
    let file = "id,buyer,paid,day,,\n1,Ann,9.50,2026-01-05,,\n2,Bo,9.50,2026-01-05,,,\n\
                3,Cy,9.50,2026-01-05,,x\n4,Di,,\n5,Ed,9.50,2026-01-05\n6,,Flo,9.50,2026-01-05,,\n";
    cloud.put_and_load("shop/a.csv", file).await;
    assert_eq!(db.rows("select id from star.fact_receipt order by 1").await, "1\n3\n4\n5");
    assert_eq!(
        db.rows("select source_line, code from stardrop.rejected_row order by 1").await,
        "3|field_count\n7|field_count"
    );
}
