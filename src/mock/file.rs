//! Writes a mock file row by row, some of them bad on purpose, in chunks of CSV.

use std::io;

use rand::SeedableRng as _;

use super::column::Cardinality;
use super::column_writer::ColumnWriter;
use super::random::{MockRng, below, hash, mix};

/// How many bytes [`MockFile::write_chunk`] appends before it returns.
const CHUNK_BYTES: usize = 256 << 10;

/// The most rows that share one value of a `Unique` column with lines.
const MAX_LINES: u64 = 5;

/// A mock file that is written chunk by chunk.
#[derive(Debug)]
pub struct MockFile {
    pub(super) columns: Vec<ColumnWriter>,
    /// In which order values are made: a key before what depends on it.
    pub(super) order: Vec<usize>,
    pub(super) random: MockRng,
    pub(super) seed: u64,
    pub(super) delimiter: u8,
    /// The number of rows out of 2^64 that go bad.
    pub(super) bad_rows: u64,
    pub(super) faults: Vec<Fault>,
    pub(super) rows: u64,
    pub(super) rows_written: u64,
    pub(super) bad_rows_written: u64,
    pub(super) header_written: bool,
    pub(super) lines: Option<Lines>,
}

/// The group of lines that a row belongs to, and its number in it.
#[derive(Debug)]
pub(super) struct Lines {
    pub group: u64,
    pub line: u64,
    pub of: u64,
}

/// A way in which a row goes bad.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// A text that is not of the column's type.
    WrongType { column: usize, text: &'static str },
    /// A required value is missing.
    Missing { column: usize },
    /// The last field is missing.
    TooFew,
    /// There is one field too many.
    TooMany,
}

impl MockFile {
    /// How many of the rows written so far were made bad on purpose.
    pub fn bad_rows_written(&self) -> u64 {
        self.bad_rows_written
    }

    /// Appends about 256 KiB of whole rows, the header first. Returns whether rows are left.
    ///
    /// # Errors
    ///
    /// An error of the CSV writer; writing to memory gives none.
    pub fn write_chunk(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let end = out.len() + CHUNK_BYTES;
        let mut csv =
            csv::WriterBuilder::new().delimiter(self.delimiter).flexible(true).from_writer(out);
        if !self.header_written {
            self.header_written = true;
            csv.write_record(self.columns.iter().map(|column| &column.mock.header))?;
        }
        while self.rows_written < self.rows && csv.get_ref().len() < end {
            self.make_row();
            let fault = self.draw_fault();
            self.write_row(fault, &mut csv)?;
            csv.flush()?;
            self.rows_written += 1;
        }
        csv.flush()?;
        Ok(self.rows_written < self.rows)
    }

    fn make_row(&mut self) {
        if let Some(lines) = &mut self.lines {
            lines.line += 1;
            if lines.line >= lines.of {
                lines.group += 1;
                lines.line = 0;
                lines.of = 1 + below(&mut self.random, MAX_LINES);
            }
        }
        let (group, line) = self.lines.as_ref().map_or((0, 0), |lines| (lines.group, lines.line));
        for step in 0..self.order.len() {
            let Some(index) = self.order.get(step).copied() else { continue };
            self.make_value(index, group, line);
        }
    }

    fn make_value(&mut self, index: usize, group: u64, line: u64) {
        let key = match self.columns.get(index).map(|column| column.mock.cardinality) {
            Some(Cardinality::DependsOn { column }) => {
                self.columns.get(column).map_or(0, |key| hash(&key.value))
            }
            _ => 0,
        };
        let Some(column) = self.columns.get_mut(index) else { return };
        column.value.clear();
        let seed = |part: u64| mix([self.seed, index as u64, part]);
        // The same in every file: a member has the same name in all of them.
        let lasting = |part: u64| mix([0, index as u64, part]);
        match column.mock.cardinality {
            Cardinality::Unique => {
                let n = if column.has_lines { group } else { self.rows_written };
                column.write_nth(column.start + n, seed(n));
            }
            Cardinality::Line { .. } => column.write_nth(line, seed(line)),
            Cardinality::Pool(size) => {
                let n = below(&mut self.random, size);
                column.write_nth(n, lasting(n));
            }
            Cardinality::DependsOn { .. } => {
                column.write_free(&mut MockRng::seed_from_u64(lasting(key)));
            }
            Cardinality::Free => column.write_free(&mut self.random),
            Cardinality::Near => {
                let n = below(&mut self.random, column.near_count);
                if !column.is_missing(&mut self.random) {
                    column.mock.values.nth(column.start + n, &mut column.value);
                }
            }
        }
    }

    fn draw_fault(&mut self) -> Option<Fault> {
        if self.bad_rows == 0 || below(&mut self.random, u64::MAX) >= self.bad_rows {
            return None;
        }
        let fault = self.faults.get(below(&mut self.random, self.faults.len() as u64) as usize);
        self.bad_rows_written += u64::from(fault.is_some());
        fault.copied()
    }

    fn write_row(
        &self,
        fault: Option<Fault>,
        csv: &mut csv::Writer<&mut Vec<u8>>,
    ) -> csv::Result<()> {
        let last = self.columns.len().saturating_sub(1);
        for (index, column) in self.columns.iter().enumerate() {
            match fault {
                Some(Fault::TooFew) if index == last => break,
                Some(Fault::WrongType { column, text }) if column == index => {
                    csv.write_field(text)?;
                }
                Some(Fault::Missing { column }) if column == index => csv.write_field("")?,
                _ => csv.write_field(&column.value)?,
            }
        }
        if matches!(fault, Some(Fault::TooMany)) {
            csv.write_field("extra")?;
        }
        csv.write_record(None::<&[u8]>)
    }
}
