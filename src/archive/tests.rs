//! Tests of archives of both kinds: complete, hostile, damaged, truncated and too large ones.

use std::io::{Cursor, Read as _, Write as _};

use ::zip::CompressionMethod;
use ::zip::write::SimpleFileOptions;

use super::*;
use crate::decode::compressors_for_tests::{bzip2, gzip, xz, zstd};

/// A block of a tar archive and the content behind it.
pub(super) fn tar_entry(kind: u8, name: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name);
    header[100..107].copy_from_slice(b"0000644");
    header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    sum(&mut header);
    header.extend_from_slice(content);
    header.resize(header.len().div_ceil(512) * 512, 0);
    header
}

pub(super) fn sum(header: &mut [u8]) {
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
    header[154] = 0;
}

pub(super) const END: [u8; 1024] = [0; 1024];

pub(super) fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let entries = entries.iter().map(|(name, content)| tar_entry(b'0', name.as_bytes(), content));
    [entries.collect::<Vec<_>>().concat(), END.to_vec()].concat()
}

pub(super) fn zip(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, content) in entries {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(super) fn open_with(bytes: &[u8], options: &DecodeOptions) -> Result<Archive, DecodeError> {
    let file = SharedFile::new(Box::new(Cursor::new(bytes.to_vec()))).unwrap();
    Archive::open(&file, options)
}

pub(super) fn open(bytes: &[u8]) -> Result<Archive, DecodeError> {
    open_with(bytes, &DecodeOptions::default())
}

pub(super) fn why(bytes: &[u8]) -> String {
    open(bytes).map(|_| ()).unwrap_err().message
}

pub(super) fn content(archive: &Archive, name: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut reader = archive.open_entry(name).map_err(|error| error.message)?;
    let read = reader.read_to_end(&mut bytes);
    read.map(|_| bytes).map_err(|error| read_error(&error).message)
}

#[test]
fn the_entries_of_every_kind_of_archive_are_read_in_any_order() {
    let large: Vec<u8> = (0..300_000_u32).flat_map(|n| format!("{n},x\n").into_bytes()).collect();
    let entries: &[(&str, &[u8])] = &[
        ("./b.csv", b"b\n1\n"),
        ("__MACOSX/._b.csv", b"junk"),
        ("dir/large.csv", &large),
        (".DS_Store", b"junk"),
        ("a.csv", b""),
    ];
    let mut plain = tar(entries);
    plain.splice(0..0, tar_entry(b'5', b"dir/", b""));
    // As it is written where sizes are not known before, and where they may need 64 bits.
    let mut streamed = ::zip::ZipWriter::new_stream(Vec::new());
    for (name, content) in entries {
        streamed.start_file(*name, SimpleFileOptions::default().large_file(true)).unwrap();
        streamed.write_all(content).unwrap();
    }
    let kinds = [
        streamed.finish().unwrap().into_inner(),
        zip(entries, CompressionMethod::Deflated),
        zip(entries, CompressionMethod::Stored),
        gzip(&plain),
        xz(&plain),
        bzip2(&plain),
        zstd(&plain),
        plain,
    ];
    for (at, bytes) in kinds.iter().enumerate() {
        let archive = open(bytes).unwrap();
        assert_eq!(
            archive.names().collect::<Vec<_>>(),
            ["b.csv", "dir/large.csv", "a.csv"],
            "{at}"
        );
        assert_eq!(content(&archive, "a.csv").unwrap(), b"", "{at}");
        assert_eq!(content(&archive, "b.csv").unwrap(), b"b\n1\n", "{at}: before the last one");
        assert!(content(&archive, "dir/large.csv").unwrap() == large, "{at}");
        // Two readers at once, in small pieces.
        let (mut one, mut other) =
            (archive.open_entry("dir/large.csv").unwrap(), archive.open_entry("b.csv").unwrap());
        let (mut a, mut b) = ([0; 5], [0; 2]);
        one.read_exact(&mut a).unwrap();
        other.read_exact(&mut b).unwrap();
        one.read_exact(&mut a).unwrap();
        assert_eq!((&a, &b), (b",x\n2,", b"b\n"), "{at}");
        let said = archive.open_entry("c.csv").map(|_| ()).unwrap_err().message;
        assert_eq!(
            said,
            "the archive has no entry `c.csv`: its entries are `b.csv`, `dir/large.csv`, `a.csv`"
        );
    }
}

#[test]
fn names_that_are_long_or_composed_are_read_from_their_own_headers() {
    let long = "folder/".repeat(30) + "a.csv";
    let gnu = [
        tar_entry(b'L', b"././@LongLink", format!("{long}\0").as_bytes()),
        tar_entry(b'0', b"cut", b"1"),
        tar_entry(b'0', b"b.csv", b"2"),
        END.to_vec(),
    ];
    let record = format!(" path={long}\n");
    let record = format!("{}{record}", record.len() + 3);
    let pax = [
        tar_entry(b'g', b"pax_global_header", b"12 a=bcdefg\n"),
        tar_entry(b'x', b"PaxHeader", format!("{record}10 size=1\n").as_bytes()),
        tar_entry(b'0', b"cut", b"1"),
        tar_entry(b'0', b"b.csv", b"2"),
        END.to_vec(),
    ];
    let mut with_prefix = tar_entry(b'0', b"a.csv", b"1");
    with_prefix[345..494].fill(b'p');
    sum(&mut with_prefix[..512]);
    for archive in [gnu.concat(), pax.concat()] {
        let archive = open(&archive).unwrap();
        assert_eq!(archive.names().collect::<Vec<_>>(), [long.as_str(), "b.csv"]);
        assert_eq!(content(&archive, &long).unwrap(), b"1");
        assert_eq!(content(&archive, "b.csv").unwrap(), b"2");
    }
    let archive = open(&[with_prefix, END.to_vec()].concat()).unwrap();
    assert_eq!(archive.names().next().unwrap(), format!("{}/a.csv", "p".repeat(149)));
}

#[test]
fn hostile_names_refuse_the_archive() {
    for (name, said) in [
        ("/etc/a.csv", "an absolute name, `/etc/a.csv`"),
        ("../a.csv", "leads out of it, `../a.csv`"),
        ("a/../../b.csv", "leads out of it"),
        ("C:/a.csv", "an absolute name"),
    ] {
        let entries: &[(&str, &[u8])] = &[("fine.csv", b"1"), (name, b"1")];
        for bytes in [tar(entries), gzip(&tar(entries)), zip(entries, CompressionMethod::Deflated)]
        {
            assert!(why(&bytes).contains(said), "{name}: {}", why(&bytes));
        }
    }
    let twice = tar(&[("a.csv", b"1"), ("b.csv", b""), ("./a.csv", b"2")]);
    assert!(why(&twice).contains("two entries `a.csv`"), "{}", why(&twice));
    // A zip archive whose directory names one twice: the library would show the last one only.
    let mut twice = zip(&[("a.csv", b"1"), ("b.csv", b"2")], CompressionMethod::Stored);
    while let Some(at) = memchr::memmem::find(&twice, b"b.csv") {
        twice[at] = b'a';
    }
    assert!(why(&twice).contains("two entries"), "{}", why(&twice));
}

#[test]
fn what_is_no_plain_file_fails_only_where_it_is_wanted() {
    let archive = [
        tar_entry(b'0', b"a.csv", b"1"),
        tar_entry(b'2', b"link.csv", b""),
        tar_entry(b'1', b"hard.csv", b""),
        tar_entry(b'6', b"pipe.csv", b""),
        tar_entry(b'S', b"sparse.csv", b""),
        tar_entry(b'M', b"other.csv", b""),
        tar_entry(b'0', b"caf\xe9.csv", b"1"),
        END.to_vec(),
    ];
    let archive = open(&archive.concat()).unwrap();
    assert_eq!(content(&archive, "a.csv").unwrap(), b"1");
    for (name, said) in [
        ("link.csv", "is a link"),
        ("hard.csv", "is a link"),
        ("pipe.csv", "is a device or a pipe"),
        ("sparse.csv", "is a sparse file"),
        ("other.csv", "of a kind that cannot be read"),
        ("caf\u{fffd}.csv", "a name that is not valid UTF-8"),
    ] {
        let why = content(&archive, name).unwrap_err();
        assert!(why.starts_with(&format!("the entry `{name}`")) && why.contains(said), "{why}");
    }
    let mut bytes = zip(&[("a.csv", b"1"), ("b.csv", b"2")], CompressionMethod::Stored);
    let directory = memchr::memmem::rfind(&bytes, b"PK\x01\x02").unwrap();
    let with = |bytes: &mut Vec<u8>, at: usize, value: u8| bytes[directory + at] = value;
    for (at, value, said) in [(8, 1, "is encrypted"), (10, 12, "a method that is not supported")] {
        let mut changed = bytes.clone();
        with(&mut changed, at, value);
        let archive = open(&changed).unwrap();
        let why = content(&archive, "b.csv").unwrap_err();
        assert!(why.contains(said), "{why}");
        assert_eq!(content(&archive, "a.csv").unwrap(), b"1");
    }
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("link.csv", "a.csv", SimpleFileOptions::default()).unwrap();
    bytes = writer.finish().unwrap().into_inner();
    let why = content(&open(&bytes).unwrap(), "link.csv").unwrap_err();
    assert!(why.contains("is a link"), "{why}");
}

#[test]
fn damage_is_found_before_anything_is_loaded_or_at_the_entry() {
    let plain = tar(&[("a.csv", b"1"), ("b.csv", &[b'x'; 2_000])]);
    // Wherever a tar archive is cut, also between two entries and before its end.
    for cut in [511, 512, 1_000, 1_024, 1_536, 3_000, 4_096 - 512, plain.len() - 1_024] {
        let said = why(&plain[..cut]);
        let is_refused = said.contains("truncated") || said.contains("and the file is not one");
        assert!(is_refused, "{cut}: {said}");
    }
    let packed = gzip(&plain);
    assert!(why(&packed[..packed.len() - 9]).contains("truncated"));
    let behind = [&plain[..], &plain].concat();
    assert!(why(&behind).contains("something else is behind the tar archive"));
    assert!(why(&gzip(&behind)).contains("something else is behind the tar archive"));
    let mut changed = plain.clone();
    changed[1_024] ^= 1;
    assert!(why(&changed).contains("expected a header at byte 1024"), "{}", why(&changed));

    let bytes = zip(&[("a.csv", &[b'1'; 90]), ("b.csv", b"2")], CompressionMethod::Stored);
    assert!(
        why(&bytes[..bytes.len() - 1]).contains("damaged"),
        "{}",
        why(&bytes[..bytes.len() - 1])
    );
    assert!(
        why(&[&b"PK\x03\x04junk"[..], &bytes].concat())
            .contains("something else is before or behind")
    );
    assert!(why(&[&bytes[..], b"junk"].concat()).contains("something else is before or behind"));
    let mut changed = bytes.clone();
    let at = memchr::memmem::find(&changed, b"111").unwrap();
    changed[at] = b'7';
    let archive = open(&changed).unwrap();
    assert!(content(&archive, "a.csv").unwrap_err().contains("`a.csv` is damaged: its checksum"));
    assert_eq!(content(&archive, "b.csv").unwrap(), b"2");
    for (bytes, said) in [
        (&b"id,name\n1,a\n"[..], "and the file is not one"),
        (b"", "and the file is not one"),
        (&gzip(b"id,name\n"), "a gzip file that holds no tar archive"),
        (b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "the zip archive is empty"),
    ] {
        assert!(why(bytes).contains(said), "{}", why(bytes));
    }
}
