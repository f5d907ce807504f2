//! Group: attributes that always come from the same datasets and have the same kind of history, so
//! that one position in time says how new all of them are.
//!
//! Gives the columns that hold the position, and the SQL that compares it with an incoming row. The
//! newest or the oldest value is decided by the object's time, then by its key and version, never by
//! the order in which loads arrive. The position of a group without a value is `-infinity`.

use std::collections::HashSet;

use crate::dataset::{Dimension, DimensionSource, History};
use crate::star::ident::{differ, ident, qualified};

/// Which value of an attribute a member keeps, where it keeps one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kept {
    Newest,
    Oldest,
}

impl Kept {
    /// `None` for a history of versions, which [`scd2`](super::scd2) writes.
    fn of(history: History) -> Option<Kept> {
        match history {
            History::Overwrite => Some(Kept::Newest),
            History::First => Some(Kept::Oldest),
            History::Versions => None,
        }
    }
}

/// Attributes that keep one value, and the columns that hold their position in time.
pub(super) struct Group<'d> {
    pub attributes: &'d [String],
    pub kept: Kept,
    /// The column with the load that the values are from.
    pub load: String,
    /// The column with the time of that load's object.
    pub time: String,
    /// Whether the row's `source_line` is the line of these values, where the row's `load_id` is
    /// their load.
    knows_line: bool,
}

/// The groups of a dimension that keep one value. The first one's position is the row's own
/// `source_load_id` and `source_time`; the others have columns named after their first attribute.
pub(super) fn all(dimension: &Dimension) -> Vec<Group<'_>> {
    let kinds: HashSet<Option<Kept>> =
        dimension.groups.iter().map(|group| Kept::of(group.history)).collect();
    let knows_line = dimension.versioned().is_none() && kinds.len() == 1;
    dimension
        .groups
        .iter()
        .filter_map(|group| Some((group, Kept::of(group.history)?)))
        .enumerate()
        .map(|(at, (group, kept))| {
            let prefix = match group.attributes.first() {
                Some(first) if at > 0 => format!("{first}_"),
                _ => String::new(),
            };
            Group {
                attributes: &group.attributes,
                kept,
                load: format!("{prefix}source_load_id"),
                time: format!("{prefix}source_time"),
                knows_line,
            }
        })
        .collect()
}

/// The groups of which a dataset has an attribute.
pub(super) fn of_source<'d>(dimension: &'d Dimension, source: &DimensionSource) -> Vec<Group<'d>> {
    let mut groups = all(dimension);
    groups.retain(|group| group.attributes.iter().any(|name| source.attributes.contains(name)));
    groups
}

impl Group<'_> {
    /// The columns of its position.
    pub(super) fn position(&self) -> [String; 2] {
        [self.load.clone(), self.time.clone()]
    }

    /// The condition under which the values of the row `incoming`, of the load `load` and the time
    /// `time`, replace those of `dim`. A load can meet its own rows again when its rejected rows are
    /// reloaded: then a lower line comes after a higher one.
    pub(super) fn wins(&self, load: &str, time: &str, incoming: &str) -> String {
        let (own_load, own_time) = (ident(&self.load), ident(&self.time));
        let line = format!("{incoming}.source_line");
        match self.kept {
            Kept::Oldest => {
                let is_earlier = if self.knows_line {
                    format!(
                        "{load} = dim.{own_load} and dim.load_id = {load} and {line} < dim.source_line\n               or "
                    )
                } else {
                    String::new()
                };
                format!(
                    "(dim.{own_time} = '-infinity'
                   or {time} < dim.{own_time}
                   or {time} = dim.{own_time}
                  and ({is_earlier}stardrop.load_sorts_after(dim.{own_load}, {load})))"
                )
            }
            Kept::Newest => {
                let is_later = if self.knows_line {
                    format!(" and (dim.load_id <> {load} or {line} >= dim.source_line)")
                } else {
                    String::new()
                };
                format!(
                    "({time} > dim.{own_time}
                   or {time} = dim.{own_time}
                  and ({load} = dim.{own_load}{is_later}
                       or stardrop.load_sorts_after({load}, dim.{own_load})))"
                )
            }
        }
    }

    /// A cheap condition that holds for every member whose row may change, to leave the others out
    /// before the insert. `existing` is the row in the table, `member` the incoming one.
    pub(super) fn may_win(&self) -> String {
        let (load, time) = (ident(&self.load), ident(&self.time));
        match self.kept {
            Kept::Oldest => format!(
                "existing.{time} = '-infinity' or existing.{time} > $2
               or existing.{time} = $2
              and (existing.{load} <> $1 or member.source_line < existing.source_line)"
            ),
            // After an undo the position of a member can be -infinity, still with this load's id.
            Kept::Newest => format!(
                "existing.{load} <> $1
               or existing.{time} = '-infinity'
               or ({}) is distinct from ({})",
                qualified("existing", self.attributes),
                qualified("member", self.attributes)
            ),
        }
    }

    /// `(dim.a, dim.b) is distinct from (excluded.a, excluded.b)`
    pub(super) fn differs(&self, incoming: &str) -> String {
        differ("dim", incoming, self.attributes)
    }
}
