//! Tests of tar archives: compares what is read with what the `tar` library reads, and checks what that does otherwise.

use std::io::{Cursor, Read as _};

use super::tests::{END, content, open, tar_entry, why};
use super::*;

/// The entries as the library reads them: name, position and content.
fn by_library(bytes: &[u8]) -> Vec<(String, u64, Vec<u8>)> {
    let mut archive = ::tar::Archive::new(Cursor::new(bytes));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        (name, entry.raw_file_position(), content)
    });
    entries.collect()
}

fn assert_same(bytes: &[u8]) {
    let archive = open(bytes).unwrap();
    let expected = by_library(bytes);
    assert!(!expected.is_empty());
    let found: Vec<(String, u64, Vec<u8>)> = archive
        .entries
        .iter()
        .map(|entry| (entry.name.clone(), entry.position, content(&archive, &entry.name).unwrap()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn archives_of_the_library_are_read_as_the_library_reads_them() {
    for make in [::tar::Header::new_gnu, ::tar::Header::new_ustar] {
        for extends in [false, true] {
            let mut builder = ::tar::Builder::new(Vec::new());
            for length in [1, 99, 100, 101, 154, 155, 156, 200, 255, 256, 257, 1_000] {
                let name = "folder/".repeat(length / 7) + &"x".repeat(length % 7 + 1);
                let bytes = vec![b'a'; length * 7 % 1_025];
                if extends {
                    let time = [("mtime", &b"1700000000.5"[..]), ("path", name.as_bytes())];
                    builder.append_pax_extensions(time).unwrap();
                }
                let mut header = make();
                header.set_size(bytes.len() as u64);
                header.set_mode(0o644);
                header.set_entry_type(::tar::EntryType::Regular);
                let shown = if extends { "cut".to_owned() } else { name };
                builder.append_data(&mut header, shown, bytes.as_slice()).unwrap();
            }
            assert_same(&builder.into_inner().unwrap());
        }
    }
}

#[test]
fn a_value_with_line_ends_hides_none_of_the_others() {
    // As macOS writes extended attributes. The library ends the value at its first line end, and ignores the rest.
    let attribute = format!("SCHILY.xattr.com.apple.x={}", "\n15 path=no.csv\n".repeat(5));
    // The length of a record has three digits, and counts them, the blank and the line end.
    let record = format!("{} {attribute}\n", attribute.len() + 5);
    let extended = record + "17 path=real.csv\n" + "10 size=3\n";
    let archive = [
        tar_entry(b'x', b"PaxHeader", extended.as_bytes()),
        tar_entry(b'0', b"cut.csv", b"abc"),
        tar_entry(b'0', b"b.csv", b"2"),
        END.to_vec(),
    ];
    let archive = open(&archive.concat()).unwrap();
    assert_eq!(archive.names().collect::<Vec<_>>(), ["real.csv", "b.csv"]);
    assert_eq!(content(&archive, "real.csv").unwrap(), b"abc");
}

#[test]
fn what_programs_read_in_different_ways_is_refused() {
    for kind in *b"123456" {
        let inner = tar_entry(b'0', b"hidden.csv", b"1");
        let archive = [tar_entry(kind, b"a", &inner), END.to_vec()].concat();
        assert!(why(&archive).contains("has content"), "{}", why(&archive));
    }
    // The size of a header that another one contradicts: the last one counts, as in POSIX.
    let archive = [
        tar_entry(b'x', b"PaxHeader", b"12 size=512\n"),
        tar_entry(b'0', b"a.csv", b""),
        tar_entry(b'0', b"hidden.csv", b""),
        tar_entry(b'0', b"b.csv", b""),
        END.to_vec(),
    ];
    let archive = open(&archive.concat()).unwrap();
    assert_eq!(archive.names().collect::<Vec<_>>(), ["a.csv", "b.csv"]);
}

#[test]
fn an_archive_of_too_many_entries_is_refused_before_they_fill_the_memory() {
    let bytes = tar_entry(b'0', b"a.csv", b"").repeat(MAX_ENTRIES + 1);
    // Without an end: it is not read so far.
    assert_eq!(why(&bytes), "the archive has more than 10000 entries");
}
