//! Tests of what real files have besides rows: byte order marks inside, Ctrl-Z, `sep=`, rows without
//! values, comments behind values, other row ends, and text behind a closing quote.

use super::dialect_tests::{read, shown};
use super::*;

fn options() -> CsvOptions {
    CsvOptions { delimiter: Delimiter::Byte(b','), ..CsvOptions::default() }
}

/// The reason codes of all records, `-` for none.
fn codes(options: &CsvOptions, text: &str) -> Vec<&'static str> {
    read(options, text).0.iter().map(|row| row.fault.unwrap_or("-")).collect()
}

#[test]
fn text_behind_a_closing_quote_is_a_fault_of_its_record() {
    let trim = CsvOptions { trim: true, ..options() };
    let escape = CsvOptions { escape: Some(b'\\'), ..options() };
    let long = CsvOptions { delimiter: Delimiter::Text(b"||".to_vec()), ..options() };
    let (fault, none) = ("text_behind_quote", "-");
    for (options, text, expected) in [
        (&options(), "a,b\n\"red, \"hot\" tea\",1\nc,2\n", vec![none, fault, none]),
        (&options(), "\"He said \\\"hi\\\"\",2", vec![fault]),
        (&options(), "\"The Rock\" Johnson,4", vec![fault]),
        (&options(), "\"rfc \"\"q\"\"\",5\n\"ends with \\\",6\n\"\",7", vec![none; 3]),
        (&options(), "1,\"a\" \n1,\"a\"\t,2\n\"a\"\"b\"c,3", vec![fault; 3]),
        (&options(), "5\" pipe,6\"\n a \"b\" ,c", vec![none; 2]),
        (&trim, "1,\"a\" \n \"a\"\t,2\n \"a\" b,2", vec![none, none, fault]),
        (&trim, "\"a\"\r\n\"a\" \r\n", vec![none; 2]),
        (&escape, "\"a \\\"b\\\"\",1\n\"a \"b\\,c\",2\n\"a\" ,3", vec![none, fault, fault]),
        (&escape, "\"a\\\\\",1\n\"a\"\\\",1", vec![none, fault]),
        (&long, "\"a\"|\"b\"||c\n\"a\"||\"b\"", vec![fault, none]),
    ] {
        assert_eq!(codes(options, text), expected, "{text:?}");
    }
    let (mut reader, mut record) = (CsvReader::new(options()), Record::new());
    reader.push(b"1,\"a\"b,\"c\"d\n");
    assert_eq!(reader.next(&mut record), Ok(Step::Record));
    assert_eq!((record.fault_field(), record.len()), (Some(1), 3));
}

#[test]
fn a_reason_names_the_setting_that_would_explain_the_bytes() {
    for (options, text, setting) in [
        (options(), "\"a \\\"b\\\"\"", "set escape = \"\\\\\""),
        (options(), "\"a\"b\"", "quote = \"\""),
        (options(), "\"a\" ", "set trim = true"),
        (CsvOptions { escape: Some(b'\\'), ..options() }, "\"a\"b\"", "doubled or escaped"),
        (CsvOptions { escape: Some(b'\\'), ..options() }, "a\\", "`escape`"),
    ] {
        let (mut reader, mut record) = (CsvReader::new(options), Record::new());
        reader.push(text.as_bytes());
        reader.end();
        assert_eq!(reader.next(&mut record), Ok(Step::Record));
        let (_, reason) = record.fault().expect("a fault");
        assert!(reason.contains(setting), "{reason}");
    }
}

