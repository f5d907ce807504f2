//! Tests of every compression: complete, damaged, truncated and too large files.

use proptest::prelude::*;

use super::compressors_for_tests::{bzip2, gzip, xz, zstd};
use super::encoding_tests::in_encoding;
use super::*;

pub(super) fn decode(
    bytes: &[u8],
    options: DecodeOptions,
    size: usize,
) -> Result<(Vec<u8>, bool), String> {
    let (mut decoder, mut chunks, mut out) = (Decoder::new(options), bytes.chunks(size), vec![]);
    loop {
        match decoder.next().map_err(|error| error.to_string())? {
            Decoded::Bytes(bytes) => out.extend_from_slice(&bytes),
            Decoded::NeedMore => match chunks.next() {
                Some(chunk) => decoder.push(Bytes::copy_from_slice(chunk)),
                None => decoder.end(),
            },
            Decoded::End => {
                assert_eq!(decoder.next(), Ok(Decoded::End), "the end stays");
                return Ok((out, decoder.is_plain()));
            }
        }
    }
}

/// Decodes in chunks of several sizes, which must make no difference.
pub(super) fn decoded_with(
    bytes: &[u8],
    options: &DecodeOptions,
) -> Result<(Vec<u8>, bool), String> {
    let whole = decode(bytes, options.clone(), usize::MAX);
    for size in [1, 2, 3, 7, 1 << 16] {
        let parts = decode(bytes, options.clone(), size);
        assert_eq!(parts.is_ok(), whole.is_ok(), "by {size}: {parts:?} {whole:?}");
        if parts.is_ok() {
            assert!(parts == whole, "by {size}");
        }
    }
    whole
}

pub(super) fn decoded(bytes: &[u8]) -> Result<Vec<u8>, String> {
    decoded_with(bytes, &DecodeOptions::default()).map(|(bytes, _)| bytes)
}

