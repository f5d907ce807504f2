//! Replace: generates the function that deletes the rows of an object's older versions from the star.

use super::fact;
use super::function::{Definition, Function};
use super::ident::ident;
use crate::dataset::{Dataset, Overwrite};

/// `staging.replace_<dataset>(load_id)`: deletes the facts whose newest source is an older load of the
/// same key. Members of dimensions stay, because other facts may refer to them.
///
/// `None` unless the contract has `overwrite = "replace"`, so that other datasets cannot be replaced.
pub(super) fn function(dataset: &Dataset) -> Option<Function> {
    if dataset.policy.overwrite != Overwrite::Replace {
        return None;
    }
    let mut tables: Vec<String> = dataset
        .facts
        .iter()
        .map(|fact| format!("star.{}", ident(&fact::name(&fact.name))))
        .collect();
    tables.sort();
    let steps: String = tables
        .iter()
        .map(|table| {
            format!(
                "
    delete from {table} fact where fact.load_id = any (older);
    get diagnostics deleted = row_count;
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', '{table}', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);
"
            )
        })
        .collect();
    let steps = if steps.is_empty() { "\n".to_owned() } else { steps };
    let body = format!(
        "
#variable_conflict use_variable
declare
    older bigint[] := stardrop.replaced_loads(in_load_id, '{}');
    deleted bigint;
begin{steps}end
",
        dataset.name
    );
    let definition = Definition {
        name: format!("replace_{}", dataset.name),
        arguments: "in_load_id bigint",
        returns: "void",
        settings: &["jit = off"],
        tag: "replace",
        body,
        rights: format!(
            "revoke all on function staging.replace_{name}(bigint) from public;
grant execute on function staging.replace_{name}(bigint) to stardrop_loader;
",
            name = dataset.name
        ),
    };
    Some(definition.function())
}

/// The call of that function; its parameter is the load's id.
pub fn call(dataset: &Dataset) -> String {
    format!("select staging.replace_{}($1)", dataset.name)
}
