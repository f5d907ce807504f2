//! Replace: generates the function that deletes the rows of an object's older versions from the star.

use super::fact;
use super::function::{Definition, Function};
use super::ident::ident;
use crate::dataset::{Dataset, Overwrite};

/// `staging.replace_<dataset>(load_id)`: deletes the facts of older loads of the same key that no other load has as
/// well. Members of dimensions stay, because other facts may refer to them.
///
/// `None` unless the contract has `overwrite = "replace"`, so that other datasets cannot be replaced.
pub(super) fn function(dataset: &Dataset) -> Option<Function> {
    if dataset.policy.overwrite != Overwrite::Replace {
        return None;
    }
    let mut facts: Vec<_> = dataset.facts.iter().collect();
    facts.sort_by(|a, b| a.name.cmp(&b.name));
    let steps: String = facts
        .iter()
        .map(|fact| {
            format!(
                "
{delete}    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', 'star.{table}', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);
",
                delete = fact::replace_rows(fact),
                table = ident(&fact::name(&fact.name)),
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
        // As in the trigger function: rows are looked up.
        settings: &["jit = off", "random_page_cost = 1.1", "enable_seqscan = off"],
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