#[test]
fn byte_order_marks_at_the_start_of_a_line_are_no_part_of_a_value() {
    for (text, expected) in [
        ("\u{feff}a,b\n1,2\n\u{feff}3,4\n", "a|b/1|2/3|4/"),
        ("a,b\n\u{feff}\"1,\n\",2\n", "a|b/1,\n|2/"),
        ("a,b\n\u{feff}\n\u{feff}\r\n\u{feff}\u{feff}1,2", "a|b/1|2/"),
        ("\u{feff}a,b\n1,2\n\u{feff}a,b\n3,4\n", "a|b/1|2/3|4/"),
        ("\u{feff}a,b\n1,2\n\u{feff}\"A\", b\n3,4\n", "a|b/1|2/3|4/"),
        ("a,b\na,b\n\u{feff}", "a|b/a|b/"),
        ("a,b\n1\u{feff},\u{feff}2\nﬁ,\u{ff41}\nﬁ,2", "a|b/1\u{feff}|\u{feff}2/ﬁ|\u{ff41}/ﬁ|2/"),
    ] {
        assert_eq!(shown(&options(), text), expected, "{text:?}");
    }
    let two = CsvOptions { header_rows: 2, ..options() };
    assert_eq!(shown(&two, "a,b\nc,d\n1,2\n\u{feff}a,b\nc,d\n3,4\n"), "a|b/c|d/1|2/3|4/");
    let none = CsvOptions { header_rows: 0, ..options() };
    assert_eq!(shown(&none, "1,2\n\u{feff}1,2\n"), "1|2/1|2/");
    let (rows, error) = read(&options(), "a,b\n1,2\n\u{feff}b,a\n3,4\n");
    let error = error.expect("the columns have another order");
    assert_eq!((rows.len(), error.kind, error.line), (2, ErrorKind::BadFile, 3));
}

#[test]
fn a_control_z_at_the_end_of_a_file_is_none_of_its_rows() {
    for (text, expected) in [
        ("a,b\r\n1,2\r\n\u{1a}", "a|b/1|2/"),
        ("a,b\n1,2\u{1a}", "a|b/1|2/"),
        ("a,b\n1,\"2\"\u{1a}", "a|b/1|2/"),
        ("a,b\n1,2\n\u{1a}\u{1a}\u{1a}", "a|b/1|2/"),
        ("a,b\n1,2\n\u{1a}\r\n\n", "a|b/1|2/"),
        ("a,b\n\u{1a}1,2\n3,\u{1a}\n", "a|b/\u{1a}1|2/3|\u{1a}/"),
        ("\u{1a}", ""),
        ("a\n1\n\n\u{1a}", "a/1/"),
    ] {
        assert_eq!(shown(&options(), text), expected, "{text:?}");
    }
}

#[test]
fn a_line_that_names_the_delimiter_is_no_row() {
    let detect = CsvOptions::default();
    for (text, expected) in [
        ("sep=;\na;b,c\n1;2\n", "a|b,c/1|2/"),
        ("\u{feff}sep=;\r\na;b\r\n", "a|b/"),
        ("SEP=^\na^b\n1^2", "a|b/1|2/"),
        ("\"sep=,\"\na,b;c;d\n", "a|b;c;d/"),
        ("sep=\t\na\tb\n", "a|b/"),
        ("sep=;", ""),
        ("sep=;;\n1;2;3", "sep=||/1|2|3/"),
        ("sepal,b\n", "sepal|b/"),
        ("sep=x\n1\n", "sep=x/1/"),
        ("a,b\nsep=;\n", "a|b/sep=;/"),
    ] {
        assert_eq!(shown(&detect, text), expected, "{text:?}");
    }
    assert_eq!(shown(&options(), "sep=,\na,b;\n"), "a|b;/");
    let skip = |skip| CsvOptions { skip, ..CsvOptions::default() };
    assert_eq!(shown(&skip(1), "sep=;\na;b,c,d\n"), "a|b,c,d/");
    assert_eq!(shown(&skip(2), "sep=;\nReport\na;b,c,d\n"), "a|b,c,d/");
    let error = read(&options(), "sep=;\na;b\n").1.expect("another delimiter");
    assert!(error.to_string().starts_with("line 1: the line `sep=`"), "{error}");
}

