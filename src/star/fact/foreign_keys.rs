//! Foreign keys: the statement that declares a fact's references to its dimensions.
//!
//! The references always hold, because the keys come from a join with the dimension. They are
//! declared so that other programs find them. Postgres enforces them only if the contract asks for
//! it; otherwise Postgres 18 or newer declares them `not enforced`, and older servers do not.

use super::{FactContext, name};
use crate::star::ident::{ident, literal};
use crate::star::{date, dimension};

/// The longest identifier that Postgres does not truncate, in bytes.
const MAX_IDENTIFIER_BYTES: usize = 63;

/// The statement that declares the foreign keys that the table does not have yet.
pub(in crate::star) fn statement(context: FactContext<'_>) -> Option<String> {
    let table = name(&context.fact.name);
    let members = context.fact.dimensions.iter().map(|reference| {
        let refers_to = format!(
            "star.{} ({})",
            ident(&dimension::name(&reference.dimension)),
            ident(&dimension::key_column(&reference.dimension))
        );
        (reference.column.as_str(), refers_to)
    });
    let dates =
        context.fact.dates.iter().map(|reference| {
            (reference.column.as_str(), format!("star.{} (date_key)", date::NAME))
        });
    let foreign_keys: Vec<String> = members
        .chain(dates)
        .enumerate()
        .map(|(at, (column, refers_to))| {
            let full = format!("{table}_{column}_fkey");
            let constraint = if full.len() <= MAX_IDENTIFIER_BYTES {
                full
            } else {
                format!("{table}_{}_fkey", at + 1)
            };
            format!("({}, {}, {})", literal(&constraint), literal(column), literal(&refers_to))
        })
        .collect();
    if foreign_keys.is_empty() {
        return None;
    }
    // Deferred: one transaction inserts, changes and deletes versions of a dimension.
    let (guard, how, enforced) = if context.fact.foreign_keys {
        ("", literal(" deferrable initially deferred"), " and c.convalidated")
    } else {
        let guard = "    -- Declared for other programs only, which needs Postgres 18 or newer.
    if current_setting('server_version_num')::integer < 180000 then
        return;
    end if;
";
        (guard, literal(" not enforced"), "")
    };
    Some(format!(
        "do $references$
declare
    missing record;
begin
{guard}    for missing in
        select k.*
        from (values
            {values}
        ) k (name, key, refers_to)
        where not exists (
            select from pg_catalog.pg_constraint c
            where c.conrelid = 'star.{quoted}'::regclass and c.conname = k.name
              and c.contype = 'f'{enforced}
        )
    loop
        -- A key that was declared as not enforced, and now must be enforced, is replaced.
        execute format('alter table star.{quoted} drop constraint if exists %I', missing.name);
        execute format(
            'alter table star.{quoted} add constraint %I foreign key (%I) references %s%s',
            missing.name, missing.key, missing.refers_to, {how}
        );
    end loop;
end
$references$;
",
        values = foreign_keys.join(",\n            "),
        quoted = ident(&table),
    ))
}
