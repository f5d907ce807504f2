//! Compares the data dictionary of the ledger with `comment on` in the database.

use super::text_of;
use crate::support::TestDatabase;

const LEDGER: &str = "docs/reference/ledger.md";

/// A section of the data dictionary for each table, view and type of the schema `stardrop`, from `comment on`.
const DICTIONARY: &str = r"
    select string_agg(section, e'\n' order by kind, name)
    from (
        select c.relname as name, array_position('{r,v,c}', c.relkind::text) as kind, format(
            e'### %s `stardrop.%s`\n\n%s\n\n| column | type | null | meaning |\n|---|---|---|---|\n%s',
            case c.relkind when 'r' then 'Table' when 'v' then 'View' else 'Type' end,
            c.relname,
            coalesce(obj_description(c.oid, 'pg_class'), obj_description(c.reltype, 'pg_type')),
            string_agg(format(
                e'| `%s` | %s | %s | %s |\n',
                a.attname, format_type(a.atttypid, a.atttypmod),
                case when a.attnotnull or c.relkind <> 'r' then '' else 'yes' end,
                col_description(c.oid, a.attnum)
            ), '' order by a.attnum)
        ) as section
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = 'stardrop'::regnamespace and c.relkind in ('r', 'v', 'c')
        group by c.oid, c.relname, c.relkind, c.reltype
    ) dictionary";

#[tokio::test]
async fn the_ledgers_data_dictionary_is_that_of_the_database() {
    let db = TestDatabase::migrated().await;
    let wanted = db.text(DICTIONARY).await;
    for line in wanted.lines().filter(|line| line.starts_with("| `")) {
        assert!(!line.ends_with("|  |"), "no `comment on column` for {line}");
    }
    let page = text_of(LEDGER);
    let found = page.split_once("## Tables, views and types\n\n").unwrap().1;
    assert!(found == wanted, "the sections of {LEDGER} should be:\n{wanted}");
}
