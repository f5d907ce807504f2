//! Findings: what was lost of the rows of a load that were loaded.

use std::fmt;

use crate::db::Client;
use serde::{Deserialize, Serialize};

use super::{get, query, unsigned};
use crate::error::Result;

/// Something that was lost of rows that were loaded, with the number of occurrences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `unknown_member`, `repeated_grain` or `several_descriptions`.
    pub code: String,
    /// The dimension or its role, or `date`; the fact, for `repeated_grain`.
    pub name: String,
    /// The column that is null, or the columns of the grain or of the key.
    pub column_names: String,
    /// How many rows; how many members, for `several_descriptions`.
    pub occurrences: u64,
    /// The first line of the object with such a row.
    pub first_line: u64,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { name, column_names, occurrences, first_line, .. } = self;
        let is_one = *occurrences == 1;
        match self.code.as_str() {
            "unknown_member" => {
                let refer = if is_one { "row refers" } else { "rows refer" };
                write!(f, "{occurrences} {refer} to the unknown {name}: {column_names} is empty")
            }
            "repeated_grain" => {
                let differ = if is_one { "row differs" } else { "rows differ" };
                write!(
                    f,
                    "{occurrences} {differ} from another row with the same {column_names}, which \
                     fact {name} has instead"
                )
            }
            _ => {
                let came = if is_one { "member" } else { "members" };
                write!(
                    f,
                    "{occurrences} {came} of {name} came with several descriptions for one \
                     {column_names}, of which one was kept"
                )
            }
        }?;
        write!(f, " (first: line {first_line})")
    }
}

/// What was lost of the rows of a load.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn findings(client: &Client, load_id: i64) -> Result<Vec<Finding>> {
    let rows = query(client, "select * from stardrop.findings($1)", &[&load_id]).await?;
    rows.iter()
        .map(|row| {
            Ok(Finding {
                code: get(row, "code")?,
                name: get(row, "name")?,
                column_names: get(row, "column_names")?,
                occurrences: unsigned(row, "occurrences")?,
                first_line: unsigned(row, "first_line")?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_sentence() {
        let text = |code: &str, occurrences| {
            let (code, name, column_names) =
                (code.to_owned(), "place".to_owned(), "code".to_owned());
            Finding { code, name, column_names, occurrences, first_line: 14 }.to_string()
        };
        for (code, occurrences, expected) in [
            (
                "unknown_member",
                11,
                "11 rows refer to the unknown place: code is empty (first: line 14)",
            ),
            (
                "unknown_member",
                1,
                "1 row refers to the unknown place: code is empty (first: line 14)",
            ),
            (
                "repeated_grain",
                2,
                "2 rows differ from another row with the same code, which fact place has instead (first: line 14)",
            ),
            (
                "several_descriptions",
                1,
                "1 member of place came with several descriptions for one code, of which one was kept (first: line 14)",
            ),
        ] {
            assert_eq!(text(code, occurrences), expected);
        }
    }
}
