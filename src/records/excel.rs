//! Reads the rows of one sheet of a workbook: .xlsx, .xlsm, .xlsb, .xls or .ods.
//!
//! The sheet is held in memory, the file is not. The format of a cell and the epoch of the workbook
//! decide whether and which date a number is. A formula has the value that was saved with it. Merged
//! cells have their value in the first one, as in the file.
//!
//! Sources: ECMA-376 (.xlsx), MS-XLSB, MS-XLS and OpenDocument 1.3, as the crate `calamine` reads them.

use std::io::BufReader;

use calamine::{Data, ExcelDateTime, Ods, Reader as _, Xls, Xlsb, Xlsx};

use super::grid::{self, Cell};
use super::options::ReaderOptions;
use super::record::{Kind, Record};
use super::spooled::{SharedFile, Spooled, unless_it_panics};
use super::{RecordError, RecordReader, Step};
use crate::error::ErrorKind;
use sheet::{Book, NoSheet, Sheet};

mod sheet;

/// Reads the rows of a sheet.
pub(super) struct ExcelReader {
    sheet: Sheet,
    /// The next row of the sheet, counted from 0.
    row: u64,
    expects_header: bool,
    cells: Vec<Cell>,
}

fn bad_file(message: String) -> RecordError {
    RecordError { kind: ErrorKind::BadFile, line: 1, message }
}

fn damaged(line: u64) -> RecordError {
    RecordError { line, ..bad_file("the workbook cannot be read: it is damaged".to_owned()) }
}

/// Opens a workbook at the sheet that the options name, or else at the first one with cells.
///
/// # Errors
///
/// [`ErrorKind::BadFile`] if the file is not a workbook, is damaged or encrypted, or has no such sheet;
/// [`ErrorKind::OverLimit`] if the sheet has too many cells.
pub(super) fn open(
    file: Box<dyn Spooled>,
    options: &ReaderOptions,
) -> Result<Box<dyn RecordReader>, RecordError> {
    let file = SharedFile::new(file).map_err(|error| bad_file(error.to_string()))?;
    let sheet = unless_it_panics(|| read(&file, options.sheet.as_deref()), || damaged(1))?;
    Ok(Box::new(ExcelReader {
        sheet,
        row: options.csv.skip,
        expects_header: options.csv.has_header,
        cells: Vec::new(),
    }))
}

fn read(file: &SharedFile, sheet: Option<&str>) -> Result<Sheet, RecordError> {
    let reader = || BufReader::new(file.clone());
    let mut why = String::new();
    let mut note = |error: String| {
        if error.to_lowercase().contains("password") {
            why = "it is encrypted".to_owned();
        }
    };
    match Xlsx::new(reader()) {
        Ok(book) => return sheet_of(book, sheet),
        Err(error) => note(error.to_string()),
    }
    match Xlsb::new(reader()) {
        Ok(book) => return sheet_of(book, sheet),
        Err(error) => note(error.to_string()),
    }
    match Ods::new(reader()) {
        Ok(book) => return sheet_of(book, sheet),
        Err(error) => note(error.to_string()),
    }
    match Xls::new(reader()) {
        Ok(book) => return sheet_of(book, sheet),
        Err(error) => note(error.to_string()),
    }
    let why = if why.is_empty() { "it is not a valid xlsx, xlsb, xls or ods file" } else { &why };
    Err(bad_file(format!("the workbook cannot be read: {why}")))
}

fn sheet_of(mut book: impl Book, wanted: Option<&str>) -> Result<Sheet, RecordError> {
    let names = book.names();
    if let Some(wanted) = wanted {
        let Some(name) = names.iter().find(|name| name.trim() == wanted.trim()) else {
            let known = names.join("`, `");
            return Err(bad_file(format!(
                "the workbook has no sheet `{wanted}`: its sheets are `{known}`"
            )));
        };
        return book.cells(name).and_then(Sheet::new).map_err(|why| no_sheet(name, &why));
    }
    // Charts are sheets without cells.
    let mut failed = None;
    for name in &names {
        match book.cells(name).and_then(Sheet::new) {
            Ok(sheet) if sheet.width > 0 => return Ok(sheet),
            Ok(_) => {}
            Err(NoSheet::TooLarge) => return Err(no_sheet(name, &NoSheet::TooLarge)),
            Err(why) => failed = Some(no_sheet(name, &why)),
        }
    }
    failed.map_or_else(|| Ok(Sheet::default()), Err)
}

