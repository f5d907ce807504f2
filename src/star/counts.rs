//! Counts: the SQL by which a step of the trigger function counts the rows that it wrote.

/// The last statement of a step whose CTE `upserted` returns `is_new$` and `is_changed$`. `also` is
/// further columns to select, with a leading comma.
pub(super) fn from_upserted(also: &str) -> String {
    format!(
        "select count(*) filter (where is_new$),
               count(*) filter (where is_changed$ and not is_new$){also}
        from upserted"
    )
}

/// Adds a step's counts for `table` to the batch's counts. Of `incoming` rows, those that are
/// neither inserted nor updated are unchanged.
pub(super) fn add(table: &str, incoming: &str) -> String {
    add_with_deleted(table, incoming, "0")
}

/// The same for a step that also deletes `deleted` rows.
pub(super) fn add_with_deleted(table: &str, incoming: &str, deleted: &str) -> String {
    format!(
        "    tables := tables || jsonb_build_object(
        'table_name', '{table}', 'inserted', inserted, 'updated', updated,
        'unchanged', {incoming} - inserted - updated, 'deleted', {deleted}
    );\n"
    )
}

/// The same for a table whose rows are inserted and never updated.
pub(super) fn add_inserted(table: &str) -> String {
    format!(
        "    tables := tables || jsonb_build_object(
        'table_name', '{table}', 'inserted', inserted, 'updated', 0, 'unchanged', 0, 'deleted', 0
    );\n"
    )
}