/// A compression by name.
type Compressor = (&'static str, fn(&[u8]) -> Vec<u8>);
const COMPRESSORS: [Compressor; 4] = [("gzip", gzip), ("zstd", zstd), ("bzip2", bzip2), ("xz", xz)];

pub(super) const TEXT: &[u8] = b"id,buyer\n1,Ann\n";

fn bytes_of(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

// Written by zipfile of Python: a.csv; the same as a stream, with the sizes after it; stored between
// a folder and the notes of macOS; a.csv and b.csv.
const DEFLATED: &str = "504b03041400000008000000255c236cc6f3110000000f00000005000000612e637376cb4cd1492aad4c2de232d471cccbe30200504b010214031400000008000000255c236cc6f3110000000f000000050000000000000000000000800100000000612e637376504b0506000000000100010033000000340000000000";
const STREAMED: &str = "504b03041400080008000000255c00000000000000000000000005000000612e637376cb4cd1492aad4c2de232d471cccbe30200504b0708236cc6f3110000000f000000504b010214031400080008000000255c236cc6f3110000000f000000050000000000000000000000800100000000612e637376504b0506000000000100010033000000440000000000";
const STORED: &str = "504b03041400000000000000255c00000000000000000000000002000000642f504b03041400000000000000255c236cc6f30f0000000f00000005000000612e63737669642c62757965720a312c416e6e0a504b03041400000000000000255c8316dc8c0100000001000000100000005f5f4d41434f53582f2e5f612e63737678504b010214031400000000000000255c000000000000000000000000020000000000000000000000800100000000642f504b010214031400000000000000255c236cc6f30f0000000f000000050000000000000000000000800120000000612e637376504b010214031400000000000000255c8316dc8c01000000010000001000000000000000000000008001520000005f5f4d41434f53582f2e5f612e637376504b05060000000003000300a1000000810000000000";
const TWO: &str = "504b03041400000008000000255c236cc6f3110000000f00000005000000612e637376cb4cd1492aad4c2de232d471cccbe30200504b03041400000008000000255c236cc6f3110000000f00000005000000622e637376cb4cd1492aad4c2de232d471cccbe30200504b010214031400000008000000255c236cc6f3110000000f000000050000000000000000000000800100000000612e637376504b010214031400000008000000255c236cc6f3110000000f000000050000000000000000000000800134000000622e637376504b0506000000000200020066000000680000000000";

#[test]
fn plain_text_is_not_changed() {
    for text in [&b""[..], b"a", b"ab\n", b"\xef\xbb\xbf", b"\xef\xbb\xbfa,b\n", b"J\xf8rn", TEXT] {
        let plain = decoded_with(text, &DecodeOptions::default());
        assert_eq!(plain, Ok((text.to_vec(), true)), "{text:?}");
    }
}

#[test]
fn every_compression_is_recognised_by_its_content() {
    let large: Vec<u8> = (0..300_000u32).flat_map(|n| n.wrapping_mul(n).to_le_bytes()).collect();
    for (name, compress) in COMPRESSORS {
        for text in [TEXT, b"", &large[..]] {
            let (decompressed, plain) =
                decode(&compress(text), DecodeOptions::default(), 1 << 20).expect(name);
            assert!(decompressed == text && !plain, "{name}");
        }
        assert_eq!(decoded(&compress(TEXT)).as_deref(), Ok(TEXT), "{name}");
        // Several streams, one after the other, are one file.
        let several = [compress(b"id,"), compress(b""), compress(b"buyer\n1,Ann\n")].concat();
        assert_eq!(decoded(&several).as_deref(), Ok(TEXT), "{name}");
    }
    for zip in [DEFLATED, STREAMED, STORED] {
        assert_eq!(decoded(&bytes_of(zip)).as_deref(), Ok(TEXT));
    }
    assert_eq!(decoded(&[gzip(TEXT), vec![0; 512]].concat()).as_deref(), Ok(TEXT));
}

#[test]
fn a_truncated_or_damaged_file_is_an_error_and_never_a_shorter_file() {
    let large: Vec<u8> = (0..9_000u32).flat_map(|n| n.wrapping_mul(n).to_le_bytes()).collect();
    let mut compressed: Vec<(&str, Vec<u8>)> =
        COMPRESSORS.iter().map(|(name, compress)| (*name, compress(&large))).collect();
    compressed.extend([("zip", bytes_of(DEFLATED)), ("zip streamed", bytes_of(STREAMED))]);
    for (name, bytes) in compressed {
        // The directory of a zip archive may be cut: the file before it is complete.
        let most = if name.starts_with("zip") { 60 } else { bytes.len() };
        for cut in [8, most / 2, most - 9, most - 1] {
            let result = decode(&bytes[..cut], DecodeOptions::default(), 1 << 20);
            assert!(result.is_err(), "{name} cut at {cut} of {}", bytes.len());
        }
        let mut damaged = bytes;
        let at = if name.starts_with("zip") { 40 } else { damaged.len() / 2 };
        damaged[at] ^= 0xff;
        assert!(decode(&damaged, DecodeOptions::default(), 1 << 20).is_err(), "{name} damaged");
    }
    for (trailer, wrong) in [
        ([gzip(TEXT), b"more".to_vec()].concat(), "not gzip"),
        ([zstd(TEXT), b"more".to_vec()].concat(), "damaged zstd"),
        ([bzip2(TEXT), b"more".to_vec()].concat(), "damaged bzip2"),
        ([xz(TEXT), b"more".to_vec()].concat(), "xz"),
        (bytes_of(TWO), "several files"),
    ] {
        let error = decoded(&trailer).expect_err(wrong);
        assert!(error.contains(wrong), "{error}");
    }
}

#[test]
fn files_of_other_kinds_are_named_in_the_error() {
    for (start, wrong) in [
        (&b"PAR1\x15\x04\x15\x04"[..], "Parquet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel"),
        (b"PK\x05\x06\0\0\0\0", "empty"),
        (b"7z\xbc\xaf\x27\x1c\0\0", "7z"),
        (b"Rar!\x1a\x07\0", "rar"),
        (b"Obj\x01\x04\x16av", "Avro"),
        (b"ORC\x08\x03\x10\0\0", "ORC"),
        (b"\xff\xfe\0\0a\0\0\0", "UTF-32"),
        (b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x13\0\0\0[Content_Types].xml", "Excel"),
        (b"PK\x03\x04\x14\0\x01\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0a.csv", "encrypted"),
    ] {
        let error = decoded(start).expect_err(wrong);
        assert!(error.contains(wrong), "{error}");
    }
}

/// A tar archive with one file.
fn tar(magic: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..5].copy_from_slice(b"a.csv");
    header[100..107].copy_from_slice(b"0000644");
    header[124..135].copy_from_slice(b"00000000017");
    header[148..156].copy_from_slice(b"        ");
    header[257..257 + magic.len()].copy_from_slice(magic);
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    [header, TEXT.to_vec(), vec![0; 512 - TEXT.len() + 1024]].concat()
}

/// A zip archive of stored files.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in files {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        bytes.extend_from_slice(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0");
        bytes.extend_from_slice(&crc.sum().to_le_bytes());
        bytes.extend_from_slice(&[(content.len() as u32).to_le_bytes(); 2].concat());
        bytes.extend_from_slice(&[(name.len() as u16).to_le_bytes(), [0; 2]].concat());
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(content);
    }
    [bytes, b"PK\x05\x06".to_vec(), vec![0; 18]].concat()
}

