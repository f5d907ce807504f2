//! Fuzzes CSV: any text in any dialect gives the same records in chunks of any size, and after a
//! resumption at any checkpoint.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stardrop::records::{CsvOptions, CsvReader, Delimiter, RecordReader};
use stardrop_fuzz::{Input, check_positions, read};

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let delimiter = match input.byte() % 8 {
        0 => Delimiter::Byte(b','),
        1 => Delimiter::Byte(b';'),
        2 => Delimiter::Text(b"||".to_vec()),
        3 => Delimiter::Text(b"aab".to_vec()),
        _ => Delimiter::Detect,
    };
    let flags = input.byte();
    let options = CsvOptions {
        delimiter,
        quote: input.one_of(&[Some(b'"'), Some(b'"'), Some(b'\''), None]),
        escape: input.one_of(&[None, None, Some(b'\\'), Some(b'"')]),
        comment: (flags & 1 == 1).then_some(b'#'),
        skip: u64::from(flags >> 6),
        trim: flags & 2 == 2,
        has_header: flags & 4 == 4,
        max_record_bytes: input.one_of(&[4096, 16, 1 << 20]),
    };
    let chunk = input.one_of(&[1, 2, 3, 7, 64]);
    let bytes = input.rest();
    let new = || CsvReader::new(options.clone());

    let mut reader = new();
    let (records, end) = read(&mut reader, bytes, usize::MAX);
    let known = reader.delimiter().map(<[u8]>::to_vec);
    let (parts, parts_end) = read(&mut new(), bytes, chunk);
    assert_eq!(records, parts, "in chunks of {chunk}");
    assert_eq!(end, parts_end, "in chunks of {chunk}");
    check_positions(&records, bytes, options.max_record_bytes);

    // A checkpoint is enough to resume.
    let middle = usize::from(flags >> 3) % records.len().max(1);
    let Some(record) = records.get(middle) else { return };
    let delimiter = Delimiter::Text(known.expect("known after a record"));
    let resumed = CsvOptions { delimiter, ..options.clone() };
    let mut reader = CsvReader::resume_at(resumed, record.next_line, record.end);
    let (rest, rest_end) = read(&mut reader, &bytes[record.end as usize..], chunk);
    assert_eq!(rest, records[middle + 1..], "from record {middle} on");
    assert_eq!(rest_end, end, "from record {middle} on");
});
