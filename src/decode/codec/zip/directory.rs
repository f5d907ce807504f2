//! Checks a zip archive by the directory at its end (APPNOTE.TXT 6.3.10, 4.3.12 to 4.3.16).

use super::entry::{WORKBOOK_PARTS, is_ignored, u16_at, u32_at};
use super::{AROUND, END, SEVERAL_FILES};

/// The length of an entry of the directory without its name and the fields behind that.
const ENTRY_BYTES: usize = 46;

/// The length of the record that ends an archive, without its comment.
pub(super) const END_BYTES: usize = 22;

/// What starts the two records before it, if numbers of the archive need 64 bits, and their lengths.
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR: &[u8] = b"PK\x06\x07";
const END_64_BYTES: usize = 56;
const LOCATOR_BYTES: usize = 20;

/// Checks an archive whose last bytes, from `offset` on, are `tail`. Returns the offset of its directory if
/// that is not within them.
///
/// # Errors
///
/// It holds several files, or is not all of the object.
pub(in crate::decode) fn check_tail(tail: &[u8], offset: u64) -> Result<Option<u64>, &'static str> {
    // Without an end the archive is truncated, as reading it says.
    let ends: Vec<usize> = memchr::memmem::find_iter(tail, END).collect();
    let Some(last) = ends.last() else { return Ok(None) };
    // The comment of the archive may hold the mark.
    let Some(at) = ends.iter().rev().copied().find(|at| ends_at(tail, *at)) else {
        let end = tail.get(*last..).unwrap_or_default();
        let is_cut = end.len() < END_BYTES + usize::from(u16_at(end, 20));
        return if is_cut { Ok(None) } else { Err(AROUND) };
    };
    let end = tail.get(at..).unwrap_or_default();
    let (mut size, mut start) = (u64::from(u32_at(end, 12)), u64::from(u32_at(end, 16)));
    let mut records = at;
    if let Some(end) = end_64(tail, at) {
        records = at - LOCATOR_BYTES - END_64_BYTES;
        (size, start) = (u64_at(end, 40), u64_at(end, 48));
    }
    if start.saturating_add(size) < offset + records as u64 {
        // Something that is not a part of this archive is before it.
        return Err(AROUND);
    }
    let Some(from) = start.checked_sub(offset) else { return Ok(Some(start)) };
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    match count(tail.get(from..records).unwrap_or_default()) {
        // Where an entry is cut, reading says what is wrong.
        Entries::Several => Err(SEVERAL_FILES),
        Entries::One | Entries::Cut => Ok(None),
    }
}

/// Checks that an archive of any number of files, whose last bytes from `offset` on are `tail`, is all of the object.
/// Returns the offset of its directory if that is not within them.
///
/// # Errors
///
/// Something is before or behind it.
pub(in crate::decode) fn check_around(
    tail: &[u8],
    offset: u64,
) -> Result<Option<u64>, &'static str> {
    match check_tail(tail, offset) {
        Err(SEVERAL_FILES) => Ok(None),
        checked => checked,
    }
}

/// Checks the first bytes of a directory that may be longer.
///
/// # Errors
///
/// It has several files, or none of its first bytes end it.
pub(in crate::decode) fn check_directory(directory: &[u8]) -> Result<(), &'static str> {
    match count(directory) {
        Entries::One => Ok(()),
        Entries::Several | Entries::Cut => Err(SEVERAL_FILES),
    }
}

/// Whether the end of an archive at this place, with its comment, is the end of the object. Programs may add
/// zeros to it.
fn ends_at(tail: &[u8], at: usize) -> bool {
    let Some(end) = tail.get(at..).filter(|end| end.len() >= END_BYTES) else { return false };
    let behind = end.get(END_BYTES + usize::from(u16_at(end, 20))..);
    behind.is_some_and(|behind| behind.iter().all(|byte| *byte == 0))
}

