//! Finds faults of the archive that a workbook is, which the reader of workbooks does not notice.
//!
//! .xlsx, .xlsb and .ods are zip archives with a CRC-32 of each file (APPNOTE.TXT 6.3.10, 4.4.7). The reader
//! of workbooks stops at the end of a sheet's XML, before it has come to the checksum, so that a flipped bit
//! would change a value without an error.

use std::io::{BufRead, BufReader, copy, sink};

use zip::CompressionMethod::{Deflated, Stored};
use zip::ZipArchive;
use zip::result::ZipError;

use super::{markup, unreadable};
use crate::records::spooled::SharedFile;

/// Folders of files without cells.
const WITHOUT_CELLS: [&str; 4] = ["xl/media/", "xl/embeddings/", "Pictures/", "Thumbnails/"];

const BEHIND_ANOTHER: &str =
    "something is before it, such as another one: upload each as an object of its own";
const DAMAGED: &str = "it is damaged, a checksum in it does not match";
const UNSUPPORTED: &str =
    "a file in it is compressed in a way that is not supported: save the workbook again";
const BEFORE_ANOTHER: &str = "another file is behind it: upload each as an object of its own";

/// Why the workbook must not be read: another file is before or behind it, or a file in it does not have its
/// checksum, cannot be unpacked, or has a value that would be changed. An .xls is not an archive, but may
/// contain one.
pub(super) fn fault(file: &SharedFile) -> Option<String> {
    if unreadable::is_compound(file) {
        return unreadable::is_before_another(file).then(|| BEFORE_ANOTHER.to_owned());
    }
    let mut archive = ZipArchive::new(BufReader::new(file.clone())).ok()?;
    if archive.offset() > 0 {
        return Some(BEHIND_ANOTHER.to_owned());
    }
    (0..archive.len()).find_map(|index| {
        let entry = match archive.by_index(index) {
            Ok(entry) if matches!(entry.compression(), Stored | Deflated) => entry,
            Ok(_) => return Some(UNSUPPORTED.to_owned()),
            Err(error) => return Some(why(&error).to_owned()),
        };
        let name = entry.name().map(|name| name.into_owned()).unwrap_or_default();
        if WITHOUT_CELLS.iter().any(|folder| name.starts_with(folder)) {
            return None;
        }
        let mut entry = BufReader::new(entry);
        let changed = changed_value(&name, &mut entry);
        // The checksum is compared at the end of the entry.
        let is_damaged = copy(&mut entry, &mut sink()).is_err();
        if is_damaged { Some(DAMAGED.to_owned()) } else { changed }
    })
}

/// Why a file in the archive cannot be unpacked.
fn why(error: &ZipError) -> &'static str {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => "it is encrypted",
        ZipError::UnsupportedArchive(_) => UNSUPPORTED,
        _ => DAMAGED,
    }
}

/// Says which value of a file in the archive would be changed.
fn changed_value(name: &str, file: impl BufRead) -> Option<String> {
    if name.starts_with("xl/worksheets/") && name.ends_with(".xml") {
        // XML that is not well-formed is an error of the reader as well.
        let cell = markup::changed_cell(file).ok()??;
        return Some(format!(
            "cell {cell} in `{name}` has a value that is not written as spreadsheet programs do: save the workbook again"
        ));
    }
    let is_changed = name == "content.xml" && markup::has_cdata(file).is_ok_and(|has| has);
    is_changed.then(|| "a sheet has CDATA in it: save the workbook again".to_owned())
}
