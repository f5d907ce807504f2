//! CSV files as other systems write them, with the contract that reads each of them.

use stardrop::error::{Error, ErrorKind};

use crate::support::cloud::Cloud;
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of};

/// Loads one file with this `[file]` and these `[columns]`, the first of which is the grain, and
/// gives back what is in the star, what was rejected and what was noted.
pub async fn load(file: &str, columns: &str, more: &str, bytes: &[u8]) -> Result<String, Error> {
    let names: Vec<&str> = columns
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim())
        .collect();
    let degenerate: Vec<String> = names[1..].iter().map(|name| format!("{name:?}")).collect();
    let contract = format!(
        r#"
name  = "things"
match = ["things/**/*"]
[file]
{file}
[columns]
{columns}
[policy]
rejects = "90%"
{more}
[fact.thing]
grain      = ["{}"]
degenerate = [{}]
"#,
        names[0],
        degenerate.join(", ")
    );
    let catalog = catalog_of(&[("things", &contract)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let object = cloud.put("things/a.csv", bytes).await;
    cloud.loader_with(&[("STARDROP_SALT", "pepper")]).load(&object, None).await?;
    assert_balanced(&db).await;
    let wanted: Vec<&str> = names.iter().map(|name| name.trim_matches('"')).collect();
    let star = format!("select {} from star.fact_thing order by 1", wanted.join(", "));
    let rejected =
        "select source_line, column_name, code, raw from stardrop.rejected_row order by 1";
    let (star, rejected) = (db.rows(&star).await, db.rows(rejected).await);
    let notes = db.text("select notes from stardrop.load").await;
    Ok([star, rejected, notes].join("\n--\n"))
}

pub const PLAIN: &str = "id = { type = \"integer\", required = true }\na = { type = \"text\" }\nb = { type = \"text\" }";

#[tokio::test]
async fn files_of_other_systems_are_read_as_the_contract_says() {
    let file = "delimiter = \"||\"\nquote = \"'\"\ncomment = \"#\"\nskip = 2\ntrim = true";
    let text = "Report of May\n\n# by Zoë\nid||a||b\n1|| 'x||y' || z \n#2||no||no\n3||NULL||\n";
    insta::assert_snapshot!(load(file, PLAIN, "", text.as_bytes()).await.unwrap(), @r#"
    1|x||y|z
    3|null|null
    --

    --
    null
    "#);
    let file = "escape = \"\\\\\"\nquote = \"\"";
    insta::assert_snapshot!(load(file, PLAIN, "", b"id,a,b\n1,x\\,y,\"z\"\n").await.unwrap(), @r#"
    1|x,y|"z"
    --

    --
    null
    "#);
}

#[tokio::test]
async fn ragged_rows_are_rejected_or_fixed_as_the_contract_says() {
    let text = b"id,a,b\n1,x,y\n2,x\n3,x,y,z\n4,x,y,\n5\n";
    insta::assert_snapshot!(load("", PLAIN, "", text).await.unwrap(), @r#"
    1|x|y
    --
    3|null|field_count|2,x
    4|null|field_count|3,x,y,z
    5|null|field_count|4,x,y,
    6|null|field_count|5
    --
    null
    "#);
    insta::assert_snapshot!(load("ragged = \"pad\"", PLAIN, "", text).await.unwrap(), @r#"
    1|x|y
    2|x|null
    5|null|null
    --
    4|null|field_count|3,x,y,z
    5|null|field_count|4,x,y,
    --
    null
    "#);
    insta::assert_snapshot!(load("ragged = \"truncate\"", PLAIN, "", text).await.unwrap(), @r#"
    1|x|y
    3|x|y
    4|x|y
    --
    3|null|field_count|2,x
    6|null|field_count|5
    --
    null
    "#);
    let both = load("ragged = [\"pad\", \"truncate\"]", PLAIN, "", text).await.unwrap();
    insta::assert_snapshot!(both, @r#"
    1|x|y
    2|x|null
    3|x|y
    4|x|y
    5|null|null
    --

    --
    null
    "#);
}

#[tokio::test]
async fn a_delimiter_at_the_end_of_each_line_adds_no_column() {
    let text = b"id,a,b,,\n1,x,y,,\n2,x,y,\n3,x,y\n4,x,y,,z\n";
    let said = load("", PLAIN, "unknown_column = \"reject\"", text).await.unwrap();
    insta::assert_snapshot!(said, @r#"
    1|x|y
    2|x|y
    3|x|y
    --
    5|null|unnamed_column|4,x,y,,z
    --
    null
    "#);
}

#[tokio::test]
async fn differences_between_header_and_contract_are_noted() {
    let text = b"B, ID ,,new,a,new\n1,2,3,4,5,6\n";
    insta::assert_snapshot!(load("", PLAIN, "", text).await.unwrap(), @r#"
    2|5|1
    --

    --
    unknown columns: column_3, new, new_2; columns spelled otherwise: B (b), ID (id); columns in another order
    "#);
    let twice = load("", PLAIN, "", b"id,a,A,b\n1,2,3,4\n").await.unwrap_err();
    assert_eq!(twice.kind, ErrorKind::BadFile);
    assert!(twice.message.contains("two columns of the file are `A`"), "{twice}");
}

#[tokio::test]
async fn numbers_dates_and_booleans_are_read_as_the_contract_says() {
    let columns = r#"
id      = { type = "integer", required = true, decimal = ",", thousands = "." }
zip     = { type = "text" }
price   = { type = "numeric(12,2)", decimal = ",", thousands = ".", currency = ["€", "EUR"] }
share   = { type = "numeric", decimal = ",", percent = true }
day     = { type = "date", format = ["%d/%m/%Y", "%Y-%m-%d", "excel"] }
seen    = { type = "timestamptz", format = "epoch_ms" }
active  = { type = "boolean", true = ["ja", "x"], false = ["nein", "-"] }"#
        .trim();
    let text = "id;zip;price;share;day;seen;active\n\
        1.001;01234;1.234,50 €;12,5%;29/02/2024;1709209805250;Ja\n\
        2;00000;EUR -5;0%;2024-02-29;0;x\n\
        3;;;;45351;;-\n\
        4;1;1.23;5%;29/02/2024;0;ja\n\
        5;1;1;5;29/02/2024;0;ja\n\
        6;1;1;5%;2/29/2024;0;ja\n\
        7;1;1;5%;29/02/2024;0;yes\n";
    insta::assert_snapshot!(load("", columns, "", text.as_bytes()).await.unwrap(), @r#"
    2|00000|-5.00|0|2024-02-29|1970-01-01T00:00:00+00:00|true
    3|null|null|null|2024-02-29|null|false
    1001|01234|1234.50|0.125|2024-02-29|2024-02-29T12:30:05.25+00:00|true
    --
    5|price|invalid_number|4;1;1.23;5%;29/02/2024;0;ja
    6|share|invalid_number|5;1;1;5;29/02/2024;0;ja
    7|day|invalid_date|6;1;1;5%;2/29/2024;0;ja
    8|active|invalid_boolean|7;1;1;5%;29/02/2024;0;yes
    --
    null
    "#);
}

#[tokio::test]
async fn a_protected_value_reaches_neither_the_star_nor_the_rejects() {
    let columns = r#"
id    = { type = "integer", required = true }
email = { type = "text", protect = "sha256" }
phone = { type = "text", protect = "drop" }
paid  = { type = "integer" }"#
        .trim();
    let text = "id,email,phone,paid\n\
        1,ann@example.com,555-1,5\n\
        2,bo@example.com,555-2,five\n\
        3,\"cy\"\"@example.com\",555-3,\"6\n7\"\n\
        4,dan@example.com,555-4\n\
        5,,,x\n\
        6,,,1\n";
    let said = load("", columns, "", text.as_bytes()).await.unwrap();
    assert!(!said.contains("example.com") && !said.contains("555"), "{said}");
    insta::assert_snapshot!(said, @r#"
    1|831740710d6a8225c6ad8e71610353afdfcf9f6a3caa448dc11ab17a513081c2|null|5
    6|null|null|1
    --
    3|paid|invalid_integer|2,sha256:9c54527784adf87ab65bcf3748136a43afb8581a49cbe62761ddd4bf0b0ef74a,,five
    4|paid|invalid_integer|3,sha256:fa9daadfa78f31b24ce320c315864930995662328484089dd853b959b0ab9cc6,,"6
    7"
    6|null|field_count|(withheld: its fields cannot be matched with columns, and the dataset protects some)
    7|paid|invalid_integer|5,,,x
    --
    null
    "#);
    let misspelt = b"id,e-mail,phone,paid\n1,ann@example.com,5,5\n";
    let error = load("", columns, "missing_column = \"null\"", misspelt).await.unwrap_err();
    assert!(error.message.contains("protected column email is not in the header"), "{error}");
    assert!(!error.to_string().contains("example.com"));
}
