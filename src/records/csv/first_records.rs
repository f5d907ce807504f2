//! What the first records of a delimited file say about the records that follow.

use crate::records::Record;
use crate::records::name::fold;

/// What is known after the first records. A reader that resumes keeps it.
#[derive(Debug, Default)]
pub(super) struct FirstRecords {
    /// The number of records that are still the header.
    headers_left: usize,
    /// The original bytes of the header, record by record.
    header: Vec<Vec<u8>>,
    /// The names in the first record of the header, in lower case.
    names: Vec<String>,
    /// How many records of a header that is repeated within the file have been read.
    repeated: usize,
    /// The number of fields of the first record.
    width: Option<usize>,
}

/// What a record is that follows a byte order mark within the file, or a part of a repeated header.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A part of the file's header once more.
    HeaderAgain,
    /// A row: at least one of its values is not the name of a column.
    Row,
    /// It may be the header of another file.
    OtherHeader,
}

impl FirstRecords {
    /// For a file whose header has this number of records.
    pub fn new(header_rows: usize) -> FirstRecords {
        FirstRecords { headers_left: header_rows, ..FirstRecords::default() }
    }

    /// Whether no record has been read.
    #[inline]
    pub(crate) fn is_none(&self) -> bool {
        self.width.is_none()
    }

    /// Whether the next record is a part of the header.
    pub(crate) fn expects_header(&self) -> bool {
        self.headers_left > 0
    }

    /// Whether the file has a header, which has been read.
    pub(crate) fn has_header(&self) -> bool {
        !self.header.is_empty()
    }

    /// Whether the file has a single column.
    #[inline]
    pub(crate) fn is_one_column(&self) -> bool {
        self.has_width(1)
    }

    /// Whether the first record has this number of fields.
    #[inline]
    pub(crate) fn has_width(&self, fields: usize) -> bool {
        self.width == Some(fields)
    }

    /// Whether the record is a row as the others, unless a byte order mark is before it.
    #[inline]
    pub(crate) fn is_ordinary(&self, record: &Record) -> bool {
        self.headers_left == 0
            && self.repeated == 0
            && self.width == Some(record.len())
            && record.len() > 1
    }

    /// Learns from a record, if it is one of the first.
    pub(crate) fn learn(&mut self, record: &Record) {
        if self.width.is_none() {
            self.width = Some(record.len());
            self.names = folded(record.iter());
        }
        if self.headers_left > 0 {
            self.headers_left -= 1;
            self.header.push(record.raw().to_vec());
        }
    }

    /// What a record is: `after_mark` says that it follows a byte order mark, which files have at their
    /// start that were put one after the other.
    pub(crate) fn place(&mut self, record: &Record, after_mark: bool) -> Place {
        let index = if after_mark { 0 } else { self.repeated };
        if !after_mark && index == 0 {
            return Place::Row;
        }
        let is_again = match index {
            0 => folded(record.iter()) == self.names,
            _ => self.header.get(index).is_some_and(|header| header == record.raw()),
        };
        let is_done = index + 1 >= self.header.len();
        self.repeated = if is_again && !is_done { index + 1 } else { 0 };
        match is_again {
            true => Place::HeaderAgain,
            false if index > 0 => Place::OtherHeader,
            false => self.place_of(&folded(record.iter())),
        }
    }

    /// What fields behind a byte order mark are.
    pub(crate) fn place_of(&self, fields: &[String]) -> Place {
        if *fields == self.names {
            return Place::HeaderAgain;
        }
        let is_name = |field: &String| !field.is_empty() && self.names.contains(field);
        let is_row = Some(fields.len()) == self.width
            && fields.iter().any(|field| looks_like_a_value(field))
            && !fields.iter().any(is_name);
        if is_row { Place::Row } else { Place::OtherHeader }
    }
}

/// Fields as names are compared.
pub(super) fn folded<'f>(fields: impl Iterator<Item = &'f [u8]>) -> Vec<String> {
    fields.map(|field| fold(&String::from_utf8_lossy(field))).collect()
}

/// Whether a field reads like a number or a date.
fn looks_like_a_value(field: &str) -> bool {
    let is_part = |char: char| char.is_ascii_digit() || "+-.,:/ tz%$\u{20ac}\u{a3}".contains(char);
    field.bytes().any(|byte| byte.is_ascii_digit()) && field.chars().all(is_part)
}
