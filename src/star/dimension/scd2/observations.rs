//! Observations: the SQL statements that take back what a load has observed of members, and the versions that
//! followed from it.

use super::names::Names;
use super::{chain, compare, end_changed};
use crate::dataset::Dimension;
use crate::star::ident::{equal, ident, list};

/// The variable with the observations that were taken back.
fn taken(dimension: &str) -> String {
    format!("{dimension}_taken")
}

/// The declaration of that variable.
pub(in crate::star) fn variable(dimension: &Dimension) -> String {
    let names = Names::of(dimension);
    format!("    {} {}[];\n", taken(&dimension.name), names.history)
}

/// The number of observations that are taken back at once, so that arrays of them fit in memory.
const AT_ONCE: u32 = 50_000;

/// The statements. The keys of the affected rows are added to the variable `touched`, and those of members that
/// nobody describes any more to `cleared`. `rekey` is the statements that give facts the versions of their time.
pub(in crate::star::dimension) fn take_back(dimension: &Dimension, rekey: &str) -> String {
    let names = Names::of(dimension);
    let Names { table, history, key, versioned, .. } = &names;
    let taken = taken(&dimension.name);
    let members = format!("select distinct {} from unnest($4)", list(key));
    let position = if names.has_single_values() {
        ""
    } else {
        ", source_load_id = 0, source_time = '-infinity'"
    };
    format!(
        "    loop
        execute $sql$
            with deleted as (
                delete from {history} history_row$
                where history_row$.ctid = any (array(
                    select taken.ctid from {history} taken where taken.source_load_id = $1 limit {AT_ONCE}
                ))
                returning history_row$ as observation$
            )
            select array_agg(deleted.observation$) from deleted
        $sql$ into {taken} using in_load_id;
        exit when {taken} is null;
        execute $sql$
            select $2 || array_agg(version.{surrogate})
            from {table} version
            join (select distinct {key_columns} from unnest($1)) member on {version_is_member}
        $sql$ into touched using {taken}, touched;
        -- The first version of a member that nobody describes any more is that of an inferred one.
        execute $sql$
            with inferred as (
                update {table} dim
                set valid_from = '-infinity'{values}{position}
                from (select distinct {key_columns} from unnest($1)) member
                where {dim_is_member}
                  and dim.is_first
                  and dim.valid_from <> '-infinity'
                  and not exists (select from {history} history where {history_is_member})
                returning dim.{surrogate}
            )
            select $2 || array_agg(inferred.{surrogate}) from inferred
        $sql$ into cleared using {taken}, cleared;
{compare}        {redundant} := coalesce({redundant}, '{{}}') || {taken};
{rebuild}        removed_versions := removed_versions + removed;
{end}{rekey}    end loop;
",
        surrogate = ident(&super::super::key_column(&dimension.name)),
        key_columns = list(key),
        version_is_member = equal("version", "member", key),
        dim_is_member = equal("dim", "member", key),
        history_is_member = equal("history", "member", key),
        values = versioned
            .iter()
            .map(|column| format!(", {} = null", ident(column)))
            .collect::<String>(),
        compare =
            compare::whole(&names, &members, &format!("in_load_id, now(), 0::bigint, {taken}")),
        redundant = names.redundant_versions(),
        rebuild = chain::rebuild(&names),
        end = end_changed(&names),
    )
}
