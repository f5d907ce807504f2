//! JSON objects that have no line of their own, arrays within other objects, and keys that no column means.

use crate::support::cloud::Cloud;
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of};

fn contract(file: &str) -> String {
    format!(
        r#"
name  = "things"
match = ["things/**"]
[file]
format = "jsonl"
{file}
[columns]
id = {{ type = "integer", required = true }}
t  = {{ type = "text" }}
[policy]
rejects        = "90%"
missing_column = "null"
[fact.thing]
grain      = ["id"]
degenerate = ["t"]
"#
    )
}

/// What is in the star and what was rejected, of one file in batches of one row.
async fn loaded(file: &str, text: impl AsRef<[u8]>) -> String {
    let catalog = catalog_of(&[("things", &contract(file))]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let object = cloud.put("things/a.json", text.as_ref()).await;
    cloud.loader_with(&[("STARDROP_BATCH_ROWS", "1")]).load(&object, None).await.unwrap();
    assert_balanced(&db).await;
    let star = "select id, t, extra, source_line from star.fact_thing order by 1";
    let rejected =
        "select source_line, column_name, code, reason from stardrop.rejected_row order by 1";
    format!("{}\n--\n{}", db.rows(star).await, db.rows(rejected).await)
}

#[tokio::test]
async fn objects_load_without_line_ends_and_over_several_lines() {
    let said = loaded("", "{\"id\":1,\"t\":\"}{\"}{\"id\":2}{\"id\":\"x\"}{\"id\":3}").await;
    assert_eq!(
        said,
        "1|}{|null|1\n2|null|null|2\n3|null|null|4\n--\n3|id|invalid_integer|expected a whole number"
    );
    let said = loaded("", "{\n  \"id\": 1,\n  \"t\": \"a\"\n}\n{\n  \"id\": 2\n}\n").await;
    assert_eq!(said, "1|a|null|1\n2|null|null|5\n--\n");
}

#[tokio::test]
async fn records_within_other_objects_load_by_their_path() {
    let text = "{\"next\":null,\"data\":{\"items\":[{\"id\":1},{\"id\":2,\"t\":\"b\"}]},\"n\":2}\n\
                {\"data\":{\"items\":[{\"id\":3}]}}\n";
    let said = loaded("records = \"data.items\"", text).await;
    assert_eq!(said, "1|null|null|1\n2|b|null|2\n3|null|null|3\n--\n");
}

#[tokio::test]
async fn objects_that_would_lose_values_are_rejected() {
    let text = "\u{feff}{\"id\":1}\n\u{feff}{\"id\":2}\n{\"meta\":1,\"items\":[{\"id\":3}]}\n{\"x\":1}\n\
                {\"id\":5,\"x\":{\"a\":1,\"a\":2}}\n{\"id\":6,}\n{\"id\":7,\"t\":NaN}\n";
    insta::assert_snapshot!(loaded("", text).await, @r#"
    1|null|null|1
    2|null|null|2
    --
    3|null|no_column|the object has no key of the contract, only `items`, `meta`; to load the objects of an array in it, set records = "items"
    4|null|no_column|the object has no key of the contract, only `x`: name a column's key by `from`
    5|null|duplicate_key|column x: expected each key of a json object once, found one twice
    6|null|invalid_json|not a valid JSON object: a comma before a closing bracket at column 9
    7|null|invalid_json|not a valid JSON object: NaN or Infinity, which JSON does not have: write null at column 13
    "#);
}

#[tokio::test]
async fn invalid_bytes_of_json_reject_their_row_or_are_replaced() {
    let text = b"{\"id\":1,\"t\":\"ok\"}\n{\"id\":2,\"t\":\"a\xe4b\"}\n";
    let said = loaded("", text).await;
    assert!(said.starts_with("1|ok|null|1\n--\n2|null|invalid_json|"), "{said}");
    assert!(said.contains("at column 15: set encoding in [file]"), "{said}");
    let said = loaded("invalid = \"replace\"", text).await;
    assert_eq!(said, "1|ok|null|1\n2|a\u{fffd}b|null|2\n--\n");
}

#[tokio::test]
async fn values_of_unknown_keys_that_jsonb_cannot_hold_reject_their_row_with_the_key() {
    let lines = [
        r#"{"id":1,"x":{"y":[1.5,"\ud83d\ude00",1e40]}}"#,
        r#"{"id":2,"w":1,"x":"a\u0000b"}"#,
        r#"{"id":3,"x":{"y":"\ud800"}}"#,
        r#"{"id":4,"x":[1e999999]}"#,
        r#"{"id":5,"t":"\udc00"}"#,
        r#"{"id":6,"a\u0000b":1}"#,
        r#"{"id":7,"\ud800":1}"#,
        r#"{"id":8,"x":"\\u0000"}"#,
    ];
    insta::assert_snapshot!(loaded("", &lines.join("\n")).await, @r#"
    1|null|{"x": {"y": [1.5, "😀", 10000000000000000000000000000000000000000]}}|1
    8|null|{"x": "\\u0000"}|8
    --
    2|null|nul_character|column x: expected json without \u0000
    3|null|invalid_json|column x: expected json without half a surrogate pair
    4|null|out_of_range|column x: expected numbers that numeric can hold
    5|t|invalid_json|expected pairs of surrogates (\ud83d\ude00), found half of one
    6|null|nul_character|column a\0b: expected json without \u0000
    7|null|invalid_json|expected pairs of surrogates (\ud83d\ude00), found half of one
    "#);
    // Where nobody keeps them, nothing is wrong with them.
    let ignored =
        contract("").replace("missing_column", "unknown_column = \"ignore\"\nmissing_column");
    let catalog = catalog_of(&[("things", &ignored)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    cloud.put_and_load("things/a.jsonl", lines[..4].join("\n")).await;
    assert_eq!(db.text("select count(*) from star.fact_thing").await, "4");
}
