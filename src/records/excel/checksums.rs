//! Checks the checksums of the files within a workbook.
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

/// The archive that a workbook is. An .xls is none, though it may have one in it.
fn archive(file: &SharedFile) -> Option<ZipArchive<BufReader<SharedFile>>> {
    if unreadable::is_compound(file) {
        return None;
    }
    ZipArchive::new(BufReader::new(file.clone())).ok()
}

/// Whether something is before the archive, such as another workbook, whose rows would be left out.
pub(super) fn is_behind_other_bytes(file: &SharedFile) -> bool {
    archive(file).is_some_and(|archive| archive.offset() > 0)
}

/// Whether a file of the archive does not have its checksum, or cannot be unpacked. False where the file
/// is no archive, as .xls is none.
pub(super) fn differ(file: &SharedFile) -> bool {
    let Some(mut archive) = archive(file) else { return false };
    (0..archive.len()).any(|index| {
        let Ok(mut entry) = archive.by_index(index) else { return true };
        let is_without = |name: &str| WITHOUT_CELLS.iter().any(|folder| name.starts_with(folder));
        let has_cells = !entry.name().is_ok_and(|name| is_without(&name));
        // The checksum is compared at the end of the entry.
        has_cells && copy(&mut entry, &mut sink()).is_err()
    })
}
