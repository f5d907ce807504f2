//! JSON, workbooks and Parquet files load by the same rules, with the same rejected rows and counts, as CSV.

use stardrop::dataset::Catalog;
use stardrop::error::ErrorKind;

use crate::support::cloud::Cloud;
use crate::support::star_content::assert_balanced;
use crate::support::workbook::{Cell, workbook};
use crate::support::{TestDatabase, catalog_of};

pub fn orders(file: &str) -> Catalog {
    let contract = format!(
        r#"
name  = "orders"
match = ["orders/**"]
[file]
{file}
[columns]
id     = {{ type = "integer", from = ["OrderNo", "order.id"], required = true }}
buyer  = {{ type = "text", from = ["order.buyer.name"] }}
email  = {{ type = "text", from = ["order.buyer.email"], protect = "sha256" }}
paid   = {{ type = "numeric(10,2)", decimal = "," }}
day    = {{ type = "date", format = "%d/%m/%Y" }}
at     = {{ type = "timestamptz" }}
open   = {{ type = "boolean" }}
[policy]
rejects = "90%"
missing_column = "null"
[fact.order]
grain      = ["id"]
degenerate = ["buyer", "email", "paid", "day", "at", "open"]
"#
    );
    catalog_of(&[("orders", &contract)])
}

const STAR: &str =
    "select id, buyer, left(email, 6) as email, paid, day, at at time zone 'UTC' as at,
    open, extra, source_line from star.fact_order order by id";
pub const REJECTED: &str =
    "select source_line, column_name, code, raw from stardrop.rejected_row order by 1";
/// Loads an object, whole and once more in batches of one row, and shows the star.
async fn loaded(key: &str, file: &str, bytes: Vec<u8>) -> String {
    let catalog = orders(file);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let object = cloud.put(key, bytes).await;
    let salt = ("STARDROP_SALT", "pepper");
    cloud.loader_with(&[salt]).load(&object, None).await.unwrap();
    assert_balanced(&db).await;
    let shown = format!("{}\n--\n{}", db.rows(STAR).await, db.rows(REJECTED).await);
    let (last, rows) =
        (db.text("select checkpoint_offset from stardrop.load").await, shown.clone());
    assert_ne!(last, "0");
    db.run("truncate star.fact_order; delete from stardrop.rejected_row; delete from stardrop.load_table; delete from stardrop.load").await;
    let mut loader = cloud.loader_with(&[salt, ("STARDROP_BATCH_ROWS", "1")]);
    loader.load(&object, None).await.unwrap();
    let again = format!("{}\n--\n{}", db.rows(STAR).await, db.rows(REJECTED).await);
    assert_eq!(again, rows, "{key} in batches of one row");
    shown
}

