//! Rights: the owner cannot log in, the loader can do its work and nothing else, readers can only read.

use stardrop::db::Client;

use crate::support::cloud::{Cloud, LOADER, as_user};
use crate::support::{TestDatabase, catalog_of, connect};

const READER: &str = "test_reader";

/// Two datasets, of which the second replaces its files.
fn two_datasets() -> stardrop::dataset::Catalog {
    let of = |name: &str, policy: &str| {
        format!(
            "name = \"{name}\"\nmatch = [\"{name}/*.csv\"]\n[columns]\nid = {{ type = \"bigint\", required = true }}\nwho = {{ type = \"text\" }}\n[policy]\n{policy}\n\
             [dimension.who_{name}]\nkey = [\"who\"]\n[fact.{name}]\ngrain = [\"id\"]\ndimensions = [\"who_{name}\"]\n"
        )
    };
    catalog_of(&[("red", &of("red", "")), ("blue", &of("blue", "overwrite = \"replace\""))])
}

struct Site {
    db: TestDatabase,
    contracts: Vec<(String, String)>,
    _cloud: Cloud,
}

async fn site() -> Site {
    let (db, star) = TestDatabase::of(&two_datasets()).await;
    let cloud = Cloud::of(&db, two_datasets()).await;
    db.run(&format!(
        "do $$ begin create role {READER} login in role stardrop_reader;
         exception when duplicate_object or unique_violation then null; end $$"
    ))
    .await;
    let contracts = star.datasets.iter().map(|d| (d.name.clone(), d.fingerprint.clone())).collect();
    Site { db, contracts, _cloud: cloud }
}

impl Site {
    async fn login(&self, user: &str) -> Client {
        connect(&as_user(&self.db.url, user)).await
    }

    fn begin(&self, load: i64, dataset: &str) -> String {
        let contract = &self.contracts.iter().find(|(name, _)| name == dataset).unwrap().1;
        format!("begin; select stardrop.begin_batch({load}, 1, 0, false, '{contract}')")
    }
}

async fn claim(client: &Client, dataset: &str, key: &str) -> i64 {
    let sql = format!(
        "select * from stardrop.claim('{dataset}', 'b', '{key}', null, 'e', 1, now(), null, 'merge', false, interval '1 hour', now())"
    );
    client.query_one(&sql, &[]).await.unwrap().get("load_id")
}

async fn sqlstate(client: &Client, sql: &str) -> String {
    match client.batch_execute(sql).await {
        Ok(()) => "allowed".to_owned(),
        Err(error) => error.code().unwrap().code().to_owned(),
    }
}

#[tokio::test]
async fn no_role_can_log_in_and_only_the_owner_owns_anything() {
    let site = site().await;
    assert_eq!(
        site.db.rows("select rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb from pg_roles where rolname like 'stardrop\\_%' order by 1").await,
        "stardrop_loader|false|false|false|false\nstardrop_owner|false|false|false|false\nstardrop_reader|false|false|false|false"
    );
    assert_eq!(
        site.db.rows(
            "select distinct r.rolname from pg_roles r where r.oid in (
                 select relowner from pg_class where relnamespace::regnamespace::text in ('star', 'staging', 'stardrop')
                 union select proowner from pg_proc where pronamespace::regnamespace::text in ('star', 'staging', 'stardrop'))"
        ).await,
        "stardrop_owner"
    );
    assert_eq!(
        site.db.rows("select m.roleid::regrole, m.member::regrole from pg_auth_members m where m.roleid = 'stardrop_owner'::regrole and m.member <> 'postgres'::regrole").await,
        ""
    );
}

