//! Tests of what real files are compressed in: every compression and encoding, whole, broken, too large.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;

fn decode(bytes: &[u8], options: DecodeOptions, size: usize) -> Result<(Vec<u8>, bool), String> {
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

/// Decodes by chunks of several sizes, which make no difference.
fn decoded_with(bytes: &[u8], options: &DecodeOptions) -> Result<(Vec<u8>, bool), String> {
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

fn gzip(bytes: &[u8]) -> Vec<u8> {
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

// Written by Python's zipfile: a.csv; the same to a stream, its sizes after it; stored between a
// folder and what macOS adds; a.csv and b.csv.
const DEFLATED: &str = "504b03041400000008000000255c236cc6f3110000000f00000005000000612e637376cb4cd1492aad4c2de232d471cccbe30200504b010214031400000008000000255c236cc6f3110000000f000000050000000000000000000000800100000000612e637376504b0506000000000100010033000000340000000000";
const STREAMED: &str = "504b03041400080008000000255c00000000000000000000000005000000612e637376cb4cd1492aad4c2de232d471cccbe30200504b0708236cc6f3110000000f000000504b010214031400080008000000255c236cc6f3110000000f000000050000000000000000000000800100000000612e637376504b0506000000000100010033000000440000000000";
const STORED: &str = "504b03041400000000000000255c00000000000000000000000002000000642f504b03041400000000000000255c236cc6f30f0000000f00000005000000612e63737669642c62757965720a312c416e6e0a504b03041400000000000000255c8316dc8c0100000001000000100000005f5f4d41434f53582f2e5f612e63737678504b010214031400000000000000255c000000000000000000000000020000000000000000000000800100000000642f504b010214031400000000000000255c236cc6f30f0000000f000000050000000000000000000000800120000000612e637376504b010214031400000000000000255c8316dc8c01000000010000001000000000000000000000008001520000005f5f4d41434f53582f2e5f612e637376504b05060000000003000300a1000000810000000000";
const TWO: &str = "504b03041400000008000000255c236cc6f3110000000f00000005000000612e637376cb4cd1492aad4c2de232d471cccbe30200504b03041400000008000000255c236cc6f3110000000f00000005000000622e637376cb4cd1492aad4c2de232d471cccbe30200504b010214031400000008000000255c236cc6f3110000000f000000050000000000000000000000800100000000612e637376504b010214031400000008000000255c236cc6f3110000000f000000050000000000000000000000800134000000622e637376504b0506000000000200020066000000680000000000";

#[test]
fn plain_text_passes_as_it_is() {
    for text in [&b""[..], b"a", b"ab\n", b"\xef\xbb\xbf", b"\xef\xbb\xbfa,b\n", b"J\xf8rn", TEXT] {
        let plain = decoded_with(text, &DecodeOptions::default());
        assert_eq!(plain, Ok((text.to_vec(), true)), "{text:?}");
    }
}

#[test]
fn every_compression_is_known_by_its_content() {
    let large: Vec<u8> = (0..300_000u32).flat_map(|n| n.wrapping_mul(n).to_le_bytes()).collect();
    for (name, compress) in COMPRESSORS {
        for text in [TEXT, b"", &large[..]] {
            let (decompressed, plain) =
                decode(&compress(text), DecodeOptions::default(), 1 << 20).expect(name);
            assert!(decompressed == text && !plain, "{name}");
        }
        assert_eq!(decoded(&compress(TEXT)).as_deref(), Ok(TEXT), "{name}");
        // Several, one after the other, are one file.
        let several = [compress(b"id,"), compress(b""), compress(b"buyer\n1,Ann\n")].concat();
        assert_eq!(decoded(&several).as_deref(), Ok(TEXT), "{name}");
    }
    for zip in [DEFLATED, STREAMED, STORED] {
        assert_eq!(decoded(&bytes_of(zip)).as_deref(), Ok(TEXT));
    }
    assert_eq!(decoded(&[gzip(TEXT), vec![0; 512]].concat()).as_deref(), Ok(TEXT));
}

#[test]
fn what_is_cut_off_or_damaged_is_an_error_and_never_a_shorter_file() {
    let large: Vec<u8> = (0..9_000u32).flat_map(|n| n.wrapping_mul(n).to_le_bytes()).collect();
    let mut compressed: Vec<(&str, Vec<u8>)> =
        COMPRESSORS.iter().map(|(name, compress)| (*name, compress(&large))).collect();
    compressed.extend([("zip", bytes_of(DEFLATED)), ("zip streamed", bytes_of(STREAMED))]);
    for (name, bytes) in compressed {
        // A zip archive's directory may be cut: the file itself is whole by then.
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
        ([gzip(TEXT), b"more".to_vec()].concat(), "no gzip"),
        ([zstd(TEXT), b"more".to_vec()].concat(), "broken zstd"),
        ([bzip2(TEXT), b"more".to_vec()].concat(), "broken bzip2"),
        ([xz(TEXT), b"more".to_vec()].concat(), "xz"),
        (bytes_of(TWO), "several files"),
    ] {
        let error = decoded(&trailer).expect_err(wrong);
        assert!(error.contains(wrong), "{error}");
    }
}

#[test]
fn files_of_other_kinds_are_told_by_name() {
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
fn more_than_the_limits_allow_is_refused_before_it_fills_the_memory() {
    let zeros = vec![b'0'; 40 << 20];
    for (name, compress) in COMPRESSORS {
        let bomb = compress(&zeros);
        let small = DecodeOptions { max_bytes: 1 << 20, ..DecodeOptions::default() };
        let error = decode(&bomb, small, 1 << 20).expect_err(name);
        assert!(error.contains("1048576 bytes (STARDROP_MAX_UNPACKED_BYTES)"), "{error}");
        let tight = DecodeOptions { max_ratio: 100, ..DecodeOptions::default() };
        let error = decode(&bomb, tight, 1 << 20).expect_err(name);
        assert!(error.contains("100 times its size (STARDROP_MAX_RATIO)"), "{error}");
        assert!(decode(&bomb, DecodeOptions::default(), 1 << 20).is_ok(), "{name}");
        // A small file may have any ratio.
        let tight = DecodeOptions { max_ratio: 2, ..DecodeOptions::default() };
        assert!(decode(&compress(&zeros[..10_000]), tight, 1 << 20).is_ok(), "{name}");
    }
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
    text.encode_utf16().flat_map(bytes).collect()
}

fn in_encoding(label: &str) -> DecodeOptions {
    let encoding = Encoding::for_label(label.as_bytes()).expect("a known encoding");
    DecodeOptions { encoding, ..DecodeOptions::default() }
}

#[test]
fn a_byte_order_mark_wins_over_what_was_told() {
    let text = "id,buyer\n1,Zoë 🛒\n";
    for told in ["utf-8", "cp1252", "utf-16be"] {
        let options = in_encoding(told);
        let little = [b"\xff\xfe".to_vec(), utf16(text, false)].concat();
        let big = [b"\xfe\xff".to_vec(), utf16(text, true)].concat();
        assert_eq!(decoded_with(&little, &options), Ok((text.as_bytes().to_vec(), false)));
        assert_eq!(decoded_with(&big, &options), Ok((text.as_bytes().to_vec(), false)));
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        assert_eq!(decoded_with(&marked, &options), Ok((marked.clone(), true)));
        assert_eq!(decoded_with(&gzip(&big), &options), Ok((text.as_bytes().to_vec(), false)));
    }
}

#[test]
fn texts_in_other_encodings_are_what_they_were() {
    for (label, bytes, text) in [
        ("cp1252", &b"J\xf8rn \x80"[..], "Jørn €"),
        ("latin1", b"caf\xe9", "café"),
        ("iso-8859-15", b"\xa4 1", "€ 1"),
        ("windows-1251", b"\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"),
        ("shift_jis", b"\x83\x65\x83\x58\x83\x67", "テスト"),
        ("gb18030", b"\xd6\xd0\xce\xc4", "中文"),
        ("euc-kr", b"\xc7\xd1\xb1\xdb", "한글"),
        ("utf-16le", b"a\0,\0", "a,"),
        ("utf-16be", b"\0a\0,", "a,"),
        ("macintosh", b"caf\x8e!", "café!"),
    ] {
        let result = decoded_with(bytes, &in_encoding(label));
        assert_eq!(result, Ok((text.as_bytes().to_vec(), false)), "{label}");
    }
}

#[test]
fn what_is_none_of_the_encoding_is_marked_or_replaced() {
    let wrong = b"a,b\n\x83\x65,\x83\n\xa0\xff,c\n";
    let marked = decoded_with(wrong, &in_encoding("shift_jis")).map(|(bytes, _)| bytes);
    assert_eq!(marked.as_deref(), Ok(&b"a,b\n\xe3\x83\x86,\xff\n\xff\xff,c\n"[..]));
    let replaced = DecodeOptions { replace_invalid: true, ..in_encoding("shift_jis") };
    let replaced = decoded_with(wrong, &replaced).map(|(bytes, _)| bytes);
    assert_eq!(replaced.as_deref(), Ok("a,b\nテ,\u{fffd}\n\u{fffd}\u{fffd},c\n".as_bytes()));
    // Half a character at the end.
    assert_eq!(decoded_with(b"\xff\xfea\0b", &DecodeOptions::default()).unwrap().0, b"a\xff");
}

proptest! {
    #[test]
    fn any_text_comes_out_of_any_compression(text in "\\PC{0,200}", chunk in 1_usize..40) {
        for (name, compress) in COMPRESSORS {
            let (bytes, _) = decode(&compress(text.as_bytes()), DecodeOptions::default(), chunk).expect(name);
            prop_assert_eq!(&bytes, text.as_bytes());
        }
        let (bytes, _) = decode(&utf16(&text, true), in_encoding("utf-16be"), chunk).expect("text");
        prop_assert_eq!(&bytes[..], text.trim_start_matches('\u{feff}').as_bytes());
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(magic in 0_usize..5, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let starts = [gzip(TEXT), zstd(TEXT), bzip2(TEXT), xz(TEXT), bytes_of(STREAMED)];
        let start = &starts[magic];
        let half = &start[..start.len() / 2];
        let _ = decode(&[half, &bytes].concat(), DecodeOptions::default(), 64);
        let _ = decode(&bytes, in_encoding("gb18030"), 64);
    }
}
