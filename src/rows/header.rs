//! Matches the column names of a file with the columns of a dataset.

use std::fmt;

use crate::dataset::{Dataset, MissingColumn, UnknownColumn};

/// The columns that `stardrop rejects --csv` adds to rejected rows, which people fix and drop again.
pub const REJECTED: [&str; 2] = ["rejected_column", "rejected_reason"];

/// How the fields of a file's records map to the columns of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// For each column of the dataset, the field that holds it.
    pub fields: Vec<Option<usize>>,
    /// Fields that the contract does not name.
    pub unknown: Vec<UnknownField>,
    /// Columns of the contract that the file does not have.
    pub missing: Vec<String>,
    /// The number of fields that each record must have; empty ones may follow.
    pub width: usize,
    /// Columns with another spelling than the contract's: the spelling and the column.
    pub respelled: Vec<(String, String)>,
    /// Whether the columns have another order than in the contract.
    pub is_reordered: bool,
    /// The delimiter of rows that are written again; empty where they are lines of JSON.
    pub delimiter: Vec<u8>,
    /// The bytes of the header in the file; empty where the file has none.
    pub raw: Vec<u8>,
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
}

/// Why a file's header does not fit the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderError(String);

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HeaderError {}

impl Header {
    /// Matches names in any order, whatever their case and the blanks around them.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] where two names match one column, or a column is missing or unknown and the
    /// policy rejects that.
    pub fn by_name(dataset: &Dataset, names: &[&str]) -> Result<Header, HeaderError> {
        // Lines that end in delimiters have blank names at the end.
        let named = names.iter().rposition(|name| !name.trim().is_empty()).map_or(1, |at| at + 1);
        let mut header = Header {
            fields: vec![None; dataset.columns.len()],
            ..Header::of_width(named.min(names.len()))
        };
        for (field, name) in names.iter().enumerate().take(header.width) {
            let folded = fold(name);
            let column = dataset
                .columns
                .iter()
                .position(|column| column.sources.iter().any(|source| fold(source) == folded));
            match column.and_then(|index| header.fields.get_mut(index)) {
                Some(slot @ None) => {
                    *slot = Some(field);
                    let column = column.and_then(|index| dataset.columns.get(index));
                    if let Some(column) =
                        column.filter(|c| !c.sources.iter().any(|s| s.trim() == name.trim()))
                    {
                        let spelled = name.trim().escape_debug().to_string();
                        header.respelled.push((spelled, column.name.clone()));
                    }
                }
                Some(Some(_)) => {
                    return Err(HeaderError(format!(
                        "two columns of the file are `{}`: rename one",
                        name.trim()
                    )));
                }
                // `stardrop rejects --csv` has added them: they hold no data of the file.
                None if REJECTED.contains(&name.trim()) => {}
                None => header.add_unknown(field, name.trim()),
            }
        }
        header.missing = dataset
            .columns
            .iter()
            .zip(&header.fields)
            .filter(|(_, field)| field.is_none())
            .map(|(column, _)| column.name.clone())
            .collect();
        let found: Vec<usize> = header.fields.iter().copied().flatten().collect();
        header.is_reordered = !found.is_sorted();
        header.check(dataset)?;
        Ok(header)
    }

    /// The header of a file that has none: its fields are the columns in the contract's order.
    pub fn by_position(dataset: &Dataset) -> Header {
        let width = dataset.columns.len();
        Header { fields: (0..width).map(Some).collect(), ..Header::of_width(width) }
    }

    fn of_width(width: usize) -> Header {
        Header {
            fields: Vec::new(),
            unknown: Vec::new(),
            missing: Vec::new(),
            width,
            respelled: Vec::new(),
            is_reordered: false,
            delimiter: b",".to_vec(),
            raw: Vec::new(),
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
        self.unknown.push(UnknownField { index, name: unique, is_blank });
    }

    fn check(&self, dataset: &Dataset) -> Result<(), HeaderError> {
        let required: Vec<&str> = dataset
            .columns
            .iter()
            .filter(|column| column.required && self.missing.contains(&column.name))
            .map(|column| column.name.as_str())
            .collect();
        if !required.is_empty() {
            return Err(HeaderError(format!(
                "required column {} is not in the header: check the header, or add its spelling to `from`",
                required.join(", ")
            )));
        }
        // A protected column with another name would be kept in plain text, as an unknown one.
        let protected = dataset
            .columns
            .iter()
            .find(|column| column.protect.is_some() && self.missing.contains(&column.name));
        if let Some(column) = protected {
            return Err(HeaderError(format!(
                "protected column {} is not in the header: add its spelling to `from`",
                column.name
            )));
        }
        if dataset.policy.missing_column == MissingColumn::RejectFile && !self.missing.is_empty() {
            return Err(HeaderError(format!(
                "column {} is not in the header: add its spelling to `from`, or set missing_column = \"null\"",
                self.missing.join(", ")
            )));
        }
        if dataset.policy.unknown_column == UnknownColumn::RejectFile && !self.unknown.is_empty() {
            return Err(HeaderError(format!(
                "the contract does not name column {}: add it to [columns], or set unknown_column = \"keep\"",
                self.unknown_names()
            )));
        }
        Ok(())
    }

    fn unknown_names(&self) -> String {
        self.unknown.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The differences from the contract that it allows, for the ledger and the log.
    pub fn notes(&self) -> Option<String> {
        let mut notes = Vec::new();
        if !self.unknown.is_empty() {
            notes.push(format!("unknown columns: {}", self.unknown_names()));
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

fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}
