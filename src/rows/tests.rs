//! Tests of whole rows: what COPY reads for every column type, and what is kept of rejected rows.

use super::*;
use crate::dataset::{Catalog, Dataset};
use crate::records::{
    CsvOptions, CsvReader, Delimiter, Format, ReaderOptions, Record, RecordReader, Step,
};
use crate::types::type_names;

fn dataset(file: &str, columns: &str) -> Dataset {
    let contract = format!(
        "name = \"one\"\nmatch = [\"one/**\"]\n[file]\n{file}\n[columns]\n{columns}\n\
         [fact.one]\ndegenerate = [\"given\"]\n"
    );
    let file = ("one/dataset.toml".into(), "one".to_owned(), contract);
    let catalog = Catalog::read([file]).expect("a valid contract");
    catalog.dataset("one").expect("the dataset").clone()
}

/// The first record of `text`, in the dialect of the dataset.
fn record(dataset: &Dataset, text: &[u8]) -> Record {
    let mut reader = CsvReader::new(CsvOptions {
        delimiter: Delimiter::Byte(b','),
        quote: dataset.file.quote,
        escape: dataset.file.escape,
        header_rows: 0,
        ..CsvOptions::default()
    });
    reader.push(text);
    reader.end();
    let mut record = Record::new();
    assert_eq!(reader.next(&mut record), Ok(Step::Record));
    record
}

fn writer(dataset: &Dataset) -> RowWriter {
    RowWriter::new(dataset, &Header::by_position(dataset), "salt")
}

#[test]
fn no_text_in_a_column_of_any_type_breaks_the_copy_line() {
    let specials = ["\t", "\n", "\r\n", "\\", "\\N", "\\.", "\t\\\n"];
    let plain =
        ["", "a", "1", "1.5", "true", "2024-02-29", "12:30", "2024-02-29 12:30", "\"\"", "[1]"];
    let mut accepted = 0;
    for name in type_names() {
        let dataset = dataset("null = []", &format!("given = {{ type = \"{name}\" }}"));
        let writer = writer(&dataset);
        for special in specials {
            for text in plain.iter().flat_map(|plain| {
                [
                    format!("{plain}{special}"),
                    format!("{special}{plain}"),
                    format!("{plain}{special}{plain}"),
                ]
            }) {
                let field = format!("\"{}\"\n", text.replace('"', "\"\""));
                let mut line = Vec::new();
                if writer.write(&record(&dataset, field.as_bytes()), &mut line).is_err() {
                    continue;
                }
                accepted += 1;
                let line = String::from_utf8(line).expect("text");
                let row = line.strip_suffix('\n').expect("a line ends");
                assert!(!row.contains(['\n', '\r']), "{name} {text:?}: {row:?}");
                // The column, the line's number and the unknown columns.
                let columns: Vec<&str> = row.split('\t').collect();
                assert_eq!(columns.len(), 3, "{name} {text:?}: {row:?}");
                let escapes = columns[0].replace("\\\\", "").replace("\\t", "").replace("\\n", "");
                assert!(!escapes.replace("\\r", "").contains('\\'), "{name} {text:?}: {row:?}");
            }
        }
    }
    assert!(accepted > 300, "{accepted} texts were accepted");
}

#[test]
fn a_redacted_row_holds_the_other_fields_in_the_dialect_of_the_file() {
    let columns = "given = { type = \"text\" }\nmail = { type = \"text\", protect = \"sha256\" }\n\
                   more = { type = \"text\" }";
    for (file, text, kept) in [
        ("", "a,x@y,\"say \"\"b\"\"\"", "say \"b\""),
        ("", "a,x@y,\"\"", ""),
        ("quote = \"'\"", "a,x@y,'it''s, \"b\"'", "it's, \"b\""),
        ("escape = \"\\\\\"", "a,x@y,b\\,c\\\\d", "b,c\\d"),
        ("quote = \"\"", "a,x@y,b\"c", "b\"c"),
    ] {
        let dataset = dataset(file, columns);
        let writer = writer(&dataset);
        let first = record(&dataset, text.as_bytes());
        assert_eq!(first.field(2), Some(kept.as_bytes()), "{text}");
        let redacted = writer.redact(&first).into_owned();
        let again = record(&dataset, &redacted);
        assert_eq!(again.field(0), Some(&b"a"[..]), "{text}");
        assert!(again.field(1).is_some_and(|mail| mail.starts_with(b"sha256:")), "{text}");
        assert_eq!(again.field(2), Some(kept.as_bytes()), "{text}");
        assert_eq!(again.is_quoted(2), first.is_quoted(2) || kept.contains(','), "{text}");
    }
}

