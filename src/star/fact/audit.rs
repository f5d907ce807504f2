//! Audit: the columns that say when a row of a fact first came, and whether it was changed since (`audit`).
//!
//! They follow the order of arrival, not that of the files' times: they say what happened in this database.
//! A row whose values a load changes twice is changed once, so that the size of batches does not matter. The
//! columns may be null: in rows that were loaded before the contract had `audit`.

use crate::dataset::Fact;
use crate::star::ident::ident;
use crate::star::table::Column;

/// The columns, if the contract asks for them.
pub(super) fn columns(fact: &Fact) -> Vec<Column> {
    if !fact.audit {
        return Vec::new();
    }
    let [first_load_id, loaded_at, updated_at] = Fact::AUDIT_COLUMNS;
    vec![
        Column::new(first_load_id, "bigint").comment("The load that inserted this row."),
        Column::new(loaded_at, "timestamptz").comment("When that load inserted it."),
        Column::new(updated_at, "timestamptz")
            .comment("When another load last changed a value of this row; null if none did."),
    ]
}

/// The names to insert, each after a comma.
pub(super) fn names(fact: &Fact) -> &'static str {
    if fact.audit { ", first_load_id, loaded_at" } else { "" }
}

/// The values of those names in a row that the load `$1` inserts.
pub(super) fn values(fact: &Fact) -> &'static str {
    if fact.audit { ", $1, now()" } else { "" }
}

/// The assignment where a load has a row that is there, after other ones; `differs` says whether it changes a value.
pub(super) fn assignment(fact: &Fact, differs: &str) -> String {
    if !fact.audit {
        return String::new();
    }
    format!(
        ",
        updated_at = case when fact.first_load_id is distinct from $1 and {differs}
            then now() else fact.updated_at end"
    )
}

/// The statement of an undo. The rows of the load that another one has changed since are there because of
/// that one now.
pub(in crate::star) fn undo(fact: &Fact) -> String {
    if !fact.audit {
        return String::new();
    }
    format!(
        "    update star.{table} fact
    set first_load_id = fact.load_id,
        loaded_at = coalesce(fact.updated_at, fact.loaded_at),
        updated_at = null
    where fact.first_load_id = in_load_id;
",
        table = ident(&super::name(&fact.name))
    )
}