#[test]
fn an_archive_within_another_file_is_refused_by_its_true_name() {
    for magic in [&b"ustar\x0000"[..], b"ustar  ", b""] {
        for bytes in
            [tar(magic), gzip(&tar(magic)), zstd(&tar(magic)), zip(&[("a.tar", &tar(magic))])]
        {
            let error = decoded(&bytes).expect_err("a tar archive");
            assert!(error.starts_with("the file is a tar archive"), "{error}");
        }
    }
    for (bytes, wrong) in [
        (gzip(&gzip(TEXT)), "the gzip file holds a gzip file: compress the file once"),
        (gzip(&zip(&[("a.csv", TEXT)])), "the gzip file holds a zip file"),
        (zip(&[("a.csv.gz", &gzip(TEXT))]), "the zip file holds a gzip file"),
        (zstd(b"PAR1\x15\x04\x15\x04"), "the file is Parquet"),
        (gzip(b"7z\xbc\xaf\x27\x1c\0\0"), "7z archives"),
        (zip(&[("a.csv", TEXT), ("b.csv", TEXT)]), "the zip archive holds several files"),
        (zip(&[("__MACOSX/._a.csv", b"x"), (".DS_Store", b"x")]), "the zip archive holds no file"),
    ] {
        let error = decoded(&bytes).expect_err(wrong);
        assert!(error.contains(wrong) && !error.contains("damaged"), "{error}");
    }
    // A text is never taken for one, whatever its length.
    for text in [TEXT.repeat(100), TEXT.repeat(34), b"7z\n".repeat(300)] {
        assert_eq!(decoded(&text).as_deref(), Ok(&text[..]));
        assert_eq!(decoded(&gzip(&text)).as_deref(), Ok(&text[..]));
    }
}

#[test]
fn files_that_operating_systems_add_to_an_archive_are_ignored() {
    for added in [
        "__MACOSX/._a.csv",
        "d/__MACOSX/x",
        "d/.DS_Store",
        "._a.csv",
        "Thumbs.db",
        "d/desktop.ini",
        "d\\.DS_Store",
    ] {
        for files in [[("d/a.csv", TEXT), (added, &b"x"[..])], [(added, b"x"), ("d/a.csv", TEXT)]] {
            assert_eq!(decoded(&zip(&files)).as_deref(), Ok(TEXT), "{added}");
        }
    }
}

#[test]
fn more_than_the_limits_allow_is_an_error_before_it_fills_the_memory() {
    let zeros = vec![b'0'; 40 << 20];
    for (name, compress) in COMPRESSORS {
        let bomb = compress(&zeros);
        let small = DecodeOptions { max_bytes: 1 << 20, ..DecodeOptions::default() };
        let error = decode(&bomb, small, 1 << 20).expect_err(name);
        assert!(error.contains("1048576 bytes (STARDROP_MAX_DECOMPRESSED_BYTES)"), "{error}");
        let tight = DecodeOptions { max_ratio: 100, ..DecodeOptions::default() };
        let error = decode(&bomb, tight, 1 << 20).expect_err(name);
        assert!(error.contains("100 times its size (STARDROP_MAX_RATIO)"), "{error}");
        assert!(decode(&bomb, DecodeOptions::default(), 1 << 20).is_ok(), "{name}");
        // A small file may have any ratio.
        let tight = DecodeOptions { max_ratio: 2, ..DecodeOptions::default() };
        assert!(decode(&compress(&zeros[..10_000]), tight, 1 << 20).is_ok(), "{name}");
    }
}

proptest! {
    #[test]
    fn any_text_comes_out_of_any_compression(text in "\\PC{0,200}", chunk in 1_usize..40) {
        for (name, compress) in COMPRESSORS {
            let (bytes, _) = decode(&compress(text.as_bytes()), DecodeOptions::default(), chunk).expect(name);
            prop_assert_eq!(&bytes, text.as_bytes());
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_an_error(magic in 0_usize..5, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let starts = [gzip(TEXT), zstd(TEXT), bzip2(TEXT), xz(TEXT), bytes_of(STREAMED)];
        let start = &starts[magic];
        let half = &start[..start.len() / 2];
        let _ = decode(&[half, &bytes].concat(), DecodeOptions::default(), 64);
        let _ = decode(&bytes, in_encoding("gb18030"), 64);
    }
}
