//! Checks the columns that keys, grains and times name: that they exist, and have a suitable type.

use toml::Spanned;

use super::super::{Column, name};
use super::Checker;
use crate::types::SqlType;

/// The most columns that an index of Postgres, and so a key or a grain, can have.
const MAX_KEY_COLUMNS: usize = 32;

impl Checker<'_> {
    pub(super) fn column_names(
        &mut self,
        what: &str,
        list: &Spanned<Vec<Spanned<String>>>,
        columns: &[Column],
    ) -> Vec<String> {
        let names = list.get_ref();
        if names.is_empty() || names.len() > MAX_KEY_COLUMNS {
            self.error(list, format!("{what} must name 1 to {MAX_KEY_COLUMNS} columns"));
        }
        for (index, column) in names.iter().enumerate() {
            if let Some(known) = self.known(column, columns)
                && known.column_type.sql_type() == SqlType::Jsonb
            {
                self.error(column, format!("a json column cannot be part of a {what}"));
            }
            if names.iter().take(index).any(|other| other.get_ref() == column.get_ref()) {
                self.error(column, format!("`{}` is listed twice: remove one", column.get_ref()));
            }
        }
        strings(names)
    }

    pub(super) fn must_be_required(&mut self, column: &Spanned<String>, columns: &[Column]) {
        if columns.iter().any(|known| known.name == *column.get_ref() && !known.required) {
            self.error(
                column,
                format!(
                    "grain column `{0}` may be null: add required = true to column `{0}`",
                    column.get_ref()
                ),
            );
        }
    }

    pub(super) fn known<'c>(
        &mut self,
        at: &Spanned<String>,
        columns: &'c [Column],
    ) -> Option<&'c Column> {
        self.known_at(at, at.get_ref(), columns)
    }

    pub(super) fn known_at<'c, T>(
        &mut self,
        at: &Spanned<T>,
        column: &str,
        columns: &'c [Column],
    ) -> Option<&'c Column> {
        let found = columns.iter().find(|known| known.name == column);
        if found.is_none() && !self.misnamed {
            let hint = name::suggestion(column, columns.iter().map(|known| known.name.as_str()));
            self.error(at, format!("`{column}` is not a column of this dataset{hint}"));
        }
        found
    }

    /// Checks that a column says when something happened.
    pub(super) fn is_a_time<T>(&mut self, at: &Spanned<T>, column: &str, columns: &[Column]) {
        if let Some(known) = self.known_at(at, column, columns)
            && !known.column_type.sql_type().has_date()
            && !self.untyped.iter().any(|untyped| untyped == column)
        {
            let message = format!(
                "`{column}` has type {}: it must be date, timestamp or timestamptz",
                known.type_name
            );
            self.error(at, message);
        }
    }
}

pub(super) fn strings(names: &[Spanned<String>]) -> Vec<String> {
    names.iter().map(|name| name.get_ref().clone()).collect()
}
