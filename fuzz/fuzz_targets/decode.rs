//! Fuzzes decoding: any bytes give the same text in chunks of any size, within the limits.
#![no_main]

use bytes::Bytes;
use encoding_rs::Encoding;
use libfuzzer_sys::fuzz_target;
use stardrop::decode::{DecodeOptions, Decoded, Decoder, RATIO_FLOOR_BYTES};
use stardrop_fuzz::Input;

const MAX_BYTES: u64 = 4 << 20;

fn decode(options: &DecodeOptions, bytes: &[u8], chunk: usize) -> Result<Vec<u8>, String> {
    let (mut decoder, mut out) = (Decoder::new(options.clone()), Vec::new());
    let mut chunks = bytes.chunks(chunk.max(1));
    loop {
        match decoder.next().map_err(|error| error.to_string())? {
            Decoded::Bytes(bytes) => {
                assert!(!bytes.is_empty());
                out.extend_from_slice(&bytes);
            }
            Decoded::NeedMore => match chunks.next() {
                Some(chunk) => decoder.push(Bytes::copy_from_slice(chunk)),
                None => decoder.end(),
            },
            Decoded::End => return Ok(out),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let labels =
        ["utf-8", "utf-16le", "utf-16be", "windows-1252", "shift_jis", "gb18030", "iso-2022-jp"];
    let label = input.one_of(&labels);
    let replace_invalid = input.byte() & 1 == 1;
    let chunk = input.one_of(&[1, 2, 3, 7, 64, 4096]);
    let bytes = input.rest();
    let options = DecodeOptions {
        needs_valid_text: false,
        encoding: Encoding::for_label(label.as_bytes()).expect("a known label"),
        replace_invalid,
        max_bytes: MAX_BYTES,
        max_ratio: 100,
    };
    let whole = decode(&options, bytes, usize::MAX);
    let parts = decode(&options, bytes, chunk);
    match (&whole, &parts) {
        (Ok(whole), Ok(parts)) => assert!(whole == parts, "the chunks make a difference"),
        (Err(_), Err(_)) => {}
        _ => panic!("in chunks of {chunk}: {:?}, whole: {:?}", parts.is_ok(), whole.is_ok()),
    }
    if let Ok(text) = whole {
        // A text may become three times as long in UTF-8.
        assert!(text.len() as u64 <= (MAX_BYTES.max(RATIO_FLOOR_BYTES) + bytes.len() as u64) * 3);
        assert!(!replace_invalid || std::str::from_utf8(&text).is_ok() || label == "utf-8");
    }
});
