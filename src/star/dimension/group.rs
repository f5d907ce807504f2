//! Group: attributes that come together in; the columns that say how new they are, and the SQL
//! that compares them, out.
//!
//! Newest and oldest are decided by the object's time, then its key and version: never by which
//! load came first. A group that no file has brought yet stands at minus infinity.

use std::collections::HashSet;

use super::super::ident::{ident, qualified};
use crate::dataset::{AttributeGroup, Dimension, DimensionFeed, History};

/// Attributes of which one value is kept, and where their position in time stands.
pub(super) struct Group<'d> {
    pub attributes: &'d [String],
    pub history: History,
    pub load: String,
    pub time: String,
    /// Whether a row's `source_line` is that of what this group is taken from, where the load that
    /// brought it changed the row last.
    knows_line: bool,
}

/// The groups of a dimension of which one value is kept. The first one's position is the row's own
/// `source_load_id` and `source_time`; the others have columns named after their first attribute.
pub(super) fn all(dimension: &Dimension) -> Vec<Group<'_>> {
    let first = |group: &AttributeGroup| group.history == History::First;
    let knows_line = dimension.versioned().is_none()
        && dimension.groups.iter().map(first).collect::<HashSet<_>>().len() == 1;
    dimension
        .groups
        .iter()
        .filter(|group| group.history != History::Versions)
        .enumerate()
        .map(|(at, group)| {
            let prefix = match group.attributes.first() {
                Some(first) if at > 0 => format!("{first}_"),
                _ => String::new(),
            };
            Group {
                attributes: &group.attributes,
                history: group.history,
                load: format!("{prefix}source_load_id"),
                time: format!("{prefix}source_time"),
                knows_line,
            }
        })
        .collect()
}

/// Those that a dataset brings.
pub(super) fn brought<'d>(dimension: &'d Dimension, feed: &DimensionFeed) -> Vec<Group<'d>> {
    let mut groups = all(dimension);
    groups.retain(|group| group.attributes.iter().any(|name| feed.attributes.contains(name)));
    groups
}

impl Group<'_> {
    /// The position's columns.
    pub(super) fn position(&self) -> [String; 2] {
        [self.load.clone(), self.time.clone()]
    }

    /// Whether what comes, `brought`, is to stand in the place of `dim`'s. Rows of one load come in
    /// the order of their lines, but for those that were rejected at first.
    pub(super) fn wins(&self, load: &str, time: &str, brought: &str) -> String {
        let (own_load, own_time) = (ident(&self.load), ident(&self.time));
        let line = format!("{brought}.source_line");
        match self.history {
            History::First => {
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
            _ => {
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

    /// Whether it is worth a look: `known` is the row that is there, `member` the one that comes.
    pub(super) fn may_win(&self) -> String {
        let (load, time) = (ident(&self.load), ident(&self.time));
        match self.history {
            History::First => format!(
                "known.{time} = '-infinity' or known.{time} > $2
               or known.{time} = $2
              and (known.{load} <> $1 or member.source_line < known.source_line)"
            ),
            // Where its load was undone a member stands at minus infinity, and is that load's still.
            _ => format!(
                "known.{load} <> $1
               or known.{time} = '-infinity'
               or ({}) is distinct from ({})",
                qualified("known", self.attributes),
                qualified("member", self.attributes)
            ),
        }
    }

    /// `(dim.a, dim.b) is distinct from (excluded.a, excluded.b)`
    pub(super) fn differs(&self, brought: &str) -> String {
        format!(
            "({}) is distinct from ({})",
            qualified("dim", self.attributes),
            qualified(brought, self.attributes)
        )
    }
}