/// The end record with 64 bits before the one at `at`.
fn end_64(tail: &[u8], at: usize) -> Option<&[u8]> {
    let locator = at.checked_sub(LOCATOR_BYTES)?;
    tail.get(locator..)?.starts_with(LOCATOR).then_some(())?;
    let end = tail.get(locator.checked_sub(END_64_BYTES)?..)?;
    end.starts_with(END_64).then_some(end)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

/// How many files a directory has.
enum Entries {
    /// One at most, or the parts of a workbook, which reading says.
    One,
    Several,
    /// No more than one in the bytes that there are, whose last entry is cut.
    Cut,
}

fn count(mut rest: &[u8]) -> Entries {
    let mut count = 0;
    while rest.starts_with(b"PK\x01\x02") {
        let name_end = ENTRY_BYTES + usize::from(u16_at(rest, 28));
        let Some(name) = rest.get(ENTRY_BYTES..name_end) else { return Entries::Cut };
        if WORKBOOK_PARTS.iter().any(|part| name.starts_with(part)) {
            return Entries::One;
        }
        count += usize::from(!name.ends_with(b"/") && !is_ignored(name));
        if count > 1 {
            return Entries::Several;
        }
        let others = usize::from(u16_at(rest, 30)) + usize::from(u16_at(rest, 32));
        match rest.get(name_end + others..) {
            Some(next) => rest = next,
            None => return Entries::Cut,
        }
    }
    if rest.is_empty() || rest.starts_with(b"PK") { Entries::One } else { Entries::Cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The directory and the end of an archive that starts at 0 and has `content` bytes before them.
    fn end_of(names: &[String], content: usize, is_64: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        for name in names {
            bytes.extend_from_slice(b"PK\x01\x02");
            bytes.extend_from_slice(&[0; 24]);
            bytes.extend_from_slice(&(name.len() as u16).to_le_bytes());
            bytes.extend_from_slice(&[0; 16]);
            bytes.extend_from_slice(name.as_bytes());
        }
        let (size, start) = (bytes.len() as u64, content as u64);
        if is_64 {
            bytes.extend_from_slice(END_64);
            bytes.extend_from_slice(&[0; 36]);
            bytes.extend_from_slice(&[size.to_le_bytes(), start.to_le_bytes()].concat());
            bytes.extend_from_slice(LOCATOR);
            bytes.extend_from_slice(&[0; 16]);
        }
        bytes.extend_from_slice(END);
        bytes.extend_from_slice(&[0; 8]);
        let shown = |number: u64| if is_64 { [0xff; 4] } else { (number as u32).to_le_bytes() };
        bytes.extend_from_slice(&[shown(size), shown(start)].concat());
        bytes.extend_from_slice(&[0; 2]);
        bytes
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn an_archive_of_several_files_is_refused_wherever_its_directory_is() {
        for is_64 in [false, true] {
            for (offset, content) in [(0, 0), (900, 1_000)] {
                let check = |given: &[&str]| {
                    let end = end_of(&names(given), content, is_64);
                    check_tail(&[vec![7; content - offset], end].concat(), offset as u64)
                };
                assert_eq!(check(&["a.csv", "d/", "__MACOSX/._a.csv"]), Ok(None));
                assert_eq!(check(&["a.csv", "b.csv"]), Err(SEVERAL_FILES));
            }
            let many: Vec<String> = (0..100).map(|n| format!("{n}.csv")).collect();
            let end = end_of(&many, 5_000, is_64);
            // The last bytes hold only a part of the directory.
            let cut = end.len() - 500;
            let tail = end.get(cut..).unwrap_or_default();
            assert_eq!(check_tail(tail, 5_000 + cut as u64), Ok(Some(5_000)));
            assert_eq!(check_directory(&end), Err(SEVERAL_FILES));
            let folders: Vec<String> = (0..100).map(|n| format!("{n}/")).collect();
            let end = end_of(&folders, 5_000, is_64);
            assert_eq!(check_directory(&end), Ok(()));
            assert_eq!(check_directory(end.get(..500).unwrap_or_default()), Err(SEVERAL_FILES));
        }
    }

    #[test]
    fn bytes_around_an_archive_are_refused() {
        for is_64 in [false, true] {
            let end = end_of(&names(&["a.csv"]), 0, is_64);
            assert_eq!(check_tail(&[&end[..], b"junk"].concat(), 0), Err(AROUND));
            assert_eq!(check_tail(&[&b"junk"[..], &end].concat(), 0), Err(AROUND));
            assert_eq!(check_tail(&[&end[..], &end].concat(), 0), Err(AROUND));
            // Padding, a comment, and an archive that is cut.
            assert_eq!(check_tail(&[&end[..], &[0; 100]].concat(), 0), Ok(None));
            let mut with_comment = [&end[..], b"PK\x05\x06 is its mark"].concat();
            let at = end.len() - 2;
            with_comment[at] = 16;
            assert_eq!(check_tail(&with_comment, 0), Ok(None));
            assert_eq!(check_tail(&with_comment[..at + 5], 0), Ok(None));
            assert_eq!(check_tail(&end[..end.len() - 1], 0), Ok(None));
        }
    }
}
