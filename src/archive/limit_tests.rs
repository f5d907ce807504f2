//! Tests of the limits of archives, which hold for all of their entries together.

use std::io::Cursor;

use ::zip::CompressionMethod;
use ::zip::write::SimpleFileOptions;

use super::tests::{open, open_with, sum, tar, tar_entry, zip};
use super::*;
use crate::decode::compressors_for_tests::gzip;

#[test]
fn the_limits_hold_for_all_entries_together() {
    let half = vec![0; 10 << 20];
    let entries: &[(&str, &[u8])] = &[("a.csv", &half), ("b.csv", &half)];
    let limits =
        |max_bytes, max_ratio| DecodeOptions { max_bytes, max_ratio, ..DecodeOptions::default() };
    let plain = tar(entries);
    for bytes in [zip(entries, CompressionMethod::Deflated), gzip(&plain)] {
        let why = |options| open_with(&bytes, &options).map(|_| ()).unwrap_err();
        assert_eq!(why(limits(15 << 20, u64::MAX)).kind, ErrorKind::OverLimit);
        assert!(why(limits(u64::MAX, 20)).message.contains("STARDROP_MAX_RATIO"));
        assert!(open_with(&bytes, &limits(30 << 20, 5_000)).is_ok());
    }
    let why = open_with(&plain, &limits(15 << 20, u64::MAX)).map(|_| ()).unwrap_err();
    assert!(why.message.contains("STARDROP_MAX_DECOMPRESSED_BYTES"), "{why}");
    // A directory is not read into memory however many entries it has.
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..=MAX_ENTRIES {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        writer.start_file(format!("{number}.csv"), options).unwrap();
    }
    let many = writer.finish().unwrap().into_inner();
    assert_eq!(
        open(&many).map(|_| ()).unwrap_err().message,
        "the archive has more than 10000 entries"
    );
    // A header of a long name is not read into memory however long it says that it is.
    let mut huge = tar_entry(b'L', b"././@LongLink", b"");
    huge[124..135].copy_from_slice(b"77777777777");
    sum(&mut huge);
    assert!(open(&huge).map(|_| ()).unwrap_err().message.contains("too long"));
}
