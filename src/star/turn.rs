//! Turn: how a batch that runs ahead of the one before it inserts rows that others may insert, too.
//!
//! While it waits for its turn nobody may wait for it, or they could wait for each other: `stardrop.wait_for_turn`. So it
//! looks first whether there is anything to insert.

use super::ident::{dollar_quoted, indented};

/// The statements that execute `query`, an insert, with `into` and `using`. `is_any_new` is a query that says whether it would
/// insert a row; if it would not, `into` becomes zeros.
pub(super) fn insert(is_any_new: &str, query: &str, into: &str, using: &str) -> String {
    let zeros: String =
        into.split(", ").map(|name| format!("            {name} := 0;\n")).collect();
    format!(
        "    declare
        is_any_new boolean := true;
    begin
        if stardrop.has_to_wait(staged) then
            execute {is_any_new} into is_any_new;
            if is_any_new then
                perform stardrop.wait_for_turn();
            end if;
        end if;
        if is_any_new then
            execute {query} into {into}{using};
        else
{zeros}        end if;
    end;
",
        is_any_new = dollar_quoted("sql", &format!("\n{}\n            ", indented(is_any_new, 16))),
        query = dollar_quoted("sql", &format!("\n{}\n            ", indented(query, 16))),
    )
}
