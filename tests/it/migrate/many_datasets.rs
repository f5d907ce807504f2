//! Migrations of many datasets: how often they wait for the server, what they leave alone, and what an error names.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use stardrop::dataset::Catalog;
use stardrop::db::Client;
use stardrop::error::ErrorKind;
use stardrop::{migrate, star};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::faults::frames::Frames;
use crate::migrate::apply::SHOP;
use crate::support::{TestDatabase, catalog_of, connect};

/// A dataset with each type of column, a reserved word as name, two kinds of dimension, and a computed measure.
const DATASET: &str = r#"
name  = "NAME"
match = ["NAME/**/*.csv"]
[columns]
order = { type = "bigint", required = true }
part  = { type = "uuid", required = true }
user  = { type = "text" }
town  = { type = "text" }
rank  = { type = "smallint" }
size  = { type = "integer" }
share = { type = "real" }
rate  = { type = "double" }
paid  = { type = "numeric(8,2)" }
free  = { type = "numeric" }
day   = { type = "date" }
hour  = { type = "time" }
local = { type = "timestamp" }
at    = { type = "timestamptz" }
done  = { type = "boolean" }
more  = { type = "json" }
host  = { type = "inet" }
[dimension.user_NAME]
key        = ["user"]
attributes = ["town", "local", "more"]
history    = "versions"
[dimension.host_NAME]
key        = ["host", "hour"]
attributes = ["rank"]
[fact.order_NAME]
grain      = ["order", "part"]
dimensions = ["user_NAME", "host_NAME", { date = "day" }]
measures   = ["size", "share", "rate", "paid", "free", "at", "done", { double = "paid * 2" }]
"#;

fn catalog(count: usize) -> Catalog {
    edited(count, |_, contract| contract)
}

/// A catalog of `count` datasets named `d0`, `d1` and so on, with edited contracts.
fn edited(count: usize, edit: impl Fn(&str, String) -> String) -> Catalog {
    let names: Vec<String> = (0..count).map(|number| format!("d{number}")).collect();
    let contracts: Vec<(&str, String)> = names
        .iter()
        .map(|name| (name.as_str(), edit(name, DATASET.replace("NAME", name))))
        .collect();
    let texts: Vec<_> = contracts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    catalog_of(&texts)
}

/// A session, and how many messages it has sent that it waits for: queries without parameters, and the ends of those with.
async fn counting(url: &str) -> (Client, Arc<AtomicUsize>) {
    let (before, address) = url.split_once('@').unwrap();
    let (server, database) = address.split_once('/').unwrap();
    let server = TcpStream::connect(server).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    tokio::spawn(async move {
        let (from_client, mut to_client) = listener.accept().await.unwrap().0.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
        let mut frames = Frames::of_client(from_client);
        while let Ok(Some(frame)) = frames.next().await {
            if matches!(frame.first(), Some(b'Q' | b'S')) {
                count.fetch_add(1, Ordering::Relaxed);
            }
            to_server.write_all(&frame).await.unwrap();
        }
    });
    (connect(&format!("{before}@127.0.0.1:{port}/{database}")).await, sent)
}

/// How often a plan, the first migration, one without a change, and the proposals wait for the server.
async fn waits(count: usize) -> [(&'static str, usize); 4] {
    let db = TestDatabase::empty().await;
    let (mut client, sent) = counting(&db.url).await;
    let catalog = catalog(count);
    let star = star::compile(&catalog);
    let waits = || sent.swap(0, Ordering::Relaxed);
    waits();
    assert_eq!(migrate::plan(&client, &star).await.unwrap().changes.len(), count * 8 + 1);
    let plan = waits();
    migrate::run(&mut client, &star).await.unwrap();
    let first = waits();
    let report = migrate::run(&mut client, &star).await.unwrap();
    assert_eq!((report.changes, report.notes), (vec![], vec![]));
    let second = waits();
    assert_eq!(migrate::proposals(&client, &catalog).await.unwrap(), []);
    [("plan", plan), ("first", first), ("second", second), ("proposals", waits())]
}

#[tokio::test]
async fn the_number_of_waits_for_the_server_does_not_grow_with_each_dataset() {
    let (few, many) = (4, 12);
    for ((what, of_few), (_, of_many)) in waits(few).await.into_iter().zip(waits(many).await) {
        // Statements are sent in messages of a certain size, and tables are read a hundred at a time.
        let further = of_many.saturating_sub(of_few);
        assert!(further < many - few, "{what}: {of_few} waits became {of_many}");
    }
}

/// Where the rows of the catalogs are: a row that is written moves.
const WRITTEN: &str = "select string_agg(line, e'\\n' order by line) from (
    select format('class %s %s', oid::regclass, ctid) as line from pg_class
    where relnamespace::regnamespace::text in ('stardrop', 'star', 'staging')
    union all
    select format('function %s %s', oid::regprocedure, ctid) from pg_proc
    where pronamespace::regnamespace::text in ('stardrop', 'star', 'staging')
    union all
    select format('comment %s %s %s', objoid, objsubid, d.ctid) from pg_description d where objoid >= 16384
    union all
    select format('rule %s %s', ev_class::regclass, ctid) from pg_rewrite where ev_class >= 16384
    union all
    select format('trigger %s %s', tgrelid::regclass, ctid) from pg_trigger where tgrelid >= 16384
    union all
    select format('schema %s %s', nspname, ctid) from pg_namespace
    where nspname in ('stardrop', 'star', 'staging')
    union all
    select format('dataset %s %s', name, ctid) from stardrop.dataset) t";

