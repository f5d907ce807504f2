//! Precedence: SQL conditions that decide which of two rows of one grain a fact keeps.
//!
//! Takes the fact's conflict rule and the names of two rows; gives the condition. The order is: the
//! contract's version column, the object's time, the load (by key and version), the line. The order
//! in which loads arrive never decides.

use crate::dataset::{Conflict, Fact};
use crate::star::ident::ident;

/// The SQL expressions that say how new a row is.
pub(super) struct Position {
    alias: String,
    time: String,
    load: String,
    /// The load whose line is the row's `source_line`: the one that last changed the row.
    line_of: String,
}

impl Position {
    /// The position of a row of a fact table.
    pub(super) fn of_row(alias: &str) -> Position {
        Position {
            alias: alias.to_owned(),
            time: format!("{alias}.source_time"),
            load: format!("{alias}.source_load_id"),
            line_of: format!("{alias}.load_id"),
        }
    }

    /// The position of a tombstone, whose line always belongs to the load that wrote it.
    pub(super) fn of_tombstone(alias: &str) -> Position {
        let position = Position::of_row(alias);
        Position { line_of: position.load.clone(), ..position }
    }

    /// The position of a row of the batch: `$1` is the load, `$2` is the object's time.
    pub(super) fn of_batch(alias: &str) -> Position {
        Position {
            alias: alias.to_owned(),
            time: "$2".to_owned(),
            load: "$1".to_owned(),
            line_of: "$1".to_owned(),
        }
    }

    fn line(&self) -> String {
        format!("{}.source_line", self.alias)
    }
}

/// `order by` terms that put the batch's winning row of each grain first.
pub(super) fn row_order(fact: &Fact) -> String {
    let (version, line) = match fact.conflict {
        Conflict::Update => ("desc nulls last", " desc"),
        Conflict::Keep => ("asc nulls first", ""),
    };
    let version = fact.version.iter().map(|v| format!("batch.{} {version}, ", ident(v)));
    format!("{}batch.source_line{line}", version.collect::<String>())
}

/// The condition under which row `new` replaces row `old`: with `conflict = "update"` if it is at
/// least as new, with `conflict = "keep"` if it is older.
pub(super) fn wins(fact: &Fact, new: &Position, old: &Position) -> String {
    let (by_object, after, before) = match fact.conflict {
        Conflict::Update => (is_as_new(new, old), &new.alias, &old.alias),
        Conflict::Keep => (is_older(new, old), &old.alias, &new.alias),
    };
    let Some(version) = &fact.version else { return by_object };
    let version = ident(version);
    format!(
        "{after}.{version} > {before}.{version}
               or {after}.{version} is not null and {before}.{version} is null
               or {new}.{version} is not distinct from {old}.{version} and ({by_object})",
        new = new.alias,
        old = old.alias,
    )
}

/// Within one load the later line is newer. A load can meet its own rows again when its rejected
/// rows are reloaded: then a lower line comes after a higher one.
fn is_as_new(new: &Position, old: &Position) -> String {
    format!(
        "{0} > {1}
               or {0} = {1}
              and ({2} = {3} and ({4} <> {2} or {5} >= {6})
                   or stardrop.load_sorts_after({2}, {3}))",
        new.time,
        old.time,
        new.load,
        old.load,
        old.line_of,
        new.line(),
        old.line()
    )
}

fn is_older(new: &Position, old: &Position) -> String {
    format!(
        "{0} < {1}
               or {0} = {1}
              and ({2} = {3} and {4} = {2} and {5} < {6}
                   or stardrop.load_sorts_after({3}, {2}))",
        new.time,
        old.time,
        new.load,
        old.load,
        old.line_of,
        new.line(),
        old.line()
    )
}

/// The condition for `overwrite = "replace"`. Between two versions of one file the replacing version
/// wins, whatever S3's clocks say: the rows of the other version are deleted afterwards, and rows
/// that both versions have must not be deleted with them.
pub(super) fn replaces_or_wins(fact: &Fact) -> String {
    format!(
        "coalesce(stardrop.is_replaced_by(fact.load_id, excluded.source_load_id),
                  {})",
        wins(fact, &Position::of_row("excluded"), &Position::of_row("fact"))
    )
}
