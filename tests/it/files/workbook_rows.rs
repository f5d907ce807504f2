//! Rows of workbooks: which sheet is read, which rows and columns it has, and what a number means.

use std::io::Cursor;

use stardrop::records::{CsvOptions, Format, Kind, ReaderOptions, Record, Step, Unusable};

use crate::support::fixtures::fixture;
use crate::support::workbook::{Cell, ods, ods_of, text, workbook, xlsb};

fn options(columns: usize, has_header: bool, sheet: Option<&str>) -> ReaderOptions {
    ReaderOptions {
        csv: CsvOptions { header_rows: usize::from(has_header), ..CsvOptions::default() },
        names: vec![Vec::new(); columns],
        sheet: sheet.map(str::to_owned),
        ..ReaderOptions::default()
    }
}

/// The rows, each with its number; nulls are shown as a dash.
fn rows(bytes: Vec<u8>, options: &ReaderOptions) -> Result<Vec<String>, String> {
    let format = Format::from_name("xlsx").unwrap();
    let opened = format.open_spooled(Box::new(Cursor::new(bytes)), options).unwrap();
    let mut reader = opened.map_err(|error| error.to_string())?;
    let (mut record, mut rows) = (Record::new(), Vec::new());
    while reader.next(&mut record).map_err(|error| error.to_string())? == Step::Record {
        let fields: Vec<String> = (0..record.len())
            .map(|index| match record.kind(index) {
                Kind::Null => "-".to_owned(),
                _ => String::from_utf8_lossy(record.field(index).unwrap()).into_owned(),
            })
            .collect();
        rows.push(format!("{}: {}", record.line(), fields.join("|")));
    }
    Ok(rows)
}

fn number(number: &str) -> Cell {
    Cell::Number(number.to_owned())
}

#[test]
fn the_first_visible_sheet_with_cells_is_read_and_a_hidden_one_by_its_name_only() {
    let [old, new] = ["old", "new"].map(|word| vec![vec![text("id")], vec![text(word)]]);
    let (empty, blank) = (vec![], vec![vec![text(""), text("")]]);
    let book = || {
        workbook(
            &[
                ("very hidden", &old),
                ("hidden", &old),
                ("Empty", &empty),
                ("Blank", &blank),
                ("New", &new),
            ],
            false,
        )
    };
    let new = Ok(vec!["1: id".to_owned(), "2: new".to_owned()]);
    let old_rows = Ok(vec!["1: id".to_owned(), "2: old".to_owned()]);
    assert_eq!(rows(book(), &options(1, true, None)), new);
    for name in ["hidden", "very hidden"] {
        assert_eq!(rows(book(), &options(1, true, Some(name))), old_rows);
    }
    let only = workbook(&[("Empty", &empty), ("hidden", &old), ("very hidden", &old)], false);
    let error = rows(only, &options(1, true, None)).unwrap_err();
    let known = "every visible sheet of the workbook is empty: set [file] sheet to read the hidden \
                 `hidden`, `very hidden`";
    assert!(error.ends_with(known), "{error}");
}

#[test]
fn a_row_whose_cells_are_all_empty_is_no_row_in_any_kind_of_workbook() {
    let lines = vec![
        vec![text(""), text("")],
        vec![text("id"), text("name")],
        vec![text(""), text("")],
        vec![number("1"), text("")],
        vec![Cell::Empty, text("")],
        vec![text(""), text("b")],
        vec![text("")],
    ];
    let expected = ["2: id|name", "4: 1|", "6: |b"].map(str::to_owned).to_vec();
    let books = [workbook(&[("Sheet", &lines)], false), xlsb(&lines)];
    for book in books {
        assert_eq!(rows(book, &options(2, true, None)), Ok(expected.clone()));
    }
    // OpenDocument has no difference between an empty cell and an empty text.
    let shown = rows(ods(&lines), &options(2, true, None)).unwrap();
    assert_eq!(shown.iter().map(|row| &row[..2]).collect::<Vec<_>>(), ["2:", "4:", "6:"]);
    // Blanks are a text, unless the contract trims all values.
    let blanks = vec![vec![text("id")], vec![text(" ")], vec![number("1")]];
    let mut trimmed = options(1, true, None);
    let book = || workbook(&[("Sheet", &blanks)], false);
    assert_eq!(rows(book(), &trimmed).unwrap().len(), 3);
    trimmed.csv.trim = true;
    assert_eq!(rows(book(), &trimmed).unwrap(), ["1: id", "3: 1"]);
}

