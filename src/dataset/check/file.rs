//! Checks `[file]`, and returns how the dataset's files are written.

use std::ops::RangeInclusive;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8};
use toml::{Spanned, Value};

use super::super::contract;
use super::super::{FileOptions, PartKind, Parts, Ragged};
use super::Checker;
use crate::records::{Format, MAX_DELIMITER_BYTES};

/// The most rows of a header.
const MAX_HEADER_ROWS: usize = 10;

/// The most lines at the start of a file that are left out.
const MAX_SKIPPED: usize = u32::MAX as usize;

/// The most rows at the end of a file that are left out. The loader holds as many in memory.
const MAX_FOOTER_ROWS: usize = 100;

impl Checker<'_> {
    pub(super) fn file_options(&mut self, file: &contract::File) -> FileOptions {
        let formats: Vec<&str> = Format::names().collect();
        let format = file.format.as_ref().and_then(|at| self.word("format", at, &formats));
        let invalid =
            file.invalid.as_ref().and_then(|at| self.word("invalid", at, &["reject", "replace"]));
        let quote = match &file.quote {
            Some(at) if at.get_ref().is_empty() => None,
            Some(at) => self.mark("quote", at),
            None => Some(b'"'),
        };
        let escape = file.escape.as_ref().and_then(|at| self.mark("escape", at));
        let comment = file.comment.as_ref().and_then(|at| self.mark("comment", at));
        let marks = [quote, escape];
        let delimiter = file.delimiter.as_ref().and_then(|at| self.delimiter(at, marks));
        let record_end = file.record_end.as_ref().and_then(|at| self.record_end(at, file, marks));
        FileOptions {
            format: format.and_then(|name| Format::from_name(name).ok()),
            delimiter,
            encoding: file.encoding.as_ref().map_or(UTF_8, |at| self.encoding(at)),
            replace_invalid: invalid == Some("replace"),
            quote,
            // Doubled quotes need no setting.
            escape: escape.filter(|escape| Some(*escape) != quote),
            comment,
            trailing_comment: self.trailing_comment(file),
            trailing_delimiter: file.trailing_delimiter,
            record_end,
            skip: file
                .skip
                .as_ref()
                .map_or(0, |at| self.skipped("skip", at, MAX_SKIPPED, format) as u64),
            skip_footer: file
                .skip_footer
                .as_ref()
                .map_or(0, |at| self.skipped("skip_footer", at, MAX_FOOTER_ROWS, format)),
            header_rows: self.header_rows(file),
            null: file.null.clone().unwrap_or_else(|| vec![String::new(), "NULL".to_owned()]),
            trim: file.trim,
            ragged: file.ragged.as_ref().map_or(Ragged::default(), |at| self.ragged(at)),
            parts: self.parts(file, format),
            records: file.records.as_ref().and_then(|at| self.records(at, format)),
        }
    }

    /// Returns the parts of an object that the dataset takes.
    fn parts(&mut self, file: &contract::File, format: Option<&str>) -> Option<Parts> {
        let (kind, at) = match (&file.sheet, &file.entry) {
            (None, None) => return None,
            (Some(at), None) => (PartKind::Sheet, at),
            (None, Some(at)) => (PartKind::Entry, at),
            (Some(_), Some(at)) => {
                let message = "entry and sheet cannot be combined: of a workbook within an archive, the first \
                               visible sheet is read";
                self.error(at, message);
                return None;
            }
        };
        let format = format.and_then(|name| Format::from_name(name).ok());
        if let Some(format) =
            format.filter(|format| kind == PartKind::Sheet && !format.has_sheets())
        {
            let message =
                format!("sheet is for workbooks: a file of format {} has no sheets", format.name());
            self.error(at, message);
        }
        let texts: Vec<String> = at.get_ref().iter().map(|text| text.get_ref().clone()).collect();
        if texts.is_empty() || texts.iter().any(|text| text.trim().is_empty()) {
            let key = kind.key();
            self.error(at, format!("{key} must be a name or a pattern, or a list of them"));
            return None;
        }
        Parts::new(kind, &texts).map_err(|message| self.error(at, message)).ok()
    }

    /// Returns the number of rows that are left out, which only files of rows have.
    fn skipped(
        &mut self,
        key: &str,
        at: &Spanned<usize>,
        most: usize,
        format: Option<&str>,
    ) -> usize {
        let format = format.and_then(|name| Format::from_name(name).ok());
        if *at.get_ref() > 0
            && let Some(format) = format.filter(|format| !format.has_other_rows())
        {
            let name = format.name();
            self.error(at, format!("{key} is for CSV and workbooks, not for {name}: remove it"));
        }
        self.number(key, at, 0..=most)
    }

    /// Returns the keys of a path such as `data.items`.
    fn records(&mut self, at: &Spanned<String>, format: Option<&str>) -> Option<Vec<String>> {
        let keys: Vec<String> = at.get_ref().split('.').map(|key| key.trim().to_owned()).collect();
        if format.is_some_and(|format| format != "jsonl") {
            self.error(at, "records is a path within JSON: remove it, or set format = \"jsonl\"");
        } else if keys.iter().any(String::is_empty) {
            self.error(
                at,
                "records must be the keys that lead to the array, such as \"data.items\"",
            );
        } else {
            return Some(keys);
        }
        None
    }

    fn encoding(&mut self, at: &Spanned<String>) -> &'static Encoding {
        match Encoding::for_label(at.get_ref().as_bytes()) {
            Some(encoding) if encoding != REPLACEMENT => encoding,
            _ => {
                let label = at.get_ref();
                let hint = meant_encoding(label)
                    .map_or(String::new(), |meant| format!(", did you mean \"{meant}\"?"));
                let end = if hint.is_empty() { ":" } else { "" };
                self.error(
                    at,
                    format!(
                        "unknown encoding \"{label}\"{hint}{end} use a label of the WHATWG Encoding Standard, \
                         such as \"utf-8\", \"windows-1252\", \"utf-16le\" or \"shift_jis\""
                    ),
                );
                UTF_8
            }
        }
    }

    /// Returns the one ASCII character of a setting such as `quote`.
    fn mark(&mut self, key: &str, at: &Spanned<String>) -> Option<u8> {
        match at.get_ref().as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'\r' | b'\n' | 0) => Some(*byte),
            _ => {
                self.error(
                    at,
                    format!("{key} must be one ASCII character other than a line break"),
                );
                None
            }
        }
    }

    fn delimiter(&mut self, at: &Spanned<String>, marks: [Option<u8>; 2]) -> Option<Vec<u8>> {
        let bytes = at.get_ref().as_bytes();
        let marks = marks.into_iter().flatten().chain(*b"\r\n");
        if bytes.is_empty() || bytes.len() > MAX_DELIMITER_BYTES {
            self.error(at, format!("delimiter must be 1 to {MAX_DELIMITER_BYTES} bytes long"));
        } else if marks.into_iter().any(|mark| bytes.contains(&mark)) {
            self.error(at, "delimiter must not contain the quote, the escape or a line break");
        } else {
            return Some(bytes.to_vec());
        }
        None
    }

    /// Returns the text that ends a row.
    fn record_end(
        &mut self,
        at: &Spanned<String>,
        file: &contract::File,
        marks: [Option<u8>; 2],
    ) -> Option<Vec<u8>> {
        let bytes = at.get_ref().as_bytes();
        let is_delimiter = file.delimiter.as_ref().is_some_and(|d| d.get_ref() == at.get_ref());
        let comment = file.comment.as_ref().and_then(|comment| comment.get_ref().bytes().next());
        if bytes.is_empty() || bytes.len() > MAX_DELIMITER_BYTES {
            self.error(at, format!("record_end must be 1 to {MAX_DELIMITER_BYTES} bytes long"));
        } else if marks.into_iter().flatten().any(|mark| bytes.contains(&mark)) {
            self.error(at, "record_end must not contain the quote or the escape");
        } else if comment.is_some_and(|mark| bytes.contains(&mark)) {
            self.error(at, "record_end must not contain the comment character");
        } else if is_delimiter {
            self.error(at, "record_end must not be the delimiter");
        } else {
            return Some(bytes.to_vec());
        }
        None
    }

    fn trailing_comment(&mut self, file: &contract::File) -> bool {
        let Some(at) = file.trailing_comment.as_ref().filter(|at| *at.get_ref()) else {
            return false;
        };
        if file.comment.is_none() {
            self.error(
                at,
                "trailing_comment needs the character that starts a comment: set comment",
            );
        }
        true
    }

    /// Returns the number of rows of the header; 0 without one.
    fn header_rows(&mut self, file: &contract::File) -> usize {
        let has_header = file.header.unwrap_or(true);
        match &file.header_rows {
            None => usize::from(has_header),
            Some(at) if !has_header => {
                self.error(at, "header_rows is for files with a header: remove header = false");
                0
            }
            Some(at) => self.number("header_rows", at, 1..=MAX_HEADER_ROWS),
        }
    }

    fn number(&mut self, key: &str, at: &Spanned<usize>, range: RangeInclusive<usize>) -> usize {
        let number = *at.get_ref();
        if !range.contains(&number) {
            self.error(at, format!("{key} must be {} to {}", range.start(), range.end()));
        }
        number.clamp(*range.start(), *range.end())
    }

    fn ragged(&mut self, at: &Spanned<Value>) -> Ragged {
        let words: Option<Vec<&str>> = match at.get_ref() {
            Value::String(word) => Some(vec![word]),
            Value::Array(words) => words.iter().map(Value::as_str).collect(),
            _ => None,
        };
        let known = |words: &Vec<&str>| {
            words.iter().all(|word| ["reject", "pad", "truncate"].contains(word))
                && (words.len() == 1 || !words.contains(&"reject"))
        };
        let Some(words) = words.filter(known) else {
            self.error(
                at,
                "ragged must be \"reject\", \"pad\", \"truncate\" or [\"pad\", \"truncate\"]",
            );
            return Ragged::default();
        };
        Ragged { pad: words.contains(&"pad"), truncate: words.contains(&"truncate") }
    }
}

/// The name in the Encoding Standard of an encoding that other programs call otherwise.
fn meant_encoding(label: &str) -> Option<&'static str> {
    let plain: String = label.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    Some(match plain.as_str() {
        "ansi" | "latin1" | "isolatin1" | "westerneuropean" | "win1252" | "iso1" => "windows-1252",
        "latin2" | "isolatin2" => "iso-8859-2",
        "latin9" | "isolatin9" | "latin15" => "iso-8859-15",
        "utf8sig" | "utf8bom" | "utf8mb4" | "unicodeutf8" => "utf-8",
        "unicode" | "utf16bom" | "ucs2" | "ucs2le" => "utf-16le",
        "ucs2be" => "utf-16be",
        "win1250" => "windows-1250",
        "win1251" => "windows-1251",
        "cp932" | "ms932" => "shift_jis",
        "cp936" | "ms936" => "gbk",
        "cp949" | "ms949" => "euc-kr",
        "cp950" | "ms950" => "big5",
        _ => return None,
    })
}
