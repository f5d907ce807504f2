//! Reads the cells with a value of one sheet of a workbook, and gives them row by row.
//!
//! Empty cells are not held: a sheet whose last cell was once formatted by accident claims to have 17
//! billion cells.

use calamine::{
    Cell, CellType, Data, Ods, Range, Reader, Sheet as Description, Xls, Xlsb, Xlsx, XlsxError,
};
use std::io::{Read, Seek};

use super::cell::{NOT_CALCULATED, is_empty};

/// The most cells that are held in memory.
const MOST_CELLS: usize = 20_000_000;

/// The most columns that a sheet of any program has.
const MOST_COLUMNS: usize = 16_384;

/// Why the cells of a sheet cannot be read.
pub(super) enum NoSheet {
    Broken,
    /// A cell has an error that is not one of those of ECMA-376, 18.18.11 (`t`).
    UnknownError(String),
    /// Two cells are in this row and column, both counted from 1.
    Twice(u32, u32),
    TooLarge,
}

/// A workbook of any kind.
pub(super) trait Book {
    /// Its sheets, in order.
    fn sheets(&self) -> Vec<Description>;

    /// The cells of a sheet in any order; none for a chart.
    ///
    /// # Errors
    ///
    /// The sheet is damaged or too large.
    fn cells(&mut self, name: &str) -> Result<Vec<Cell<Data>>, NoSheet>;
}

/// Adds a cell, unless it is empty. The error is [`NoSheet::TooLarge`].
fn add(cells: &mut Vec<Cell<Data>>, position: (u32, u32), value: Data) -> Result<(), NoSheet> {
    if cells.len() == MOST_CELLS {
        return Err(NoSheet::TooLarge);
    }
    if value != Data::Empty {
        cells.push(Cell::new(position, value));
    }
    Ok(())
}

impl<R: Read + Seek> Book for Xlsx<R> {
    fn sheets(&self) -> Vec<Description> {
        self.sheets_metadata().to_vec()
    }

    fn cells(&mut self, name: &str) -> Result<Vec<Cell<Data>>, NoSheet> {
        let mut cells = Vec::new();
        let mut reader = match self.worksheet_cells_reader(name) {
            Err(XlsxError::NotAWorksheet(_)) => return Ok(cells),
            reader => reader.map_err(|_| NoSheet::Broken)?,
        };
        while let Some(cell) =
            reader.next_cell_with_formula_metadata().map_err(|error| not_read(&error))?
        {
            let value = match Data::from(cell.value) {
                Data::Empty if cell.formula.is_some() => NOT_CALCULATED,
                value => value,
            };
            add(&mut cells, cell.pos, value)?;
        }
        Ok(cells)
    }
}

fn not_read(error: &XlsxError) -> NoSheet {
    match error {
        XlsxError::CellError(name) => NoSheet::UnknownError(name.clone()),
        _ => NoSheet::Broken,
    }
}

/// The formulas of this format always have a value ([MS-XLSB] 2.4.701 and its neighbours).
impl<R: Read + Seek> Book for Xlsb<R> {
    fn sheets(&self) -> Vec<Description> {
        self.sheets_metadata().to_vec()
    }

    fn cells(&mut self, name: &str) -> Result<Vec<Cell<Data>>, NoSheet> {
        let mut cells = Vec::new();
        let mut reader = self.worksheet_cells_reader(name).map_err(|_| NoSheet::Broken)?;
        while let Some(cell) = reader.next_cell().map_err(|_| NoSheet::Broken)? {
            add(&mut cells, cell.get_position(), cell.get_value().clone().into())?;
        }
        Ok(cells)
    }
}

/// The formulas of this format always have a value ([MS-XLS] 2.5.133).
impl<R: Read + Seek> Book for Xls<R> {
    fn sheets(&self) -> Vec<Description> {
        self.sheets_metadata().to_vec()
    }

    fn cells(&mut self, name: &str) -> Result<Vec<Cell<Data>>, NoSheet> {
        of_range(&self.worksheet_range(name).map_err(|_| NoSheet::Broken)?)
    }
}

