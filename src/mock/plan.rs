//! Makes a mock file from the description of its columns, or says why the description is wrong.

use rand::SeedableRng as _;

use super::column::{Cardinality, MockColumn};
use super::column_writer::ColumnWriter;
use super::file::{Fault, Lines, MockFile};
use super::random::{MockRng, below, mix};
use super::ranges::Range;
use super::words::Words;
use crate::types::SqlType;

/// Texts of which each type but `text` refuses one at least.
const WRONG: [&str; 2] = ["oops", "{"];

/// The number of unique values that are reserved for the file of one day.
const UNIQUES_A_DAY: u64 = 100_000;

impl MockFile {
    /// A file of `rows` rows below a header; of its rows the share `bad_rows` (0 to 1) breaks the
    /// description: a value of the wrong type, a required one missing, a field too few or too
    /// many.
    ///
    /// # Errors
    ///
    /// No columns; a cardinality that names no column, one that does not fit or itself; a type
    /// with fewer values than a `Unique` column needs; a share that is not between 0 and 1.
    pub fn new(
        columns: Vec<MockColumn>,
        rows: u64,
        seed: u64,
        bad_rows: f64,
        delimiter: u8,
    ) -> Result<MockFile, String> {
        if columns.is_empty() {
            return Err("a mock file needs a column".to_owned());
        }
        if !(0.0..=1.0).contains(&bad_rows) {
            return Err("the share of bad rows must be 0 to 1".to_owned());
        }
        let order = order(&columns)?;
        let mut random = MockRng::seed_from_u64(seed);
        let lines =
            columns.iter().any(|column| matches!(column.cardinality, Cardinality::Line { .. }));
        let lines = lines.then_some(Lines { group: 0, line: 0, of: 0 });
        let faults = faults(&columns);
        let mut prepared = Vec::new();
        for (index, column) in columns.iter().enumerate() {
            prepared.push(prepare(column, index, &columns, rows, &mut random)?);
        }
        Ok(MockFile {
            columns: prepared,
            order,
            random,
            seed: mix([seed, 0, 0]),
            delimiter,
            bad_rows: (bad_rows * 2_f64.powi(64)) as u64,
            faults,
            rows,
            rows_written: 0,
            bad_rows_written: 0,
            header_written: false,
            lines,
        })
    }

    /// The same file for one day, counted from 2000-01-01: `Near` columns that hold dates stay
    /// within the day, and `Unique` ones count on from a number that no other day's file reaches
    /// with less than a hundred thousand groups.
    #[must_use]
    pub fn on_day(mut self, day: u64) -> MockFile {
        for column in &mut self.columns {
            match (column.mock.cardinality, column.mock.values.on_day(day)) {
                (Cardinality::Near, Some((first, count))) => {
                    column.start = first;
                    column.near_count = count;
                }
                (Cardinality::Unique, _) => column.start = day * UNIQUES_A_DAY,
                _ => {}
            }
        }
        self
    }
}

/// Keys before what depends on them.
fn order(columns: &[MockColumn]) -> Result<Vec<usize>, String> {
    let depends_on = |index: usize| match columns.get(index).map(|column| column.cardinality) {
        Some(Cardinality::DependsOn { column } | Cardinality::Line { of: column }) => Some(column),
        _ => None,
    };
    let mut order = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        let mut chain = vec![index];
        while let Some(next) = chain.last().and_then(|last| depends_on(*last)) {
            if next >= columns.len() || chain.contains(&next) {
                return Err(format!(
                    "column `{}` depends on no column, or on itself",
                    column.header
                ));
            }
            chain.push(next);
        }
        if let Cardinality::Line { of } = column.cardinality
            && columns.get(of).is_none_or(|key| key.cardinality != Cardinality::Unique)
        {
            return Err(format!(
                "column `{}` counts lines of a column that is not unique",
                column.header
            ));
        }
        for index in chain.into_iter().rev() {
            if !order.contains(&index) {
                order.push(index);
            }
        }
    }
    Ok(order)
}

fn prepare(
    column: &MockColumn,
    index: usize,
    columns: &[MockColumn],
    rows: u64,
    random: &mut MockRng,
) -> Result<ColumnWriter, String> {
    let sql_type = column.column_type.sql_type();
    let is_text = sql_type == SqlType::Text;
    let letter = column.header.chars().find(|letter| letter.is_ascii_alphabetic());
    let count = if is_text { u64::MAX } else { column.values.count() };
    let start = match column.cardinality {
        Cardinality::Unique if rows > count => {
            return Err(format!(
                "column `{}`: {sql_type} has fewer than {rows} distinct values",
                column.header
            ));
        }
        Cardinality::Unique => below(random, (count - rows).min(1_000)),
        // Some month of fifteen to twenty-five years after the first one.
        Cardinality::Near => (180 + below(random, 120)) * column.values.near_count(),
        _ => 0,
    };
    Ok(ColumnWriter {
        words: Words::for_column(&column.header).filter(|_| is_text),
        range: Range::for_column(&column.header, &column.values).filter(|_| !is_text),
        prefix: is_text.then(|| letter.unwrap_or('x').to_ascii_uppercase()),
        has_lines: columns.iter().any(|other| other.cardinality == Cardinality::Line { of: index }),
        // A lone empty field would be a blank line, which readers skip.
        may_miss: !column.required && !column.known && columns.len() > 1,
        start,
        near_count: column.values.near_count(),
        value: String::new(),
        mock: column.clone(),
    })
}

/// Every way in which a row of these columns can go bad.
fn faults(columns: &[MockColumn]) -> Vec<Fault> {
    let mut faults = vec![Fault::TooMany];
    if columns.len() > 1 {
        faults.push(Fault::TooFew);
    }
    for (index, column) in columns.iter().enumerate() {
        let refused = |text: &&str| column.column_type.encode(text, &mut Vec::new()).is_err();
        if let Some(text) = WRONG.into_iter().find(refused) {
            faults.push(Fault::WrongType { column: index, text });
        }
        if column.required && columns.len() > 1 {
            faults.push(Fault::Missing { column: index });
        }
    }
    faults
}
