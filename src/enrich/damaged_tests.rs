//! Tests of databases that are damaged: each is refused with its sentence, and none is a panic.

use serde_json::json;

use super::mmdb::MmdbWriter;
use super::tests::{DATABASE, NESTED, found, nested, open};

#[test]
fn a_damaged_database_is_refused_with_a_sentence() {
    let whole = nested(24, 6).bytes();
    let at = memchr::memmem::rfind(&whole, b"MaxMind.com").unwrap();
    let refused = |bytes: Vec<u8>| open(&[DATABASE, NESTED].concat(), bytes).unwrap_err();
    let patched = |index: usize, bytes: &[u8]| {
        let mut patched = whole.clone();
        patched[index..index + bytes.len()].copy_from_slice(bytes);
        patched
    };
    let deep = MmdbWriter::new(32, 6)
        .add("::1/128", json!({ "a": 1 }))
        .add("2000::/128", json!({ "a": 1 }));
    // The last node of an address leads to the first node of the other one that is not walked yet.
    let deep = deep.link(127, 0, 129).bytes();
    // The last node of the second address leads to the second node of the first one, which is walked then. An alias of
    // the IPv4 addresses is no such fault.
    let deep_again = MmdbWriter::new(24, 6)
        .add("::1/128", json!({ "a": 1 }))
        .add("8000::/128", json!({ "a": 1 }))
        .link(254, 0, 1)
        .bytes();
    let alias = nested(24, 6).alias("2002::/16").alias("::ffff:0:0/96").bytes();
    let alias = open(&[DATABASE, NESTED].concat(), alias).unwrap();
    assert_eq!(found(&alias, "2002:102:304::"), "DE - 52.25 4200000000 public");
    let metadata = |key: &str, value| nested(24, 6).metadata(key, value).bytes();
    for (bytes, said) in [
        (vec![], "it is empty"),
        (whole[..at - 10].to_vec(), "it is truncated, or is not a MaxMind DB"),
        (whole[..whole.len() - 40].to_vec(), "its metadata does not fit it"),
        ([&whole[..at - 60], &whole[at - 3..]].concat(), "is broken"),
        ([&whole[..10], &whole[at - 3..]].concat(), "its metadata does not fit it"),
        (patched(at - 3, b"xyz"), "the mark of its metadata is damaged"),
        (b"id,name\n1,a\n".to_vec(), "is not a MaxMind DB"),
        (b"\x1f\x8b\x08 and so on".to_vec(), "compressed with gzip"),
        (b"PK\x03\x04 and so on".to_vec(), "zip archive"),
        (b"<!DOCTYPE html>".to_vec(), "web page"),
        (patched(0, &[0xff; 6]), "it points outside of the file"),
        (nested(24, 6).link(1, 0, 0).bytes(), "it leads back to itself"),
        (metadata("record_size", json!(20)), "record_size"),
        (nested(24, 6).nodes(5).bytes(), "the zero bytes behind it are missing"),
        (nested(24, 6).nodes(5_000_000).bytes(), "its metadata does not fit it"),
        (deep, "it is deeper than an address has bits"),
        (deep_again, "it is deeper than an address has bits"),
        (metadata("ip_version", json!(5)), "ip_version"),
        (metadata("binary_format_major_version", json!(3)), "binary_format_major_version"),
        (MmdbWriter::new(24, 6).bytes(), "it has no records"),
    ] {
        let complaint = refused(bytes);
        assert!(complaint.contains(said), "{said}: {complaint}");
    }
}

#[test]
fn no_damage_of_a_database_is_a_panic_or_goes_on_forever() {
    for (bits, step) in [(24, 5), (28, 1), (32, 7)] {
        let whole = nested(bits, 6).bytes();
        for index in (0..whole.len()).step_by(step) {
            for byte in [0xff, whole[index] ^ 0x80] {
                let mut damaged = whole.clone();
                damaged[index] = byte;
                let Ok(geo) = open(&[DATABASE, NESTED].concat(), damaged) else { continue };
                for address in ["1.1.1.1", "1.2.3.4", "9.9.9.9", "2a00::1", "255.1.1.1"] {
                    assert_ne!(found(&geo, address), "broken_database", "byte {index}: {byte}");
                }
            }
            let _ = open(&[DATABASE, NESTED].concat(), &whole[..index]);
        }
    }
}
