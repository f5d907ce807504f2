//! Skips what is between the records of delimited text: lines before the header, blank lines, comments,
//! byte order marks, and a Ctrl-Z at the end.

use super::dialect::Dialect;
use super::joined::Mark;
use super::record_end::line_end;
use super::{CsvReader, Delimiter};
use crate::error::ErrorKind;
use crate::records::RecordError;
use crate::records::buffer::{BOM, END_OF_FILE};

/// The first byte of a byte order mark.
const MARK_START: u8 = 0xef;

/// What the bytes of the mark of UTF-8 become in Western and Cyrillic encodings of one byte.
const FOREIGN_MARKS: [&[u8]; 2] =
    ["\u{ef}\u{bb}\u{bf}".as_bytes(), "\u{43f}\u{bb}\u{457}".as_bytes()];

/// The first byte of each of them.
const FOREIGN_WESTERN: u8 = 0xc3;
const FOREIGN_CYRILLIC: u8 = 0xd0;

/// Enough bytes for a line that names the delimiter, with its line end.
const SEP_LINE_BYTES: usize = 24;

impl CsvReader {
    /// Skips everything before the next record. False: it takes more bytes.
    pub(super) fn skip_lines(&mut self) -> bool {
        if !self.buffer.skip_bom() {
            return false;
        }
        loop {
            let (rest, ended) = (self.buffer.rest(), self.buffer.ended());
            let Some(first) = rest.first() else { return ended };
            if self.skip > 0 || self.skipping {
                if !self.skip_line() {
                    return false;
                }
                continue;
            }
            // What starts a record in the middle of a search is a part of it.
            if self.scan.done > 0 || !self.may_be_skipped(*first) {
                return true;
            }
            let is_known = match *first {
                MARK_START | FOREIGN_WESTERN | FOREIGN_CYRILLIC => self.skip_mark(),
                END_OF_FILE => self.skip_end(),
                _ => self.skip_blank_or_comment(),
            };
            match is_known {
                Some(true) => {}
                Some(false) => return true,
                None => return false,
            }
        }
    }

    /// Whether a line that starts with this byte may be none of the records.
    #[inline]
    fn may_be_skipped(&self, first: u8) -> bool {
        let is_mark = matches!(first, MARK_START | FOREIGN_WESTERN | FOREIGN_CYRILLIC);
        is_mark
            || matches!(first, b'\n' | b'\r' | END_OF_FILE)
            || Some(first) == self.options.comment
            || self.options.record_end.as_ref().is_some_and(|end| end.first() == Some(&first))
    }

    /// Skips a byte order mark at the start of a line: that of a file put after another one, which may
    /// have been decoded with the wrong encoding. `None`: it takes more bytes to tell.
    fn skip_mark(&mut self) -> Option<bool> {
        let rest = self.buffer.rest();
        if rest.len() < BOM.len() && BOM.starts_with(rest) && !self.buffer.ended() {
            return None;
        }
        let Some(mark) = [BOM].iter().chain(&FOREIGN_MARKS).find(|mark| rest.starts_with(mark))
        else {
            let may_be = |mark: &&&[u8]| rest.len() < mark.len() && mark.starts_with(rest);
            let is_open = !self.buffer.ended() && FOREIGN_MARKS.iter().any(|mark| may_be(&mark));
            return (!is_open).then_some(false);
        };
        self.after_mark = Some(if *mark == BOM { Mark::Own } else { Mark::Foreign });
        self.buffer.advance(mark.len());
        Some(true)
    }

    /// Skips a Ctrl-Z, if nothing but line ends follows.
    fn skip_end(&mut self) -> Option<bool> {
        let is_end = self.is_blank_to_the_end()?;
        if is_end {
            self.buffer.advance(self.buffer.rest().len());
        }
        Some(is_end)
    }

    /// Skips a blank line or a comment. In a file of one column a blank line is an empty value,
    /// unless only blank lines follow.
    fn skip_blank_or_comment(&mut self) -> Option<bool> {
        let rest = self.buffer.rest();
        let is_comment = rest.first().copied() == self.options.comment;
        if !is_comment {
            match &self.options.record_end {
                Some(end) if rest.starts_with(end) => {}
                Some(end) if end.starts_with(rest) && !self.buffer.ended() => return None,
                Some(_) => return Some(false),
                None => {}
            }
            if self.first.is_one_column() {
                return self.skip_end();
            }
        }
        self.skip_line().then_some(true)
    }