#[test]
fn columns_without_a_header_are_counted_from_a() {
    let lines = vec![
        vec![Cell::Empty, number("1"), text("x")],
        vec![Cell::Empty, number("2")],
        vec![Cell::Empty, number("3"), Cell::Empty, text("note")],
        vec![Cell::Empty, number("4"), Cell::Empty, text("")],
    ];
    let shown = |columns, header| {
        [workbook(&[("Sheet", &lines)], false), xlsb(&lines), ods(&lines)].map(|book| {
            let rows = rows(book, &options(columns, header, None)).unwrap();
            rows.iter().take(3).cloned().collect::<Vec<_>>()
        })
    };
    // A note beside the table is one field too many in its own row only.
    let expected = ["1: -|1|x", "2: -|2|-", "3: -|3|-|note"].map(str::to_owned).to_vec();
    assert_eq!(shown(3, false), [expected.clone(), expected.clone(), expected]);
    // With a header, the names say which column is which.
    let expected = ["1: 1|x|-", "2: 2|-|-", "3: 3|-|note"].map(str::to_owned).to_vec();
    assert_eq!(shown(3, true), [expected.clone(), expected.clone(), expected]);
}

#[test]
fn a_number_means_its_fifteen_digits_and_a_time_of_open_document_is_a_time() {
    let lines = vec![
        vec![text("n"), text("t")],
        vec![number("57.699999999999996"), Cell::Time("PT11H12M12S")],
        vec![number("37.019999999999996"), Cell::Time("PT27H00M00.500000000S")],
        vec![number("1234567890123457"), Cell::Empty],
    ];
    let numbers = ["57.7", "37.02", "1234567890123457"];
    let times = ["11:12:12", "27:00:00.5", "-"];
    let shown = |times: [&str; 3]| {
        let rows = numbers.iter().zip(times).enumerate();
        let rows = rows.map(|(index, (n, t))| format!("{}: {n}|{t}", index + 2));
        std::iter::once("1: n|t".to_owned()).chain(rows).collect::<Vec<_>>()
    };
    assert_eq!(rows(ods(&lines), &options(2, true, None)).unwrap(), shown(times));
    for book in [workbook(&[("Sheet", &lines)], false), xlsb(&lines)] {
        assert_eq!(rows(book, &options(2, true, None)).unwrap(), shown(["-"; 3]));
    }
}

/// The kinds of the fields of the only row.
fn kinds(cells: Vec<Cell>) -> Vec<Kind> {
    let options = options(cells.len(), false, None);
    let book = Box::new(Cursor::new(workbook(&[("Sheet", &[cells])], false)));
    let mut reader =
        Format::from_name("xlsx").unwrap().open_spooled(book, &options).unwrap().unwrap();
    let mut record = Record::new();
    assert_eq!(reader.next(&mut record), Ok(Step::Record));
    (0..record.len()).map(|index| record.kind(index)).collect()
}

