//! Makes records from the cells of binary formats. Their original bytes are a line of CSV (RFC 4180).

use super::record::{Kind, Position, Record};

/// One cell, as text.
#[derive(Debug, Default)]
pub(super) struct Cell {
    pub text: Vec<u8>,
    pub kind: Kind,
    /// Whether the cell is a text that is not null even if it is empty.
    pub is_text: bool,
}

/// Fills `record` with the cells of row `number`, counted from 1. Its offsets count rows, because rows
/// of these formats have no bytes.
pub(super) fn fill(record: &mut Record, cells: &[Cell], number: u64, header: bool) {
    let mut raw = Vec::with_capacity(cells.len() * 8);
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            raw.push(b',');
        }
        push_csv(cell, &mut raw);
    }
    let (line, next_line) = (number, number + 1);
    let (start_offset, end_offset) = (number.saturating_sub(1), number);
    record.start(&raw, Position { line, next_line, start_offset, end_offset, header });
    record.set_no_bytes();
    for cell in cells {
        record.push_value(&cell.text, cell.is_text, cell.kind);
    }
}

/// Appends a cell, in quotes if it needs them.
fn push_csv(cell: &Cell, raw: &mut Vec<u8>) {
    let special = |byte: &u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    let null_like = cell.kind == Kind::Text && cell.is_text && cell.text.is_empty();
    if !null_like && !cell.text.iter().any(special) {
        raw.extend_from_slice(&cell.text);
        return;
    }
    raw.push(b'"');
    for byte in &cell.text {
        if *byte == b'"' {
            raw.push(b'"');
        }
        raw.push(*byte);
    }
    raw.push(b'"');
}
