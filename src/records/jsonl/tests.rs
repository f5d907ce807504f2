//! Tests of the JSON reader: lines, arrays, paths and malformed files.

use proptest::prelude::*;

use super::*;
use crate::records::record::Kind;

pub(super) fn options(names: &[&str]) -> ReaderOptions {
    let names = names.iter().map(|name| vec![(*name).to_owned()]).collect();
    ReaderOptions { names, ..ReaderOptions::default() }
}

/// Options for records in arrays at a path.
pub(super) fn wrapped(names: &[&str], path: &[&str]) -> ReaderOptions {
    let records = path.iter().map(|key| (*key).to_owned()).collect();
    ReaderOptions { records: Some(records), ..options(names) }
}

/// A row as text, its line and where it ends.
pub(super) type Row = (String, u64, u64);

pub(super) fn run<'a>(
    mut reader: Box<dyn RecordReader>,
    chunks: impl Iterator<Item = &'a [u8]>,
) -> (Vec<Row>, Option<RecordError>) {
    let (mut rows, mut record, mut chunks) = (Vec::new(), Record::new(), chunks);
    loop {
        match reader.next(&mut record) {
            Ok(Step::NeedMore) => match chunks.next() {
                Some(chunk) => reader.push(chunk),
                None => reader.end(),
            },
            Ok(Step::End) => return (rows, None),
            Ok(Step::Record) => {
                rows.push((shown(&record), record.next_line(), record.end_offset()))
            }
            Err(error) => return (rows, Some(error)),
        }
    }
}

fn shown(record: &Record) -> String {
    if let Some((code, _)) = record.fault() {
        return format!("{}: {code}", record.line());
    }
    let fields = (0..record.len()).map(|index| match record.kind(index) {
        Kind::Null => "null".to_owned(),
        Kind::Text | Kind::Quoted => {
            format!("{:?}", String::from_utf8_lossy(record.field(index).unwrap()))
        }
        Kind::Native | Kind::Rounded | Kind::Unusable(_) => {
            String::from_utf8_lossy(record.field(index).unwrap()).into_owned()
        }
    });
    let fields = fields.collect::<Vec<_>>().join(" ");
    let extra = record.extra().map(|extra| format!(" + {}", String::from_utf8_lossy(extra)));
    format!("{}: {fields}{}", record.line(), extra.unwrap_or_default())
}

pub(super) fn read(names: &[&str], text: &str) -> (Vec<String>, Option<RecordError>) {
    read_with(&options(names), text)
}

pub(super) fn read_with(options: &ReaderOptions, text: &str) -> (Vec<String>, Option<RecordError>) {
    let open = || Box::new(JsonReader::new(options));
    let (rows, error) = run(open(), std::iter::once(text.as_bytes()));
    for size in [1, 2, 5] {
        assert_eq!(run(open(), text.as_bytes().chunks(size)), (rows.clone(), error.clone()));
    }
    // A reader can resume after any record.
    for (done, (_, line, offset)) in rows.iter().enumerate() {
        let mut first = open();
        first.push(text.as_bytes());
        first.next(&mut Record::new()).unwrap();
        let rest = text.as_bytes().get(*offset as usize..).unwrap_or_default();
        let (rest, _) = run(first.resume(*line, *offset), std::iter::once(rest));
        assert_eq!(rest, rows[done + 1..], "{text} after {done}");
    }
    (rows.into_iter().map(|(row, ..)| row).collect(), error)
}

#[test]
fn lines_are_objects_whose_values_are_taken_by_name() {
    let text = "\u{feff}{\"id\": 1, \"Name\": \"Zo\\u00eb\"}\r\n\n{\"name\":null,\"ID\":2.50}\n\
                {\"id\":true,\"x\":[1,{\"y\":2}],\"name\":\"\"}";
    let (rows, error) = read(&["id", "name"], text);
    assert_eq!(rows, ["1: 1 \"Zoë\"", "3: 2.50 null", "4: true \"\" + {\"x\":[1,{\"y\":2}]}"]);
    assert_eq!(error, None);
    assert_eq!(read(&["id"], ""), (vec![], None));
    assert_eq!(read(&["id"], " \n\n"), (vec![], None));
}

#[test]
fn paths_lead_into_objects_and_other_values_are_extra() {
    let names = ["id", "user.email", "user.address.city", "a.b"];
    let text = "{\"id\":1,\"user\":{\"email\":\"a@b\",\"age\":7,\"address\":{\"city\":\"Ulm\"}},\"a.b\":3}\n\
                {\"id\":2,\"user\":null,\"a\":{\"b\":[1]}}\n{\"user\":{\"Address\":{\"City\":\"Bonn\",\"zip\":1}}}";
    let (rows, _) = read(&names, text);
    assert_eq!(
        rows,
        [
            "1: 1 \"a@b\" \"Ulm\" 3 + {\"user\":{\"age\":7}}",
            "2: 2 null null [1] + {\"user\":null}",
            "3: null null \"Bonn\" null + {\"user\":{\"Address\":{\"zip\":1}}}",
        ]
    );
}

