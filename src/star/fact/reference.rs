//! Reference: a fact's keys in, the foreign keys that tell other programs of the star out.
//!
//! The keys are true by construction: they come from the join. So they are enforced on request
//! only; a server that can declare them without (Postgres 18) does.

use super::{FactOf, name};
use crate::star::ident::{ident, literal};
use crate::star::{date, dimension};

/// The longest identifier that Postgres does not cut, in bytes.
const LONGEST: usize = 63;

/// The statement that declares what is not declared yet.
pub(in crate::star) fn statement(of: FactOf<'_>) -> Option<String> {
    let table = name(&of.fact.name);
    let members = of.fact.dimensions.iter().map(|used| {
        let refers_to = format!(
            "star.{} ({})",
            ident(&dimension::name(&used.dimension)),
            ident(&dimension::key_column(&used.dimension))
        );
        (used.column.as_str(), refers_to)
    });
    let dates = of
        .fact
        .dates
        .iter()
        .map(|used| (used.column.as_str(), format!("star.{} (date_key)", date::NAME)));
    let wanted: Vec<String> = members
        .chain(dates)
        .enumerate()
        .map(|(at, (column, refers_to))| {
            let full = format!("{table}_{column}_fkey");
            let constraint =
                if full.len() <= LONGEST { full } else { format!("{table}_{}_fkey", at + 1) };
            format!("({}, {}, {})", literal(&constraint), literal(column), literal(&refers_to))
        })
        .collect();
    if wanted.is_empty() {
        return None;
    }
    // Versions are put in, moved and taken out within one transaction: checked at its end.
    let (guard, how, enforced) = if of.fact.foreign_keys {
        ("", literal(" deferrable initially deferred"), " and c.convalidated")
    } else {
        let guard =
            "    -- Declared for other programs, where the server need not check what holds anyway.
    if current_setting('server_version_num')::integer < 180000 then
        return;
    end if;
";
        (guard, literal(" not enforced"), "")
    };
    Some(format!(
        "do $references$
declare
    wanted record;
begin
{guard}    for wanted in
        select w.*
        from (values
            {values}
        ) w (name, key, refers_to)
        where not exists (
            select from pg_catalog.pg_constraint c
            where c.conrelid = 'star.{quoted}'::regclass and c.conname = w.name
              and c.contype = 'f'{enforced}
        )
    loop
        -- One that was declared only, and is to be enforced now, is declared again.
        execute format('alter table star.{quoted} drop constraint if exists %I', wanted.name);
        execute format(
            'alter table star.{quoted} add constraint %I foreign key (%I) references %s%s',
            wanted.name, wanted.key, wanted.refers_to, {how}
        );
    end loop;
end
$references$;
",
        values = wanted.join(",\n            "),
        quoted = ident(&table),
    ))
}
