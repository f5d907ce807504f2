//! Tests of files with other delimiters, quotes, escapes, comments and skipped lines.

use proptest::prelude::*;

use super::tests::{Answer, read_all, resume};
use super::*;

pub(super) fn read(options: &CsvOptions, text: &str) -> Answer {
    let whole = read_all(CsvReader::new(options.clone()), std::iter::once(text.as_bytes()));
    for size in [1, 2, 5] {
        let parts = read_all(CsvReader::new(options.clone()), text.as_bytes().chunks(size));
        assert_eq!(parts, whole, "{text:?} by {size}");
    }
    // A reader can resume after any record.
    for (done, row) in whole.0.iter().enumerate() {
        let rest = resume(options, text.as_bytes(), row);
        assert_eq!(rest.0, whole.0[done + 1..], "{text:?} after {done}");
    }
    whole
}

/// The fields of all records, `|` between fields and `/` after each record.
pub(super) fn shown(options: &CsvOptions, text: &str) -> String {
    let (rows, error) = read(options, text);
    assert_eq!(error, None, "{text:?}");
    let mut shown = String::new();
    for row in rows {
        let fields: Vec<_> = row.fields.iter().map(|f| String::from_utf8_lossy(f)).collect();
        shown.push_str(&fields.join("|"));
        shown.push('/');
    }
    shown
}

fn options(delimiter: &str) -> CsvOptions {
    let delimiter = Delimiter::Text(delimiter.as_bytes().to_vec());
    CsvOptions { delimiter, ..CsvOptions::default() }
}

#[test]
fn delimiters_may_be_several_bytes_long() {
    for (delimiter, text, expected) in [
        ("||", "a||b\n1||2\n", "a|b/1|2/"),
        ("||", "a|||b\n", "a||b/"),
        ("||", "\"a||b\"||\"c\nd\"\n", "a||b|c\nd/"),
        ("||", "a|||\"b\nc\"\n", "a||\"b/c\"/"),
        ("::", "a:b::c\n", "a:b|c/"),
        ("§", "a§b\n", "a|b/"),
        ("\t|\t", "a\t|\tb\t|\t\n", "a|b|/"),
        ("||", "\"a\"\"||\"\"b\"||c", "a\"||\"b|c/"),
    ] {
        assert_eq!(shown(&options(delimiter), text), expected, "{text:?}");
    }
}

#[test]
fn quotes_may_be_another_character_or_none() {
    let single = CsvOptions { quote: Some(b'\''), ..options(",") };
    assert_eq!(shown(&single, "'a,b','it''s',\"c\"\n"), "a,b|it's|\"c\"/");
    let none = CsvOptions { quote: None, ..options(",") };
    assert_eq!(shown(&none, "\"a,b\"\n'c\n"), "\"a|b\"/'c/");
    let detected = CsvOptions { quote: Some(b'\''), ..CsvOptions::default() };
    assert_eq!(shown(&detected, "'a,b,c';d\n"), "a,b,c|d/");
}

#[test]
fn the_byte_after_an_escape_is_taken_literally() {
    let escaped = CsvOptions { escape: Some(b'\\'), ..options(",") };
    for (text, expected) in [
        ("a\\,b,c\n", "a,b|c/"),
        ("\"a\\\"b\",c\n", "a\"b|c/"),
        ("\"a\"\"b\\\\\",c\n", "a\"b\\|c/"),
        ("a\\\nb,c\nd,e\n", "a\nb|c/d|e/"),
        ("a,\\\"b\n", "a|\"b/"),
        ("a,b\\\r\nc\r\nd,e", "a|b\r\nc/d|e/"),
        ("\"x\\\ny\",2\n3,4\n", "x\ny|2/3|4/"),
    ] {
        assert_eq!(shown(&escaped, text), expected, "{text:?}");
    }
    let (_, error) = read(&escaped, "a\n\"b\\\"");
    assert_eq!(error.map(|error| error.line), Some(2));
}

#[test]
fn a_quote_behind_an_escaped_delimiter_opens_no_field() {
    let escaped = |delimiter, trim| CsvOptions { escape: Some(b'\\'), trim, ..options(delimiter) };
    for (options, text, expected) in [
        (escaped(",", false), "x\\,\"y,2\n3,4\n", "x,\"y|2/3|4/"),
        (escaped(",", false), "x\\\\,\"y,\n2\",3\n", "x\\|y,\n2|3/"),
        (escaped(",", true), "x\\, \"y,2\n3,4\n", "x, \"y|2/3|4/"),
        (escaped(",", true), "1,\\ \"y,2\n3,4\n", "1| \"y|2/3|4/"),
        (escaped(",", true), "x\\,, \"y\n2\",3\n", "x,|y\n2|3/"),
        (escaped("||", false), "x\\||\"y||2\n3||4\n", "x||\"y|2/3|4/"),
        (escaped("||", false), "x\\|||\"y\n2\"||3\n", "x||y\n2|3/"),
    ] {
        assert_eq!(shown(&options, text), expected, "{text:?}");
    }
}

