//! Fuzzes rows: any cells, for columns of every type, give one line of COPY text or a rejection.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use stardrop::dataset::{Catalog, Dataset};
use stardrop::records::{CsvOptions, CsvReader, Delimiter, Record, RecordReader, Step};
use stardrop::rows::{Header, RowWriter};

/// Columns of every type, without options and with each option.
const CONTRACT: &str = include_str!("../rows.toml");

static DATASET: LazyLock<Dataset> = LazyLock::new(|| {
    let file = ("rows/dataset.toml".into(), "rows".to_owned(), CONTRACT.to_owned());
    let catalog = Catalog::read([file]).unwrap_or_else(|errors| panic!("{errors:?}"));
    catalog.dataset("rows").expect("it exists").clone()
});

/// One writer for each column, since a row is rejected at its first bad column.
static WRITERS: LazyLock<Vec<RowWriter>> = LazyLock::new(|| {
    let all = Header::by_position(&DATASET);
    let alone = |at: usize| {
        let mut fields = vec![None; all.fields.len()];
        fields[at] = Some(0);
        let header = Header { fields, width: 1, ..all.clone() };
        RowWriter::new(&DATASET, &header, "salt of the fuzzer")
    };
    (0..all.fields.len()).map(alone).collect()
});

fuzz_target!(|data: &[u8]| {
    let Some((choice, text)) = data.split_first() else { return };
    let options = CsvOptions {
        delimiter: Delimiter::Byte(b'\x1f'),
        header_rows: 0,
        quote: (choice & 0x80 == 0).then_some(b'"'),
        ..CsvOptions::default()
    };
    let (mut reader, mut record) = (CsvReader::new(options), Record::new());
    reader.push(text);
    reader.end();
    let (writer, columns) = (&WRITERS[usize::from(choice & 0x7f) % WRITERS.len()], WRITERS.len());
    let mut out = b"earlier bytes".to_vec();
    while let Ok(Step::Record) = reader.next(&mut record) {
        let from = out.len();
        match writer.write(&record, &mut out) {
            Ok(()) => check_line(&out[from..], columns),
            Err(rejection) => {
                assert_eq!(out.len(), from, "a rejected row writes nothing");
                assert!(!rejection.code.is_empty() && !rejection.reason.is_empty());
                assert_eq!(rejection.line, record.line());
            }
        }
        let kept = writer.redact(&record);
        assert!(kept.len() <= record.raw().len() * 3 + 128, "{} bytes are kept", kept.len());
    }
});

/// Checks that COPY accepts the line: `columns` fields and two more.
fn check_line(line: &[u8], columns: usize) {
    let text = std::str::from_utf8(line).expect("COPY text is UTF-8");
    let text = text.strip_suffix('\n').expect("a line ends");
    assert!(!text.contains(['\0', '\n', '\r']), "{text:?}");
    assert_eq!(text.split('\t').count(), columns + 2, "{text:?}");
    for field in text.split('\t').filter(|field| *field != "\\N") {
        let mut rest = field.chars();
        while let Some(char) = rest.next() {
            let after = if char == '\\' { rest.next() } else { Some('t') };
            assert!(matches!(after, Some('\\' | 't' | 'n' | 'r')), "{field:?}");
        }
    }
}