#[tokio::test]
async fn lines_of_json_are_rows_by_path() {
    let text = r#"{"order":{"id":1,"buyer":{"name":"Ann","email":"ann@example.com","vip":true}},"paid":9.5,"day":"05/01/2026","at":"2026-01-05T10:00:00+01:00","open":true}
{"order":{"id":2},"paid":"9,50","day":null,"open":"no","tags":["a","b"]}

{"order":{"id":"three"}}
{"order":{"id":4,"buyer":{"name":"Dan","email":"dan@example.com"}},"day":"2026-01-05"}
{"order":{"id":5}
{"order":{"id":6,"buyer":{"email":"eve@example.com"}},"paid":9.555}
"#;
    let said = loaded("orders/a.jsonl", "", text.into()).await;
    assert!(!said.contains("example.com"), "{said}");
    insta::assert_snapshot!(said, @r#"
    1|Ann|831740|9.50|2026-01-05|2026-01-05T09:00:00|true|{"order": {"buyer": {"vip": true}}}|1
    2|null|null|9.50|null|null|false|{"tags": ["a", "b"]}|2
    --
    4|id|invalid_integer|{"id":"three"}
    5|day|invalid_date|{"buyer":"Dan","day":"2026-01-05","email":"sha256:26402676b37acfb1030beb4ec0fd6e5fdb4a1b027dae601522c3222afe3a6ed9","id":4}
    6|null|invalid_json|(withheld: its fields cannot be matched with columns, and the dataset protects some)
    7|paid|out_of_scale|{"email":"sha256:10d25a8e1fa6a32285a7937f5af27a0505c69391d2b08ece5e2cfa44c7395f40","id":6,"paid":9.555}
    "#);
    let array = "[{\"order\": {\"id\": 1},\n  \"paid\": 1.25}, {\"order.id\": 2}\n]";
    insta::assert_snapshot!(loaded("orders/b.json", "", array.into()).await, @r#"
    1|null|null|1.25|null|null|null|null|1
    2|null|null|null|null|null|null|null|2
    --
    "#);
}

#[tokio::test]
async fn a_workbook_is_read_by_sheet_with_true_dates_of_both_epochs() {
    let text = |text: &str| Cell::Text(text.to_owned());
    let number = |number: &str| Cell::Number(number.to_owned());
    let names = ["OrderNo", "buyer", "email", "paid", "day", "at", "open", ""];
    let header = || names.map(text).into_iter().collect::<Vec<_>>();
    // 2024-02-29 and 12:30:05 of it.
    let rows = |epoch: f64| {
        let (day, time) = (45_351.0 - epoch, 45_351.520891204 - epoch);
        vec![
            vec![text("Report of May")],
            vec![],
            header(),
            vec![
                number("1"),
                text("Ann"),
                text("a@example.com"),
                number("1.5"),
                Cell::Date(day),
                Cell::Date(time),
                number("1"),
            ],
            vec![],
            vec![
                number("2"),
                number("007"),
                Cell::Empty,
                text("1,5"),
                text("29/02/2024"),
                Cell::Date(day),
                text("no"),
            ],
            vec![text("three"), text("a,\"b")],
            vec![
                number("4"),
                text(""),
                Cell::Empty,
                number("1.234"),
                Cell::Empty,
                Cell::Empty,
                Cell::Empty,
                text("x"),
            ],
            vec![number("5"), Cell::Empty, Cell::Empty, Cell::Empty, Cell::Date(time)],
        ]
    };
    let file = "sheet = \"Orders\"\nskip = 2";
    let (notes, orders) = (vec![vec![text("not this one")]], rows(0.0));
    let bytes = workbook(&[("Notes", &notes), ("Orders", &orders)], false);
    let said = loaded("orders/a.xlsx", file, bytes).await;
    assert!(!said.contains("example.com"), "{said}");
    insta::assert_snapshot!(said, @r#"
    1|Ann|b933d5|1.50|2024-02-29|2024-02-29T12:30:05|true|null|4
    2|7|null|1.50|2024-02-29|2024-02-29T00:00:00|false|null|6
    --
    7|id|invalid_integer|three,"a,""b",,,,,,
    8|paid|out_of_scale|4,,,1.234,,,,x
    9|day|invalid_date|5,,,,2024-02-29 12:30:05,,,
    "#);
    let bytes = workbook(&[("Orders", &rows(1462.0))], true);
    assert_eq!(loaded("orders/a.xlsx", file, bytes).await, said);
}

#[tokio::test]
async fn a_file_that_is_not_a_workbook_or_lacks_the_sheet_is_reported() {
    let catalog = orders("format = \"xlsx\"\nsheet = \"Orders\"");
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    let book = workbook(&[("May", &[]), ("June", &[])], false);
    for (bytes, words) in [
        (book, "the workbook has no sheet `Orders`: its sheets are `May`, `June`"),
        (b"id,buyer\n".to_vec(), "the workbook cannot be read"),
    ] {
        let object = cloud.put("orders/a", bytes).await;
        let error =
            cloud.loader_with(&[("STARDROP_SALT", "x")]).load(&object, None).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadFile);
        assert!(error.message.contains(words), "{error}");
    }
}