/// Every function that each role may call, in two datasets: a change here is a change of rights.
#[tokio::test]
async fn the_loader_and_readers_may_call_the_listed_functions_and_no_other() {
    let site = site().await;
    let callable = |role: &str| {
        format!(
            "select p.oid::regproc::text from pg_proc p
             where p.pronamespace::regnamespace::text in ('star', 'staging', 'stardrop')
               and has_function_privilege('{role}', p.oid, 'execute') order by 1"
        )
    };
    assert_eq!(
        site.db.rows(&callable("stardrop_loader")).await,
        "staging.open_blue\nstaging.open_red\nstaging.replace_blue\nstardrop.begin_batch\nstardrop.begin_batch_ahead\n\
         stardrop.checkpoint\nstardrop.claim\nstardrop.contract_fingerprint\nstardrop.fail\n\
         stardrop.findings\nstardrop.finish\nstardrop.join_load\nstardrop.mark_skipped\nstardrop.newest_loads\n\
         stardrop.record_enrichment\nstardrop.record_unmatched\nstardrop.register_parts\nstardrop.reject_rows\nstardrop.release\nstardrop.release_finished\n\
         stardrop.require_held\nstardrop.save_hash\nstardrop.totals\nstardrop.with_trigger_time"
    );
    assert_eq!(
        site.db.rows(&callable("stardrop_reader")).await,
        "stardrop.findings\nstardrop.newest_loads"
    );
    assert_eq!(site.db.rows(&callable("public")).await, "");
    let tables = |role: &str, right: &str| {
        format!(
            "select c.oid::regclass::text from pg_class c
             where c.relnamespace::regnamespace::text in ('star', 'staging', 'stardrop') and c.relkind in ('r', 'v')
               and has_any_column_privilege('{role}', c.oid, '{right}') order by 1"
        )
    };
    assert_eq!(
        site.db.rows(&tables("stardrop_loader", "insert")).await,
        "staging.blue\nstaging.red"
    );
    for right in ["select", "update", "references"] {
        assert_eq!(site.db.rows(&tables("stardrop_loader", right)).await, "", "{right}");
    }
    for right in ["insert", "update", "references"] {
        assert_eq!(site.db.rows(&tables("stardrop_reader", right)).await, "", "{right}");
    }
    assert_eq!(
        site.db.rows(&tables("stardrop_reader", "select")).await,
        "star.confirmed_blue\nstar.confirmed_red\nstar.dim_who_blue\nstar.dim_who_red\nstar.fact_blue\nstar.fact_red\nstardrop.dataset\n\
         stardrop.function_set\nstardrop.lineage\nstardrop.load\nstardrop.load_finding\nstardrop.load_table\nstardrop.migration\n\
         stardrop.pending_counts\nstardrop.rejected_row\nstardrop.saved_view\nstardrop.star_object"
    );
}

#[tokio::test]
async fn the_loader_cannot_touch_the_star_but_through_the_trigger() {
    let site = site().await;
    let loader = site.login(LOADER).await;
    loader.batch_execute("create temporary table mine (like staging.red)").await.unwrap_err();
    loader.batch_execute("create temporary table mine (id bigint, who text, load_id bigint, source_line bigint, extra jsonb)").await.unwrap();
    for refused in [
        "select * from star.fact_red",
        "insert into star.fact_red (id) values (1)",
        "update star.dim_who_red set who = 'x'",
        "delete from star.fact_red",
        "truncate star.fact_red",
        "alter table star.fact_red add column x integer",
        "create table star.mine (a integer)",
        "create view star.mine as select 1",
        "select * from staging.red",
        "select * from stardrop.load",
        "select * from stardrop.lineage",
        "insert into stardrop.pending_counts values (1, '{}')",
        "select stardrop.undo(1)",
        "select staging.undo_red(1)",
        "select stardrop.reopen(1)",
        "select stardrop.begin_reject_reload(1, 1, 'x', 'merge')",
        "select stardrop.finish_reject_reload(1, 1, '{}', '{}', '{}', '{}')",
        "select stardrop.create_lineage_view(array['star.fact_red'])",
        "select stardrop.save_and_drop_views('star.fact_red')",
        // The trigger function on a table of the loader's own.
        "create trigger t after insert on mine referencing new table as batch
             for each statement execute function staging.normalise_red()",
        "set role stardrop_owner",
        "set session authorization stardrop_owner",
        "grant stardrop_owner to test_loader",
    ] {
        assert_eq!(sqlstate(&loader, refused).await, "42501", "{refused}");
    }
    assert_eq!(
        sqlstate(&loader, "insert into staging.red (id, who) values (1, 'a')").await,
        "allowed"
    );
    assert_eq!(site.db.text("select count(*) from star.fact_red").await, "1");
}

#[tokio::test]
async fn a_load_of_one_dataset_gives_no_access_to_another() {
    let site = site().await;
    let loader = site.login(LOADER).await;
    // Rows of blue from an older load of the same key.
    loader.batch_execute("select staging.open_blue(); select staging.open_red()").await.unwrap();
    let blue = claim(&loader, "blue", "k").await;
    loader.batch_execute(&site.begin(blue, "blue")).await.unwrap();
    loader
        .batch_execute(&format!(
            "insert into pg_temp.blue_in (id, who, source_line) values (1, 'a', 2);
             select stardrop.checkpoint({blue}, 1, 0, 1, 2, 9, 0, interval '1 hour');
             select stardrop.finish({blue}, 1, 1, null); commit; select stardrop.release({blue})"
        ))
        .await
        .unwrap();
    assert_eq!(site.db.text("select count(*) from star.fact_blue").await, "1");
    let sql = "select * from stardrop.claim('red', 'b', 'k', null, 'other', 1, now(), null, 'merge', false, interval '1 hour', now())";
    let red: i64 = loader.query_one(sql, &[]).await.unwrap().get("load_id");
    // Blue's staging table, with red's load.
    loader.batch_execute(&site.begin(red, "red")).await.unwrap();
    let into_blue = "insert into pg_temp.blue_in (id, who, source_line) values (2, 'a', 2)";
    assert_eq!(sqlstate(&loader, into_blue).await, "SD005");
    loader.batch_execute("rollback").await.unwrap();
    // Blue's replacement, with red's load of the same key; red has none at all.
    loader.batch_execute(&format!("select staging.replace_blue({red})")).await.unwrap();
    assert_eq!(site.db.text("select count(*) from star.fact_blue").await, "1");
    assert_eq!(sqlstate(&loader, &format!("select staging.replace_red({red})")).await, "42883");
    // Another contract than red's own.
    assert_eq!(sqlstate(&loader, &site.begin(red, "blue")).await, "SD001");
    loader.batch_execute("rollback").await.unwrap();
}

