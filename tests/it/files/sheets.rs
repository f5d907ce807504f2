//! Cells of workbooks: a sheet means the same in every kind of workbook, and a date that a workbook cannot
//! hold rejects its row.

use crate::support::cloud::Cloud;
use crate::support::star_content::assert_balanced;
use crate::support::workbook::{Cell, ods, text, workbook, xlsb};
use crate::support::{TestDatabase, catalog_of};

const SHEETS: &str = r#"
name  = "sheets"
match = ["sheets/**"]
[columns]
id   = { type = "integer", required = true }
name = { type = "text" }
paid = { type = "numeric(8,2)", decimal = "," }
day  = { type = "date", format = "%d/%m/%Y" }
at   = { type = "timestamp" }
[policy]
rejects = "90%"
[fact.sheet]
grain      = ["id"]
degenerate = ["name", "paid", "day", "at"]
"#;

#[tokio::test]
async fn a_sheet_means_the_same_in_every_kind_of_workbook() {
    let number = |number: &str| Cell::Number(number.to_owned());
    let rows = vec![
        ["id", "name", "paid", "day", "at"].map(text).into(),
        vec![
            number("1"),
            text("Zo\u{eb}, \"x\""),
            number("1234.5"),
            Cell::Date(46_027.0),
            Cell::Date(46_027.75),
        ],
        vec![],
        vec![
            number("2"),
            Cell::Empty,
            text("1234,5"),
            text("05/01/2026"),
            text("2026-01-05 18:00"),
        ],
        vec![number("2.5"), text("half"), Cell::Empty, Cell::Empty, Cell::Empty],
        vec![number("3"), text("<&>"), number("-0.25"), Cell::Empty, Cell::Empty],
    ];
    for (key, bytes) in [
        ("sheets/a.xlsx", workbook(&[("Sheet", &rows)], false)),
        ("sheets/a.xlsb", xlsb(&rows)),
        ("sheets/a.ods", ods(&rows)),
    ] {
        let catalog = catalog_of(&[("sheets", SHEETS)]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::of(&db, catalog).await;
        cloud.put_and_load(key, bytes).await;
        let star = "select id, name, paid, day, at, source_line from star.fact_sheet order by 1";
        let rejected = "select source_line, column_name, raw from stardrop.rejected_row";
        let said = format!("{}\n--\n{}", db.rows(star).await, db.rows(rejected).await);
        assert_eq!(
            said,
            "1|Zo\u{eb}, \"x\"|1234.50|2026-01-05|2026-01-05T18:00:00|2\n\
             2|null|1234.50|2026-01-05|2026-01-05T18:00:00|4\n\
             3|<&>|-0.25|null|null|6\n--\n5|id|2.5,half,,,",
            "{key}"
        );
        assert_balanced(&db).await;
    }
}

#[tokio::test]
async fn a_date_beyond_those_of_a_workbook_is_rejected_and_not_moved_to_the_last_one() {
    let number = |number: usize| Cell::Number(number.to_string());
    for (is_1904, last) in [(false, 2_958_465.0), (true, 2_957_003.0)] {
        let days = [last, last + 1.0, 1e300, -1.0, -0.25, last + 0.5];
        let mut rows: Vec<Vec<Cell>> = vec![["id", "day", "at"].map(text).into()];
        rows.extend(days.iter().enumerate().map(|(place, day)| match place {
            5 => vec![number(place), Cell::Empty, Cell::Date(*day)],
            _ => vec![number(place), Cell::Date(*day), Cell::Empty],
        }));
        let contract = SHEETS.replace("90%\"", "90%\"\nmissing_column = \"null\"");
        let catalog = catalog_of(&[("sheets", &contract)]);
        let (db, _) = TestDatabase::of(&catalog).await;
        let cloud = Cloud::of(&db, catalog).await;
        cloud.put_and_load("sheets/a.xlsx", workbook(&[("Sheet", &rows)], is_1904)).await;
        let star = "select id, day, at from star.fact_sheet order by 1";
        assert_eq!(db.rows(star).await, "0|9999-12-31|null\n5|null|9999-12-31T12:00:00");
        let rejected = "select source_line, column_name from stardrop.rejected_row order by 1";
        assert_eq!(db.rows(rejected).await, "3|day\n4|day\n5|day\n6|day");
    }
}
