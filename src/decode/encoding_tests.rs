//! Tests of texts in other encodings than UTF-8, valid and invalid.

use proptest::prelude::*;

use super::compressors_for_tests::gzip;
use super::tests::{decode, decoded_with};
use super::*;

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
    text.encode_utf16().flat_map(bytes).collect()
}

pub(super) fn in_encoding(label: &str) -> DecodeOptions {
    let encoding = Encoding::for_label(label.as_bytes()).expect("a known encoding");
    DecodeOptions { encoding, ..DecodeOptions::default() }
}

#[test]
fn a_byte_order_mark_takes_precedence_over_the_configured_encoding() {
    let text = "id,buyer\n1,Zoë 🛒\n";
    for configured in ["utf-8", "cp1252", "utf-16be"] {
        let options = in_encoding(configured);
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
fn utf_8_is_made_valid_only_where_a_format_needs_that() {
    let bytes = b"\xef\xbb\xbf{\"a\":\"x\xe4y\"}";
    let options = |replace_invalid, needs_valid_text| DecodeOptions {
        replace_invalid,
        needs_valid_text,
        ..DecodeOptions::default()
    };
    for (replaces, needs) in [(false, false), (true, false), (false, true)] {
        let same = Ok((bytes.to_vec(), true));
        assert_eq!(decoded_with(bytes, &options(replaces, needs)), same);
    }
    let valid = "{\"a\":\"x\u{fffd}y\"}".as_bytes().to_vec();
    assert_eq!(decoded_with(bytes, &options(true, true)), Ok((valid, false)));
}

#[test]
fn texts_in_other_encodings_become_utf_8() {
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
fn invalid_bytes_are_marked_or_replaced() {
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
    fn any_text_comes_out_of_utf_16(text in "\\PC{0,200}", chunk in 1_usize..40) {
        let (bytes, _) = decode(&utf16(&text, true), in_encoding("utf-16be"), chunk).expect("text");
        prop_assert_eq!(&bytes[..], text.trim_start_matches('\u{feff}').as_bytes());
    }
}
