//! Keys: the keys of a table and those that it should have in; how to get from one to the other out.
//!
//! Another grain or another natural key is another meaning of the rows that are there. Where they
//! are unique by it they can stay; else the table is made anew.

use super::columns::There;
use super::plan::{Action, Change};
use super::rows;
use super::shape::{self, Key, Shape};
use crate::error::Result;
use crate::star::ident;

/// What becomes of a table's keys.
pub(super) enum Rekeyed {
    Unchanged,
    /// The rows stay under the new keys: the old ones go before the columns change, the new ones
    /// come after that.
    Swapped {
        change: Change,
        after: String,
    },
    /// They cannot.
    Anew {
        why: String,
    },
}

pub(super) async fn changes(there: &There<'_>, have: &Shape, want: &Shape) -> Result<Rekeyed> {
    let (old, new) = (have.key_definitions(), want.key_definitions());
    if old == new {
        return Ok(Rekeyed::Unchanged);
    }
    let name = there.name;
    let words = |keys: &[String]| match keys {
        [] => "none".to_owned(),
        keys => keys.join(", "),
    };
    let why = format!("its key is {}, the contract says {}", words(&old), words(&new));
    let dropped: Vec<&Key> =
        have.keys.iter().filter(|key| !new.contains(&key.definition())).collect();
    let added: Vec<&Key> =
        want.keys.iter().filter(|key| !old.contains(&key.definition())).collect();
    for key in &added {
        if !fits(there, have, want, key).await? {
            return Ok(Rekeyed::Anew { why });
        }
    }
    let count = rows::count(there.client, name).await?;
    let mut sql = String::new();
    for key in &dropped {
        sql.push_str(&format!("alter table {name} drop constraint {};\n", ident(&key.name)));
    }
    let mut after = String::new();
    for key in added {
        let Some((constraint, definition)) =
            shape::place(key).and_then(|place| there.table.constraints.get(place))
        else {
            return Ok(Rekeyed::Anew { why });
        };
        let constraint = ident(constraint);
        after.push_str(&format!(";\nalter table {name} add constraint {constraint} {definition}"));
    }
    let lost = (count > 0).then(|| {
        format!(
            "no row, but the {count} that are there came under the old key and stay as they are"
        )
    });
    let what = format!("change the key of {name}: {why}");
    Ok(Rekeyed::Swapped { change: Change { action: Action::Alter, what, lost, sql }, after })
}

/// Whether the rows that are there have the key's columns, and are unique by them.
async fn fits(there: &There<'_>, have: &Shape, want: &Shape, key: &Key) -> Result<bool> {
    if !key.columns.iter().all(|column| have.columns.contains_key(column)) {
        return Ok(false);
    }
    let columns: Vec<String> = key.columns.iter().map(|column| there.old(column)).collect();
    let columns = columns.join(", ");
    let nulls: Vec<String> = key
        .columns
        .iter()
        .filter(|column| want.columns.get(*column).is_some_and(|wanted| wanted.not_null))
        .map(|column| format!("{} is null", there.old(column)))
        .collect();
    if !nulls.is_empty()
        && rows::count_where(there.client, there.name, &nulls.join(" or ")).await? > 0
    {
        return Ok(false);
    }
    let twice =
        format!("(select from {} group by {columns} having count(*) > 1) twice", there.name);
    Ok(rows::count(there.client, &twice).await? == 0)
}
