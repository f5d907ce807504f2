//! Precedence: SQL conditions that decide which of two rows of one grain a fact keeps.
//!
//! Takes the fact's conflict rule and the names of two rows; gives the condition. The order is: the
//! contract's version column, the object's time, the load (by key and version), the line. The order
//! in which loads arrive never decides.

use super::{FactContext, confirmation};
use crate::dataset::{Conflict, Fact, Overwrite};
use crate::star::ident::ident;

/// The SQL expressions that say how new a row is.
pub(super) struct Position {
    alias: String,
    time: String,
    load: String,
    /// The condition that a load which comes before the new row has confirmed this one.
    overrules: Option<&'static str>,
}

impl Position {
    /// The position of the row `fact` of a fact table, next to its load `known` in the ledger.
    pub(super) fn of_fact() -> Position {
        Position {
            alias: "fact".to_owned(),
            time: "known.object_time".to_owned(),
            load: "fact.load_id".to_owned(),
            overrules: Some(confirmation::OVERRULES),
        }
    }

    /// The position of a tombstone.
    pub(super) fn of_tombstone(alias: &str) -> Position {
        Position {
            alias: alias.to_owned(),
            time: format!("{alias}.source_time"),
            load: format!("{alias}.source_load_id"),
            overrules: None,
        }
    }

    /// The position of a row of the batch: `$1` is the load, `$2` is the object's time.
    pub(super) fn of_batch(alias: &str) -> Position {
        Position {
            alias: alias.to_owned(),
            time: "$2".to_owned(),
            load: "$1".to_owned(),
            overrules: None,
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
/// least as new, with `conflict = "keep"` if it is older. The condition is null, not false, where an outer join
/// has found no row `old`.
pub(super) fn wins(fact: &Fact, new: &Position, old: &Position) -> String {
    let (mut by_object, after, before) = match fact.conflict {
        Conflict::Update => (is_as_new(new, old), &new.alias, &old.alias),
        Conflict::Keep => (is_older(new, old), &old.alias, &new.alias),
    };
    if let Some(overrules) = old.overrules {
        by_object = format!("({by_object}) and not ({overrules})");
    }
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
              and ({2} = {3} and {4} >= {5}
                   or stardrop.load_sorts_after({2}, {3}))",
        new.time,
        old.time,
        new.load,
        old.load,
        new.line(),
        old.line()
    )
}

fn is_older(new: &Position, old: &Position) -> String {
    format!(
        "{0} < {1}
               or {0} = {1}
              and ({2} = {3} and {4} < {5}
                   or stardrop.load_sorts_after({3}, {2}))",
        new.time,
        old.time,
        new.load,
        old.load,
        new.line(),
        old.line()
    )
}

/// Whether row `new` of the batch replaces the row `fact`. With `overwrite = "replace"`, between two versions of
/// one file the replacing version wins, whatever S3's clocks say, unless a load of another file is newer: the rows of
/// the other version are deleted afterwards, and rows that both versions have must not be deleted with them.
pub(super) fn wins_over_fact(context: FactContext<'_>, new: &str) -> String {
    let FactContext { dataset, fact, .. } = context;
    let wins = wins(fact, &Position::of_batch(new), &Position::of_fact());
    if dataset.policy.overwrite != Overwrite::Replace {
        return wins;
    }
    // `$5` and `$6`: the loads of the key that this one replaces, and those that it does not.
    format!(
        "case when fact.load_id = any ($5) then not ({OVERRULES})
                    when fact.load_id = any ($6) then false
                    else {wins} end",
        OVERRULES = confirmation::OVERRULES,
    )
}