#[tokio::test]
async fn a_migration_without_a_change_writes_nothing_and_waits_for_nobody() {
    let (mut db, star) = TestDatabase::of(&catalog(2)).await;
    let written = db.text(WRITTEN).await;
    // Somebody reads all that there is to read.
    let reader = connect(&db.url).await;
    reader
        .batch_execute(
            "begin; select count(*) from stardrop.lineage; select count(*) from staging.d0",
        )
        .await
        .unwrap();
    let migration = migrate::run(&mut db.client, &star);
    let report = tokio::time::timeout(Duration::from_secs(60), migration).await.unwrap().unwrap();
    assert_eq!(report.changes, Vec::<String>::new());
    assert_eq!(db.text(WRITTEN).await, written);
}

/// All that a migration sets right although no contract has changed.
const CODE: &str = "select string_agg(line, e'\\n' order by line) from (
    select format('%s %s %s', pg_get_functiondef(oid), obj_description(oid, 'pg_proc'),
                  (select string_agg(a::text, ' ' order by a::text) from unnest(proacl) a)) as line
    from pg_proc where pronamespace::regnamespace::text in ('stardrop', 'staging')
    union all
    select format('%s %s %s %s %s', oid::regclass, obj_description(oid, 'pg_class'), reloptions,
                  (select string_agg(a::text, ' ' order by a::text) from unnest(relacl) a),
                  case when relkind = 'v' then pg_get_viewdef(oid) end)
    from pg_class where relnamespace::regnamespace::text in ('stardrop', 'star')
    union all
    select format('%s %s', c.relname, col_description(c.oid, a.attnum))
    from pg_class c join pg_attribute a on a.attrelid = c.oid where c.relname = 'lineage'
    union all
    select format('%s %s %s', nspname, obj_description(oid, 'pg_namespace'),
                  (select string_agg(a::text, ' ' order by a::text) from unnest(nspacl) a))
    from pg_namespace where nspname in ('stardrop', 'star', 'staging')) t";

#[tokio::test]
async fn what_somebody_changed_by_hand_is_put_right_although_no_contract_has_changed() {
    let (mut db, star) = TestDatabase::of(&catalog_of(&[("shop", SHOP)])).await;
    let code = db.text(CODE).await;
    for change in [
        "alter function stardrop.claim security invoker",
        "alter function stardrop.claim set search_path = public",
        "create or replace function stardrop.star_lock() returns bigint language sql immutable as 'select 1::bigint'",
        "comment on function stardrop.star_lock is 'Mine.'",
        "drop function stardrop.totals",
        "grant execute on function stardrop.undo to public",
        "revoke execute on function stardrop.claim from stardrop_loader",
        "revoke usage on schema staging from stardrop_loader",
        "revoke select on star.fact_receipt from stardrop_reader",
        "comment on schema star is 'Mine.'",
        "alter view stardrop.lineage set (security_barrier)",
        "comment on column stardrop.lineage.key is null",
        "drop view stardrop.lineage",
        "create or replace view stardrop.lineage as
         select null::text as table_name, null::jsonb as row_key, null::bigint as load_id, null::bigint as source_line,
                dataset, bucket, key, version_id, etag, object_time, part
         from stardrop.load",
    ] {
        db.run(change).await;
        assert_ne!(db.text(CODE).await, code, "{change}");
        let report = migrate::run(&mut db.client, &star).await.unwrap();
        assert_eq!(report.changes, Vec::<String>::new(), "{change}");
        assert_eq!(db.text(CODE).await, code, "{change}");
    }
}

#[tokio::test]
async fn an_error_names_the_dataset_that_causes_it_among_many() {
    let mut db = TestDatabase::empty().await;
    let view = "[view.v]\nsql = \"select nothing from star.dim_date\"\n[fact.order_d7]";
    for (from, to, said) in [
        ("paid * 2", "paid * part", "operator does not exist: numeric * uuid"),
        ("[fact.order_d7]", view, "column \"nothing\" does not exist"),
    ] {
        let catalog = edited(12, |name, contract| match name {
            "d7" => contract.replace(from, to),
            _ => contract,
        });
        let error = migrate::run(&mut db.client, &star::compile(&catalog)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadContract, "{error}");
        let text = format!("{error:?}").replace("\\\"", "\"");
        assert!(text.contains("add dataset d7") && text.contains(said), "{text}");
        assert_eq!(db.text("select count(*) from stardrop.dataset").await, "0");
    }
}
