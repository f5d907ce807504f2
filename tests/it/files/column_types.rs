//! Column types: each text that a type accepts is in Postgres the value that the text means.

use futures_util::SinkExt as _;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use rand::SeedableRng as _;
use stardrop::dataset::Catalog;
use stardrop::mock::{MockRng, MockValues};
use stardrop::records::{CsvOptions, CsvReader, Record, RecordReader, Step};
use stardrop::rows::{Header, RowWriter};
use stardrop::types::{self, TypeOptions};

use super::dialects::load;
use crate::support::workbook::{Cell, text, workbook};
use crate::support::{TestDatabase, catalog_of};

/// Texts that a type has to handle, added to the random ones.
fn bounds(type_name: &str) -> &'static [&'static str] {
    match type_name {
        "text" => &[
            "",
            " a ",
            "\\N",
            "\\",
            "\\.",
            "a\tb",
            "a\nb\r\nc",
            "\u{1}\u{7f}",
            "é🛒\u{202e}",
            "NULL ",
        ],
        "boolean" => &["t", "FALSE", "yes", "off", "1"],
        "smallint" => &["-32768", "32767", "+7", "007", "5.0"],
        "integer" => &["-2147483648", "2147483647", "-0"],
        "bigint" => &["-9223372036854775808", "9223372036854775807"],
        "real" => &["1.17549435e-38", "3.4028235e38", "0.1", "-0", "NaN", "-Infinity", "16777217"],
        "double" => &["2.2250738585072014e-308", "1.7976931348623157e308", "0.1", "nan", "inf"],
        "numeric" => &["1e131071", "1e-16383", "-0.0", "00012.340", ".5", "5.", "12e-3"],
        "numeric(12,2)" => &["9999999999.99", "-9999999999.99", "1.5", "1.500", "1e3"],
        "date" => &["0001-01-01", "9999-12-31", "2024-02-29"],
        "time" => &["00:00", "23:59:59.999999", "12:30:05.5"],
        "timestamp" => &["0001-01-01 00:00", "9999-12-31T23:59:59.999999"],
        "timestamptz" => &[
            "2024-02-29 12:30:05.5+02",
            "2024-02-29T12:30Z",
            "2024-02-29 12:30",
            "0001-01-02 00:00:00-15:59",
        ],
        "uuid" => &["A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc999c0b4ef8bb6d6bb9bd380a11"],
        "json" => {
            &["{\"a\": [1, 2.50, \"\\\\ \\n \\u00e9 \\t\"]}", "null", "\"\\\\N\"", "1e2", "[]"]
        }
        "inet" => &["10.0.0.1", "10.0.0.0/8", "::1", "2001:db8::/32", "::ffff:10.0.0.1"],
        _ => &[],
    }
}

/// A text from which the writer has to make the type's own.
fn wild(type_name: &str, runner: &mut TestRunner) -> String {
    let pattern = match type_name {
        "text" => "[\\PC\\\\\t\n\r\"',;|]{0,20}",
        "json" => "\"[a-z\\\\\\\\n ]{0,9}\"",
        "numeric" | "real" | "double" => "[-+]?[0-9]{1,12}(\\.[0-9]{0,9})?(e[-+]?[0-9])?",
        "smallint" | "integer" | "bigint" => "[-+]?[0-9]{1,20}",
        "numeric(12,2)" => "-?[0-9]{1,11}(\\.[0-9]{1,3})?",
        "date" => "[0-9]{4}-[01][0-9]-[0-3][0-9]",
        "time" => "[0-2][0-9]:[0-6][0-9](:[0-6][0-9](\\.[0-9]{1,7})?)?",
        "timestamp" => "[0-9]{4}-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-6][0-9]",
        "timestamptz" => {
            "[0-9]{4}-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-6][0-9](Z|[-+][01][0-9](:?[0-5][0-9])?)"
        }
        "inet" => "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}(/[0-9]{1,2})?",
        _ => "[a-fA-F0-9-]{30,40}",
    };
    let strategy = proptest::string::string_regex(pattern).unwrap();
    strategy.new_tree(runner).unwrap().current()
}

fn catalog(type_name: &str) -> Catalog {
    let contract = format!(
        "name = \"one\"\nmatch = [\"one/**\"]\n[file]\nnull = []\n[columns]\n\
         given = {{ type = \"text\" }}\nread = {{ type = \"{type_name}\" }}\n\
         [fact.one]\ndegenerate = [\"given\", \"read\"]\n"
    );
    catalog_of(&[("one", &contract)])
}

