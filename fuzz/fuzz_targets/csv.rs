//! Fuzzes CSV: any text in any dialect gives the same records in chunks of any size, and after a
//! resumption at any checkpoint.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stardrop::records::{CsvOptions, CsvReader, Delimiter, Record, RecordReader};
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
        escaped_nulls: Vec::new(),
        delimiter,
        quote: input.one_of(&[Some(b'"'), Some(b'"'), Some(b'\''), None]),
        escape: input.one_of(&[None, None, Some(b'\\'), Some(b'"')]),
        comment: (flags & 1 == 1).then_some(b'#'),
        trailing_comment: flags & 8 == 8,
        trailing_delimiter: flags & 16 == 16,
        record_end: input.one_of(&[None, None, Some("&|\n"), Some("\x1e")]).map(|end| end.into()),
        skip: u64::from(flags >> 6),
        skip_footer: 0,
        trim: flags & 2 == 2,
        header_rows: usize::from(flags >> 2 & 1),
        max_record_bytes: input.one_of(&[4096, 16, 1 << 20]),
    };
    let chunk = input.one_of(&[1, 2, 3, 7, 64]);
    let bytes = input.rest();
    let new = || CsvReader::new(options.clone());

    let mut reader = new();
    let (records, end) = read(&mut reader, bytes, usize::MAX);
    let (parts, parts_end) = read(&mut new(), bytes, chunk);
    assert_eq!(records, parts, "in chunks of {chunk}");
    assert_eq!(end, parts_end, "in chunks of {chunk}");
    check_positions(&records, bytes, options.max_record_bytes);

    // As a load does: the first record shows the delimiter and whether there is a single column.
    let middle = usize::from(flags >> 3) % records.len().max(1);
    let Some(record) = records.get(middle) else { return };
    let mut first = Box::new(new());
    first.push(bytes);
    first.end();
    let _ = first.next(&mut Record::new());
    let mut reader = first.resume(record.next_line, record.end);
    let (rest, rest_end) = read(&mut *reader, &bytes[record.end as usize..], chunk);
    assert_eq!(rest, records[middle + 1..], "from record {middle} on");
    assert_eq!(rest_end, end, "from record {middle} on");
});
