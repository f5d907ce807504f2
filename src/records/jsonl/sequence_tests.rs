//! Tests of objects one behind the other, and of arrays within other objects.

use proptest::prelude::*;

use super::tests::{options, read, read_with, run, wrapped};
use super::*;

#[test]
fn objects_may_stand_on_one_line_or_over_several() {
    // As Firehose writes them, and `jq`: each has a line number of its own, which grows.
    for (text, rows) in [
        ("{\"id\":1}{\"id\":\"}{ \\\" x\"}{\"id\":3}", &["1: 1", "2: \"}{ \\\" x\"", "3: 3"][..]),
        ("{\"id\":1} {\"id\":2}\r\n{\"id\":3}\n\n{\"id\":4}\n", &["1: 1", "2: 2", "3: 3", "5: 4"]),
        ("{\n \"id\": 1\n}\n{\n \"id\": 2\n}\n", &["1: 1", "4: 2"]),
        ("{\n \"id\": 1 }{\"id\"\n: 2 }\n{\"id\":3}", &["1: 1", "3: 2", "5: 3"]),
        ("{\"id\":1}\n{\n\"id\":2}\n{\"id\":3}{\"id\":4}", &["1: 1", "2: 2", "4: 3", "5: 4"]),
        ("{\"id\":\n[{\n\"a\":1}]}\n", &["1: [{\n\"a\":1}]"]),
    ] {
        let (found, error) = read(&["id"], text);
        assert_eq!(
            (found.iter().map(String::as_str).collect::<Vec<_>>(), error),
            (rows.to_vec(), None),
            "{text}"
        );
    }
}

#[test]
fn a_wrong_object_rejects_its_line_or_fails_a_file_without_lines() {
    let bad = |line: u64| format!("{line}: invalid_json");
    // Lines: what a line holds ends with it.
    for (text, rows) in [
        ("{\"id\":1}\n{\"id\":\n{\"id\":3}\n", vec!["1: 1".to_owned(), bad(2), "3: 3".to_owned()]),
        ("{\"id\":1,\n{\"id\":2}\n", vec![bad(1), "2: 2".to_owned()]),
        ("{\"id\":1}\n{\"id\":\"2\n", vec!["1: 1".to_owned(), bad(2)]),
        ("{\"id\":1}\n{\"id\":2}x{\"id\":3}\n", vec!["1: 1".to_owned(), bad(2)]),
        ("{\"id\":1}\n{\"id\":2},{\"id\":3}\n", vec!["1: 1".to_owned(), bad(2)]),
        (
            "{\"id\":1}\n{\"id\":2}{\"id\":x}\n{\"id\":4}",
            vec!["1: 1".to_owned(), "2: 2".to_owned(), bad(3), "4: 4".to_owned()],
        ),
    ] {
        assert_eq!(read(&["id"], text), (rows, None), "{text}");
    }
    for (text, rows, line, wrong) in [
        ("{\"id\":1}{\"id\":x}{\"id\":3}", 1, 2, "expected objects"),
        ("{\"id\":1}{\"id\":2} x", 1, 2, "expected objects"),
        ("{\"id\":1}{\"id\":2", 1, 2, "truncated"),
        ("{\n\"id\":1\n}\n{\n\"a\":[\n{\"id\":9}\n],\n\"b\":x\n}\n", 1, 8, "expected objects"),
        ("{\n\"a\":[\n{\"id\":9}\n],\n\"b\":x\n}\n", 0, 5, "expected objects"),
        ("{\n\"id\":1,\n", 0, 1, "truncated"),
        ("{\n\"id\":1\n} x\n", 0, 3, "expected objects"),
    ] {
        let (found, error) = read(&["id"], text);
        let error = error.expect(wrong);
        assert_eq!(
            (found.len(), error.kind, error.line),
            (rows, ErrorKind::BadFile, line),
            "{text}"
        );
        assert!(error.message.contains(wrong), "{error}");
    }
}