#[test]
fn a_path_into_the_value_of_another_column_gives_both() {
    let (rows, _) = read(&["a.b", "a"], "{\"a\":{\"b\":1,\"c\":2}}\n{\"a\":3}\n{\"a\":{\"c\":2}}");
    assert_eq!(rows, ["1: 1 {\"b\":1,\"c\":2}", "2: null 3", "3: null {\"c\":2}"]);
    let (rows, _) = read(&["a.b.c", "a.b"], "{\"a\":{\"b\":{\"c\":1},\"x\":2}}");
    assert_eq!(rows, ["1: 1 {\"c\":1} + {\"a\":{\"x\":2}}"]);
    let (rows, _) = read(&["a.b", "a"], "{\"a\":{\"b\":1,\"B\":2}}");
    assert_eq!(rows, ["1: duplicate_key"]);
}

#[test]
fn an_object_without_any_key_of_the_contract_is_no_row() {
    for text in [
        "{\"x\":1}",
        "{}",
        "{\"meta\":1,\"items\":[{\"id\":1}]}",
        "{\"user\":{\"x\":1}}",
        "{\"user\":[1]}",
    ] {
        let (rows, error) = read(&["id", "user.email"], &format!("{text}\n{{\"id\":1}}"));
        assert_eq!(rows, ["1: no_column", "2: 1 null"], "{text}");
        assert_eq!(error, None);
        let (rows, _) = read(&["id", "user.email"], &format!("[{text}]"));
        assert_eq!(rows, ["1: no_column"], "{text}");
    }
    for text in
        ["{\"id\":null}", "{\"ID\":\"\"}", "{\"user\":null}", "{\"user\":{}}", "{\"x\":1,\"id\":2}"]
    {
        let (rows, _) = read(&["id", "user.email"], text);
        assert!(!rows[0].contains("no_column"), "{text}: {rows:?}");
    }
}

#[test]
fn a_byte_order_mark_before_an_object_is_no_part_of_it() {
    let (rows, error) = read(
        &["id"],
        "\u{feff}{\"id\":1}\n\u{feff}{\"id\":2}\n\n\u{feff}\n\u{feff}{\"id\":3}\u{feff}{\"id\":4}\n\u{feff}",
    );
    assert_eq!(error, None);
    assert_eq!(rows, ["1: 1", "2: 2", "5: 3", "6: 4"]);
    // Elsewhere it is text of no meaning.
    let (rows, _) = read(&["id"], "{\"id\":1}\n{\u{feff}\"id\":2}\n{\"id\":3}");
    assert_eq!(rows, ["1: 1", "2: invalid_json", "3: 3"]);
    assert!(read(&["id"], "[{\"id\":1},\u{feff}{\"id\":2}]").1.is_some());
}

#[test]
fn numbers_keep_every_digit() {
    let (rows, _) = read(&["n"], "{\"n\":12345678901234567890.1234567890123456789}\n{\"n\":-0.0}");
    assert_eq!(rows, ["1: 12345678901234567890.1234567890123456789", "2: -0.0"]);
}

#[test]
fn a_line_that_is_not_an_object_rejects_only_its_row() {
    let text =
        "{\"id\":1\n[1]\n{\"id\":2} x\n7\n{\"id\":3,\"id\":4}\n{\"id\":\"\\ud800\"}\n{\"id\":5}";
    let (rows, error) = read(&["id"], text);
    let bad = "invalid_json";
    assert_eq!(rows[..4], [1, 2, 3, 4].map(|line| format!("{line}: {bad}")));
    assert_eq!(rows[4..], ["5: duplicate_key", "6: invalid_json", "7: 5"]);
    assert_eq!(error, None);
    // Also for keys that no column means, and in nested objects.
    let (rows, _) = read(&["a.b"], "{\"x\":1,\"x\":2}\n{\"a\":{\"c\":1,\"c\":2}}\n");
    assert_eq!(rows, ["1: duplicate_key", "2: duplicate_key"]);
}

#[test]
fn two_keys_that_mean_one_column_reject_the_row() {
    for text in [
        "{\"id\":1,\"id\":1}",
        "{\"id\":1,\"ID\":2}",
        "{\"id\":1,\" id \":2}",
        "{\"id\":null,\"\\u0069d\":2}",
        "{\"a.b\":1,\"a\":{\"b\":2}}",
        "{\"a\":{\"b\":1},\"A\":{\"b\":2}}",
        "{\"a\":{\"b\":1,\"B\":2}}",
        "{\"x\":1,\"x\":1}",
    ] {
        assert_eq!(
            read(&["id", "a.b"], text),
            (vec!["1: duplicate_key".to_owned()], None),
            "{text}"
        );
    }
    // Keys that no column means may differ in case alone: both are kept unchanged.
    let (rows, _) = read(&["id"], "{\"id\":0,\"x\":1,\"X\":2}");
    assert_eq!(rows, ["1: 0 + {\"x\":1,\"X\":2}"]);
}

