//! Tests of mock files against their descriptions, read back with the CSV reader.

use std::collections::{BTreeMap, BTreeSet};

use super::random::hash;
use super::*;
use crate::records::{CsvOptions, CsvReader, Delimiter, Record, RecordReader, Step};
use crate::types::{TypeOptions, column_type};
use Cardinality::{DependsOn, Free, Line, Near, Pool, Unique};

fn column(header: &str, spec: &str, required: bool, cardinality: Cardinality) -> MockColumn {
    let column_type = column_type(spec, &TypeOptions::default()).expect("a known type");
    let values = MockValues::new(column_type.sql_type(), &TypeOptions::default());
    let header = header.to_owned();
    MockColumn { header, column_type, values, required, known: false, cardinality }
}

fn sales() -> Vec<MockColumn> {
    vec![
        column("order_id", "bigint", true, Unique),
        column("line_no", "integer", true, Line { of: 0 }),
        column("order_ts", "timestamp", true, Near),
        column("customer_name", "text", false, DependsOn { column: 4 }),
        column("customer_id", "text", true, Pool(50)),
        column("country", "text", false, DependsOn { column: 4 }),
        column("product_name", "text", true, Pool(20)),
        column("quantity", "integer", false, Free),
        column("unit_price", "numeric(12,2)", false, Free),
        column("comment", "text", false, Free),
    ]
}

fn write(columns: Vec<MockColumn>, rows: u64, seed: u64, bad: f64) -> (Vec<u8>, u64) {
    let mut file = MockFile::new(columns, rows, seed, bad, b',').expect("a plan");
    let mut out = Vec::new();
    while file.write_chunk(&mut out).expect("a chunk") {}
    (out, file.bad_rows_written())
}

fn read(bytes: &[u8]) -> Vec<Vec<String>> {
    let delimiter = Delimiter::Byte(b',');
    let mut reader = CsvReader::new(CsvOptions { delimiter, ..CsvOptions::default() });
    reader.push(bytes);
    reader.end();
    let (mut rows, mut record) = (Vec::new(), Record::new());
    while reader.next(&mut record).expect("a well-formed file") == Step::Record {
        rows.push(
            record.iter().map(|field| String::from_utf8(field.to_vec()).expect("text")).collect(),
        );
    }
    rows
}

/// Whether the row is what the columns describe.
fn is_good(columns: &[MockColumn], row: &[String]) -> bool {
    row.len() == columns.len()
        && columns.iter().zip(row).all(|(column, value)| match value.as_str() {
            "" => !column.required,
            value => column.column_type.encode(value, &mut Vec::new()).is_ok(),
        })
}

#[test]
fn rows_have_the_number_and_the_values_described() {
    let rows = read(&write(sales(), 5_000, 1, 0.0).0);
    assert_eq!(rows[0], sales().iter().map(|column| column.header.clone()).collect::<Vec<_>>());
    assert_eq!(rows.len(), 5_001);
    assert!(rows[1..].iter().all(|row| is_good(&sales(), row)));
    let missing = rows.iter().filter(|row| row[7].is_empty()).count();
    assert!((50..200).contains(&missing), "{missing}");
    assert!(
        rows.iter().any(|row| row[9].contains('\n')) && rows.iter().any(|row| row[9].contains('"'))
    );
}

#[test]
fn orders_grow_and_have_one_to_five_lines() {
    let rows = read(&write(sales(), 5_000, 1, 0.0).0);
    let number = |text: &String| text.parse::<u64>().expect("a number");
    let grain: Vec<_> = rows[1..].iter().map(|row| (number(&row[0]), number(&row[1]))).collect();
    for pair in grain.windows(2) {
        let ((order, line), (next_order, next_line)) = (pair[0], pair[1]);
        assert!(
            (next_order, next_line) == (order, line + 1)
                || (next_order, next_line) == (order + 1, 1)
        );
    }
    assert_eq!(grain.iter().map(|(_, line)| *line).collect::<BTreeSet<_>>(), (1..=5).collect());
}

#[test]
fn a_key_always_has_the_same_name_and_keys_have_the_number_described() {
    let rows = read(&write(sales(), 5_000, 1, 0.0).0);
    let mut names = BTreeMap::new();
    for row in &rows[1..] {
        let attributes = (&row[3], &row[5]);
        assert_eq!(*names.entry(&row[4]).or_insert(attributes), attributes);
    }
    assert_eq!(names.len(), 50);
    assert!(names.values().collect::<BTreeSet<_>>().len() > 20);
    assert_eq!(rows[1..].iter().map(|row| &row[6]).collect::<BTreeSet<_>>().len(), 20);
}

