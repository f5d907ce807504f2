//! Tests of files that are several in one, end their rows otherwise than the contract says, or have bytes
//! that only a setting would explain.

use super::dialect_tests::{read, shown};
use super::*;

fn options() -> CsvOptions {
    CsvOptions { delimiter: Delimiter::Byte(b','), ..CsvOptions::default() }
}

/// The fault of each record, `-` for none.
fn faults(options: &CsvOptions, text: &str) -> String {
    let (rows, error) = read(options, text);
    assert_eq!(error, None, "{text:?}");
    rows.iter().map(|row| row.fault.unwrap_or("-")).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn assert_refused(options: &CsvOptions, text: &str, line: u64, word: &str) {
    let error = read(options, text).1;
    let error = error.unwrap_or_else(|| panic!("{text:?} is not refused"));
    assert_eq!((error.kind, error.line), (ErrorKind::BadFile, line), "{text:?}");
    assert!(error.message.contains(word), "{text:?}: {error}");
}

#[test]
fn a_record_end_that_ends_no_row_refuses_the_file() {
    let end = |end: &str| CsvOptions { record_end: Some(end.into()), ..options() };
    for (record_end, text) in [
        ("@@", "a,b\n1,x\n"),
        ("@@", "\"a\",\"b\"\r\n\"1\",\"x\"\r\n"),
        ("@@", "a,b\r1,x@@2,y\r"),
        ("&|\n", "a,b&|\r\n1,x&|\r\n"),
        ("\n", "a,b\r\n1,x\r\n"),
        ("\r\n", "a,b\n1,x\n"),
    ] {
        assert_refused(&end(record_end), text, 1, "record_end");
    }
    let headerless = CsvOptions { header_rows: 0, ..end("@@") };
    assert_refused(&headerless, "1,x\n2,y\n", 1, "record_end");
    assert_refused(&CsvOptions { skip: 1, ..headerless.clone() }, "T\n1,x\n", 1, "record_end");
    let comment = CsvOptions { comment: Some(b'#'), ..headerless.clone() };
    assert_refused(&comment, "#T\n1,x\n", 1, "record_end");
    assert_eq!(shown(&headerless, "1,x\ny@@2,z"), "1|x\ny/2|z/");
    assert_eq!(shown(&end("@@"), "a,b"), "a|b/");
    assert_eq!(shown(&end("@@"), "a,\"b\nc\"@@1,x\ny@@"), "a|b\nc/1|x\ny/");
    assert_eq!(shown(&comment, "1,x@@#T\n"), "1|x/");
}

#[test]
fn another_header_behind_a_byte_order_mark_refuses_the_file() {
    for (text, line) in [
        ("a,b,c\n1,x,3\n\u{feff}a,b,d\n2,y,4\n", 3),
        ("a,b\n1,3\n\u{feff}a,cost\n2,4\n", 3),
        ("a,b\n1,3\n\u{feff}b,a\n2,4\n", 3),
        ("a,b\n1,3\n\u{feff}a\n2\n", 3),
        ("a,b\n1,3\n\u{feff}x,y\n2,4\n", 3),
        ("a,2019\n1,3\n\u{feff}a,2020\n2,4\n", 3),
        ("a\n1\n\u{feff}b\n2\n", 3),
        ("a,b\n1,3\n,,\n\u{feff},\n\nx,y\n2,4\n", 6),
        ("a,b\n1,3\u{feff}a,c\n2,4\n", 2),
        ("a\n1\u{feff}b\n2\n", 2),
        ("a,b\n1,2\n\u{ef}\u{bb}\u{bf}a,b\n3,4\n", 3),
        ("a,b\n1,2\n\u{43f}\u{bb}\u{457}a,b\n3,4\n", 3),
    ] {
        assert_refused(&options(), text, line, "split it");
    }
    let two = CsvOptions { header_rows: 2, ..options() };
    assert_eq!(shown(&two, "a,b\nx,y\n1,2\n\u{feff}a,b\nx,y\n3,4\n"), "a|b/x|y/1|2/3|4/");
    assert_refused(&two, "a,b\nx,y\n1,2\n\u{feff}a,b\nx,z\n3,4\n", 5, "split it");
    for (text, expected) in [
        ("code,n\nA,1\n\u{feff}A,2\nB,3\n", "code|n/A|1/A|2/B|3/"),
        ("a,b\n1,2\n\u{feff} A ,B\n3,4\n\u{feff}", "a|b/1|2/3|4/"),
        ("\u{feff}\u{feff}a,b\n1,\u{feff}2\n\u{e9},\u{43f}\n", "a|b/1|\u{feff}2/\u{e9}|\u{43f}/"),
        ("a,b\n1,\"x\u{feff}a,b\"\n", "a|b/1|x\u{feff}a,b/"),
    ] {
        assert_eq!(shown(&options(), text), expected, "{text:?}");
    }
    assert_eq!(faults(&options(), "a,b\n1,2\u{feff}a,b\n3,4\n"), "- mark_inside -");
    assert_eq!(faults(&options(), "a\nx\u{feff}A\ny\n"), "- mark_inside -");
    let headerless = CsvOptions { header_rows: 0, ..options() };
    assert_eq!(faults(&headerless, "5,6\n1,2\u{feff}3,4\n\u{feff}x,y\n"), "- mark_inside -");
}

#[test]
fn a_byte_order_mark_inside_refuses_a_file_with_skipped_lines_or_a_footer() {
    for options in [
        CsvOptions { skip: 1, ..options() },
        CsvOptions { skip_footer: 1, ..options() },
        CsvOptions { skip: 1, header_rows: 0, ..options() },
    ] {
        assert_refused(&options, "T,U\na,b\n1,2\n\u{feff}T,U\na,b\n3,4\n", 4, "split it");
    }
    let skip = CsvOptions { skip: 1, ..options() };
    assert_eq!(shown(&skip, "\u{feff}T\n\u{feff}a,b\n1,2\n"), "a|b/1|2/");
}

#[test]
fn an_escape_before_a_character_that_needs_none_is_a_fault() {
    let escape = CsvOptions { escape: Some(b'\\'), ..options() };
    for (text, expected) in [
        (
            "1,\\n\n2,C:\\new\n3,\"D:\\old\"\n4,\\0\n5,\\.\n6,\\\u{e9}",
            ["unknown_escape"; 6].join(" "),
        ),
        ("1,\\,\n2,\\\"\n3,\\'\n4,\\\\\n5,\\\n\n6,\"\\\"\"\n", ["-"; 6].join(" ")),
        ("1,\\N\n2,\"\\N\"\n", ["unknown_escape"; 2].join(" ")),
    ] {
        assert_eq!(faults(&escape, text), expected, "{text:?}");
    }
    let comment = CsvOptions { comment: Some(b'#'), ..escape.clone() };
    assert_eq!(faults(&comment, "1,\\#\n"), "-");
    let long = CsvOptions { delimiter: Delimiter::Text(b"|~".to_vec()), ..escape };
    assert_eq!(faults(&long, "1\\|~x\n2|~\\~y\n3|~\\,\n"), "- - unknown_escape");
}

#[test]
fn a_null_text_with_an_escape_in_it_is_null_where_it_is_not_in_quotes() {
    let null = CsvOptions {
        escape: Some(b'\\'),
        escaped_nulls: vec![b"\\N".to_vec()],
        header_rows: 0,
        ..options()
    };
    let nulls = |options: &CsvOptions, text: &str| {
        let (mut reader, mut record) = (CsvReader::new(options.clone()), Record::new());
        reader.push(text.as_bytes());
        reader.end();
        assert_eq!(reader.next(&mut record), Ok(Step::Record));
        let is_null = |index| record.kind(index) == crate::records::Kind::Null;
        (record.fault().map(|(code, _)| code), (0..record.len()).map(is_null).collect::<Vec<_>>())
    };
    assert_eq!(nulls(&null, "\\N,\\N,3\n"), (None, vec![true, true, false]));
    assert_eq!(nulls(&null, "a\\,b,\\N"), (None, vec![false, true]));
    for text in ["\"\\N\",1\n", "\\Nx,1\n", "x\\N,1\n"] {
        let (fault, nulls) = nulls(&null, text);
        assert_eq!((fault, &nulls[..]), (Some("unknown_escape"), &[false; 2][..]));
    }
    let trim = CsvOptions { trim: true, ..null };
    assert_eq!(nulls(&trim, " \\N , 1\n"), (None, vec![true, false]));
}

#[test]
fn blanks_before_an_opening_quote_are_a_fault() {
    for (text, expected) in [
        ("1, \"x,y\"\n2, \"z\", 3\n3,4 \"x\"\n", "blanks_before_quote blanks_before_quote -"),
        (" \"a\",b\n\t\"c\",d\n e,f\" \"\n", "blanks_before_quote blanks_before_quote -"),
        ("1,\"a\", \"b\"\n", "blanks_before_quote"),
    ] {
        assert_eq!(faults(&options(), text), expected, "{text:?}");
    }
    let long = CsvOptions { delimiter: Delimiter::Text(b"||".to_vec()), ..options() };
    assert_eq!(faults(&long, "1|| \"x\"\n2||a \"x\"\n"), "blanks_before_quote -");
    let tab = CsvOptions { delimiter: Delimiter::Byte(b'\t'), ..options() };
    assert_eq!(faults(&tab, "1\t\t\"x\"\n2\t \"x\"\n"), "- blanks_before_quote");
    let escape = CsvOptions { escape: Some(b'\\'), ..options() };
    assert_eq!(faults(&escape, "x\\, \"y,2\n1, \\\"y\n1, \"y\"\n"), "- - blanks_before_quote");
    let trim = CsvOptions { trim: true, ..options() };
    assert_eq!(faults(&trim, "1, \"x,y\"\n"), "-");
    let none = CsvOptions { quote: None, ..options() };
    assert_eq!(faults(&none, "1, \"x\"\n"), "-");
}

#[test]
fn a_cr_within_a_line_is_a_fault_where_lines_end_in_lf() {
    for (text, expected) in [
        ("a\nx\ry\nz\n", "- lone_cr -"),
        ("a,b\n1,x\ry\nz,3\n", "- lone_cr -"),
        ("a,b\r\n1,x\r\r\ry\r\nz,3\r\n", "- lone_cr -"),
        ("a,b\n1,\"x\"\ry\n2,3", "- text_behind_quote -"),
        ("a,b\n1,\"x\ry\"\n2,3\r\r\n4,5\r", "- - - -"),
        ("a,b\r1,2\n3,4\r\n5,6\r", "- - - -"),
    ] {
        assert_eq!(faults(&options(), text), expected, "{text:?}");
    }
    let (rows, _) = read(&options(), "a,b\n1,x\ry\nz,3\n");
    assert_eq!(rows.iter().map(|row| row.lines.0).collect::<Vec<_>>(), [1, 2, 4]);
    let comment = CsvOptions { comment: Some(b'#'), ..options() };
    assert_eq!(shown(&comment, "a,b\n#c\r1,2\r\n3,4\n"), "a|b/3|4/");
    let data = CsvOptions { record_end: Some(b"\n".to_vec()), ..options() };
    assert_eq!(faults(&data, "a,b\n1,x\ry\n"), "- -");
}
