//! Checks each `[view.<name>]`, and returns the views. Their names must not collide with tables.

use super::super::contract::{self, Table};
use super::super::{View, name};
use super::Checker;

/// The prefixes of the names of the star's tables.
const OWN: [&str; 9] = [
    "dim_",
    "fact_",
    "history_",
    "confirmed_",
    "tombstone_",
    "extract_",
    "seen_",
    "presence_",
    "repeated_",
];

impl Checker<'_> {
    pub(super) fn views(&mut self, table: &Table<contract::View>) -> Vec<View> {
        let mut views = Vec::with_capacity(table.len());
        for (key, raw) in table {
            if let Err(message) = name::check("view", key.get_ref()) {
                self.error(key, message);
            } else if OWN.iter().any(|own| key.get_ref().starts_with(own)) {
                self.error(
                    key,
                    "names that begin with dim_, fact_, history_, confirmed_, tombstone_, extract_, seen_, presence_ or repeated_ are reserved for tables of the star: rename the view",
                );
            }
            let sql = raw.get_ref().sql.get_ref().trim().trim_end_matches(';');
            if sql.is_empty() {
                self.error(&raw.get_ref().sql, "sql is empty: write a query");
            }
            views.push(View { name: key.get_ref().clone(), sql: sql.to_owned() });
        }
        views
    }
}