#[test]
fn near_dates_are_within_thirty_days() {
    let rows = read(&write(vec![column("day", "date", true, Near)], 2_000, 3, 0.0).0);
    let days: BTreeSet<jiff::civil::Date> =
        rows[1..].iter().map(|row| row[0].parse().expect("a date")).collect();
    let (first, last) = (days.first().expect("a day"), days.last().expect("a day"));
    assert_eq!((days.len(), (*last - *first).get_days()), (30, 29));
}

#[test]
fn unique_values_are_distinct_and_growing_in_every_type() {
    for spec in [
        "text",
        "smallint",
        "bigint",
        "numeric(12,2)",
        "date",
        "timestamptz",
        "uuid",
        "inet",
        "json",
    ] {
        let rows = read(&write(vec![column("order_id", spec, true, Unique)], 3_000, 9, 0.0).0);
        let values: BTreeSet<_> = rows[1..].iter().map(|row| &row[0]).collect();
        assert_eq!(values.len(), 3_000, "{spec}");
        if matches!(spec, "text" | "date" | "timestamptz" | "uuid") {
            assert!(rows[1..].is_sorted(), "{spec}");
        }
    }
}

#[test]
fn a_grain_grows_up_to_the_last_value_of_its_type() {
    let columns = vec![column("n", "smallint", true, Unique)];
    let rows = read(&write(columns, 32_767, 9, 0.0).0);
    let values: Vec<u16> = rows[1..].iter().map(|row| row[0].parse().expect("a number")).collect();
    assert!(values.is_sorted_by(|left, right| left < right) && values.len() == 32_767);
    assert!(
        MockFile::new(vec![column("n", "smallint", true, Unique)], 32_768, 9, 0.0, b',').is_err()
    );
}

#[test]
fn bad_rows_are_bad_and_have_the_share_asked_for() {
    let (bytes, bad_rows) = write(sales(), 10_000, 5, 0.1);
    let bad = read(&bytes)[1..].iter().filter(|row| !is_good(&sales(), row)).count() as u64;
    assert_eq!(bad, bad_rows);
    assert!((800..1_200).contains(&bad), "{bad}");
    let (bytes, bad_rows) = write(sales(), 500, 5, 1.0);
    assert_eq!(bad_rows, 500);
    let rows = read(&bytes);
    assert!(rows[1..].iter().all(|row| !is_good(&sales(), row)));
    let sizes: BTreeSet<_> = rows[1..].iter().map(Vec::len).collect();
    assert_eq!(sizes, [9, 10, 11].into());
}

#[test]
fn a_seed_always_gives_the_same_bytes() {
    let (bytes, _) = write(sales(), 300, 42, 0.05);
    assert_eq!(write(sales(), 300, 42, 0.05).0, bytes);
    assert_ne!(write(sales(), 300, 43, 0.05).0, bytes);
    let text = String::from_utf8(bytes).expect("text");
    insta::assert_snapshot!(text.lines().take(12).collect::<Vec<_>>().join("\n"));
    // Of the whole file, so that a change on one platform or in one release shows.
    insta::assert_snapshot!(format!("{:016x}", hash(&text)));
}

#[test]
fn chunks_are_whole_rows_of_about_256_kib() {
    let mut file = MockFile::new(sales(), 20_000, 1, 0.0, b'\t').expect("a plan");
    let (mut sizes, mut out, mut more) = (Vec::new(), Vec::new(), true);
    while more {
        out.clear();
        more = file.write_chunk(&mut out).expect("a chunk");
        assert_eq!(out.last(), Some(&b'\n'));
        sizes.push(out.len());
    }
    assert!(
        sizes.len() > 3
            && sizes[..sizes.len() - 1].iter().all(|size| (262_144..263_000).contains(size)),
        "{sizes:?}"
    );
}

#[test]
fn a_description_that_cannot_be_met_is_an_error() {
    for (columns, wrong) in [
        (vec![], "needs a column"),
        (vec![column("a", "text", true, DependsOn { column: 0 })], "on itself"),
        (vec![column("a", "text", true, DependsOn { column: 1 })], "depends on no column"),
        (
            vec![column("a", "integer", true, Line { of: 1 }), column("b", "text", true, Free)],
            "not unique",
        ),
        (vec![column("a", "boolean", true, Unique)], "boolean has fewer than 100"),
    ] {
        let error = MockFile::new(columns, 100, 1, 0.0, b',').expect_err(wrong);
        assert!(error.contains(wrong), "{error}");
    }
    assert!(MockFile::new(sales(), 1, 1, 1.5, b',').is_err());
    assert!(MockFile::new(sales(), 1, 1, f64::NAN, b',').is_err());
}
