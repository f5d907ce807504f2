//! Mock: a description of columns in, plausible delimited text out, as much as one likes.
//!
//! The same description and seed give the same bytes, on every platform.

pub use columns::columns;

use std::sync::Arc;

use rand::SeedableRng as _;

use crate::types::{ColumnType, MockRng, below};
use value::{Column, hash, mix};

mod columns;
mod numbers;
mod plan;
#[cfg(test)]
mod tests;
mod value;
mod words;

/// One column of a mock file.
#[derive(Debug, Clone)]
pub struct MockColumn {
    /// The name in the header.
    pub header: String,
    /// The type, which says how values are written.
    pub column_type: Arc<dyn ColumnType>,
    /// Whether a row without a value is a bad row.
    pub required: bool,
    /// Whether a value is always known, required or not. Others are missing now and then.
    pub known: bool,
    /// How values are spread.
    pub cardinality: Cardinality,
}

/// How the values of a column are spread over the rows. Columns are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// Another value in each row, strictly growing: a grain. If other columns are `Line`s of it,
    /// another value for each of their groups.
    Unique,
    /// Counts 1 to 5 within one value of the `Unique` column `of`: order lines.
    Line { of: usize },
    /// One of so many values: a dimension's key.
    Pool(u64),
    /// A function of another column's value: an attribute, which is the same for the same key.
    DependsOn { column: usize },
    /// Anything.
    Free,
    /// Values near each other: dates within thirty days.
    Near,
}

/// How many bytes [`MockFile::write_chunk`] appends before it returns.
const CHUNK_BYTES: usize = 256 << 10;

/// Of rows with lines, each has one to so many.
const MAX_LINES: u64 = 5;

/// Writes a mock file, chunk by chunk.
#[derive(Debug)]
pub struct MockFile {
    columns: Vec<Column>,
    /// In which order values are made: a key before what depends on it.
    order: Vec<usize>,
    random: MockRng,
    seed: u64,
    delimiter: u8,
    /// Of 2^64 rows, so many go bad.
    bad_rows: u64,
    faults: Vec<Fault>,
    rows: u64,
    rows_written: u64,
    bad_rows_written: u64,
    header_written: bool,
    lines: Option<Lines>,
}

/// Where in its group a row stands.
#[derive(Debug)]
struct Lines {
    group: u64,
    line: u64,
    of: u64,
}

/// A way in which a row goes bad.
#[derive(Debug, Clone, Copy)]
enum Fault {
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

    /// Appends about 256 KiB of whole rows, the header first. False: these were the last.
    pub fn write_chunk(&mut self, out: &mut Vec<u8>) -> bool {
        let end = out.len() + CHUNK_BYTES;
        if !self.header_written {
            self.header_written = true;
            for (place, column) in self.columns.iter().enumerate() {
                if place > 0 {
                    out.push(self.delimiter);
                }
                push_field(&column.mock.header, self.delimiter, out);
            }
            out.push(b'\n');
        }
        while self.rows_written < self.rows && out.len() < end {
            self.make_row();
            let fault = self.draw_fault();
            self.push_row(fault, out);
            self.rows_written += 1;
        }
        self.rows_written < self.rows
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
        for place in 0..self.order.len() {
            let Some(at) = self.order.get(place).copied() else { continue };
            self.make_value(at, group, line);
        }
    }

    fn make_value(&mut self, at: usize, group: u64, line: u64) {
        let key = match self.columns.get(at).map(|column| column.mock.cardinality) {
            Some(Cardinality::DependsOn { column }) => {
                self.columns.get(column).map_or(0, |key| hash(&key.value))
            }
            _ => 0,
        };
        let Some(column) = self.columns.get_mut(at) else { return };
        column.value.clear();
        let seed = |part: u64| mix([self.seed, at as u64, part]);
        // The same in every file: a member has one name, whatever file it stands in.
        let lasting = |part: u64| mix([0, at as u64, part]);
        match column.mock.cardinality {
            Cardinality::Unique => {
                let n = if column.has_lines { group } else { self.rows_written };
                column.write_place(column.start + n, seed(n));
            }
            Cardinality::Line { .. } => column.write_place(line, seed(line)),
            Cardinality::Pool(size) => {
                let n = below(&mut self.random, size);
                column.write_place(n, lasting(n));
            }
            Cardinality::DependsOn { .. } => {
                column.write_free(&mut MockRng::seed_from_u64(lasting(key)));
            }
            Cardinality::Free => column.write_free(&mut self.random),
            Cardinality::Near => {
                let n = below(&mut self.random, column.span);
                if !column.is_missing(&mut self.random) {
                    column.mock.column_type.mock_nth(column.start + n, &mut column.value);
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

    fn push_row(&self, fault: Option<Fault>, out: &mut Vec<u8>) {
        let last = self.columns.len().saturating_sub(1);
        for (at, column) in self.columns.iter().enumerate() {
            if matches!(fault, Some(Fault::TooFew)) && at == last {
                break;
            }
            if at > 0 {
                out.push(self.delimiter);
            }
            match fault {
                Some(Fault::WrongType { column, text }) if column == at => {
                    push_field(text, self.delimiter, out);
                }
                Some(Fault::Missing { column }) if column == at => {}
                _ => push_field(&column.value, self.delimiter, out),
            }
        }
        if matches!(fault, Some(Fault::TooMany)) {
            out.push(self.delimiter);
            out.extend_from_slice(b"extra");
        }
        out.push(b'\n');
    }
}

/// Appends a field, in quotes if it needs them.
fn push_field(text: &str, delimiter: u8, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let special = |byte: &u8| *byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r');
    if !bytes.iter().any(special) {
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    for byte in bytes {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}
