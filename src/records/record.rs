//! Record: the fields of one record and its position in the file. Filled by readers, its buffers are
//! used over and over.

use std::ops::Range;

/// One record: its fields, its original bytes, and where it stands.
#[derive(Debug, Default, Clone)]
pub struct Record {
    /// The original bytes, then the fields that had to be rewritten.
    bytes: Vec<u8>,
    raw_len: usize,
    fields: Vec<Field>,
    extra: Option<Range<usize>>,
    fault: Option<(&'static str, &'static str)>,
    line: u64,
    next_line: u64,
    start_offset: u64,
    end_offset: u64,
    header: bool,
    has_no_bytes: bool,
}

#[derive(Debug, Clone, Copy)]
struct Field {
    start: usize,
    end: usize,
    quoted: bool,
    kind: Kind,
}

/// What a field is to the format that it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// A text, which means what the contract says.
    #[default]
    Text,
    /// A text that the format tells from all else, as JSON does: in a `json` column it stays one.
    Quoted,
    /// A number, a date or a boolean that the format itself knows as such, in canonical form.
    Native,
    /// The format's own null.
    Null,
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

    /// Whether there is no field, as before the first reading.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The bytes of field `index`, counted from 0, without quotes around it.
    pub fn field(&self, index: usize) -> Option<&[u8]> {
        let field = self.fields.get(index)?;
        self.bytes.get(field.start..field.end)
    }

    /// All that the record holds as text, if all of it is UTF-8: to be handed to
    /// [`Record::field_in`], so that fields need no check of their own.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// Field `index` of the record's own [`Record::text`].
    #[inline]
    pub fn field_in<'t>(&self, text: &'t str, index: usize) -> Option<&'t str> {
        let field = self.fields.get(index)?;
        text.get(field.start..field.end)
    }

    /// Whether field `index` was quoted: `""` is an empty text, nothing at all may mean null.
    pub fn is_quoted(&self, index: usize) -> bool {
        self.fields.get(index).is_some_and(|field| field.quoted)
    }

    /// What field `index` is to its format; a text where there is none.
    pub fn kind(&self, index: usize) -> Kind {
        self.fields.get(index).map_or(Kind::Text, |field| field.kind)
    }

    /// Where byte `at` of field `index` stands in the decoded stream: exactly, or for a field that
    /// had to be rewritten where the record starts. `None` where a format's rows have no bytes.
    pub fn offset_of(&self, index: usize, at: usize) -> Option<u64> {
        let field = self.fields.get(index).filter(|field| field.start < self.raw_len);
        let offset = self.start_offset + field.map_or(0, |field| field.start + at) as u64;
        (!self.has_no_bytes).then_some(offset)
    }

    /// What the record holds beyond its fields: an object of JSON, name by name.
    pub fn extra(&self) -> Option<&[u8]> {
        self.bytes.get(self.extra.clone()?)
    }

    /// Why the record cannot be taken apart: a reason code and a sentence.
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        self.fault
    }

    /// The fields in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.fields.iter().map(|field| self.bytes.get(field.start..field.end).unwrap_or_default())
    }

    /// The original bytes of the record, without the line end that closes it.
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

    /// Where the record starts in the decoded stream, in bytes.
    pub fn start_offset(&self) -> u64 {
        self.start_offset
    }

    /// Where the next record starts in the decoded stream, in bytes: a reader can go on there.
    pub fn end_offset(&self) -> u64 {
        self.end_offset
    }

    /// Whether this is the file's header.
    pub fn is_header(&self) -> bool {
        self.header
    }

    /// Forgets the last record and takes the original bytes of a new one.
    pub(super) fn start(&mut self, raw: &[u8], position: Position) {
        self.fields.clear();
        self.bytes.clear();
        self.bytes.extend_from_slice(raw);
        self.raw_len = raw.len();
        self.extra = None;
        self.fault = None;
        let Position { line, next_line, start_offset, end_offset, header } = position;
        (self.line, self.next_line) = (line, next_line);
        (self.start_offset, self.end_offset) = (start_offset, end_offset);
        self.header = header;
        self.has_no_bytes = false;
    }

    /// Says that the original bytes stand nowhere in the file, and offsets count rows.
    pub(super) fn set_no_bytes(&mut self) {
        self.has_no_bytes = true;
    }

    /// Adds a field that stands in the original bytes as it is.
    pub(super) fn push_part(&mut self, part: Range<usize>, quoted: bool) {
        self.fields.push(Field { start: part.start, end: part.end, quoted, kind: Kind::Text });
    }

    /// Begins a field that is put together from parts of the original bytes.
    pub(super) fn open_field(&mut self) {
        let start = self.bytes.len();
        self.fields.push(Field { start, end: start, quoted: false, kind: Kind::Text });
    }

    /// Adds a field that is not in the original bytes as it is.
    pub(super) fn push_value(&mut self, value: &[u8], quoted: bool, kind: Kind) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.fields.push(Field { start, end: self.bytes.len(), quoted, kind });
    }

    /// Says that the record cannot be taken apart.
    pub(super) fn set_fault(&mut self, code: &'static str, reason: &'static str) {
        self.fault = Some((code, reason));
    }

    /// Adds what the record holds beyond its fields.
    pub(super) fn set_extra(&mut self, json: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(json);
        self.extra = Some(start..self.bytes.len());
    }

    /// Adds a part of the original bytes to the field that was begun.
    pub(super) fn extend_field(&mut self, part: Range<usize>) {
        self.bytes.extend_from_within(part);
    }

    /// Ends the field that was begun.
    pub(super) fn close_field(&mut self, quoted: bool) {
        if let Some(field) = self.fields.last_mut() {
            (field.end, field.quoted) = (self.bytes.len(), quoted);
        }
    }
}

/// Where a record stands in its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub line: u64,
    pub next_line: u64,
    pub start_offset: u64,
    pub end_offset: u64,
    pub header: bool,
}
