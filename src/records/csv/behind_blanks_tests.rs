//! Tests of quotes that have blanks before them: those of Unicode, and values that are long.

use super::behind_blanks::MAX_VALUE_BYTES;
use super::dialect_tests::{read, shown};
use super::tests::read_all;
use super::*;

fn options() -> CsvOptions {
    CsvOptions { delimiter: Delimiter::Byte(b','), ..CsvOptions::default() }
}

/// The reason codes of all records, `-` for none.
fn codes(options: &CsvOptions, text: &str) -> Vec<&'static str> {
    read(options, text).0.iter().map(|row| row.fault.unwrap_or("-")).collect()
}

#[test]
fn blanks_of_unicode_are_blanks_before_and_behind_a_quote() {
    let trim = CsvOptions { trim: true, ..options() };
    let long = CsvOptions { delimiter: Delimiter::Text(b"||".to_vec()), ..options() };
    for blank in ["\u{a0}", "\u{202f}", "\u{3000}", " \u{a0}", "\u{2003}\t", "\u{85}"] {
        let text = format!("a,b\n1,{blank}\"x,\n5\"\n2,y\n{blank}\"z\",3\n");
        assert_eq!(
            codes(&options(), &text),
            ["-", "blanks_before_quote", "-", "blanks_before_quote"],
            "{text:?}"
        );
        let long_text = text.replace(',', "||");
        assert_eq!(codes(&long, &long_text)[1], "blanks_before_quote", "{long_text:?}");
        let behind = format!("a,b\n1,\"x\"{blank}\n\"y\"{blank},2\n");
        assert_eq!(codes(&options(), &behind), ["-", "text_behind_quote", "text_behind_quote"]);
        assert_eq!(shown(&trim, &text), "a|b/1|x,\n5/2|y/z|3/", "{text:?}");
        assert_eq!(shown(&trim, &behind), "a|b/1|x/y|2/", "{behind:?}");
    }
    // Text, whatever it looks like, and half of a blank in another encoding.
    for text in ["1,\u{e9}\"x\"\n", "1,\u{200d}\"x\"\n", "1,2\u{a0}\"x\"\n"] {
        assert_eq!(codes(&options(), text), ["-"], "{text:?}");
    }
}

/// The codes of the records, and the line and the message of the error.
fn of_long_value(options: &CsvOptions, value_bytes: usize) -> (Vec<&'static str>, String) {
    let lines = "1,2\n".repeat(value_bytes / 4);
    let text = format!("a,b\n0, \"x\n{lines}\"\n5,6\n");
    let (rows, error) = read_all(CsvReader::new(options.clone()), text.as_bytes().chunks(4_096));
    let codes = rows.iter().map(|row| row.fault.unwrap_or("-")).collect();
    (codes, error.map(|error| format!("{}: {}", error.line, error.message)).unwrap_or_default())
}

#[test]
fn a_long_value_behind_blanks_refuses_the_file() {
    let (rows, error) = of_long_value(&options(), MAX_VALUE_BYTES - 100);
    assert_eq!((rows, error.as_str()), (vec!["-", "blanks_before_quote", "-"], ""));
    for bytes in [MAX_VALUE_BYTES + 100, 1 << 20] {
        let (rows, error) = of_long_value(&options(), bytes);
        assert_eq!(rows, ["-"]);
        assert!(error.starts_with("2: blanks before a quote"), "{error}");
        assert!(error.contains("64 KiB") && error.contains("trim = true"), "{error}");
    }
    let trim = CsvOptions { trim: true, ..options() };
    let (rows, error) = of_long_value(&trim, 1 << 20);
    assert_eq!((rows.len(), error.as_str()), (3, ""));
}

#[test]
fn a_quote_behind_blanks_that_nothing_closes_is_a_fault_of_its_own_record() {
    let small = CsvOptions { max_record_bytes: 200_000, ..options() };
    for lines in [10, 100_000] {
        let text = format!("a,b\n0, \"x\n{}", "1,2\n".repeat(lines));
        let (rows, error) = read_all(CsvReader::new(small.clone()), text.as_bytes().chunks(4_096));
        let faults: Vec<usize> =
            rows.iter().enumerate().filter_map(|(n, row)| row.fault.map(|_| n)).collect();
        assert_eq!((rows.len(), faults, error), (lines + 2, vec![1], None));
    }
    // It is known before the end of the file, so that no more than the longest record is held.
    let (mut reader, mut record) = (CsvReader::new(small), Record::new());
    reader.push(format!("a,b\n0, \"x\n{}", "1,2\n".repeat(60_000)).as_bytes());
    for line in 1..=10 {
        assert_eq!((reader.next(&mut record), record.line()), (Ok(Step::Record), line));
    }
}

#[test]
fn a_record_of_nothing_but_nul_bytes_over_the_limit_is_called_so() {
    let small = CsvOptions { max_record_bytes: 1_000, ..options() };
    let message = |text: &str| {
        let (_, error) = read_all(CsvReader::new(small.clone()), text.as_bytes().chunks(100));
        error.map(|error| format!("{}: {}", error.line, error.message)).unwrap_or_default()
    };
    let padded = message(&format!("a,b\n1,2\n{}", "\0".repeat(5_000)));
    assert!(padded.starts_with("3: nothing but NUL bytes"), "{padded}");
    assert!(message(&format!("a,b\n{}", "x".repeat(5_000))).contains("STARDROP_MAX_ROW_BYTES"));
}
