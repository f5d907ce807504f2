//! Complete: generates the function that ends the load of a full extract: members that it no longer has are
//! closed or flagged.

use super::function::{Definition, Function};
use super::{all_facts, dimension, fact};
use crate::dataset::{Catalog, Dataset, Dimension, Missing};

/// `staging.complete_<dataset>(load_id)`: compares the members of the load with those of its key's other full
/// extracts. The loader calls it in the transaction that finishes the load, and in one that reloads rejected
/// rows. `None` unless the dataset has full extracts.
pub(super) fn function(catalog: &Catalog, dataset: &Dataset) -> Option<Function> {
    let dimensions = dimension::extracted(catalog.dimensions(), dataset);
    if dimensions.is_empty() {
        return None;
    }
    let steps: String =
        dimensions.iter().map(|extracted| dimension::add_extract(extracted)).collect();
    let body = format!(
        "
#variable_conflict use_variable
declare
{variables}begin
    perform
    from stardrop.load l
    where l.load_id = in_load_id
      and l.dataset = '{name}'
      and l.state = 'loading'
      and l.worker_pid = pg_backend_pid();
    if not found then
        raise exception 'this session does not hold load % of dataset {name}', in_load_id
            using errcode = 'invalid_transaction_state';
    end if;
    -- No other batch runs: members of other files are locked in no order.
    perform pg_advisory_xact_lock(stardrop.star_lock());
{steps}{rekey}end
",
        variables = variables(&dimensions),
        name = dataset.name,
        rekey = rekey(catalog, &dimensions),
    );
    let definition = Definition {
        name: format!("complete_{}", dataset.name),
        arguments: "in_load_id bigint",
        returns: "void",
        settings: &["jit = off", "work_mem = '64MB'", "timezone = 'UTC'"],
        tag: "complete",
        body,
        rights: format!(
            "revoke all on function staging.complete_{name}(bigint) from public;
grant execute on function staging.complete_{name}(bigint) to stardrop_loader;
",
            name = dataset.name
        ),
    };
    Some(definition.function())
}

/// The call of that function; its parameter is the load's id. `None` if there is none.
pub fn call(dataset: &Dataset) -> Option<String> {
    dataset.has_full_extracts().then(|| format!("select staging.complete_{}($1)", dataset.name))
}

/// The declarations of what the statements about these dimensions use.
fn variables(dimensions: &[&Dimension]) -> String {
    let mut variables = dimension::EXTRACT_VARIABLES.to_owned();
    for dimension in closed(dimensions) {
        variables.push_str(&dimension::version_variables(&dimension.name));
    }
    variables
}

/// The statements that give facts the versions of their time, where those of these dimensions have changed.
fn rekey(catalog: &Catalog, dimensions: &[&Dimension]) -> String {
    let facts = all_facts(catalog);
    facts
        .into_iter()
        .flat_map(|context| {
            closed(dimensions).map(move |dimension| fact::rekey_facts(context, dimension))
        })
        .collect()
}

fn closed<'c>(dimensions: &[&'c Dimension]) -> impl Iterator<Item = &'c Dimension> {
    let closes = |dimension: &&&'c Dimension| dimension.missing == Missing::Close;
    dimensions.iter().filter(closes).copied().collect::<Vec<_>>().into_iter()
}
