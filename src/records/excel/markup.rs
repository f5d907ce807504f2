//! Finds values in the XML of a sheet that the reader of workbooks would change without an error.
//!
//! It ends a number at the first markup in it, takes an index into the shared texts that is not a number for
//! 0, leaves out an inline text that is written as another value, and leaves out CDATA. Programs that write
//! workbooks do none of this.
//!
//! Sources: ECMA-376 part 1, 18.3.1.4 (`c`) and 18.3.1.96 (`v`); OpenDocument 1.3, 9.1.4 (`table-cell`).

use std::io::BufRead;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader};

/// A cell of an .xlsx.
#[derive(Default)]
struct Cell {
    /// Such as `B7`; empty where the file does not name it.
    name: String,
    /// What its value is: `s` for an index into the shared texts, `str`, `inlineStr`, and others.
    kind: String,
    value: String,
    values: usize,
    inline_texts: usize,
    /// Whether something other than text is in the value.
    has_markup: bool,
}

impl Cell {
    fn new(element: &BytesStart<'_>) -> Result<Cell, Error> {
        let mut cell = Cell::default();
        for attribute in element.attributes() {
            let attribute = attribute?;
            match attribute.key.as_ref() {
                "r" => cell.name = attribute.value.to_string(),
                "t" => cell.kind = attribute.value.to_string(),
                _ => {}
            }
        }
        Ok(cell)
    }

    fn is_changed(&self) -> bool {
        let has_other_text = match self.kind.as_str() {
            "s" => !self.value.bytes().all(|byte| byte.is_ascii_digit()),
            "inlineStr" | "is" => self.inline_texts == 0 && !self.value.is_empty(),
            _ => false,
        };
        has_other_text || self.has_markup || self.values > 1 || self.inline_texts > 1
    }
}

/// The name of the first cell of a sheet of an .xlsx whose value would be changed. Reads up to the end of
/// the cells.
///
/// # Errors
///
/// The XML is not well-formed, or cannot be read.
pub(super) fn changed_cell(sheet: impl BufRead) -> Result<Option<String>, Error> {
    let mut xml = Reader::from_reader(sheet);
    xml.config_mut().expand_empty_elements = true;
    let (mut cell, mut is_in_value, mut buffer) = (Cell::default(), false, Vec::new());
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer)? {
            Event::Eof => return Ok(None),
            Event::End(element) => match element.local_name().as_ref() {
                "v" => is_in_value = false,
                "c" if cell.is_changed() => return Ok(Some(cell.name)),
                "sheetData" => return Ok(None),
                _ => {}
            },
            Event::Start(element) => match element.local_name().as_ref() {
                "c" => cell = Cell::new(&element)?,
                "v" if !is_in_value => (is_in_value, cell.values) = (true, cell.values + 1),
                "is" if !is_in_value => cell.inline_texts += 1,
                _ => cell.has_markup |= is_in_value,
            },
            Event::Text(text) if is_in_value => cell.value.push_str(&text),
            // In a text the reader takes a reference to a character for what it means, and joins what is
            // before and behind a comment.
            Event::GeneralRef(_) | Event::Comment(_) | Event::PI(_)
                if matches!(cell.kind.as_str(), "str" | "d") => {}
            _ => cell.has_markup |= is_in_value,
        }
    }
}

/// Whether the sheets of an .ods have CDATA in them.
///
/// # Errors
///
/// The XML is not well-formed, or cannot be read.
pub(super) fn has_cdata(content: impl BufRead) -> Result<bool, Error> {
    let (mut xml, mut buffer) = (Reader::from_reader(content), Vec::new());
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer)? {
            Event::Eof => return Ok(false),
            Event::CData(_) => return Ok(true),
            _ => {}
        }
    }
}
