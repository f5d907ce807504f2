//! Columns to rename: finds those that `was = ".."` of a contract renames in a table that still
//! has the old name.

use super::shape::Shape;
use crate::star::{Rename, Star};

/// The renames of one table that its existing shape still needs.
pub(super) struct Renames<'s>(Vec<&'s Rename>);

impl<'s> Renames<'s> {
    /// Finds the renames of the table.
    pub fn find(star: &'s Star, table: &str, existing: &Shape, wanted: &Shape) -> Renames<'s> {
        let mut shape = existing.clone();
        let mut renames = Vec::new();
        for rename in star.renames.iter().filter(|rename| rename.table == table) {
            if shape.columns.contains_key(&rename.from)
                && !shape.columns.contains_key(&rename.to)
                && !wanted.columns.contains_key(&rename.from)
            {
                shape.rename(&rename.from, &rename.to);
                renames.push(rename);
            }
        }
        Renames(renames)
    }

    pub fn iter(&self) -> impl Iterator<Item = &'s Rename> {
        self.0.iter().copied()
    }

    /// The shape after all of them.
    pub fn apply(&self, existing: &Shape) -> Shape {
        let mut shape = existing.clone();
        for rename in &self.0 {
            shape.rename(&rename.from, &rename.to);
        }
        shape
    }

    /// The name that a column has before them.
    pub(crate) fn name_before<'n>(&'n self, column: &'n str) -> &'n str {
        self.0.iter().find(|rename| rename.to == column).map_or(column, |rename| &rename.from)
    }
}
