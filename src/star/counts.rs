//! Counts: how a step of the trigger function counts what it did to its table.

/// The last statement of a step whose `written` returns `is_new$` and `is_changed$`; `also` is more
/// to select, with a leading comma.
pub(super) fn from_written(also: &str) -> String {
    format!(
        "select count(*) filter (where is_new$),
               count(*) filter (where is_changed$ and not is_new$){also}
        from written"
    )
}

/// Notes what a step did to `table`: of `brought` rows, those neither new nor changed are unchanged.
pub(super) fn note(table: &str, brought: &str) -> String {
    note_deleting(table, brought, "0")
}

/// The same for a step that also took `deleted` rows out.
pub(super) fn note_deleting(table: &str, brought: &str, deleted: &str) -> String {
    format!(
        "    tables := tables || jsonb_build_object(
        'table_name', '{table}', 'inserted', inserted, 'updated', updated,
        'unchanged', {brought} - inserted - updated, 'deleted', {deleted}
    );\n"
    )
}

/// The same for a table whose rows never change once they are there.
pub(super) fn note_inserted_only(table: &str) -> String {
    format!(
        "    tables := tables || jsonb_build_object(
        'table_name', '{table}', 'inserted', inserted, 'updated', 0, 'unchanged', 0, 'deleted', 0
    );\n"
    )
}
