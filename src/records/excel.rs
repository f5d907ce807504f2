//! Reads the rows of one sheet of a workbook: .xlsx, .xlsm, .xlsb, .xls or .ods.
//!
//! The sheet is held in memory, the file is not. A hidden sheet is read only by its name. The format of a
//! cell and the epoch of the workbook decide whether and which date a number is. A formula has the value
//! that was saved with it. Merged cells have their value in the first one, as in the file. A row whose
//! cells are all empty is skipped, as a blank line of CSV is.
//!
//! Sources: ECMA-376 (.xlsx), MS-XLSB, MS-XLS and OpenDocument 1.3, as the crate `calamine` reads them.

use std::collections::BTreeSet;
use std::io::BufReader;

use calamine::{Ods, Reader as _, SheetType, SheetVisible, Xls, Xlsb, Xlsx};

use super::grid::{self, Cell};
use super::options::ReaderOptions;
use super::record::Record;
use super::spooled::{SharedFile, Spooled, unless_it_panics};
use super::{RecordError, RecordReader, Step};
use crate::error::ErrorKind;
use sheet::{Book, NoSheet, Sheet};

mod archive;
mod cell;
mod markup;
mod sheet;
mod unreadable;

/// Reads the rows of a sheet.
pub(super) struct ExcelReader {
    sheet: Sheet,
    /// The next row of the sheet, counted from 0.
    row: u64,
    /// The least number of cells of a row.
    width: usize,
    /// Whether cells of nothing but white space are empty.
    trim: bool,
    cells: Vec<Cell>,
}

fn bad_file(message: String) -> RecordError {
    RecordError { kind: ErrorKind::BadFile, line: 1, message }
}

fn cannot_be_read(why: &str) -> RecordError {
    bad_file(format!("the workbook cannot be read: {why}"))
}

fn damaged(line: u64) -> RecordError {
    RecordError { line, ..cannot_be_read("it is damaged") }
}

/// Opens a workbook at the sheet that the options name, or else at the first visible one with cells.
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
    if unreadable::is_truncated(&file) {
        return Err(cannot_be_read("it is truncated"));
    }
    let read_and_check = || {
        let sheet = read(&file, |book| sheet_of(book, options))?;
        archive::fault(&file).map_or(Ok(sheet), |why| Err(cannot_be_read(&why)))
    };
    let sheet = unless_it_panics(read_and_check, || damaged(1))?;
    // Without a header, cells to the right of the contract's columns are fields only where they have a
    // value.
    let most = if options.csv.header_rows > 0 { sheet.width } else { options.names.len() };
    Ok(Box::new(ExcelReader {
        width: sheet.width.min(most),
        sheet,
        trim: options.csv.trim,
        row: options.csv.skip,
        cells: Vec::new(),
    }))
}

/// A sheet of a workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetName {
    /// Its name.
    pub name: String,
    /// Whether a user sees it.
    pub is_visible: bool,
}

/// The sheets of a workbook that have rows, in order; charts and dialogs have none.
///
/// # Errors
///
/// [`ErrorKind::BadFile`] if the file is not a workbook, or is damaged or encrypted.
pub fn sheets(file: Box<dyn Spooled>) -> Result<Vec<SheetName>, RecordError> {
    let file = SharedFile::new(file).map_err(|error| bad_file(error.to_string()))?;
    let list = |book: &mut dyn Book| {
        let with_rows = sheets_by_name(book)?.into_iter().filter(|s| s.typ == SheetType::WorkSheet);
        let named = with_rows.map(|sheet| SheetName {
            is_visible: matches!(sheet.visible, SheetVisible::Visible),
            name: sheet.name,
        });
        Ok(named.collect())
    };
    unless_it_panics(|| read(&file, list), || damaged(1))
}

/// Opens a workbook, and reads of it what `of_book` does.
fn read<T>(
    file: &SharedFile,
    of_book: impl Fn(&mut dyn Book) -> Result<T, RecordError>,
) -> Result<T, RecordError> {
    let reader = || BufReader::new(file.clone());
    let mut why = String::new();
    let mut note = |error: String| {
        if error.to_lowercase().contains("password") {
            why = "it is encrypted".to_owned();
        }
    };
    match Xlsx::new(reader()) {
        Ok(mut book) => return of_book(&mut book),
        Err(error) => note(error.to_string()),
    }
    match Xlsb::new(reader()) {
        Ok(mut book) => return of_book(&mut book),
        Err(error) => note(error.to_string()),
    }
    match Ods::new(reader()) {
        Ok(mut book) => return of_book(&mut book),
        Err(error) => note(error.to_string()),
    }
    match Xls::new(reader()) {
        Ok(mut book) => return of_book(&mut book),
        Err(error) => note(error.to_string()),
    }
    if why.is_empty() {
        why = archive::fault(file).unwrap_or_else(|| unreadable::kind(file).to_owned());
    }
    Err(cannot_be_read(&why))
}

