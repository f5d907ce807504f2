//! Traps that the design avoids, tried on a real server. Most tests show the trap itself first.
//! `docs/decisions/0004-traps.md` lists all traps with their tests.

use std::time::Duration;

use bytes::Bytes;
use futures_util::SinkExt as _;
use stardrop::db::Client;
use stardrop::error::ErrorKind;

use crate::support::cloud::{Cloud, LOADER, as_user};
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of, connect};

const SHOP: &str = r#"
name  = "shop"
match = ["shop/*.csv"]
[columns]
id    = { type = "bigint", required = true }
buyer = { type = "text" }
day   = { type = "date" }
paid  = { type = "integer" }
[policy]
rejects = "90%"
[dimension.buyer]
key = ["buyer"]
[fact.receipt]
grain      = ["id"]
dimensions = ["buyer", { date = "day" }]
measures   = ["paid"]
"#;

async fn shop() -> (TestDatabase, Cloud) {
    let catalog = catalog_of(&[("shop", SHOP)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    (db, cloud)
}

fn receipts(ids: std::ops::Range<u64>) -> String {
    let rows = ids.map(|id| format!("{id},b{},2026-01-05,{id}\n", id % 9));
    std::iter::once("id,buyer,day,paid\n".to_owned()).chain(rows).collect()
}

fn code(result: Result<(), tokio_postgres::Error>) -> String {
    result.err().and_then(|error| Some(error.code()?.code().to_owned())).unwrap_or_default()
}

#[tokio::test]
async fn an_empty_copy_fires_the_trigger_and_changes_nothing() {
    let (db, _cloud) = shop().await;
    db.run("create table fired (n integer); create function note() returns trigger language plpgsql
            as 'begin insert into fired values (1); return null; end';
            create trigger note after insert on staging.shop for each statement execute function note()")
        .await;
    let sink = db.client.copy_in::<_, Bytes>("copy staging.shop from stdin").await.unwrap();
    let mut sink = std::pin::pin!(sink);
    assert_eq!(sink.as_mut().finish().await.unwrap(), 0);
    assert_eq!(db.text("select count(*) from fired").await, "1", "the trap: no row, and it fires");
    assert_eq!(db.text("select count(*) from stardrop.load").await, "0");
}

#[tokio::test]
async fn two_transactions_that_insert_the_same_new_grain_both_succeed() {
    let (db, _cloud) = shop().await;
    db.run("create table merged (id bigint primary key)").await;
    for (sql, trap) in [
        (
            "merge into merged t using (select 1 as id) s on t.id = s.id
          when not matched then insert values (s.id)",
            true,
        ),
        ("insert into staging.shop (id, buyer, paid) values (1, 'b', 1)", false),
    ] {
        let (first, second) = (connect(&db.url).await, connect(&db.url).await);
        first.batch_execute(&format!("begin; {sql}")).await.unwrap();
        let waiting = tokio::spawn(async move { second.batch_execute(sql).await });
        db.eventually_a_session_waits_for_a_lock().await;
        first.batch_execute("commit").await.unwrap();
        assert_eq!(code(waiting.await.unwrap()), if trap { "23505" } else { "" }, "{sql}");
    }
    assert_eq!(db.text("select count(*) from star.fact_receipt").await, "1");
    assert_balanced(&db).await;
}

#[tokio::test]
async fn a_row_whose_member_does_not_arrive_stops_the_batch_and_is_not_lost_in_the_join() {
    let (db, cloud) = shop().await;
    db.run("create function swallow() returns trigger language plpgsql as
            'begin if new.buyer = ''b3'' then return null; end if; return new; end';
            create trigger swallow before insert on star.dim_buyer for each row execute function swallow()")
        .await;
    let object = cloud.put("shop/a.csv", receipts(0..20)).await;
    let error = cloud.load(&object).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::DatabaseRefused, "{error}");
    assert!(error.to_string().contains("has no member in star.dim_buyer"), "{error}");
    assert_eq!(db.text("select count(*) from star.fact_receipt").await, "0");
    db.run("drop trigger swallow on star.dim_buyer").await;
    cloud.load(&object).await.unwrap();
    assert_eq!(db.text("select count(*) from star.fact_receipt").await, "20");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loads_with_many_copies_in_one_transaction_do_not_deadlock() {
    let (db, cloud) = shop().await;
    db.run("alter table staging.shop add constraint odd check (paid % 7 <> 3)").await;
    let mut loads = Vec::new();
    for n in 0..6u64 {
        // The same new members and grains in every file, in different orders.
        let mut text = receipts(0..0);
        for row in 0..90 {
            let id = (row * [7, 11, 13, 17, 19, 23][n as usize] + n) % 90;
            text.push_str(&format!("{id},b{},2026-01-{:02},{id}\n", id % 31, id % 28 + 1));
        }
        let object = cloud.put(&format!("shop/{n}.csv"), text).await;
        let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "30")]);
        loads.push(tokio::spawn(async move { loader.load(&object, None).await }));
    }
    for load in loads {
        load.await.unwrap().unwrap();
    }
    db.run("select pg_stat_clear_snapshot()").await;
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(db.text(deadlocks).await, "0");
    assert_eq!(db.text("select count(*) from star.fact_receipt").await, "77");
    assert_eq!(db.text("select count(*) from stardrop.rejected_row").await, (6 * 13).to_string());
    assert_balanced(&db).await;
}

/// The first `times` batches meet this error, as if another transaction were in the way.
async fn conflicts(db: &TestDatabase, times: u32, sqlstate: &str) {
    db.run(&format!(
        "create sequence tries;
         grant usage on sequence tries to stardrop_owner;
         create function conflict() returns trigger language plpgsql as $$ begin
             if nextval('public.tries') <= {times} then
                 raise exception 'in the way' using errcode = '{sqlstate}';
             end if;
             return null;
         end $$;
         create trigger conflict after insert on star.fact_receipt
             for each statement execute function conflict()"
    ))
    .await;
}

#[tokio::test]
async fn a_deadlock_or_a_serialisation_failure_is_retried_five_times() {
    for (times, sqlstate) in [(5, "40P01"), (5, "40001"), (6, "40P01")] {
        let (db, cloud) = shop().await;
        conflicts(&db, times, sqlstate).await;
        let object = cloud.put("shop/a.csv", receipts(0..20)).await;
        let result = cloud.load(&object).await;
        if times == 6 {
            assert_eq!(result.unwrap_err().kind, ErrorKind::DatabaseConflict);
            cloud.load(&object).await.unwrap();
        } else {
            result.unwrap();
        }
        assert_eq!(db.text("select count(*) from star.fact_receipt").await, "20");
        assert_eq!(db.text("select rows_inserted from stardrop.load").await, "20");
        assert_balanced(&db).await;
    }
}

/// Names that the SQL of ledger and triggers uses, defined by a caller in its own schema.
const ATTACK: &str = "
    create function pg_temp.evil(text) returns boolean language plpgsql as
        $$ begin raise exception 'code of the caller runs as %', current_user; end $$;
    create domain pg_temp.date as pg_catalog.text check (pg_temp.evil(value));
    create domain pg_temp.jsonb as pg_catalog.text check (pg_temp.evil(value));
    create domain pg_temp.timestamptz as pg_catalog.text check (pg_temp.evil(value));
    create temporary table load (load_id bigint);
    create temporary table dim_date (date_key text);";

#[tokio::test]
async fn a_callers_own_types_do_not_run_code_as_the_owner() {
    let (db, _cloud) = shop().await;
    let client: Client = connect(&as_user(&db.url, LOADER)).await;
    client.batch_execute(ATTACK).await.unwrap();
    // The trap: an empty path looks into the caller's schema before all others.
    db.run(
        "create function public.careless() returns text language plpgsql security definer
            set search_path = '' as $$ begin return 'x'::date; end $$;
            alter function public.careless() owner to stardrop_owner",
    )
    .await;
    let trap = client.query_one("select public.careless()", &[]).await.unwrap_err();
    let trap = trap.as_db_error().unwrap().message();
    assert_eq!(trap, "code of the caller runs as stardrop_owner");

    let insert = "insert into staging.shop (id, buyer, day, paid) values (1, 'b', '2026-01-05', 1)";
    client.batch_execute(insert).await.unwrap();
    client.batch_execute("select staging.open_shop()").await.unwrap();
    let dates = "select date_key, paid from star.fact_receipt";
    assert_eq!(db.rows(dates).await, "2026-01-05|1");
    // Nor does any other function of ours leave its path to its caller.
    let open =
        "select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ('stardrop', 'staging', 'star')
          and not coalesce(p.proconfig, '{}') @> array['search_path=pg_catalog, pg_temp']";
    assert_eq!(db.rows(open).await, "");
    let public = "select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ('stardrop', 'staging', 'star') and has_function_privilege('public', p.oid, 'execute')";
    assert_eq!(db.rows(public).await, "");
}

#[tokio::test]
async fn batches_leave_nothing_in_the_shared_staging_table() {
    let (db, cloud) = shop().await;
    let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "10")]);
    let object = cloud.put("shop/a.csv", receipts(0..200)).await;
    assert_eq!(loader.load(&object, None).await.unwrap().batches, 20);
    assert_eq!(db.text("select pg_total_relation_size('staging.shop') <= 16384").await, "true");
    assert_eq!(db.text("select pg_relation_size('staging.shop')").await, "0");
}

#[tokio::test]
async fn a_copy_that_waits_for_a_frozen_client_ends_by_nothing_but_terminate() {
    let (db, _cloud) = shop().await;
    let frozen = connect(&db.url).await;
    frozen.batch_execute("set statement_timeout = '200ms'; begin").await.unwrap();
    let pid: i32 = frozen.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    let sink = frozen.copy_in::<_, Bytes>("copy staging.shop (id) from stdin").await.unwrap();
    let mut sink = std::pin::pin!(sink);
    sink.as_mut().send(Bytes::from_static(b"1\n")).await.unwrap();
    let copies =
        format!("select count(*) from pg_stat_activity where pid = {pid} and query like 'copy %'");
    // Sleeps: three times the timeout, in which nothing happens.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(db.text(&copies).await, "1", "statement_timeout ended it");
    db.text(&format!("select pg_cancel_backend({pid})")).await;
    // Sleeps: a cancel request takes effect at once, if it has any.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(db.text(&copies).await, "1", "cancel ended it");
    assert_eq!(db.text(&format!("select pg_terminate_backend({pid}, 10000)")).await, "true");
    assert_eq!(db.text(&copies).await, "0");
}
