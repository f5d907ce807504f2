//! Says why a file is not a workbook that can be read: truncated, or of another kind.

use std::io::Read as _;

use crate::decode::compression_name;
use crate::records::spooled::SharedFile;

/// What ends a zip archive, this many bytes and a comment of at most 65,535 bytes before the end of the
/// file (APPNOTE.TXT 6.3.10, 4.3.16).
const ZIP_END: &[u8] = b"PK\x05\x06";
const ZIP_END_BYTES: u64 = 22;
const ZIP_COMMENT_BYTES: u64 = 65_535;

/// What starts a compound file, in which .xls is kept, and the length of its header (MS-CFB, 2.2).
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
const COMPOUND_HEADER_BYTES: usize = 512;

/// Whether the file starts as a workbook and lacks its end.
pub(super) fn is_truncated(file: &SharedFile) -> bool {
    let start = bytes(file, 0, COMPOUND_HEADER_BYTES);
    if start.starts_with(b"PK\x03\x04") {
        let most = ZIP_END_BYTES + ZIP_COMMENT_BYTES;
        let end = bytes(file, file.len.saturating_sub(most), most as usize);
        return memchr::memmem::rfind(&end, ZIP_END).is_none();
    }
    start.starts_with(COMPOUND) && sectors_end(file, &start).is_none_or(|last| last >= file.len)
}

/// Whether the file is a compound file, as .xls is one.
pub(super) fn is_compound(file: &SharedFile) -> bool {
    bytes(file, 0, COMPOUND.len()) == COMPOUND
}

/// Whether an .xls is before another one, or before an archive without a comment, as an .xlsx is.
pub(super) fn is_before_another(file: &SharedFile) -> bool {
    let Some(last) = sectors_end(file, &bytes(file, 0, COMPOUND_HEADER_BYTES)) else {
        return false;
    };
    let starts = |at: u64, magic: &[u8]| bytes(file, at, magic.len()) == magic;
    let mut behind = (last..file.len).step_by(COMPOUND_HEADER_BYTES).skip(1);
    starts(file.len.saturating_sub(ZIP_END_BYTES), ZIP_END) || behind.any(|at| starts(at, COMPOUND))
}

/// What the file is, if not a workbook.
pub(super) fn kind(file: &SharedFile) -> &'static str {
    let start = bytes(file, 0, 512);
    if compression_name(&start).is_some_and(|name| name != "zip") {
        return "it is compressed: upload the workbook itself";
    }
    let text = start.trim_ascii_start().to_ascii_lowercase();
    if [&b"<html"[..], b"<!doctype html", b"<table"].iter().any(|tag| text.starts_with(tag)) {
        return "it is a web page (HTML): save it as .xlsx";
    }
    if text.starts_with(b"<?xml") {
        return "it is an XML file: save it as .xlsx";
    }
    if !text.is_empty() && !start.contains(&0) && std::str::from_utf8(&start).is_ok() {
        return "it is a text file: set [file] format";
    }
    "it is not a valid xlsx, xlsb, xls or ods file"
}

/// The offset of the last sector of a compound file that its allocation table says is used; `None` if that
/// table is not whole. The list of the table's sectors in the header is enough for files of 7 MB, and one
/// that goes on elsewhere is not followed.
fn sectors_end(file: &SharedFile, header: &[u8]) -> Option<u64> {
    let number = |bytes: &[u8], at: usize| {
        bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes)
    };
    let shift = header.get(30).copied().filter(|shift| (9..=12).contains(shift))?;
    let sector_bytes = 1_u64 << shift;
    let offset = |sector: u32| (u64::from(sector) + 1) << shift;
    let mut last = 0;
    for (index, at) in (76..COMPOUND_HEADER_BYTES).step_by(4).enumerate() {
        // Larger numbers are marks, such as that of an unused entry.
        let Some(table) = number(header, at).filter(|sector| *sector < 0xffff_fffa) else {
            continue;
        };
        let sectors = bytes(file, offset(table), sector_bytes as usize);
        if (sectors.len() as u64) < sector_bytes {
            return None;
        }
        let per_table = sectors.len() / 4;
        for entry in 0..per_table {
            if number(&sectors, entry * 4) != Some(0xffff_ffff) {
                last = last.max(offset((index * per_table + entry) as u32));
            }
        }
    }
    Some(last)
}

/// At most `count` bytes from `offset` on; fewer at the end of the file.
fn bytes(file: &SharedFile, offset: u64, count: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    match file.at(offset).take(count as u64).read_to_end(&mut bytes) {
        Ok(_) => bytes,
        Err(_) => Vec::new(),
    }
}
