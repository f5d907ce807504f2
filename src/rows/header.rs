//! Header: the names that a file gives its columns in, which of them are the contract's out.

use std::fmt;

use crate::dataset::{Dataset, MissingColumn, UnknownColumn};

/// How the fields of a file's records map to the columns of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// For each column of the dataset, the field that holds it.
    pub fields: Vec<Option<usize>>,
    /// Fields that the contract does not name, with the names that they are kept under.
    pub unknown: Vec<(usize, String)>,
    /// Columns of the contract that the file does not have.
    pub missing: Vec<String>,
    /// How many fields each record must have.
    pub width: usize,
}

/// Why a file's header breaks the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderError(String);

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HeaderError {}

impl Header {
    /// Matches names without regard to case, surrounding blanks or order.
    ///
    /// # Errors
    ///
    /// Where a name stands twice, or a column is missing or unknown and the policy rejects that.
    pub fn by_name(dataset: &Dataset, names: &[&str]) -> Result<Header, HeaderError> {
        let mut header = Header {
            fields: vec![None; dataset.columns.len()],
            unknown: Vec::new(),
            missing: Vec::new(),
            width: names.len(),
        };
        for (field, name) in names.iter().enumerate() {
            let folded = fold(name);
            let column = dataset
                .columns
                .iter()
                .position(|column| column.sources.iter().any(|source| fold(source) == folded));
            match column.and_then(|index| header.fields.get_mut(index)) {
                Some(slot @ None) => *slot = Some(field),
                Some(Some(_)) => {
                    return Err(HeaderError(format!(
                        "two columns of the file are `{}`: rename one",
                        name.trim()
                    )));
                }
                None => header.note_unknown(field, name.trim()),
            }
        }
        header.missing = dataset
            .columns
            .iter()
            .zip(&header.fields)
            .filter(|(_, field)| field.is_none())
            .map(|(column, _)| column.name.clone())
            .collect();
        header.judge(dataset)?;
        Ok(header)
    }

    /// Takes the columns in the contract's order: for files without a header.
    pub fn by_position(dataset: &Dataset) -> Header {
        let width = dataset.columns.len();
        Header {
            fields: (0..width).map(Some).collect(),
            unknown: Vec::new(),
            missing: Vec::new(),
            width,
        }
    }

    fn note_unknown(&mut self, field: usize, name: &str) {
        let wanted =
            if name.is_empty() { format!("column_{}", field + 1) } else { name.to_owned() };
        let mut unique = wanted.clone();
        let mut count = 2;
        while self.unknown.iter().any(|(_, taken)| *taken == unique) {
            unique = format!("{wanted}_{count}");
            count += 1;
        }
        self.unknown.push((field, unique));
    }

    fn judge(&self, dataset: &Dataset) -> Result<(), HeaderError> {
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
        self.unknown.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// What differs from the contract without breaking it, for the ledger and the log.
    pub fn notes(&self) -> Option<String> {
        let mut notes = Vec::new();
        if !self.unknown.is_empty() {
            notes.push(format!("unknown columns: {}", self.unknown_names()));
        }
        if !self.missing.is_empty() {
            notes.push(format!("missing columns: {}", self.missing.join(", ")));
        }
        (!notes.is_empty()).then(|| notes.join("; "))
    }
}

fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}