fn sheet_of(book: &mut dyn Book, options: &ReaderOptions) -> Result<Sheet, RecordError> {
    let (sheets, from_a) = (sheets_by_name(book)?, options.csv.header_rows == 0);
    if let Some(wanted) = &options.sheet {
        let Some(sheet) = find(&sheets, wanted) else {
            let known = sheets.iter().map(|sheet| sheet.name.as_str()).collect::<Vec<_>>();
            return Err(bad_file(format!(
                "the workbook has no sheet `{wanted}`: its sheets are `{}`",
                known.join("`, `")
            )));
        };
        let cells = book.cells(&sheet.name);
        return cells
            .and_then(|cells| Sheet::new(&sheet.name, cells, from_a))
            .map_err(|why| no_sheet(&sheet.name, &why));
    }
    let (mut failed, mut hidden) = (None, Vec::new());
    for sheet in &sheets {
        // Nobody sees a hidden sheet. Charts and dialogs have no rows.
        match sheet.visible {
            _ if sheet.typ != SheetType::WorkSheet => continue,
            SheetVisible::Visible => {}
            SheetVisible::Hidden | SheetVisible::VeryHidden => {
                hidden.push(sheet.name.as_str());
                continue;
            }
        }
        let cells = book.cells(&sheet.name);
        match cells.and_then(|cells| Sheet::new(&sheet.name, cells, from_a)) {
            Ok(cells) if cells.has_value() => return Ok(cells),
            Ok(_) => {}
            Err(NoSheet::TooLarge) => return Err(no_sheet(&sheet.name, &NoSheet::TooLarge)),
            Err(why) => failed = Some(no_sheet(&sheet.name, &why)),
        }
    }
    match failed {
        Some(error) => Err(error),
        None if hidden.is_empty() => Ok(Sheet::default()),
        None => Err(bad_file(format!(
            "every visible sheet of the workbook is empty: set [file] sheet to read the hidden `{}`",
            hidden.join("`, `")
        ))),
    }
}

/// The sheets of a workbook, each with a name of its own: by its name a sheet is read.
fn sheets_by_name(book: &mut dyn Book) -> Result<Vec<calamine::Sheet>, RecordError> {
    let sheets = book.sheets();
    let mut names = BTreeSet::new();
    let twice = sheets.iter().find(|sheet| !names.insert(&sheet.name));
    let twice = twice.map(|sheet| format!("it has two sheets `{}`", sheet.name));
    twice.map_or(Ok(sheets), |why| Err(cannot_be_read(&why)))
}

/// The sheet of that name; else the one that differs from it by white space around the name only.
fn find<'s>(sheets: &'s [calamine::Sheet], wanted: &str) -> Option<&'s calamine::Sheet> {
    let same = |sheet: &&calamine::Sheet| sheet.name.trim() == wanted.trim();
    sheets.iter().find(|sheet| sheet.name == wanted).or_else(|| sheets.iter().find(same))
}

fn no_sheet(sheet: &str, why: &NoSheet) -> RecordError {
    match why {
        NoSheet::Broken => bad_file(format!("sheet `{sheet}` of the workbook cannot be read")),
        NoSheet::UnknownError(name) => {
            // Some newer programs write names such as #SPILL!; other texts are not shown.
            let is_name = name.starts_with('#') && name.len() < 20;
            let shown = if is_name { format!(" `{}`", name.escape_debug()) } else { String::new() };
            bad_file(format!(
                "sheet `{sheet}` of the workbook has a cell with an unknown error{shown}: correct the cell"
            ))
        }
        NoSheet::Twice(row, column) => {
            let why = format!("sheet `{sheet}` has column {column} twice in this row");
            RecordError { line: u64::from(*row), ..cannot_be_read(&why) }
        }
        NoSheet::TooLarge => {
            let message =
                format!("sheet `{sheet}` of the workbook has too many cells: save it as CSV");
            RecordError { kind: ErrorKind::OverLimit, line: 1, message }
        }
    }
}

impl RecordReader for ExcelReader {
    fn push(&mut self, _: &[u8]) {}

    fn end(&mut self) {}

    fn resume(mut self: Box<Self>, _: u64, offset: u64) -> Box<dyn RecordReader> {
        self.row = offset;
        self
    }

    fn delimiter(&self) -> Option<&[u8]> {
        Some(b",")
    }

    fn sheet(&self) -> Option<&str> {
        Some(&self.sheet.name)
    }

    fn next(&mut self, record: &mut Record) -> Result<Step, RecordError> {
        loop {
            let Some((row, cells)) = self.sheet.row(self.row) else { return Ok(Step::End) };
            let (given, least, trim) = (&mut self.cells, self.width, self.trim);
            let fill = || {
                given.clear();
                given.resize_with(least, Cell::null);
                let mut has_value = false;
                for (index, value) in cells {
                    let is_empty = cell::is_empty(value, trim);
                    if !is_empty {
                        given.resize_with(given.len().max(index + 1), Cell::null);
                        has_value = true;
                    }
                    if let Some(cell) = given.get_mut(index) {
                        *cell = cell::of(value);
                    }
                }
                Ok(has_value)
            };
            let has_value = unless_it_panics(fill, || damaged(row + 1))?;
            self.row = row + 1;
            if has_value {
                grid::fill(record, &self.cells, self.row);
                return Ok(Step::Record);
            }
        }
    }
}