/// The rows and the error must not depend on where the first piece of the file ends.
fn read_split_anywhere(text: &[u8]) -> (Vec<String>, Option<RecordError>) {
    let open = || Box::new(JsonReader::new(&options(&["id"])));
    let whole = run(open(), std::iter::once(text));
    for at in 0..=text.len() {
        let (start, rest) = text.split_at(at);
        let shown = String::from_utf8_lossy(start);
        assert_eq!(run(open(), [start, rest].into_iter()), whole, "{shown:?} first");
    }
    (whole.0.into_iter().map(|(row, ..)| row).collect(), whole.1)
}

#[test]
fn an_object_over_several_lines_may_arrive_in_any_pieces() {
    for value in
        ["-0.25", "1e5", "-1.5E+07", "2e-3", "[-1,0.5]", "\"\\u00e4\\n\u{e4}\"", "null", "true"]
    {
        let text = format!("{{\n\"id\": {value},\n\"x\": {value}\n}}\n{{\n\"id\": {value}}}");
        let (rows, error) = read_split_anywhere(text.as_bytes());
        assert_eq!((rows.len(), error), (2, None), "{text}");
    }
}

#[test]
fn the_reason_and_position_of_a_wrong_object_do_not_depend_on_the_pieces() {
    for (value, wrong) in [
        ("1.,", "invalid number at line 2 of it, column 9)"),
        ("-,", "invalid number at line 2 of it, column 8)"),
        ("--1,", "invalid number at line 2 of it, column 8)"),
        ("1e+ ,", "invalid number at line 2 of it, column 10)"),
        ("1..0,", "invalid number at line 2 of it, column 9)"),
        ("01,", "invalid number at line 2 of it, column 8)"),
        ("1.\n", "invalid number at line 2 of it, column 9)"),
        ("-\n", "invalid number at line 2 of it, column 8)"),
        ("tru\n", "expected ident at line 2 of it, column 10)"),
        ("truE,", "expected ident at line 2 of it, column 10)"),
        (
            "-Infinity,",
            "NaN or Infinity, which JSON does not have: write null at line 2 of it, column 8)",
        ),
        (
            "NaN,",
            "NaN or Infinity, which JSON does not have: write null at line 2 of it, column 7)",
        ),
        (
            "nan}",
            "NaN or Infinity, which JSON does not have: write null at line 2 of it, column 8)",
        ),
        (
            "False\n",
            "True, False or None of Python: write true, false or null at line 2 of it, column 7)",
        ),
        ("\u{e4}", "expected value at line 2 of it, column 7)"),
        ("\u{1f600}", "expected value at line 2 of it, column 7)"),
        ("\"a\tb\"", "must be written as \\u0009 at line 2 of it, column 9)"),
        ("\"a\nb\"", "must be written as \\u000a at line 2 of it, column 9)"),
        ("\"\\q\"", "invalid escape at line 2 of it, column 9)"),
        ("\"\\u00g0\"", "invalid escape at line 2 of it, column 13)"),
        ("[1,]", "a comma before a closing bracket at line 2 of it, column 10)"),
        ("1}\u{c} x", "more text follows it at line 2 of it, column 9)"),
        ("1.", "expected objects"),
    ] {
        for more in ["", "\n}\n{\n\"id\": 2\n}\n"] {
            let text = format!("{{\n\"id\": {value}{more}");
            let (rows, error) = read_split_anywhere(text.as_bytes());
            let error = error.expect(wrong);
            let wrong = if more.is_empty() && error.message.contains("closed") {
                "truncated"
            } else {
                wrong
            };
            assert_eq!((rows.len(), error.kind), (0, ErrorKind::BadFile), "{text}");
            assert!(error.message.contains(wrong), "{text}: {error}");
        }
    }
}

