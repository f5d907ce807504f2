//! Fuzzes JSON: any text gives the same records in chunks of any size, and after a resumption at any
//! checkpoint.
#![no_main]

use std::collections::HashMap;

use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use stardrop::records::{CsvOptions, Format, ReaderOptions, RecordError, RecordReader};
use stardrop_fuzz::{Input, check_positions, read};

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let max_record_bytes = input.one_of(&[4096, 16, 1 << 20]);
    let chunk = input.one_of(&[1, 2, 3, 7, 64]);
    let place = usize::from(input.byte());
    let is_wrapped = input.one_of(&[false, true]);
    let bytes = input.rest();
    let names = ["id", "a.b", "a.b.c", "Name", "x"].map(|name| vec![name.to_owned()]);
    let csv = CsvOptions { max_record_bytes, ..CsvOptions::default() };
    let records = is_wrapped.then(|| vec!["a".to_owned(), "b".to_owned()]);
    let options = ReaderOptions { csv, names: names.to_vec(), records, ..ReaderOptions::default() };
    let format = Format::from_name("jsonl").expect("a known format");
    let new = || -> Box<dyn RecordReader> { format.open_stream(&options).expect("is streamed") };

    let (records, end) = read(&mut *new(), bytes, usize::MAX);
    let (parts, parts_end) = read(&mut *new(), bytes, chunk);
    assert_eq!(records, parts, "in chunks of {chunk}");
    assert_eq!(end, parts_end, "in chunks of {chunk}");
    check_positions(&records, bytes, max_record_bytes);
    for record in &records {
        assert!(record.fault.is_some() || record.fields.len() == names.len(), "{record:?}");
        if let Some(extra) = &record.extra {
            // Postgres stores larger numbers than a double, so keep them as text.
            let object = serde_json::from_slice::<HashMap<String, &RawValue>>(extra);
            assert!(object.is_ok(), "{record:?}");
        }
    }

    // As a load does: the first record shows whether the file is an array.
    let middle = place % records.len().max(1);
    let Some(record) = records.get(middle) else { return };
    let mut first = new();
    first.push(bytes);
    first.end();
    let _ = first.next(&mut stardrop::records::Record::new());
    let mut reader = first.resume(record.next_line, record.end);
    let (rest, rest_end) = read(&mut *reader, &bytes[record.end as usize..], chunk);
    assert_eq!(rest, records[middle + 1..], "from record {middle} on");
    // After a resumption in an array the line of an error is unknown: lines are counted as elements.
    let message = |end: Result<(), RecordError>| end.map_err(|error| error.message);
    assert_eq!(message(rest_end), message(end), "from record {middle} on");
});