#[test]
fn a_row_of_empty_fields_is_no_row() {
    for (text, expected) in
        [(",,\na,b\n,\n1,2\n,,,\n", "a|b/1|2/"), ("a,b\n\"\",\n,\"\"\n, \n", "a|b/|/|/| /")]
    {
        assert_eq!(shown(&options(), text), expected, "{text:?}");
    }
    let trim = CsvOptions { trim: true, ..options() };
    assert_eq!(shown(&trim, "a,b\n , \n\t\n\" \",\n1,2\n"), "a|b/ |/1|2/");
    let long = CsvOptions { delimiter: Delimiter::Text(b"||".to_vec()), ..options() };
    assert_eq!(shown(&long, "a||b\n||\n|||\n"), "a|b/||/");
    let escape = CsvOptions { escape: Some(b'\\'), ..options() };
    assert_eq!(shown(&escape, "a,b\n\\,\n,\n"), "a|b/,/");
}

#[test]
fn an_empty_line_between_the_values_of_one_column_is_an_empty_value() {
    for (text, expected) in [
        ("a\n1\n\n3\n", "a/1//3/"),
        ("\n\na\n\r\n\r\n3\n\n\n", "a///3/"),
        ("a\r1\r\r3\r\r", "a/1//3/"),
        ("a\n\n\n", "a/"),
        ("a\n\n\"\"\n", "a///"),
        ("a,b\n1,2\n\n3,4\n", "a|b/1|2/3|4/"),
    ] {
        assert_eq!(shown(&options(), text), expected, "{text:?}");
    }
    let none = CsvOptions { header_rows: 0, ..options() };
    assert_eq!(shown(&none, "1\n\n3\n"), "1//3/");
    let (rows, _) = read(&options(), "a\n1\n\n3\n");
    assert_eq!(rows[2].lines, (3, 4));
    // A run of line ends that is longer than a record may be is not held in memory.
    let short = CsvOptions { max_record_bytes: 3, ..options() };
    assert_eq!(shown(&short, &format!("a\n1{}", "\n".repeat(8))), "a/1/////");
}

#[test]
fn a_comment_may_follow_the_values_of_a_row() {
    let comment = CsvOptions { comment: Some(b'#'), trailing_comment: true, ..options() };
    for (text, expected) in [
        ("a,b # names, \"of\n1,2#\n3,4\n", "a|b/1|2/3|4/"),
        ("a,b\n\"#1\",\"2\" # x\n\"3\n#\",4\t#\r\n", "a|b/#1|2/3\n#|4/"),
        ("a,b\n  # alone\n#\n1,# 2\n", "a|b/1|/"),
        ("a\n1\n #\n\n2#", "a/1//2/"),
    ] {
        assert_eq!(shown(&comment, text), expected, "{text:?}");
    }
    let (rows, _) = read(&comment, "a,b # x\n1,2\n");
    assert_eq!(rows[0].raw, b"a,b # x");
    let escape = CsvOptions { escape: Some(b'\\'), ..comment };
    assert_eq!(shown(&escape, "a\\#,b#\\\n1,2\n"), "a#|b/1|2/");
}

