//! Checks that no other column holds a protected value.

use super::super::contract::{self, Table};
use super::super::{Column, Protect};
use super::Checker;
use crate::records::{Format, fold};

impl Checker<'_> {
    /// In JSON and Parquet, `a.b` is a part of the value `a`: a column that reads `a` would hold the protected
    /// value of a column that reads `a.b`.
    pub(super) fn protected_parts(
        &mut self,
        table: &Table<contract::Column>,
        columns: &[Column],
        format: Option<Format>,
        patterns: &[String],
    ) {
        let may_have_parts = match format {
            Some(format) => format.has_parts(),
            None => patterns
                .iter()
                .any(|pattern| Format::from_key(pattern).map_or(true, |format| format.has_parts())),
        };
        if !may_have_parts {
            return;
        }
        for column in columns.iter().filter(|column| column.protect.is_some()) {
            let holders = columns.iter().filter(|other| {
                other.protect != Some(Protect::Drop)
                    && other.name != column.name
                    && holds(other, column)
            });
            for holder in holders {
                let Some((key, _)) = table.iter().find(|(key, _)| *key.get_ref() == holder.name)
                else {
                    continue;
                };
                self.error(
                    key,
                    format!(
                        "column `{}` holds the value of `{}`, which is protected: give it protect = \
                         \"drop\", or remove it and name the other parts as columns",
                        holder.name, column.name
                    ),
                );
            }
        }
    }
}

/// Whether a column reads an object or a struct that another column reads a part of.
fn holds(whole: &Column, part: &Column) -> bool {
    let folded = |name: &String| fold(name);
    let wholes: Vec<String> = whole.source.names().iter().map(folded).collect();
    part.source.names().iter().map(folded).any(|path| {
        path.match_indices('.').any(|(at, _)| {
            path.get(..at).is_some_and(|prefix| wholes.iter().any(|whole| whole == prefix))
        })
    })
}
