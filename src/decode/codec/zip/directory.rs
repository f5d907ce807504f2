//! Counts the files of a zip archive by the directory at its end (APPNOTE.TXT 6.3.10, 4.3.12 and 4.3.16).

use super::END;
use super::entry::{WORKBOOK_PARTS, is_ignored, u16_at, u32_at};

/// The length of an entry of the directory without its name and the fields behind that.
const ENTRY_BYTES: usize = 46;

/// The number of files in an archive whose last bytes, from `offset` on, are `tail`; `None` if the directory
/// is not within them, or is that of a workbook.
pub(in crate::decode) fn count_files(tail: &[u8], offset: u64) -> Option<usize> {
    let end = tail.get(memchr::memmem::rfind(tail, END)?..)?;
    // A large archive has its numbers elsewhere, and no entry starts at this one.
    let start = u64::from(u32_at(end, 16)).checked_sub(offset)?;
    let mut rest = tail.get(usize::try_from(start).ok()?..)?;
    let mut count = 0;
    while rest.starts_with(b"PK\x01\x02") {
        let name_end = ENTRY_BYTES + usize::from(u16_at(rest, 28));
        let name = rest.get(ENTRY_BYTES..name_end)?;
        if WORKBOOK_PARTS.iter().any(|part| name.starts_with(part)) {
            return None;
        }
        count += usize::from(!name.ends_with(b"/") && !is_ignored(name));
        let others = usize::from(u16_at(rest, 30)) + usize::from(u16_at(rest, 32));
        rest = rest.get(name_end + others..)?;
    }
    rest.starts_with(END).then_some(count)
}
