//! JSON in columns of type json: strings, numbers and objects keep their JSON type.

use crate::support::cloud::Cloud;
use crate::support::{TestDatabase, catalog_of};

#[tokio::test]
async fn a_json_string_stays_a_string_in_a_json_column_and_csv_text_is_parsed() {
    let contract = |protect: &str| {
        format!(
            r#"
name  = "notes"
match = ["notes/**"]
[columns]
id = {{ type = "integer", required = true }}
n  = {{ type = "integer" }}
j  = {{ type = "json" }}
p  = {{ type = "text"{protect} }}
[policy]
rejects        = "100%"
missing_column = "null"
[fact.note]
grain      = ["id"]
degenerate = ["n", "j", "p"]
"#
        )
    };
    let catalog = catalog_of(&[("notes", &contract(""))]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let lines = r#"{"id":1,"j":"123"}
{"id":2,"j":"true"}
{"id":3,"j":"{\"a\":1}"}
{"id":4,"j":"str"}
{"id":5,"j":123}
{"id":6,"j":{"a":1.50}}
{"id":7,"j":""}
{"id":8,"j":null}
{"id":9,"j":"a\u0000b"}
{"id":10,"j":"say \"hi\"\n"}
"#;
    cloud.put_and_load("notes/a.jsonl", lines).await;
    cloud
        .put_and_load("notes/a.csv", "id,j\n21,123\n22,true\n23,\n24,str\n25,\"\"\"s\"\"\"\n")
        .await;
    let star = "select id, j::text as j, jsonb_typeof(j) as t from star.fact_note order by 1";
    let rejected = "select source_line, column_name, code from stardrop.rejected_row order by 1";
    insta::assert_snapshot!(format!("{}\n--\n{}", db.rows(star).await, db.rows(rejected).await), @r#"
    1|"123"|string
    2|"true"|string
    3|"{\"a\":1}"|string
    4|"str"|string
    5|123|number
    6|{"a": 1.50}|object
    7|""|string
    8|null|null
    10|"say \"hi\"\n"|string
    21|123|number
    22|true|boolean
    23|null|null
    25|"s"|string
    --
    5|j|invalid_json
    9|j|nul_character
    "#);
    // What is kept of a row that holds what is protected loads as what it was.
    let catalog = catalog_of(&[("notes", &contract(", protect = \"drop\""))]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let line = r#"{"id":1,"n":"x","j":{"a":[1.50,"b"]},"p":"secret","q":{"r":2.50}}"#;
    cloud.put_and_load("notes/b.jsonl", line).await;
    insta::assert_snapshot!(db.rows("select raw from stardrop.rejected_row").await, @r#"{"id":1,"j":{"a":[1.50,"b"]},"n":"x","q":{"r":2.50}}"#);
}
