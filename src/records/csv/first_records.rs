//! What the first records of a delimited file say about the records that follow.

use crate::records::Record;

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

impl FirstRecords {
    /// For a file whose header has this number of records.
    pub fn new(header_rows: usize) -> FirstRecords {
        FirstRecords { headers_left: header_rows, ..FirstRecords::default() }
    }

    /// Whether the file has a single column.
    #[inline]
    pub(crate) fn is_one_column(&self) -> bool {
        self.width == Some(1)
    }

    /// Learns from a record, if it is one of the first.
    #[inline]
    pub(crate) fn learn(&mut self, record: &Record) {
        if self.width.is_none() || self.headers_left > 0 {
            self.learn_first(record);
        }
    }

    #[cold]
    fn learn_first(&mut self, record: &Record) {
        if self.width.is_none() {
            self.width = Some(record.len());
            self.names = names(record);
        }
        if self.headers_left > 0 {
            self.headers_left -= 1;
            self.header.push(record.raw().to_vec());
        }
    }

    /// Whether the record is a part of the file's header once more: `after_mark` says that it follows
    /// a byte order mark, which files have at their start that were put one after the other.
    #[inline]
    pub(crate) fn is_header_again(&mut self, record: &Record, after_mark: bool) -> bool {
        let index = if after_mark { 0 } else { self.repeated };
        if !after_mark && index == 0 || self.headers_left > 0 {
            return false;
        }
        let is_again = match index {
            0 => !self.header.is_empty() && names(record) == self.names,
            _ => self.header.get(index).is_some_and(|header| header == record.raw()),
        };
        self.repeated = if is_again { index + 1 } else { 0 };
        is_again
    }

    /// Whether the record has the names of the header in another order.
    #[cold]
    pub(crate) fn is_other_header(&self, record: &Record) -> bool {
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        let is_after_header = self.headers_left == 0 && !self.header.is_empty();
        is_after_header && sorted(names(record)) == sorted(self.names.clone())
    }
}

fn names(record: &Record) -> Vec<String> {
    let name = |field: &[u8]| String::from_utf8_lossy(field).trim().to_lowercase();
    record.iter().map(name).collect()
}
