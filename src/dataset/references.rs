//! References: the keys by which a dataset's rows refer to members and dates, which may be unknown.

use super::{Column, Dataset, Expression, Fact};

/// A key in the rows of a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference<'d> {
    /// The dimension, or its role; `date` for the calendar.
    pub name: &'d str,
    /// The columns with the key. If one of them is null, the row refers to the unknown member.
    pub key: &'d [String],
    /// A row for which all of these hold deletes, and refers to nothing. Empty where no row does.
    pub delete_when: Vec<&'d Expression>,
}

impl Dataset {
    /// The references of all facts, then those to dimensions that no fact refers to, each once.
    pub fn references(&self) -> Vec<Reference<'_>> {
        let mut found: Vec<Reference<'_>> = Vec::new();
        for fact in &self.facts {
            for (name, key) in references_of(fact) {
                match found.iter_mut().find(|r| r.name == name && r.key == key) {
                    None => {
                        let delete_when = fact.delete_when.iter().collect();
                        found.push(Reference { name, key, delete_when });
                    }
                    // The row of one fact may be deleted while that of another one stays.
                    Some(known) => match &fact.delete_when {
                        Some(expression) if !known.delete_when.is_empty() => {
                            known.delete_when.push(expression);
                        }
                        _ => known.delete_when.clear(),
                    },
                }
            }
        }
        for dimension in &self.dimensions {
            let key = dimension.key.as_slice();
            if !found.iter().any(|reference| reference.key == key) {
                found.push(Reference { name: &dimension.name, key, delete_when: Vec::new() });
            }
        }
        found
    }

    /// The dimension or date to which a row without a value of this column would not refer, where the
    /// policy rejects such rows.
    pub(crate) fn required_for(&self, column: &Column) -> Option<String> {
        let references = self.policy.rejects_unknown_member.then(|| self.references());
        let mut references = references.into_iter().flatten();
        references.find(|r| r.key.contains(&column.name)).map(|r| r.name.to_owned())
    }
}

/// The names and keys of a fact's references. The name is that of the column without `_key`.
fn references_of(fact: &Fact) -> impl Iterator<Item = (&str, &[String])> {
    let dimensions = fact.dimensions.iter().map(|d| (d.column.as_str(), d.key.as_slice()));
    let dates = fact.dates.iter();
    let dates = dates.map(|d| (d.column.as_str(), std::slice::from_ref(&d.source)));
    dimensions
        .chain(dates)
        .map(|(column, key)| (column.strip_suffix("_key").unwrap_or(column), key))
}