/// What becomes of each row under this header: the COPY line's first three values, or the reason.
fn rows(file: &str, header: &[&str], rows: &[&str]) -> Vec<String> {
    let columns = "given = { type = \"text\" }\nb = { type = \"text\" }\nc = { type = \"text\" }";
    let dataset = dataset(file, columns);
    let header = match header {
        [] => Header::by_position(&dataset),
        names => Header::by_name(&dataset, names).expect("it fits"),
    };
    let writer = RowWriter::new(&dataset, &header, "");
    let write = |row: &&str| {
        let mut line = Vec::new();
        match writer.write(&record(&dataset, row.as_bytes()), &mut line) {
            Ok(()) => String::from_utf8(line).expect("text").split('\t').take(3).collect(),
            Err(rejection) => rejection.code.to_owned(),
        }
    };
    rows.iter().map(write).collect()
}

#[test]
fn a_row_that_may_lack_a_field_before_its_delimiter_is_rejected() {
    let (trailing, count) = ("trailing_delimiter = true", "field_count");
    for header in [&[][..], &["given", "b", "c"], &["given", "b", "c", ""]] {
        assert_eq!(
            rows(
                trailing,
                header,
                &["1,x,2,", "1,x,,", "1,x,2", "2,3,", "2,3", "2,,,", "1,x,\"\""]
            ),
            ["1x2", "1x\\N", "1x2", count, count, "2\\N\\N", "1x"],
            "{header:?}"
        );
    }
    let pad = "trailing_delimiter = true\nragged = \"pad\"";
    assert_eq!(rows(pad, &["given", "b", "c", ""], &["2,3,"]), ["23\\N"]);
    let nameless = ["given", "b", "c", "", ""];
    assert_eq!(
        rows("", &nameless, &["1,x,2,,", "1,x,2,", "1,x,2", "1,x,,,", "2,3,", "2,3,,"]),
        ["1x2", "1x2", "1x2", "1x\\N", "23\\N", count]
    );
    assert_eq!(rows("", &nameless[..4], &["1,x,2,", "1,x,2", "2,3,"]), ["1x2", "1x2", count]);
    assert_eq!(rows("", &["given", "b", "c"], &["1,x,", "1,x"]), ["1x\\N", count]);
}

#[test]
fn a_null_of_the_format_is_null_whatever_texts_the_contract_calls_null() {
    let dataset = dataset("null = [\"-\"]", "given = { type = \"text\" }");
    let json = Format::from_name("jsonl").expect("a known format");
    let names = dataset.columns.iter().map(|column| column.source.names().to_vec()).collect();
    let options = ReaderOptions { names, ..ReaderOptions::default() };
    for (text, line) in [
        ("{\"given\":null}", "\\N\t1\t\\N\n"),
        ("{\"given\":\"\"}", "\t1\t\\N\n"),
        ("{\"given\":\"null\"}", "null\t1\t\\N\n"),
    ] {
        let mut reader = json.open_stream(&options).expect("a stream");
        reader.push(text.as_bytes());
        reader.end();
        let (mut record, mut written) = (Record::new(), Vec::new());
        assert_eq!(reader.next(&mut record), Ok(Step::Record), "{text}");
        writer(&dataset).write(&record, &mut written).expect("a row");
        assert_eq!(String::from_utf8_lossy(&written), line, "{text}");
    }
}

#[test]
fn trim_also_removes_blanks_around_values_of_unknown_columns() {
    let columns = "given = { type = \"text\" }";
    for (file, kept) in
        [("trim = true", "{\"other\":\"x y\"}"), ("", "{\"other\":\" x y \u{a0}\"}")]
    {
        let dataset = dataset(file, columns);
        let header = Header::by_name(&dataset, &["given", "other"]).expect("it fits");
        let mut line = Vec::new();
        let row = record(&dataset, "a, x y \u{a0}\n".as_bytes());
        RowWriter::new(&dataset, &header, "").write(&row, &mut line).expect("a row");
        assert_eq!(String::from_utf8(line).expect("text"), format!("a\t1\t{kept}\n"));
    }
}
