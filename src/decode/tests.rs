//! Tests of every compression: complete, damaged, truncated and too large files.

use std::io::Write as _;

use proptest::prelude::*;

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

fn decoded(bytes: &[u8]) -> Result<Vec<u8>, String> {
    decoded_with(bytes, &DecodeOptions::default()).map(|(bytes, _)| bytes)
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    // As the program zstd writes it, with a checksum.
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 6);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A compression by name.
type Compressor = (&'static str, fn(&[u8]) -> Vec<u8>);
const COMPRESSORS: [Compressor; 4] = [("gzip", gzip), ("zstd", zstd), ("bzip2", bzip2), ("xz", xz)];

const TEXT: &[u8] = b"id,buyer\n1,Ann\n";

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
        (b"\xff\xfe\0\0a\0\0\0", "UTF-32"),
        (b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x13\0\0\0[Content_Types].xml", "Excel"),
        (b"PK\x03\x04\x14\0\x01\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0a.csv", "encrypted"),
    ] {
        let error = decoded(start).expect_err(wrong);
        assert!(error.contains(wrong), "{error}");
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
