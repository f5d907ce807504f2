//! Leaves out the last records of a file, such as a row of totals, whatever reader they come from.

use std::collections::VecDeque;

use super::{Record, RecordError, RecordReader, Step};

/// A reader without the last records of another one. Holds as many records as it leaves out.
pub(super) struct FooterReader {
    inner: Box<dyn RecordReader>,
    /// The number of records at the start that are the header, and never a footer.
    headers_left: usize,
    /// The number of records to leave out.
    count: usize,
    held: VecDeque<Record>,
}

impl FooterReader {
    /// Leaves out the last `count` records of `inner` after its header.
    pub fn new(inner: Box<dyn RecordReader>, header_rows: usize, count: usize) -> FooterReader {
        FooterReader { inner, headers_left: header_rows, count, held: VecDeque::new() }
    }
}

impl RecordReader for FooterReader {
    fn push(&mut self, bytes: &[u8]) {
        self.inner.push(bytes);
    }

    fn end(&mut self) {
        self.inner.end();
    }

    fn resume(self: Box<Self>, line: u64, offset: u64) -> Box<dyn RecordReader> {
        Box::new(FooterReader::new(self.inner.resume(line, offset), 0, self.count))
    }

    fn delimiter(&self) -> Option<&[u8]> {
        self.inner.delimiter()
    }

    fn sheet(&self) -> Option<&str> {
        self.inner.sheet()
    }

    fn next(&mut self, record: &mut Record) -> Result<Step, RecordError> {
        loop {
            match self.inner.next(record)? {
                Step::Record if self.headers_left > 0 => {
                    self.headers_left -= 1;
                    return Ok(Step::Record);
                }
                Step::Record => {
                    self.held.push_back(std::mem::take(record));
                    if self.held.len() > self.count
                        && let Some(oldest) = self.held.pop_front()
                    {
                        *record = oldest;
                        return Ok(Step::Record);
                    }
                }
                other => return Ok(other),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{CsvOptions, CsvReader};

    /// The first fields of all records, from `offset` on if the reader resumes.
    fn firsts(text: &str, header_rows: usize, count: usize, resume: Option<(u64, u64)>) -> String {
        let options = CsvOptions { header_rows, ..CsvOptions::default() };
        let reader = Box::new(CsvReader::new(options));
        let mut reader: Box<dyn RecordReader> =
            Box::new(FooterReader::new(reader, header_rows, count));
        let (mut record, mut seen, mut start) = (Record::new(), String::new(), 0);
        if let Some((line, offset)) = resume {
            reader.push(text.as_bytes());
            assert_eq!(reader.next(&mut record), Ok(Step::Record));
            reader = reader.resume(line, offset);
            start = offset as usize;
        }
        let mut chunks = text.as_bytes().get(start..).unwrap_or_default().chunks(3);
        loop {
            match reader.next(&mut record).expect("a valid file") {
                Step::Record => {
                    seen.push_str(&String::from_utf8_lossy(record.field(0).unwrap_or_default()));
                }
                Step::End => return seen,
                Step::NeedMore => match chunks.next() {
                    Some(chunk) => reader.push(chunk),
                    None => reader.end(),
                },
            }
        }
    }

    #[test]
    fn the_last_records_are_left_out_but_never_the_header() {
        let text = "a,b\n1,x\n2,x\n,\nT,2\n\n,\n";
        for (header_rows, count, seen) in [
            (1, 0, "a12T"),
            (1, 1, "a12"),
            (1, 2, "a1"),
            (1, 3, "a"),
            (1, 9, "a"),
            (0, 1, "a12"),
            (2, 9, "a1"),
        ] {
            assert_eq!(firsts(text, header_rows, count, None), seen, "{header_rows} {count}");
        }
        assert_eq!(firsts(text, 1, 1, Some((3, 8))), "2");
        assert_eq!(firsts("a,b", 1, 1, None), "a");
    }
}
