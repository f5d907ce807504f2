//! Runs `plpgsql_check` over all functions, hand-written and generated.

use crate::support::TestDatabase;

/// What it says of a function: a trigger function is looked at on its table, with its batch.
const FINDINGS: &str = "
    with functions as (
        select p.oid, p.oid::regprocedure::text as name, t.tgrelid, t.tgnewtable
        from pg_proc p
        join pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
        left join pg_trigger t on t.tgfoid = p.oid
        where p.pronamespace::regnamespace::text in ('stardrop', 'staging', 'star')
    )
    select f.name, c.lineno, c.level, c.sqlstate, c.message, c.query
    from functions f
    cross join lateral plpgsql_check_function_tb(
        f.oid, coalesce(f.tgrelid, 0),
        newtable => f.tgnewtable,
        performance_warnings => false, extra_warnings => true, security_warnings => true
    ) c
    -- The trigger functions declare the same variables, whatever their steps use.
    where c.message not like 'unused variable%'
      and c.message not like 'never read variable%'
      -- A view's definition is text, and can be nothing else: its own, as Postgres wrote it. So is a
      -- privilege. And to run the contract's text is all that the other one is for.
      and not (c.level = 'security'
               and f.name ~ '^stardrop\\.(restore_views|replace_table|run_contract_sql)\\(')
    order by f.name, c.lineno";

#[tokio::test]
async fn plpgsql_check_finds_nothing_in_any_function() {
    let db = TestDatabase::migrated().await;
    let there =
        db.text("select count(*) from pg_available_extensions where name = 'plpgsql_check'").await;
    if there == "0" {
        eprintln!(
            "SKIPPED: this Postgres has no plpgsql_check: `make setup-postgres` installs it where apt can"
        );
        return;
    }
    db.run("create schema checks; create extension plpgsql_check with schema checks; set search_path = public, checks").await;
    let checked = db.text("select count(*) from pg_proc p where p.pronamespace::regnamespace::text in ('stardrop', 'staging') and p.prolang = (select oid from pg_language where lanname = 'plpgsql')").await;
    assert!(checked.parse::<u32>().unwrap() > 25, "{checked}");
    assert_eq!(db.rows(FINDINGS).await, "");
    // It does see what is wrong.
    db.run("create function stardrop.wrong() returns integer language plpgsql as 'begin return (select no_such_column from stardrop.load); end'").await;
    assert!(db.rows(FINDINGS).await.contains("no_such_column"));
}
