//! Matches the column names of a file with the columns of a dataset.

use super::header_error::HeaderError;
use crate::dataset::{Column, Dataset, MissingColumn, UnknownColumn};
use crate::records::fold;

/// The columns that `stardrop rejects --csv` adds to rejected rows, which people fix and drop again.
pub const REJECTED: [&str; 2] = ["rejected_column", "rejected_reason"];

/// How the fields of a file's records map to the columns of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// For each column of the dataset, the field that holds it; `None` where the file does not have it.
    pub fields: Vec<Option<usize>>,
    /// Fields that the contract does not name.
    pub unknown: Vec<UnknownField>,
    /// Columns of the contract that the file does not have.
    pub missing: Vec<String>,
    /// The number of fields that each record must have.
    pub width: usize,
    /// The same without the columns at the end that have no name.
    pub named_width: usize,
    /// Columns with another spelling than the contract's: the spelling and the column.
    pub respelled: Vec<(String, String)>,
    /// Whether the columns have another order than in the contract.
    pub is_reordered: bool,
    /// The delimiter of rows that are written again; empty where they are lines of JSON.
    pub delimiter: Vec<u8>,
    /// The name of the file's encoding; `None`: that of the contract.
    pub encoding: Option<&'static str>,
    /// The rows of the header as they are in the file; none where the file has no header.
    pub raw_rows: Vec<Vec<u8>>,
}

/// A field that the contract does not name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownField {
    /// Counted from 0.
    pub index: usize,
    /// The name under which its values are kept.
    pub name: String,
    /// Whether the file gives it no name.
    pub is_blank: bool,
    /// Whether it has no name, and no column with a name follows.
    pub is_at_end: bool,
}

impl Header {
    /// Matches names in any order, whatever their case and the blanks around them.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] where two names match one column, no name matches any, or a column is missing
    /// or unknown and the policy rejects that.
    pub fn by_name(dataset: &Dataset, names: &[&str]) -> Result<Header, HeaderError> {
        let names = match names {
            // The delimiter at the end of each line.
            [named @ .., last] if dataset.file.trailing_delimiter && last.trim().is_empty() => {
                named
            }
            names => names,
        };
        let is_named = |name: &&str| !name.trim().is_empty();
        // Behind these two names are values of the object that the rows were rejected from.
        let is_rejected = |pair: &[&str]| pair.iter().map(|name| name.trim()).eq(REJECTED);
        let of_object = names.windows(REJECTED.len()).position(is_rejected);
        let mut header = Header {
            fields: vec![None; dataset.columns.len()],
            named_width: names.iter().rposition(is_named).map_or(0, |at| at + 1),
            ..Header::of_width(names.len())
        };
        for (field, name) in names.iter().enumerate() {
            let folded = fold(name);
            let is_of_object = of_object.is_some_and(|first| field > first);
            let mut columns = dataset.columns.iter();
            let own =
                columns.position(|c| is_of_object && c.source.is_exported() && c.name == folded);
            let column = own.or_else(|| {
                dataset.columns.iter().position(|column| {
                    column.source.names().iter().any(|source| fold(source) == folded)
                })
            });
            match column.and_then(|index| header.fields.get_mut(index)) {
                Some(slot @ None) => {
                    *slot = Some(field);
                    let column = column.and_then(|index| dataset.columns.get(index));
                    let is_spelled = |column: &&Column| {
                        let mut spellings = column.source.names().iter();
                        !column.source.is_file() || spellings.any(|s| s.trim() == name.trim())
                    };
                    if let Some(column) = column.filter(|column| !is_spelled(column)) {
                        let spelled = name.trim().escape_debug().to_string();
                        header.respelled.push((spelled, column.name.clone()));
                    }
                }
                Some(Some(_)) => return Err(HeaderError::twice(name, names)),
                // `stardrop rejects --csv` has added them: they hold no data of the file.
                None if REJECTED.contains(&name.trim()) => {}
                None => header.add_unknown(field, name.trim()),
            }
        }
        // The columns that `stardrop rejects --csv` adds come after those without a name.
        let is_own = |name: &&str| is_named(name) && !REJECTED.contains(&name.trim());
        let last = names.iter().take(of_object.unwrap_or(names.len())).rposition(is_own);
        for field in &mut header.unknown {
            field.is_at_end = last.is_none_or(|last| field.index > last);
        }
        header.missing = dataset
            .columns
            .iter()
            .zip(&header.fields)
            .filter(|(column, field)| field.is_none() && column.source.is_file())
            .map(|(column, _)| column.name.clone())
            .collect();
        let columns = dataset.columns.iter().zip(&header.fields);
        let found = columns.filter_map(|(column, field)| field.filter(|_| column.source.is_file()));
        let found: Vec<usize> = found.collect();
        header.is_reordered = !found.is_sorted();
        header.check(dataset, names)?;
        Ok(header)
    }