fn no_sheet(name: &str, why: &NoSheet) -> RecordError {
    match why {
        NoSheet::Broken => bad_file(format!("sheet `{name}` of the workbook cannot be read")),
        NoSheet::TooLarge => {
            let message =
                format!("sheet `{name}` of the workbook has too many cells: save it as CSV");
            RecordError { kind: ErrorKind::OverLimit, line: 1, message }
        }
    }
}

impl RecordReader for ExcelReader {
    fn push(&mut self, _: &[u8]) {}

    fn end(&mut self) {}

    fn resume(mut self: Box<Self>, _: u64, offset: u64) -> Box<dyn RecordReader> {
        self.row = offset;
        self.expects_header = false;
        self
    }

    fn delimiter(&self) -> Option<&[u8]> {
        Some(b",")
    }

    fn next(&mut self, record: &mut Record) -> Result<Step, RecordError> {
        // Blank rows are skipped, as blank lines are.
        let Some((row, cells)) = self.sheet.row(self.row) else { return Ok(Step::End) };
        let (given, width) = (&mut self.cells, self.sheet.width);
        let fill = || {
            given.clear();
            given.resize_with(width, || cell_of(&Data::Empty));
            for (index, value) in cells {
                if let Some(cell) = given.get_mut(index) {
                    *cell = cell_of(value);
                }
            }
            Ok(())
        };
        unless_it_panics(fill, || damaged(row + 1))?;
        self.row = row + 1;
        let header = std::mem::take(&mut self.expects_header);
        grid::fill(record, &self.cells, self.row, header);
        Ok(Step::Record)
    }
}

fn cell_of(data: &Data) -> Cell {
    let native =
        |text: String| Cell { text: text.into_bytes(), kind: Kind::Native, is_text: false };
    let text = |text: &str| Cell { text: text.into(), kind: Kind::Text, is_text: false };
    match data {
        Data::Empty => Cell { kind: Kind::Null, ..Cell::default() },
        Data::String(value) => text(value),
        Data::Int(value) => native(value.to_string()),
        Data::Float(value) => native(value.to_string()),
        Data::Bool(value) => native(value.to_string()),
        Data::DateTime(value) => native(date_time(value)),
        Data::DateTimeIso(value) => native(iso(value)),
        Data::DurationIso(value) => text(value),
        Data::Error(error) => text(&error.to_string()),
    }
}

/// 9999-12-31 in each of the two epochs.
const LAST_DAYS: [f64; 2] = [2_958_465.0, 2_957_003.0];

/// A date, a time of day, both, or the hours, minutes and seconds of a duration.
fn date_time(value: &ExcelDateTime) -> String {
    let serial = value.as_f64();
    if value.is_duration() {
        let millis = (serial.abs() * 86_400_000.0).round() as u64;
        let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
        let sign = if serial < 0.0 { "-" } else { "" };
        return format!("{sign}{hours:02}:{minutes:02}:{}", seconds(millis % 60_000));
    }
    let (year, month, day, hour, minute, second, milli) = value.to_ymd_hms_milli();
    // The library returns the first or the last day for numbers beyond them.
    let is_last = (year, month, day) == (9999, 12, 31);
    if serial < 0.0 || is_last && !LAST_DAYS.contains(&serial.floor()) {
        return format!("{serial:?} days");
    }
    let seconds = seconds(u64::from(second) * 1_000 + u64::from(milli));
    let time = format!("{hour:02}:{minute:02}:{seconds}");
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (serial < 1.0, time.as_str()) {
        (true, _) => time,
        (false, "00:00:00") => date,
        (false, _) => format!("{date} {time}"),
    }
}

fn seconds(millis: u64) -> String {
    match (millis / 1_000, millis % 1_000) {
        (whole, 0) => format!("{whole:02}"),
        (whole, rest) => format!("{whole:02}.{rest:03}"),
    }
}

/// `2024-02-29T00:00:00` without its time.
fn iso(value: &str) -> String {
    value.strip_suffix("T00:00:00").unwrap_or(value).to_owned()
}
