//! Tests of the CSV reader: one line per case, and random texts in random pieces.

use proptest::prelude::*;

use super::split::count_lines;
use super::*;

/// A record with everything that the reader says about it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub fields: Vec<Vec<u8>>,
    pub quoted: Vec<bool>,
    pub raw: Vec<u8>,
    pub lines: (u64, u64),
    pub offsets: (u64, u64),
    pub fault: Option<&'static str>,
}

pub(super) type Answer = (Vec<Row>, Option<RecordError>);

/// What a reader gives that continues after `row` of this text, as a load does after a checkpoint.
pub(super) fn resume(options: &CsvOptions, text: &[u8], row: &Row) -> Answer {
    let (mut first, mut record) = (CsvReader::new(options.clone()), Record::new());
    first.push(text);
    first.end();
    for _ in 0..options.header_rows.max(1) {
        let _ = first.next(&mut record);
    }
    let reader = Box::new(first).resume(row.lines.1, row.offsets.1);
    read_all(reader, std::iter::once(&text[row.offsets.1 as usize..]))
}

pub(super) fn read_all<'a>(
    reader: impl Into<Box<dyn RecordReader>>,
    chunks: impl Iterator<Item = &'a [u8]>,
) -> Answer {
    let (mut rows, mut record, mut chunks) = (Vec::new(), Record::new(), chunks);
    let mut reader = reader.into();
    loop {
        match reader.next(&mut record) {
            Ok(Step::NeedMore) => match chunks.next() {
                Some(chunk) => reader.push(chunk),
                None => reader.end(),
            },
            Ok(Step::End) => return (rows, None),
            Ok(Step::Record) => rows.push(Row {
                fields: record.iter().map(<[u8]>::to_vec).collect(),
                quoted: (0..record.len()).map(|index| record.is_quoted(index)).collect(),
                raw: record.raw().to_vec(),
                lines: (record.line(), record.next_line()),
                offsets: (record.start_offset(), record.end_offset()),
                fault: record.fault().map(|(code, _)| code),
            }),
            Err(error) => {
                assert_eq!(reader.next(&mut record), Err(error.clone()), "the error stays");
                return (rows, Some(error));
            }
        }
    }
}

impl From<CsvReader> for Box<dyn RecordReader> {
    fn from(reader: CsvReader) -> Self {
        Box::new(reader)
    }
}

fn options(delimiter: u8) -> CsvOptions {
    CsvOptions { delimiter: Delimiter::Byte(delimiter), ..CsvOptions::default() }
}

pub(super) fn read(text: &str) -> Answer {
    read_all(CsvReader::new(options(b',')), std::iter::once(text.as_bytes()))
}

/// The fields of all records, `|` between fields and `/` after each record.
fn shown(text: &str) -> String {
    let (rows, error) = read(text);
    assert_eq!(error, None, "{text:?}");
    let show = |row: &Row| {
        row.fields
            .iter()
            .map(|field| String::from_utf8_lossy(field).into_owned())
            .collect::<Vec<_>>()
            .join("|")
            + "/"
    };
    rows.iter().map(show).collect()
}

#[test]
fn records_are_those_of_the_rfc_and_of_real_files() {
    for (text, expected) in [
        ("", ""),
        ("\n\r\n\r", ""),
        ("\u{feff}", ""),
        ("a,b\n1,2\n", "a|b/1|2/"),
        ("a,b\r\n1,2", "a|b/1|2/"),
        ("a\rb\nc\r\nd\r", "a/b/c/d/"),
        ("\u{feff}a,b\n", "a|b/"),
        ("a\u{feff}\n", "a\u{feff}/"),
        ("\u{feff}\u{feff}a,b\n", "a|b/"),
        ("a,b\n\n\r\n\rc", "a|b/c/"),
        ("a,", "a|/"),
        ("\"\"", "/"),
        ("\"a,b\",\"c\nd\",\"e\r\nf\"\n", "a,b|c\nd|e\r\nf/"),
        ("\"a\"\"b\"\n\"\"\"\"\n", "a\"b/\"/"),
        ("a\"b\",c\n", "a\"b\"|c/"),
        (" \"a\",b\n", " \"a\"|b/"),
        ("5\" pipe,6\"\n7\n", "5\" pipe|6\"/7/"),
        ("a,b\n,\n,,,\nc,d", "a|b/c|d/"),
        ("\u{feff}\"a,b\"\n", "a,b/"),
        ("é,ü\n", "é|ü/"),
    ] {
        assert_eq!(shown(text), expected, "{text:?}");
    }
}

#[test]
fn a_quoted_empty_field_is_marked_as_quoted() {
    let (rows, _) = read("\"\",,\"a\"\"b\",c\n");
    assert_eq!(rows[0].quoted, [true, false, true, false]);
}

#[test]
fn lines_are_counted_as_in_an_editor_and_offsets_are_those_of_the_stream() {
    let (rows, _) = read("\u{feff}h,i\r\n\n\"a\nb\rc\r\nd\",2\n3,4\n");
    let lines: Vec<_> = rows.iter().map(|row| row.lines).collect();
    let offsets: Vec<_> = rows.iter().map(|row| row.offsets).collect();
    assert_eq!(lines, [(1, 2), (3, 7), (7, 8)]);
    assert_eq!(offsets, [(3, 8), (9, 22), (22, 26)]);
    assert_eq!(rows[1].raw, b"\"a\nb\rc\r\nd\",2");
}