    /// The header of a file that has none: its fields are the columns in the contract's order.
    pub fn by_position(dataset: &Dataset) -> Header {
        let mut fields = 0..dataset.file_columns().count();
        let width = fields.end;
        let of = |column: &Column| column.source.is_file().then(|| fields.next()).flatten();
        Header { fields: dataset.columns.iter().map(of).collect(), ..Header::of_width(width) }
    }

    fn of_width(width: usize) -> Header {
        Header {
            fields: Vec::new(),
            unknown: Vec::new(),
            missing: Vec::new(),
            width,
            named_width: width,
            respelled: Vec::new(),
            is_reordered: false,
            delimiter: b",".to_vec(),
            encoding: None,
            raw_rows: Vec::new(),
        }
    }

    fn add_unknown(&mut self, index: usize, name: &str) {
        let is_blank = name.is_empty();
        let wanted = if is_blank { format!("column_{}", index + 1) } else { name.to_owned() };
        let mut unique = wanted.clone();
        let mut count = 2;
        while self.unknown.iter().any(|taken| taken.name == unique) {
            unique = format!("{wanted}_{count}");
            count += 1;
        }
        self.unknown.push(UnknownField { index, name: unique, is_blank, is_at_end: false });
    }

    fn check(&self, dataset: &Dataset, names: &[&str]) -> Result<(), HeaderError> {
        let columns = dataset.columns.iter().filter(|column| self.missing.contains(&column.name));
        let has_found = self.missing.len() < dataset.file_columns().count();
        let may_be_missing = dataset.policy.missing_column != MissingColumn::RejectFile
            && has_found
            // A protected column with another name would be kept in plain text, as an unknown one.
            && columns.clone().all(|column| !column.required && column.protect.is_none());
        if !self.missing.is_empty() && !may_be_missing {
            let unknown: Vec<&str> = self
                .unknown_names()
                .filter(|name| names.iter().any(|n| n.trim() == *name))
                .collect();
            let missing = &self.missing;
            return Err(HeaderError::missing(dataset, missing, has_found, &unknown, names));
        }
        let unnamed = self.unknown.iter().all(|field| field.is_at_end);
        if dataset.policy.unknown_column == UnknownColumn::RejectFile && !unnamed {
            let unknown: Vec<&str> = self.unknown_names().collect();
            let derived = dataset.columns.iter().find(|column| {
                let is_it = |name: &&str| fold(name) == column.name;
                !column.source.is_file() && unknown.iter().any(is_it)
            });
            let other_name = derived.map_or_else(String::new, |column| {
                format!(
                    " (`{}` under another name with `from`, since it is the {} here)",
                    column.name,
                    column.source.describe()
                )
            });
            let message = format!(
                "the contract does not name column {}: add it to [columns]{other_name}, or set \
                 unknown_column = \"keep\"",
                unknown.join(", ")
            );
            return Err(HeaderError::new(message, names));
        }
        Ok(())
    }

    /// The names of unknown columns, without those at the end that have none.
    fn unknown_names(&self) -> impl Iterator<Item = &str> {
        let is_named = |field: &&UnknownField| !field.is_at_end;
        self.unknown.iter().filter(is_named).map(|field| field.name.as_str())
    }

    /// The differences from the contract that it allows, for the ledger and the log.
    pub fn notes(&self) -> Option<String> {
        let mut notes = Vec::new();
        let unknown: Vec<&str> = self.unknown_names().collect();
        if !unknown.is_empty() {
            notes.push(format!("unknown columns: {}", unknown.join(", ")));
        }
        if !self.missing.is_empty() {
            notes.push(format!("missing columns: {}", self.missing.join(", ")));
        }
        if !self.respelled.is_empty() {
            let spelled = self.respelled.iter().map(|(name, column)| format!("{name} ({column})"));
            let spelled = spelled.collect::<Vec<_>>().join(", ");
            notes.push(format!("columns spelled otherwise: {spelled}"));
        }
        if self.is_reordered {
            notes.push("columns in another order".to_owned());
        }
        (!notes.is_empty()).then(|| notes.join("; "))
    }
}