#[test]
fn half_of_a_surrogate_pair_is_called_that_with_its_column() {
    let text = "{\"id\":\"\\ud800\",\"x\":1}\n{\"\\udc00\":1}\n{\"id\":\"\\ud83d\\ude00\"}";
    let (mut reader, mut record) = (JsonReader::new(&options(&["x", "id"])), Record::new());
    reader.push(text.as_bytes());
    reader.end();
    for column in [Some(1), None] {
        assert_eq!(reader.next(&mut record), Ok(Step::Record));
        let (code, reason) = record.fault().unwrap();
        assert_eq!((code, record.fault_field()), ("invalid_json", column));
        assert!(reason.contains("surrogates"), "{reason}");
    }
    assert_eq!(reader.next(&mut record), Ok(Step::Record));
    assert_eq!(record.fault(), None);
}

#[test]
fn a_path_leads_to_arrays_of_objects() {
    let text = "\u{feff}{\"page\":1,\"data\":{\"items\":[\n{\"id\":1}, {\"id\":2}],\"n\":[{\"id\":9}]}}\n\
                {\"data\":{\"items\":[]}}{\"data\":{\"items\":[{\"id\":3}]},\"items\":[{\"id\":9}]}\n";
    let options = wrapped(&["id"], &["data", "items"]);
    let rows = ["1: 1", "2: 2", "3: 3"].map(str::to_owned).to_vec();
    assert_eq!(read_with(&options, text), (rows, None));
    for (text, rows, line, wrong) in [
        ("{\"data\":{\"items\":[{\"id\":1},\n", 1, 2, "truncated"),
        ("{\"data\":{\"items\":[{\"id\":1}],\n", 1, 2, "truncated"),
        ("{\"data\":{\"items\":[{\"id\":1}]}}\n\n{}", 1, 3, "has no array `data.items`"),
        ("{\"id\":1}\n{\"id\":2}\n", 0, 1, "has no array `data.items`"),
        ("[{\"id\":1}]", 0, 1, "expected an object that holds the array `data.items`"),
        ("{\"data\":{\"items\":[1]}}", 0, 1, "expected an object of the array"),
    ] {
        let (found, error) = read_with(&options, text);
        let error = error.expect(wrong);
        assert_eq!(
            (found.len(), error.kind, error.line),
            (rows, ErrorKind::BadFile, line),
            "{text}"
        );
        assert!(error.message.contains(wrong), "{error}");
    }
}

proptest! {
    #[test]
    fn a_limit_holds_whatever_the_pieces(text in "[\\[\\]{}\":,a1 \n]{0,60}", limit in 1_usize..20, size in 1_usize..9) {
        let mut limited = options(&["a"]);
        limited.csv.max_record_bytes = limit;
        let open = || Box::new(JsonReader::new(&limited));
        let whole = run(open(), std::iter::once(text.as_bytes()));
        prop_assert_eq!(run(open(), text.as_bytes().chunks(size)), whole);
    }

    #[test]
    fn objects_mean_the_same_whatever_is_between_them(
        values in prop::collection::vec("\\PC{0,8}", 1..6),
        between in prop::collection::vec("[ \r\n]{0,3}", 6),
        pretty: bool,
    ) {
        let mut text = String::new();
        for (value, between) in values.iter().zip(&between) {
            let object = serde_json::json!({ "v": value, "w": [{ "v": 1 }] });
            text.push_str(&if pretty { format!("{object:#}") } else { object.to_string() });
            text.push_str(between);
        }
        let (rows, error) = read(&["v"], &text);
        prop_assert_eq!(error, None);
        prop_assert_eq!(rows.len(), values.len());
        let lines: Vec<u64> = rows.iter().map(|row| row.split(':').next().unwrap().parse().unwrap()).collect();
        prop_assert!(lines.is_sorted_by(|a, b| a < b), "{:?}", lines);
        for (row, value) in rows.iter().zip(&values) {
            prop_assert!(row.contains(&format!(": {value:?} + ")), "{}", row);
        }
    }
}
