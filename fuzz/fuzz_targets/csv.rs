//! Csv: any text and any dialect in; the same records whatever the pieces, and from any checkpoint
//! on, out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stardrop::records::{CsvOptions, CsvReader, Delimiter, RecordReader};
use stardrop_fuzz::{Input, check_places, read};

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
    let (told, end) = read(&mut reader, bytes, usize::MAX);
    let known = reader.delimiter().map(<[u8]>::to_vec);
    let (parts, parts_end) = read(&mut new(), bytes, chunk);
    assert_eq!(told, parts, "by pieces of {chunk}");
    assert_eq!(end, parts_end, "by pieces of {chunk}");
    check_places(&told, bytes, options.max_record_bytes);

    // What a checkpoint keeps is enough to go on with.
    let middle = usize::from(flags >> 3) % told.len().max(1);
    let Some(record) = told.get(middle) else { return };
    let delimiter = Delimiter::Text(known.expect("known after a record"));
    let resumed = CsvOptions { delimiter, ..options.clone() };
    let mut reader = CsvReader::resume_at(resumed, record.next_line, record.end);
    let (rest, rest_end) = read(&mut reader, &bytes[record.end as usize..], chunk);
    assert_eq!(rest, told[middle + 1..], "from record {middle} on");
    assert_eq!(rest_end, end, "from record {middle} on");
});
