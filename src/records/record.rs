//! The fields of one record and its position in the file.
//!
//! Readers fill the same record again and again, so that its buffers are allocated once.

use std::borrow::Cow;
use std::ops::Range;

/// One record: its fields, its original bytes, and its position in the file.
#[derive(Debug, Default, Clone)]
pub struct Record {
    /// The original bytes, then the fields that are not a part of them, such as unescaped ones.
    bytes: Vec<u8>,
    raw_len: usize,
    fields: Vec<Field>,
    extra: Option<Range<usize>>,
    fault: Option<(&'static str, Cow<'static, str>)>,
    fault_field: Option<usize>,
    line: u64,
    next_line: u64,
    start_offset: u64,
    end_offset: u64,
    has_no_bytes: bool,
}

#[derive(Debug, Clone, Copy)]
struct Field {
    start: usize,
    end: usize,
    quoted: bool,
    kind: Kind,
}

/// What the file format says about the value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// A text, whose meaning the contract defines.
    #[default]
    Text,
    /// A text that the format itself marks as one, as JSON does: in a `json` column it stays a string.
    Quoted,
    /// A number, a date or a boolean that the format itself marks as one, in canonical form.
    Native,
    /// A null of the format.
    Null,
    /// A number that the format has rounded, so that its last digits are not those that were meant.
    Rounded,
    /// A cell that has something, of which no value is known.
    Unusable(Unusable),
}

impl Kind {
    /// Whether a field of this kind has a value that every column may take.
    #[inline]
    pub(crate) fn is_plain(self) -> bool {
        matches!(self, Kind::Text | Kind::Quoted | Kind::Native)
    }
}

/// Why a cell of a workbook has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// A number that is formatted as a date, and is none.
    NoDate,
    /// A formula whose value was not saved.
    NotCalculated,
    /// A number that no floating-point number can hold, such as `1e999`.
    TooLarge,
}

impl Unusable {
    /// The reason code and a sentence.
    #[cold]
    pub(crate) fn reason(self) -> (&'static str, &'static str) {
        match self {
            Unusable::NoDate => (
                "invalid_date",
                "a number that the workbook formats as a date is before 1900 or after 9999: correct the \
                 cell, or give it the format of a number",
            ),
            Unusable::NotCalculated => (
                "not_calculated",
                "a formula without a stored value: open the workbook in a spreadsheet program and save it",
            ),
            Unusable::TooLarge => (
                "out_of_range",
                "a number beyond those that a workbook can hold, about 1.8e308: correct the cell",
            ),
        }
    }
}

impl Record {
    /// An empty record, to be filled by a reader.
    pub fn new() -> Record {
        Record::default()
    }

    /// The number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field, as in a record that no reader has filled.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The bytes of field `index`, counted from 0, without the quotes around it.
    pub fn field(&self, index: usize) -> Option<&[u8]> {
        let field = self.fields.get(index)?;
        self.bytes.get(field.start..field.end)
    }