#[test]
fn comments_and_the_lines_before_the_header_are_not_records() {
    let comment = CsvOptions { comment: Some(b'#'), ..options(",") };
    let text = "# made by x, \"y\n#\na,b\n#1,2\n3,#4\n\"#5\",6\n#";
    assert_eq!(shown(&comment, text), "a|b/3|#4/#5|6/");
    let skip = CsvOptions { skip: 3, ..CsvOptions::default() };
    let text = "Report of \"May\n\nby Zoë;;\na,b\n1,2\n";
    assert_eq!(shown(&skip, text), "a|b/1|2/");
    let (rows, _) = read(&skip, text);
    assert_eq!(rows.iter().map(|row| row.lines.0).collect::<Vec<_>>(), [4, 5]);
    for short in ["", "a\nb\n", "a\r\nb\r\nc", "\u{feff}a\rb\rc\r"] {
        assert_eq!(shown(&skip, short), "", "{short:?}");
    }
    assert_eq!(shown(&skip, "\u{feff}x\r\ny\rz\r\na,b\r\n"), "a|b/");
}

#[test]
fn skipped_lines_are_not_kept_in_memory() {
    let comment = CsvOptions { comment: Some(b'#'), max_record_bytes: 10, ..CsvOptions::default() };
    let (mut reader, mut record) = (CsvReader::new(comment), Record::new());
    reader.push(b"#");
    for _ in 0..1_000 {
        assert_eq!(reader.next(&mut record), Ok(Step::NeedMore));
        reader.push(&[b'x'; 1_000]);
    }
    assert_eq!(reader.next(&mut record), Ok(Step::NeedMore));
    assert!(reader.buffer.capacity() < 10_000, "{}", reader.buffer.capacity());
    reader.push(b"\na,b\n");
    assert_eq!((reader.next(&mut record), record.line()), (Ok(Step::Record), 2));
}

#[test]
fn trim_drops_blanks_around_quotes() {
    let trim = CsvOptions { trim: true, ..options(",") };
    assert_eq!(shown(&trim, "a, \"b,\nc\" ,\t\"d\"\n e ,5\"\n"), "a|b,\nc|d/ e |5\"/");
    assert_eq!(shown(&trim, "a, b\"c,d\n"), "a| b\"c|d/");
    let strict = options(",");
    assert_eq!(shown(&strict, "a, \"b,c\"\n"), "a| \"b|c\"/");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_text_is_read_the_same_in_any_pieces(
        text in "(sep=;\n)?[ab|,;'\"\\\\#\n\r \u{feff}\u{1a}\u{a0}]{0,40}", delimiter in prop_oneof![Just("||"), Just(","), Just("a|a")],
        escape in prop_oneof![Just(None), Just(Some(b'\\'))],
        comment in prop_oneof![Just(None), Just(Some(b'#'))], skip in 0..3_u64, trim: bool,
        trailing_comment: bool, record_end in prop_oneof![Just(None), Just(Some(b"a\n".to_vec())), Just(Some(b"##".to_vec()))],
    ) {
        let record_end = record_end.filter(|end| end != b"##" || comment.is_none());
        let options = CsvOptions { escape, comment, skip, trim, trailing_comment, record_end, ..options(delimiter) };
        let (rows, _) = read(&options, &text);
        for row in rows {
            let start = row.offsets.0 as usize;
            prop_assert_eq!(&text.as_bytes()[start..start + row.raw.len()], &row.raw[..]);
        }
    }

    #[test]
    fn fields_that_are_quoted_come_out_as_they_went_in(fields in prop::collection::vec("[a|\"\n\r\\\\ ]{0,8}", 1..5)) {
        let line = fields.iter().map(|f| format!("\"{}\"", f.replace('"', "\"\""))).collect::<Vec<_>>().join("||");
        let (rows, error) = read(&options("||"), &line);
        prop_assert_eq!(error, None);
        let found: Vec<_> = rows[0].fields.iter().map(|f| String::from_utf8_lossy(f).into_owned()).collect();
        prop_assert_eq!(found, fields);
    }
}