#[test]
fn an_unclosed_quote_names_the_line_where_it_opened() {
    for (text, line) in [("a\n1,\"b\nc\nd", 2), ("\"", 1), ("a\n\n\"x\ny\",\"z\"\"", 4)] {
        let error = read(text).1.expect("an error");
        assert_eq!((error.kind, error.line), (ErrorKind::BadFile, line), "{text:?}");
        assert!(error.to_string().ends_with("never closed"), "{error}");
    }
}

#[test]
fn a_record_longer_than_the_limit_names_its_line() {
    let limited = CsvOptions { max_record_bytes: 5, ..CsvOptions::default() };
    for (text, line) in [
        ("a,b,c\r\n123456\r\n", Some(2)),
        ("a,b,c\n\"1\n3\"6", Some(2)),
        ("abcdef", Some(1)),
        ("a\n\"2345678", Some(2)),
        ("\u{feff}a,b,c\r\n12345\n\n\"234\"", None),
    ] {
        for size in [1, 2, 100] {
            let (_, error) =
                read_all(CsvReader::new(limited.clone()), text.as_bytes().chunks(size));
            let found = error.as_ref().map(|error| (error.kind, error.line));
            assert_eq!(found, line.map(|line| (ErrorKind::OverLimit, line)), "{text:?} by {size}");
        }
    }
}

#[test]
fn a_record_that_never_ends_is_an_error_before_it_fills_the_memory() {
    for start in [&b"a"[..], b"\"", b"a,\"b\n"] {
        let limited = CsvOptions { max_record_bytes: 1_000, ..CsvOptions::default() };
        let (mut reader, mut record) = (CsvReader::new(limited), Record::new());
        reader.push(start);
        for _ in start.len()..1_000 {
            assert_eq!(reader.next(&mut record), Ok(Step::NeedMore));
            reader.push(b"x");
        }
        assert_eq!(reader.next(&mut record), Ok(Step::NeedMore));
        reader.push(b"x");
        let error = reader.next(&mut record).expect_err("too long");
        assert_eq!((error.kind, error.line), (ErrorKind::OverLimit, 1));
    }
}

#[test]
fn the_delimiter_is_detected_and_returned() {
    let mut reader = CsvReader::new(CsvOptions::default());
    let mut record = Record::new();
    reader.push(b"\n\na;b,");
    assert_eq!((reader.next(&mut record), reader.delimiter()), (Ok(Step::NeedMore), None));
    reader.push(b"c;d\n");
    assert_eq!((reader.next(&mut record), reader.delimiter()), (Ok(Step::Record), Some(&b";"[..])));
    assert_eq!(record.iter().collect::<Vec<_>>(), [&b"a"[..], b"b,c", b"d"]);
    assert_eq!((record.line(), record.len()), (3, 3));
}

#[test]
fn memory_stays_within_a_record_and_what_is_pushed_at_once() {
    let mut reader = CsvReader::new(options(b','));
    let mut record = Record::new();
    for _ in 0..10_000 {
        reader.push(&b"some,fields,in,a,line\n".repeat(100)[..2_190]);
        while reader.next(&mut record) == Ok(Step::Record) {}
    }
    assert!(reader.buffer.capacity() < 20_000, "{}", reader.buffer.capacity());
}

pub(super) fn text() -> impl Strategy<Value = String> {
    ("(\u{feff})?", "[a,;\"\"\n\ré]{0,40}", "(\"[a,\n\"]{0,9}\",){0,3}[a,\n]{0,9}").prop_flat_map(
        |(bom, wild, tame)| {
            prop_oneof![
                Just(format!("{bom}{wild}")),
                Just(format!("{bom}{tame}")),
                Just(format!("{bom}{tame}{wild}"))
            ]
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn chunks_make_no_difference(text in text(), size in 1_usize..7, limit in 3_usize..60, delimiter in prop_oneof![Just(Delimiter::Detect), Just(Delimiter::Byte(b';'))]) {
        let options = CsvOptions { delimiter, max_record_bytes: limit, ..CsvOptions::default() };
        let at_once = read_all(CsvReader::new(options.clone()), std::iter::once(text.as_bytes()));
        let bytewise = read_all(CsvReader::new(options.clone()), text.as_bytes().chunks(1));
        prop_assert_eq!(&bytewise, &at_once);
        prop_assert_eq!(&read_all(CsvReader::new(options), text.as_bytes().chunks(size)), &at_once);
    }

    #[test]
    fn a_reader_resumes_where_another_stopped(text in text()) {
        let (rows, error) = read(&text);
        for (done, row) in rows.iter().enumerate() {
            let start = row.offsets.0 as usize;
            prop_assert_eq!(&text.as_bytes()[start..start + row.raw.len()], &row.raw[..]);
            prop_assert_eq!(count_lines(&text.as_bytes()[..start]) + 1, row.lines.0);
            let rest = resume(&options(b','), text.as_bytes(), row);
            prop_assert_eq!(rest, (rows[done + 1..].to_vec(), error.clone()));
        }
    }
}
