//! Shared by the targets: takes parameters from the front of an input, and reads all records of a file.

use stardrop::records::{Record, RecordError, RecordReader, Step};

/// The bytes of an input: its first bytes choose parameters, the rest is the file.
pub struct Input<'i>(pub &'i [u8]);

impl<'i> Input<'i> {
    /// The next byte; 0 at the end.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.byte()) % all.len()]
    }

    /// The remaining bytes.
    pub fn rest(self) -> &'i [u8] {
        self.0
    }
}

/// Everything that a reader says about one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRecord {
    pub fields: Vec<(Vec<u8>, bool)>,
    pub raw: Vec<u8>,
    pub extra: Option<Vec<u8>>,
    pub fault: Option<(&'static str, String)>,
    pub line: u64,
    pub next_line: u64,
    pub start: u64,
    pub end: u64,
}

impl ReadRecord {
    /// Copies a record that was just read.
    pub fn of(record: &Record) -> ReadRecord {
        let quoted = |place| record.is_quoted(place);
        ReadRecord {
            fields: record.iter().enumerate().map(|(at, f)| (f.to_vec(), quoted(at))).collect(),
            raw: record.raw().to_vec(),
            extra: record.extra().map(<[u8]>::to_vec),
            fault: record.fault().map(|(code, reason)| (code, reason.to_owned())),
            line: record.line(),
            next_line: record.next_line(),
            start: record.start_offset(),
            end: record.end_offset(),
        }
    }
}

/// Reads all records, pushing at most `chunk` bytes at a time.
pub fn read(
    reader: &mut dyn RecordReader,
    bytes: &[u8],
    chunk: usize,
) -> (Vec<ReadRecord>, Result<(), RecordError>) {
    let (mut chunks, mut record, mut records) = (bytes.chunks(chunk.max(1)), Record::new(), vec![]);
    loop {
        match reader.next(&mut record) {
            Ok(Step::Record) => records.push(ReadRecord::of(&record)),
            Ok(Step::NeedMore) => match chunks.next() {
                Some(chunk) => reader.push(chunk),
                None => reader.end(),
            },
            Ok(Step::End) => return (records, Ok(())),
            Err(error) => {
                assert_eq!(reader.next(&mut record), Err(error.clone()), "an error is final");
                return (records, Err(error));
            }
        }
    }
}

/// Checks the positions of the records of a file.
pub fn check_positions(records: &[ReadRecord], bytes: &[u8], limit: usize) {
    let (mut line, mut offset) = (1, 0);
    for record in records {
        assert!(record.line >= line && record.next_line >= record.line, "{record:?}");
        assert!(record.start >= offset && record.end > record.start, "{record:?}");
        assert!(record.end <= bytes.len() as u64, "{record:?}");
        assert!(record.raw.len() <= limit, "{record:?}");
        let (start, end) = (record.start as usize, record.end as usize);
        assert!(bytes[start..end].starts_with(&record.raw), "{record:?}");
        (line, offset) = (record.next_line, record.end);
    }
}