    /// Everything that the record holds as text; `None` if it is not valid UTF-8. Pass it to
    /// [`Record::field_in`] to get fields without a check of each.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// Field `index` within `text`, which must be the [`Record::text`] of this record.
    #[inline]
    pub fn field_in<'t>(&self, text: &'t str, index: usize) -> Option<&'t str> {
        let field = self.fields.get(index)?;
        text.get(field.start..field.end)
    }

    /// Whether field `index` was quoted: `""` is an empty text, an empty field may mean null.
    pub fn is_quoted(&self, index: usize) -> bool {
        self.fields.get(index).is_some_and(|field| field.quoted)
    }

    /// What the format says about field `index`; a text if there is no such field.
    pub fn kind(&self, index: usize) -> Kind {
        self.fields.get(index).map_or(Kind::Text, |field| field.kind)
    }

    /// The offset of byte `at` of field `index` in the decoded stream; for a field that is not a part
    /// of the original bytes, the offset of the record. `None` if the rows of the format have no bytes.
    pub(crate) fn offset_of(&self, index: usize, at: usize) -> Option<u64> {
        let field = self.fields.get(index).filter(|field| field.start < self.raw_len);
        let offset = self.start_offset + field.map_or(0, |field| field.start + at) as u64;
        (!self.has_no_bytes).then_some(offset)
    }

    /// The values that are in none of the fields, as a JSON object by name.
    pub fn extra(&self) -> Option<&[u8]> {
        self.bytes.get(self.extra.clone()?)
    }

    /// Why the record cannot be split into fields: a reason code and a sentence.
    pub fn fault(&self) -> Option<(&'static str, &str)> {
        self.fault.as_ref().map(|(code, reason)| (*code, reason.as_ref()))
    }

    /// The index of the field that the fault is in; `None` where the whole record is wrong.
    pub(crate) fn fault_field(&self) -> Option<usize> {
        self.fault_field
    }

    /// The fields in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.fields.iter().map(|field| self.bytes.get(field.start..field.end).unwrap_or_default())
    }

    /// The original bytes of the record, without its line end.
    pub fn raw(&self) -> &[u8] {
        self.bytes.get(..self.raw_len).unwrap_or_default()
    }

    /// The line of the file, counted from 1, on which the record starts.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The line of the file that starts at [`Record::end_offset`].
    pub fn next_line(&self) -> u64 {
        self.next_line
    }

    /// The offset of the record in the decoded stream, in bytes.
    pub fn start_offset(&self) -> u64 {
        self.start_offset
    }

    /// The offset of the next record in the decoded stream, in bytes. A reader can resume there.
    pub fn end_offset(&self) -> u64 {
        self.end_offset
    }

    /// Clears the record and sets the original bytes of a new one.
    pub(super) fn start(&mut self, raw: &[u8], position: Position) {
        self.fields.clear();
        self.bytes.clear();
        self.bytes.extend_from_slice(raw);
        self.raw_len = raw.len();
        self.extra = None;
        (self.fault, self.fault_field) = (None, None);
        let Position { line, next_line, start_offset, end_offset } = position;
        (self.line, self.next_line) = (line, next_line);
        (self.start_offset, self.end_offset) = (start_offset, end_offset);
        self.has_no_bytes = false;
    }

    /// Says that the original bytes are not those of the file, and that offsets count rows.
    pub(super) fn set_no_bytes(&mut self) {
        self.has_no_bytes = true;
    }

    /// Adds a field that is a part of the original bytes.
    pub(super) fn push_part(&mut self, part: Range<usize>, quoted: bool) {
        self.fields.push(Field { start: part.start, end: part.end, quoted, kind: Kind::Text });
    }

    /// Begins a field that consists of several parts of the original bytes.
    pub(super) fn open_field(&mut self) {
        let start = self.bytes.len();
        self.fields.push(Field { start, end: start, quoted: false, kind: Kind::Text });
    }

    /// Adds a field that is not a part of the original bytes.
    pub(super) fn push_value(&mut self, value: &[u8], quoted: bool, kind: Kind) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.fields.push(Field { start, end: self.bytes.len(), quoted, kind });
    }

    /// Says that the value of a field, or the record as a whole, has no text.
    pub(super) fn set_fault_of(
        &mut self,
        code: &'static str,
        reason: impl Into<Cow<'static, str>>,
        field: Option<usize>,
    ) {
        self.fault = Some((code, reason.into()));
        self.fault_field = field;
    }

    /// Says that the field added last goes wrong, so that the record cannot be split into fields. The
    /// first fault of a record counts.
    pub(super) fn set_field_fault(&mut self, code: &'static str, reason: &'static str) {
        if self.fault.is_none() {
            self.fault = Some((code, reason.into()));
            self.fault_field = self.fields.len().checked_sub(1);
        }
    }

    /// Sets the values that are in none of the fields.
    pub(super) fn set_extra(&mut self, json: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(json);
        self.extra = Some(start..self.bytes.len());
    }

    /// Adds a part of the original bytes to the open field.
    pub(super) fn extend_field(&mut self, part: Range<usize>) {
        self.bytes.extend_from_within(part);
    }

    /// Ends the open field.
    pub(super) fn close_field(&mut self, quoted: bool) {
        if let Some(field) = self.fields.last_mut() {
            (field.end, field.quoted) = (self.bytes.len(), quoted);
        }
    }
}

/// Where a record is in its file. See the methods of [`Record`] with the same names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub line: u64,
    pub next_line: u64,
    pub start_offset: u64,
    pub end_offset: u64,
}
