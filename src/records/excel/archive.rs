//! Finds damage to the archive that a workbook is, which the reader of workbooks does not notice.
//!
//! .xlsx, .xlsb and .ods are zip archives with a CRC-32 of each file (APPNOTE.TXT 6.3.10, 4.4.7). The reader
//! of workbooks stops at the end of a sheet's XML, before it has come to the checksum, so that a flipped bit
//! would be another number.

use std::io::{BufReader, copy, sink};

use zip::ZipArchive;

use super::unreadable;
use crate::records::spooled::SharedFile;

/// Folders of files without cells.
const WITHOUT_CELLS: [&str; 4] = ["xl/media/", "xl/embeddings/", "Pictures/", "Thumbnails/"];

/// Why the workbook must not be read: something is before the archive, or a file in it does not have its
/// checksum or cannot be unpacked. `None` also for an .xls, which is not an archive but may contain one.
pub(super) fn fault(file: &SharedFile) -> Option<&'static str> {
    if unreadable::is_compound(file) {
        return None;
    }
    let mut archive = ZipArchive::new(BufReader::new(file.clone())).ok()?;
    if archive.offset() > 0 {
        return Some(
            "something is before it, such as another one: upload each as an object of its own",
        );
    }
    let is_damaged = (0..archive.len()).any(|index| {
        let Ok(mut entry) = archive.by_index(index) else { return true };
        let is_without = |name: &str| WITHOUT_CELLS.iter().any(|folder| name.starts_with(folder));
        let has_cells = !entry.name().is_ok_and(|name| is_without(&name));
        // The checksum is compared at the end of the entry.
        has_cells && copy(&mut entry, &mut sink()).is_err()
    });
    is_damaged.then_some("it is damaged, a checksum in it does not match")
}