#[tokio::test]
async fn row_counts_cannot_be_invented() {
    let site = site().await;
    let loader = site.login(LOADER).await;
    loader.batch_execute("select staging.open_red()").await.unwrap();
    let load = claim(&loader, "red", "k").await;
    let begin = site.begin(load, "red");
    let row = "insert into pg_temp.red_in (id, who, source_line) values (1, 'a', 2)";
    let checkpoint = |rows: u32, rejected: u32| {
        format!(
            "select stardrop.checkpoint({load}, 1, 0, {rows}, 9, 9, {rejected}, interval '1 hour')"
        )
    };
    let finish = |rows: u32| format!("select stardrop.finish({load}, 1, {rows}, null); commit");

    // What a session says of counts is not believed.
    loader.batch_execute(&begin).await.unwrap();
    loader.batch_execute("select set_config('stardrop.counts', '{\"staged\": 5, \"inserted\": 5, \"updated\": 0, \"unchanged\": 0, \"repeated\": 0, \"tables\": []}', true)").await.unwrap();
    loader.batch_execute(&checkpoint(5, 0)).await.unwrap();
    assert_eq!(sqlstate(&loader, &finish(5)).await, "23514");
    loader.batch_execute("rollback").await.unwrap();

    // More rows read than came, and rejected ones that nobody kept.
    loader.batch_execute(&begin).await.unwrap();
    loader.batch_execute(&format!("{row}; {}", checkpoint(3, 0))).await.unwrap();
    assert_eq!(sqlstate(&loader, &finish(3)).await, "23514");
    loader.batch_execute("rollback").await.unwrap();
    loader.batch_execute(&begin).await.unwrap();
    loader.batch_execute(&format!("{row}; {}", checkpoint(3, 2))).await.unwrap();
    assert_eq!(sqlstate(&loader, &finish(3)).await, "25000");
    loader.batch_execute("rollback").await.unwrap();

    // Rows without a checkpoint do not stay.
    loader.batch_execute(&format!("{begin}; {row}")).await.unwrap();
    assert_eq!(sqlstate(&loader, "commit").await, "25000");
    assert_eq!(site.db.text("select count(*) from star.fact_red").await, "0");
    assert_eq!(site.db.rows("select state, rows_staged from stardrop.load").await, "loading|0");

    // The honest way.
    loader.batch_execute(&format!("{begin}; {row}; {}", checkpoint(1, 0))).await.unwrap();
    assert_eq!(sqlstate(&loader, &finish(1)).await, "allowed");
    assert_eq!(site.db.rows("select state, rows_staged from stardrop.load").await, "loaded|1");
    assert_eq!(site.db.text("select count(*) from stardrop.pending_counts").await, "0");
}

#[tokio::test]
async fn readers_see_star_and_ledger_and_nothing_of_staging() {
    let site = site().await;
    site.db.run("insert into staging.red (id, who) values (1, 'a')").await;
    let reader = site.login(READER).await;
    for allowed in [
        "select * from star.fact_red join star.dim_who_red using (who_red_key)",
        "select * from stardrop.load join stardrop.load_table using (load_id)",
        "select * from stardrop.rejected_row",
        "select * from stardrop.lineage",
    ] {
        assert_eq!(sqlstate(&reader, allowed).await, "allowed", "{allowed}");
    }
    for refused in [
        "select * from staging.red",
        "insert into staging.red (id) values (1)",
        "select staging.open_red()",
        "insert into star.fact_red (id) values (1)",
        "delete from star.fact_red",
        "delete from stardrop.load",
        "select stardrop.undo(1)",
        "select stardrop.claim('red', 'b', 'k', null, 'e', 1, now(), null, 'merge', true, interval '1 hour', now())",
        "create table star.mine (a integer)",
        "set role stardrop_owner",
        "set role stardrop_loader",
    ] {
        assert_eq!(sqlstate(&reader, refused).await, "42501", "{refused}");
    }
}
