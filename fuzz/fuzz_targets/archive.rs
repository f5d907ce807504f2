//! Fuzzes archives: the entries that are listed are read the same in any order and in pieces of any size, within the limits.
#![no_main]

use std::io::{Cursor, Read};

use libfuzzer_sys::fuzz_target;
use stardrop::archive::{Archive, read_error};
use stardrop::decode::{DecodeOptions, RATIO_FLOOR_BYTES};
use stardrop::records::SharedFile;
use stardrop_fuzz::Input;

const MAX_BYTES: u64 = 4 << 20;

fn content(archive: &Archive, name: &str, piece: usize) -> Result<Vec<u8>, String> {
    let mut reader = archive.open_entry(name).map_err(|error| error.message)?;
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; piece]);
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(error) => return Err(read_error(&error).message),
        }
        assert!(bytes.len() as u64 <= MAX_BYTES.max(RATIO_FLOOR_BYTES), "more than the limit");
    }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let piece = input.one_of(&[1, 3, 64, 511, 4096]);
    let file = SharedFile::new(Box::new(Cursor::new(input.rest().to_vec()))).expect("memory");
    let options =
        DecodeOptions { max_bytes: MAX_BYTES, max_ratio: 100, ..DecodeOptions::default() };
    let Ok(archive) = Archive::open(&file, &options) else { return };
    let names: Vec<String> = archive.names().map(str::to_owned).collect();
    let forward: Vec<_> = names.iter().map(|name| content(&archive, name, 4096)).collect();
    let total: usize = forward.iter().flatten().map(Vec::len).sum();
    assert!(total as u64 <= MAX_BYTES, "{total} bytes together");
    for (name, expected) in names.iter().zip(&forward).rev() {
        assert!(!name.starts_with('/') && !name.split('/').any(|folder| folder == ".."), "{name}");
        assert_eq!(content(&archive, name, piece).is_ok(), expected.is_ok(), "{name}");
        if let Ok(expected) = expected {
            assert!(content(&archive, name, piece).as_ref() == Ok(expected), "{name}");
        }
    }
});
