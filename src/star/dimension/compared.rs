//! Compared: the columns by which a batch's members are compared with those that a dimension has.

use super::group::{Group, Kept};
use crate::star::ident::ident;

/// How a member of the batch compares with the one that the dimension has, in one group: columns of the query.
pub(super) struct Compared<'g, 'd> {
    pub group: &'g Group<'d>,
    /// What the names of the columns end in.
    pub suffix: String,
}

impl Compared<'_, '_> {
    pub fn column(&self, name: &str) -> String {
        format!("compared.{name}{}$", self.suffix)
    }

    /// What is known of a member: whether the batch's values come before those that it has, and whether they differ;
    /// whether it has none yet, or has those of this load; and whether a newer load has repeated them.
    pub fn facts(&self) -> String {
        let Compared { group, suffix } = self;
        let (load, time) = (ident(&group.load), ident(&group.time));
        let is_repeated = match group.kept {
            Kept::Newest => format!("repeated{suffix}.word is not null"),
            Kept::Oldest => "false".to_owned(),
        };
        format!(
            "           dim.load_id is not null and ({wins}) as wins{suffix}$,
           {differs} as differs{suffix}$,
           dim.{time} = '-infinity' as is_empty{suffix}$,
           dim.{load} = $1 as is_own{suffix}$,
           {is_repeated} as is_repeated{suffix}$",
            wins = group.wins("$1", "$2", "member"),
            differs = group.differs("member"),
        )
    }

    /// Whether the row is to be written. The oldest values are written with their position, also where they are the
    /// same.
    pub fn changes(&self) -> String {
        let suffix = &self.suffix;
        let is_same = match self.group.kept {
            Kept::Newest => {
                format!(
                    " and (known.differs{suffix}$ or known.is_empty{suffix}$) and not known.is_repeated{suffix}$"
                )
            }
            Kept::Oldest => String::new(),
        };
        format!("           known.wins{suffix}${is_same} as changes{suffix}$")
    }

    /// Whether the batch repeats the values of another load.
    pub fn repeats(&self) -> String {
        let [wins, differs, is_empty, is_own] =
            ["wins", "differs", "is_empty", "is_own"].map(|name| self.column(name));
        format!("{wins} and not ({differs} or {is_empty} or {is_own})")
    }
}
