//! Makes records from the cells of binary formats. Their original bytes are a line of CSV (RFC 4180).

use super::csv_field::CsvFields;
use super::record::{Kind, Position, Record};

/// One cell, as text.
#[derive(Debug, Default)]
pub(super) struct Cell {
    pub text: Vec<u8>,
    pub kind: Kind,
    /// Whether the cell is a text that is not null even if it is empty.
    pub is_text: bool,
}

impl Cell {
    /// A cell without a value.
    pub fn null() -> Cell {
        Cell { kind: Kind::Null, ..Cell::default() }
    }
}

/// Fills `record` with the cells of row `number`, counted from 1. Its offsets count rows, because rows
/// of these formats have no bytes.
pub(super) fn fill(record: &mut Record, cells: &[Cell], number: u64) {
    let mut raw = Vec::with_capacity(cells.len() * 8);
    let csv = CsvFields { delimiter: vec![b','], quote: Some(b'"'), escape: None };
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            raw.push(b',');
        }
        let is_empty_text = cell.kind == Kind::Text && cell.is_text && cell.text.is_empty();
        csv.push(&cell.text, is_empty_text, &mut raw);
    }
    let (line, next_line) = (number, number + 1);
    let (start_offset, end_offset) = (number.saturating_sub(1), number);
    record.start(&raw, Position { line, next_line, start_offset, end_offset });
    record.set_no_bytes();
    for cell in cells {
        record.push_value(&cell.text, cell.is_text, cell.kind);
    }
}