impl<R: Read + Seek> Book for Ods<R> {
    fn sheets(&self) -> Vec<Description> {
        self.sheets_metadata().to_vec()
    }

    fn cells(&mut self, name: &str) -> Result<Vec<Cell<Data>>, NoSheet> {
        let values = self.worksheet_range(name).map_err(|_| NoSheet::Broken)?;
        let formulas = self.worksheet_formula(name).map_err(|_| NoSheet::Broken)?;
        let mut cells = of_range(&values)?;
        for (position, formula) in placed(&formulas) {
            let has_value = values.get_value(position).is_some_and(|value| *value != Data::Empty);
            if !formula.is_empty() && !has_value {
                add(&mut cells, position, NOT_CALCULATED)?;
            }
        }
        Ok(cells)
    }
}

fn of_range(range: &Range<Data>) -> Result<Vec<Cell<Data>>, NoSheet> {
    let mut cells = Vec::new();
    for (position, value) in placed(range) {
        add(&mut cells, position, value.clone())?;
    }
    Ok(cells)
}

/// The cells of a range that are used, each with its row and column in the sheet, counted from 0.
fn placed<T: CellType>(range: &Range<T>) -> impl Iterator<Item = ((u32, u32), &T)> {
    let (first_row, first_column) = range.start().unwrap_or_default();
    range.used_cells().map(move |(row, column, value)| {
        let row = first_row.saturating_add(row as u32);
        ((row, first_column.saturating_add(column as u32)), value)
    })
}

/// The cells of one sheet.
#[derive(Default)]
pub(super) struct Sheet {
    /// Its name; empty where no sheet has cells.
    pub name: String,
    /// In the order of rows, then columns.
    cells: Vec<Cell<Data>>,
    /// The column of the first field.
    first_column: u32,
    /// From the first field to the last column with a cell.
    pub width: usize,
}

impl Sheet {
    /// A sheet of these cells, whose fields start in column A or in the first column with a cell. The
    /// error is [`NoSheet::Broken`] if it is wider than any sheet can be, or [`NoSheet::Twice`].
    pub fn new(name: &str, mut cells: Vec<Cell<Data>>, from_a: bool) -> Result<Sheet, NoSheet> {
        if !cells.is_sorted_by_key(Cell::get_position) {
            cells.sort_by_key(Cell::get_position);
        }
        let mut pairs = cells.iter().zip(cells.iter().skip(1));
        if let Some((cell, _)) = pairs.find(|(a, b)| a.get_position() == b.get_position()) {
            let (row, column) = cell.get_position();
            return Err(NoSheet::Twice(row.saturating_add(1), column.saturating_add(1)));
        }
        let columns = || cells.iter().map(|cell| cell.get_position().1);
        let first_column = if from_a { 0 } else { columns().min().unwrap_or_default() };
        let width = columns().max().map_or(0, |last| (last - first_column) as usize + 1);
        if width > MOST_COLUMNS {
            return Err(NoSheet::Broken);
        }
        Ok(Sheet { name: name.to_owned(), cells, first_column, width })
    }

    /// Whether any cell has a value other than an empty text.
    pub(crate) fn has_value(&self) -> bool {
        self.cells.iter().any(|cell| !is_empty(cell.get_value(), false))
    }

    /// The first row with a cell from row `from` on, counted from 0: its number, and its cells with
    /// their columns.
    pub fn row(&self, from: u64) -> Option<(u64, impl Iterator<Item = (usize, &Data)>)> {
        let row_of = |cell: &Cell<Data>| cell.get_position().0;
        let start = self.cells.partition_point(|cell| u64::from(row_of(cell)) < from);
        let rest = self.cells.get(start..)?;
        let row = row_of(rest.first()?);
        let cells = rest.iter().take_while(move |cell| row_of(cell) == row);
        let index = |cell: &Cell<Data>| (cell.get_position().1 - self.first_column) as usize;
        Some((row.into(), cells.map(move |cell| (index(cell), cell.get_value()))))
    }
}