    /// Whether the file has nothing but line ends from here on; a run of them that is longer than a
    /// record may be counts as something. `None`: it takes more bytes to tell.
    fn is_blank_to_the_end(&mut self) -> Option<bool> {
        let limit = self.options.max_record_bytes.saturating_add(1);
        let (rest, offset) = (self.buffer.rest(), self.buffer.offset());
        let window = rest.get(..limit).unwrap_or(rest);
        let known = usize::try_from(self.blank_to.saturating_sub(offset)).unwrap_or(usize::MAX);
        let end = self.options.record_end.as_deref().unwrap_or_default();
        let is_value =
            |byte: &u8| !matches!(*byte, b'\n' | b'\r' | END_OF_FILE) && !end.contains(byte);
        let unknown = window.get(known..).unwrap_or_default();
        let value = unknown.iter().position(is_value);
        let blank = value.map_or(window.len(), |at| known + at);
        self.blank_to = self.blank_to.max(offset + blank as u64);
        match value {
            Some(_) => Some(false),
            None if window.len() == limit => Some(false),
            None => self.buffer.ended().then_some(true),
        }
    }

    /// Drops the next line, as its bytes arrive. False: it takes more of them.
    fn skip_line(&mut self) -> bool {
        let (rest, ended) = (self.buffer.rest(), self.buffer.ended());
        let (content, length) = match self.options.record_end.as_deref() {
            None => {
                // Where lines end in LF, a CR within a comment ends nothing.
                let is_lf = self.dialect.is_some_and(|dialect| !dialect.cr_ends)
                    && (self.skipping || rest.first() != Some(&b'\r'));
                let found = match is_lf {
                    true => memchr::memchr(b'\n', rest),
                    false => memchr::memchr2(b'\n', b'\r', rest),
                };
                let content = found.unwrap_or(rest.len());
                let end = rest.get(content..).unwrap_or_default();
                let length = if end.is_empty() { None } else { line_end(end, ended) };
                (content, length)
            }
            Some(end) => match memchr::memmem::find(rest, end) {
                Some(content) => {
                    self.has_ended = true;
                    (content, Some(end.len()))
                }
                // The start of an end may be the last that has arrived.
                None if !ended => ((rest.len() + 1).saturating_sub(end.len()), None),
                None => (rest.len(), None),
            },
        };
        self.buffer.advance(content + length.unwrap_or(0));
        if length.is_none() {
            self.skipping |= content > 0;
            return self.buffer.ended() && self.buffer.rest().is_empty();
        }
        self.line += 1;
        self.skipping = false;
        self.skip = self.skip.saturating_sub(1);
        true
    }

    /// Reads the line `sep=;` at the start of the file, by which Excel is told the delimiter. False: it
    /// takes more bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadFile`] if it names another delimiter than the contract.
    pub(super) fn read_sep(&mut self) -> Result<bool, RecordError> {
        if !self.buffer.skip_bom() {
            return Ok(false);
        }
        let rest = self.buffer.rest();
        let line = rest.get(..SEP_LINE_BYTES).unwrap_or(rest);
        let end = memchr::memchr2(b'\n', b'\r', line);
        let may_be = line.is_empty() || matches!(line.first(), Some(b's' | b'S' | b'"'));
        if end.is_none() && line.len() < SEP_LINE_BYTES && may_be && !self.buffer.ended() {
            return Ok(false);
        }
        self.expects_sep = false;
        let line = line.get(..end.unwrap_or(line.len())).unwrap_or_default();
        let Some(named) = delimiter_of(line).map(<[u8]>::to_vec) else { return Ok(true) };
        let known = self.dialect.map(|dialect| dialect.delimiter().to_vec());
        if known.is_some_and(|known| known != named) {
            let message = "the line `sep=` at the start of the file names another delimiter than the \
                           contract: remove `delimiter` from [file], or set skip = 1";
            if self.options.skip > 0 {
                return Ok(true);
            }
            return Err(self.fail(ErrorKind::BadFile, 1, message.to_owned()));
        }
        self.dialect = Some(Dialect::new(&named, &self.options));
        self.options.delimiter = Delimiter::Text(named);
        // The line is one of those to skip, if the contract skips any.
        self.skip = self.skip.max(1);
        Ok(true)
    }
}

/// The delimiter that a line such as `sep=;` names: one character.
fn delimiter_of(line: &[u8]) -> Option<&[u8]> {
    let bare = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let (word, named) = bare.split_at_checked(4)?;
    let mut chars = std::str::from_utf8(named).ok()?.chars();
    let is_mark = chars.next().is_some_and(|char| !char.is_alphanumeric() && char != '"');
    (word.eq_ignore_ascii_case(b"sep=") && is_mark && chars.next().is_none()).then_some(named)
}
