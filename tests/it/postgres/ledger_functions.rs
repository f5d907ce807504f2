//! The small SQL functions of the ledger, called one by one.

use crate::support::TestDatabase;

/// SQL and what it has to say.
const SAYINGS: &[(&str, &str)] = &[
    // Sequencers where both have one, padded on the right; else the time.
    ("stardrop.is_newer('0055AED6DCD90281E5', '2026-01-01', '0055AED6DCD90281E4', '2026-01-02')", "true"),
    ("stardrop.is_newer('0A', '2026-01-01', '09FF', '2026-01-02')", "true"),
    ("stardrop.is_newer('0a00', '2026-01-01', '0A', '2026-01-02')", "false"),
    ("stardrop.is_newer(null, '2026-01-02', '0A', '2026-01-01')", "true"),
    ("stardrop.is_newer('0A', '2026-01-01', null, '2026-01-01')", "false"),
    // Bytes as text where they are some.
    ("stardrop.text_or_null('\\x6f6b')", "ok"),
    ("stardrop.text_or_null('\\xff')", "null"),
    ("stardrop.text_or_null('\\x6100')", "null"),
    // Locks of keys and of the star never meet, nor those of other programs' small numbers.
    ("stardrop.key_lock('b', 'k') >> 48", "83"),
    ("stardrop.key_lock('b', 'k') = stardrop.key_lock('b', 'k')", "true"),
    ("stardrop.key_lock('b', 'k') = stardrop.key_lock('b', 'j')", "false"),
    ("stardrop.star_lock() >> 48", "84"),
    // Counts add up, table by table.
    ("stardrop.sum_counts(null, '{\"staged\": 1, \"tables\": []}') ->> 'staged'", "1"),
    (
        "stardrop.sum_counts(
             '{\"staged\": 2, \"inserted\": 2, \"tables\": [{\"table_name\": \"t\", \"inserted\": 2, \"updated\": 0, \"unchanged\": 0, \"deleted\": 0}]}',
             '{\"staged\": 3, \"inserted\": 1, \"tables\": [{\"table_name\": \"t\", \"inserted\": 1, \"updated\": 2, \"unchanged\": 0, \"deleted\": 0}]}'
         )",
        "{\"staged\": 5, \"tables\": [{\"deleted\": 0, \"updated\": 2, \"inserted\": 3, \"unchanged\": 0, \"table_name\": \"t\"}], \"findings\": [], \"inserted\": 3}",
    ),
    ("stardrop.contract_fingerprint('no such dataset')", "null"),
    ("stardrop.with_trigger_time('{\"read\": 1}')", "{\"read\": 1, \"normalise\": 0}"),
];

#[tokio::test]
async fn each_function_returns_what_it_should() {
    let db = TestDatabase::migrated().await;
    for (sql, said) in SAYINGS {
        assert_eq!(db.text(sql).await, *said, "{sql}");
    }
}

#[tokio::test]
async fn no_function_finds_a_load_that_does_not_exist() {
    let db = TestDatabase::migrated().await;
    for (sql, said) in [
        ("stardrop.begin_batch(9, 1, 0, false, 'x')", "false"),
        ("stardrop.join_load(9, 1, 1)", "false"),
        ("stardrop.checkpoint(9, 1, 0, 1, 1, 1, 0, interval '1 minute')", "false"),
        ("stardrop.reject_rows(9, 1, '{}', '{}', '{}', '{}', '{}')", "false"),
        ("stardrop.finish(9, 1, 0, null)", "false"),
        ("stardrop.fail(9, 1, 'rows', null, 'x', null, null)", "false"),
        ("stardrop.mark_skipped(9, 1, 'missing', 'x')", "false"),
        ("stardrop.reopen(9)", "false"),
        ("(stardrop.begin_reject_reload(9, 1, 'x', 'merge')).outcome", "outdated"),
        ("stardrop.finish_reject_reload(9, 1, '{}', '{}', '{}', '{}')", "lost"),
        ("(stardrop.undo(9)).outcome", "not_found"),
        ("stardrop.replaced_loads(9, 'sales')", "{}"),
        ("stardrop.prune(interval '0')", "(0,0)"),
    ] {
        assert_eq!(db.text(sql).await, said, "{sql}");
    }
}

#[tokio::test]
async fn every_function_sets_its_search_path() {
    let db = TestDatabase::migrated().await;
    let loose = "select oid::regprocedure from pg_proc
        where pronamespace::regnamespace::text in ('stardrop', 'staging', 'star')
          and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)";
    assert_eq!(db.rows(loose).await, "");
}

/// What of the schema `stardrop` has no comment: the ledger's reference is written from these.
const WITHOUT_COMMENT: &str = "
    select 'schema ' || n.nspname from pg_namespace n
    where n.nspname = 'stardrop' and obj_description(n.oid, 'pg_namespace') is null
    union all
    select 'relation ' || c.oid::regclass from pg_class c
    where c.relnamespace = 'stardrop'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
      and obj_description(c.oid, 'pg_class') is null
    union all
    select 'column ' || c.oid::regclass || '.' || a.attname
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'stardrop'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'c')
      and col_description(c.oid, a.attnum) is null
    union all
    select 'type ' || t.oid::regtype from pg_type t
    join pg_class c on c.oid = t.typrelid and c.relkind = 'c'
    where t.typnamespace = 'stardrop'::regnamespace and obj_description(t.oid, 'pg_type') is null
    union all
    select 'function ' || p.oid::regprocedure from pg_proc p
    where p.pronamespace = 'stardrop'::regnamespace and obj_description(p.oid, 'pg_proc') is null
    order by 1";

#[tokio::test]
async fn everything_in_the_ledger_has_a_comment() {
    let db = TestDatabase::migrated().await;
    assert_eq!(db.rows(WITHOUT_COMMENT).await, "");
    db.run(
        "create function stardrop.mute() returns integer language sql as 'select 1';
         alter table stardrop.load add column mute integer",
    )
    .await;
    assert_eq!(
        db.rows(WITHOUT_COMMENT).await,
        "column stardrop.load.mute\nfunction stardrop.mute()"
    );
}