#[test]
fn an_array_holds_objects_in_any_layout() {
    let text =
        "[\n  {\"id\": 1,\n   \"s\": \"}]{\\\"\"},\n {\"id\":2,\"s\":\"\\\\\"} , {\"id\":3}\n]\n";
    let (rows, error) = read(&["id", "s"], text);
    assert_eq!(rows, ["1: 1 \"}]{\\\"\"", "2: 2 \"\\\\\"", "3: 3 null"]);
    assert_eq!(error, None);
    assert_eq!(read(&["id"], "[]"), (vec![], None));
    for (text, line, wrong) in [
        ("[{\"id\":1},\n{\"id\":", 2, "never closed"),
        ("[{\"id\":1},\n\n", 3, "truncated"),
        ("[1]", 1, "expected an object"),
        ("[{\"id\":1}]\n{}", 2, "after the array"),
        ("[{\"id\":1},\n]", 2, "after the last comma of the array"),
        ("[{\"id\":1}\n{\"id\":2}]", 2, "a comma between"),
        ("[{\"id\":1},\n,{\"id\":2}]", 2, "expected an object"),
        ("[\n,{\"id\":2}]", 2, "expected an object"),
        ("[,]", 1, "expected an object"),
    ] {
        let (_, error) = read(&["id"], text);
        let error = error.expect(wrong);
        assert_eq!((error.kind, error.line), (ErrorKind::BadFile, line), "{text}");
        assert!(error.message.contains(wrong), "{error}");
    }
}

#[test]
fn a_record_longer_than_the_limit_is_an_error_before_it_fills_the_memory() {
    for start in ["{\"id\":\"", "[{\"id\":\""] {
        let mut limited = options(&["id"]);
        limited.csv.max_record_bytes = 1_000;
        let (mut reader, mut record) = (JsonReader::new(&limited), Record::new());
        reader.push(start.as_bytes());
        let refused = (0..2_000).find_map(|_| {
            reader.push(b"x");
            reader.next(&mut record).err()
        });
        assert_eq!(refused.map(|error| error.kind), Some(ErrorKind::OverLimit));
    }
}

proptest! {
    #[test]
    fn any_text_is_read_the_same_in_any_pieces(text in "[\\[\\]{}\":,a1.e\\-\\\\\n ]{0,60}") {
        read(&["a", "b.a"], &text);
        read_with(&wrapped(&["a"], &["a"]), &text);
    }

    #[test]
    fn any_string_comes_out_as_it_went_in(value in "\\PC{0,30}", array: bool) {
        let object = serde_json::json!({ "v": value, "w": { "x": value } });
        let text = if array { format!("[{object:#}]") } else { object.to_string() };
        let (rows, error) = read(&["v"], &text);
        prop_assert_eq!(error, None);
        prop_assert!(rows[0].contains(&format!(": {value:?} + ")), "{}", rows[0]);
    }
}

#[test]
fn a_key_may_be_composed_otherwise_than_the_contract() {
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
    for (name, key) in [(composed, decomposed), (decomposed, composed)] {
        assert_eq!(read(&[name], &format!("{{\"{key}\":1}}")).0, ["1: 1"]);
        assert_eq!(
            read(&[&format!("o.{name}")], &format!("{{\"o\":{{\"{key}\":1}}}}")).0,
            ["1: 1"]
        );
    }
}

#[test]
fn a_value_that_may_hide_a_protected_one_is_a_fault() {
    let protected = ReaderOptions { protected: vec![false, true], ..options(&["id", "o.p.ssn"]) };
    let codes = |options: &ReaderOptions, json: &str| {
        let mut reader = JsonReader::new(options);
        reader.push(json.as_bytes());
        reader.end();
        let mut record = Record::new();
        assert_eq!(reader.next(&mut record), Ok(Step::Record), "{json}");
        (record.fault().map(|(code, _)| code.to_owned()), record.extra().map(<[u8]>::to_vec))
    };
    for hidden in
        ["[{\"p\":{\"ssn\":1}}]", "\"1\"", "1", "true", "{\"p\":[{\"ssn\":1}]}", "{\"p\":\"1\"}"]
    {
        let json = format!("{{\"id\":1,\"o\":{hidden}}}");
        assert_eq!(codes(&protected, &json), (Some("not_an_object".to_owned()), None), "{json}");
        assert_eq!(codes(&options(&["id", "o.p.ssn"]), &json).0, None, "{json}");
    }
    for known in ["null", "{}", "{\"p\":null}", "{\"p\":{}}", "{\"p\":{\"ssn\":1}}", "{\"q\":[1]}"]
    {
        let json = format!("{{\"id\":1,\"o\":{known}}}");
        assert_eq!(codes(&protected, &json).0, None, "{json}");
    }
}