/// The text as a CSV line of two equal fields, through reader and writer, as a COPY line.
fn copy_line(catalog: &Catalog, text: &str, out: &mut Vec<u8>) -> bool {
    let dataset = catalog.dataset("one").unwrap();
    let writer = RowWriter::new(dataset, &Header::by_position(dataset), "");
    let quoted = format!("\"{}\"", text.replace('"', "\"\""));
    let options = CsvOptions { header_rows: 0, ..CsvOptions::default() };
    let mut reader = CsvReader::new(CsvOptions {
        delimiter: stardrop::records::Delimiter::Byte(b','),
        ..options
    });
    reader.push(format!("{quoted},{quoted}\n").as_bytes());
    reader.end();
    let mut record = Record::new();
    assert_eq!(reader.next(&mut record), Ok(Step::Record));
    assert_eq!(record.field(0), Some(text.as_bytes()));
    writer.write(&record, out).is_ok()
}

#[tokio::test]
async fn every_accepted_text_is_its_value_in_postgres() {
    let db = TestDatabase::empty().await;
    // What a type accepts is the same value whatever the session prefers.
    db.run("set datestyle = 'German, DMY'; set timezone = 'Asia/Kathmandu'; set intervalstyle = 'iso_8601'").await;
    let mut runner = TestRunner::deterministic();
    let mut random = MockRng::seed_from_u64(11);
    let names: Vec<&str> = types::type_names().chain(["numeric(12,2)"]).collect();
    for name in names {
        let column_type = types::column_type(name, &TypeOptions::default()).unwrap();
        let values = MockValues::new(column_type.sql_type(), &TypeOptions::default());
        let mut texts: Vec<String> = bounds(name).iter().map(|text| (*text).to_owned()).collect();
        for _ in 0..300 {
            texts.push(wild(name, &mut runner));
            let mut text = String::new();
            values.random(&mut random, &mut text);
            texts.push(text);
        }
        let catalog = catalog(name);
        let (mut lines, mut sent) = (Vec::new(), Vec::new());
        for (place, text) in texts.iter().enumerate() {
            let fits = copy_line(&catalog, text, &mut lines);
            assert!(fits || place >= bounds(name).len(), "{name} refuses {text:?}");
            sent.extend(fits.then(|| text.clone()));
        }
        let sql = column_type.sql_type();
        db.run(&format!(
            "create temporary table one (id serial, given text, read {sql}, line bigint, extra jsonb)"
        ))
        .await;
        let copy =
            db.client.copy_in("copy one (given, read, line, extra) from stdin").await.unwrap();
        let mut copy = Box::pin(copy);
        copy.send(bytes::Bytes::from(lines)).await.unwrap();
        assert_eq!(copy.as_mut().finish().await.unwrap(), sent.len() as u64, "{name}");
        // As a text it is what it was, character for character.
        let rows = db.client.query("select given from one order by id", &[]).await.unwrap();
        let given: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(given, sent, "{name}");
        // Postgres' own reading of the text; dates by ISO, a point in time without a zone in UTC.
        db.run("set datestyle = 'ISO, YMD'; set timezone = 'UTC'").await;
        let given = match name {
            "integer" | "smallint" | "bigint" => format!("given::numeric::{sql}"),
            _ => format!("given::{sql}"),
        };
        let wrong = db
            .rows(&format!("select given, read::text from one where read is distinct from {given}"))
            .await;
        assert_eq!(wrong, "", "{name}");
        let least = if ["uuid", "boolean"].contains(&name) { 300 } else { 310 };
        let accepted = sent.len();
        assert!(accepted >= least, "{name}: only {accepted} of {} are accepted", texts.len());
        db.run("drop table one; set datestyle = 'German, DMY'; set timezone = 'Asia/Kathmandu'")
            .await;
    }
}

#[tokio::test]
async fn codes_get_their_leading_zeros_back_in_every_format() {
    let columns =
        "id = { type = \"integer\", required = true }\nzip = { type = \"text\", pad_left = 5 }";
    let number = |text: &str| Cell::Number(text.to_owned());
    let rows = vec![
        vec![text("id"), text("zip")],
        vec![number("1"), number("501")],
        vec![number("2"), text("0501")],
        vec![number("3"), text("SW1A 1AA")],
        vec![number("4"), number("98109")],
    ];
    let json =
        br#"{"id":1,"zip":501}{"id":2,"zip":"0501"}{"id":3,"zip":"SW1A 1AA"}{"id":4,"zip":98109}"#;
    for (format, bytes) in [
        ("csv", b"id,zip\n1,501\n2,\"0501\"\n3,SW1A 1AA\n4,98109\n".to_vec()),
        ("jsonl", json.to_vec()),
        ("xlsx", workbook(&[("Sheet", &rows)], false)),
    ] {
        let file = format!("format = \"{format}\"");
        let loaded = load(&file, columns, "", &bytes).await.unwrap();
        let expected = "1|00501\n2|00501\n3|SW1A 1AA\n4|98109\n--\n\n--\nnull";
        assert_eq!(loaded, expected, "{format}");
    }
}