#[test]
fn rows_may_end_in_another_text_than_a_line_end() {
    let end = |text: &[u8]| CsvOptions { record_end: Some(text.to_vec()), ..options() };
    for (record_end, text, expected) in [
        ("&|\n", "a,b&|\n1,x\ny&|\n2,\"z&|\n\"&|\n", "a|b/1|x\ny/2|z&|\n/"),
        ("&|\n", "a,b&|\n1,2&|", "a|b/1|2/"),
        ("&|\n", "a,b&|\n&|\n,&|\n1,2&&|\n", "a|b/1|2&/"),
        ("&|\n", "\u{feff}a,b&|\n\u{feff}1,2", "a|b/1|2/"),
        ("\u{1e}", "a,b\u{1e}1,\n\u{1e}2,3\r\n", "a|b/1|\n/2|3\r\n/"),
        ("\n", "a,b\n1,x\ry\n", "a|b/1|x\ry/"),
        ("\r\n", "a,b\r\n1,x\ny\r\n", "a|b/1|x\ny/"),
    ] {
        assert_eq!(shown(&end(record_end.as_bytes()), text), expected, "{text:?}");
    }
    let (rows, _) = read(&end(b"&|\n"), "a,b&|\n1,x\ny&|\n2,z&|\n");
    assert_eq!(rows.iter().map(|row| row.lines.0).collect::<Vec<_>>(), [1, 2, 4]);
    let (rows, _) = read(&end(b"\x1e"), "a,b\u{1e}1,2\u{1e}3,4");
    assert_eq!(rows.iter().map(|row| row.lines.0).collect::<Vec<_>>(), [1, 2, 3]);
    let skip = CsvOptions { skip: 1, comment: Some(b'#'), ..end(b"&|\n") };
    assert_eq!(shown(&skip, "x\ny&|\na,b&|\n#c\nd&|\n1,2&|\n"), "a|b/1|2/");
    let detect = CsvOptions { delimiter: Delimiter::Detect, ..end(b"&|\n") };
    assert_eq!(shown(&detect, "a;b&|\n1;2&|\n"), "a|b/1|2/");
}

#[test]
fn a_delimiter_of_blanks_is_no_blank_to_be_dropped() {
    let separated = |delimiter: &str| CsvOptions {
        delimiter: Delimiter::Text(delimiter.as_bytes().to_vec()),
        trim: true,
        ..CsvOptions::default()
    };
    for delimiter in ["\t", " ", "\t\t", " | "] {
        for escape in [None, Some(b'\\')] {
            let options = CsvOptions { escape, ..separated(delimiter) };
            let text = "a;b;c\n1;;\"x\"\n;;\"y\";z\n\"a\";\"b\";\n".replace(';', delimiter);
            assert_eq!(
                shown(&options, &text),
                "a|b|c/1||x/||y|z/a|b|/",
                "{delimiter:?} {escape:?}"
            );
        }
    }
    let comments = CsvOptions { comment: Some(b'#'), trailing_comment: true, ..separated("\t") };
    assert_eq!(
        shown(&comments, "a\tb\tc\n1\tx\t# note\n1\t\tx \t # note\n1\t\tx # note\n"),
        "a|b|c/1|x|/1||x |/1||x/"
    );
}

#[test]
fn an_escaped_quote_does_not_close_a_value_with_blanks_before_it() {
    let escape = CsvOptions { escape: Some(b'\\'), ..options() };
    let text = "a,b\n1, \"x\\\" ,\n5,y\"\n2,z\n";
    assert_eq!(codes(&escape, text), ["-", "blanks_before_quote", "-"]);
}

#[test]
fn a_delimiter_behind_the_one_column_is_no_second_column() {
    let ends =
        CsvOptions { trailing_delimiter: true, delimiter: Delimiter::Byte(b';'), ..options() };
    assert_eq!(shown(&ends, "a;\nx;\n;\n\ny;\n"), "a|/x|/|/y|/");
    assert_eq!(
        shown(&CsvOptions { trailing_delimiter: false, ..ends }, "a;\nx;\n;\ny;\n"),
        "a|/x|/y|/"
    );
}

#[test]
fn a_first_line_with_as_many_of_two_delimiters_refuses_a_file_without_a_header() {
    let read = |header_rows| {
        let mut reader = CsvReader::new(CsvOptions { header_rows, ..CsvOptions::default() });
        reader.push(b"1,5;2\n");
        reader.end();
        reader.next(&mut Record::new()).map_err(|error| error.message)
    };
    let message = "the first line has as many `,` as `;`: set [file] delimiter";
    assert_eq!(read(0), Err(message.to_owned()));
    assert_eq!(read(1), Ok(Step::Record));
}