#[test]
fn a_formula_without_a_stored_value_is_not_null() {
    let absent = Kind::Unusable(Unusable::NotCalculated);
    for (markup, kind) in [
        ("><f>A1*2</f>", absent),
        ("><f>A1*2</f><v></v>", absent),
        ("><f>A1*2</f><v/>", absent),
        ("><f t=\"shared\" si=\"0\"/>", absent),
        ("><f>A1*2</f><v>2</v>", Kind::Native),
        ("><f t=\"shared\" si=\"0\"/><v>2</v>", Kind::Native),
        (" t=\"str\"><f>\"\"</f><v></v>", Kind::Text),
        (" t=\"str\"><f>B1</f><v>x</v>", Kind::Text),
        (" s=\"1\">", Kind::Null),
        ("><f>1e300*1e300</f><v>1e999</v>", Kind::Unusable(Unusable::TooLarge)),
    ] {
        assert_eq!(kinds(vec![number("1"), Cell::Formula(markup), text("")])[1], kind, "{markup}");
    }
}

#[test]
fn a_formula_of_open_document_without_a_value_is_not_null() {
    let cell = |attributes| format!("<table:table-cell {attributes}/>");
    let formula = "table:formula=\"of:=[.A1]*2\"";
    let cells = [
        cell("office:value-type=\"float\" office:value=\"1\""),
        cell(formula),
        cell(&format!("{formula} office:value-type=\"float\" office:value=\"2\"")),
        cell(&format!("{formula} office:value-type=\"string\" office:string-value=\"\"")),
        cell(""),
        cell("office:value-type=\"float\" office:value=\"3\""),
    ];
    let book = Box::new(Cursor::new(ods_of(&format!(
        "<table:table-row>{}</table:table-row>",
        cells.concat()
    ))));
    let options = options(cells.len(), false, None);
    let mut reader =
        Format::from_name("xlsx").unwrap().open_spooled(book, &options).unwrap().unwrap();
    let mut record = Record::new();
    assert_eq!(reader.next(&mut record), Ok(Step::Record));
    let kinds: Vec<Kind> = (0..record.len()).map(|index| record.kind(index)).collect();
    let absent = Kind::Unusable(Unusable::NotCalculated);
    assert_eq!(kinds[..3], [Kind::Native, absent, Kind::Native]);
    assert_ne!(kinds[3], absent);
    assert_eq!(kinds[4..], [Kind::Null, Kind::Native]);
}

#[test]
fn a_number_that_is_no_date_or_has_lost_digits_is_marked() {
    let cells = [-1.0, 2_958_466.0].map(Cell::Date).into_iter();
    let cells = cells.chain(["9007199254740992", "12345678901234567"].map(number));
    let [no_date, rounded] = [Kind::Unusable(Unusable::NoDate), Kind::Rounded];
    assert_eq!(kinds(cells.collect()), [no_date, no_date, rounded, rounded]);
}

#[test]
fn a_truncated_workbook_is_called_truncated() {
    let lines = vec![vec![text("id")], vec![number("1")]];
    let xls = fixture("workbooks/cells-of-all-types.xls");
    let books = [workbook(&[("Sheet", &lines)], false), xlsb(&lines), ods(&lines), xls];
    for book in books {
        assert!(rows(book.clone(), &options(1, true, None)).is_ok());
        for cut in [book.len() - 600, book.len() / 2, 600] {
            let error = rows(book[..cut].to_vec(), &options(1, true, None)).unwrap_err();
            assert_eq!(error, "line 1: the workbook cannot be read: it is truncated", "at {cut}");
        }
    }
}

#[test]
fn a_file_that_is_no_workbook_is_called_what_it_is() {
    for (start, known) in [
        ("<html><table>", "a web page"),
        ("\n<!DOCTYPE html>", "a web page"),
        ("<?xml version=\"1.0\"?><Workbook>", "an XML file"),
        ("id,name\n1,a\n", "a text file"),
        ("\0\u{1}", "not a valid xlsx"),
        ("", "not a valid xlsx"),
    ] {
        let error = rows(start.as_bytes().to_vec(), &options(1, true, None)).unwrap_err();
        assert!(error.contains(known), "{error}");
    }
    let error = rows(b"\x1f\x8b\x08\0".to_vec(), &options(1, true, None)).unwrap_err();
    assert!(error.contains("it is compressed"), "{error}");
}
