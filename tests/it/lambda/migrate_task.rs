//! Sends the event by which a deployment migrates: the database then matches the datasets, and the logins
//! exist.

use std::time::Duration;

use serde_json::{Value, json};
use stardrop_local::postgres::{LocalPostgres, PostgresOptions};

use crate::lambda::events::{sample, success};
use crate::lambda::shutdown::terminate;
use crate::load::exactly_once::sales;
use crate::support::cloud::{Cloud, as_user};
use crate::support::runtime_api::{Answer, Function};
use crate::support::{TestDatabase, connect, server_binaries};

/// A loader that signs in as who migrates.
async fn migrator(cloud: &Cloud, db: &TestDatabase) -> Function {
    let mut vars = cloud.vars();
    vars[0].1 = db.url.clone();
    Function::start(&vars).await
}

fn error(answer: Answer) -> Value {
    match answer {
        Answer::Error(error) => error,
        Answer::Success(value) => panic!("{value}"),
    }
}

/// What Terraform sends, with logins of this run alone.
fn event_of(iam: bool) -> (Value, String, String) {
    let of_this_run = |name| format!("{name}_{}_{iam}", std::process::id());
    let (load, read) = (of_this_run("app_load"), of_this_run("app_read"));
    let logins = json!({ &load: "stardrop_loader", &read: "stardrop_reader" });
    (json!({ "migrate": true, "iam": iam, "logins": logins }), load, read)
}

const MEMBERS: &str = "
    select m.rolname, r.rolname from pg_auth_members a
    join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member";

#[tokio::test]
async fn an_empty_database_is_migrated_with_its_logins_and_a_second_time_nothing_is_done() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let empty = TestDatabase::empty().await;
    let mut function = migrator(&cloud, &empty).await;
    let (event, load, read) = event_of(false);

    let answer = success(function.invoke(event.clone()).await);
    assert_eq!(answer["migrated"], true, "{answer}");
    assert_eq!(answer["ledger_version"], 1);
    assert_eq!(answer["version"], env!("CARGO_PKG_VERSION"));
    let changes = answer["changes"].to_string();
    for change in ["add dataset sales", &format!("add login {load}")] {
        assert!(changes.contains(change), "{changes}");
    }
    let members =
        empty.rows(&format!("{MEMBERS} where m.rolname in ('{load}', '{read}') order by 1")).await;
    assert_eq!(members, format!("{load}|stardrop_loader\n{read}|stardrop_reader"));

    let answer = success(function.invoke(event).await);
    assert_eq!(answer["changes"], json!([]), "{answer}");
    assert_eq!(answer["notes"], json!([]), "{answer}");

    // The login may load, and nothing else.
    let mut vars = cloud.vars();
    vars[0].1 = as_user(&empty.url, &load);
    let mut loader = Function::start(&vars).await;
    let event = cloud.put_event("sales/a.csv", sales(10)).await;
    let answer = success(loader.invoke(event).await);
    assert_eq!(answer["loads"][0]["outcome"], "loaded", "{answer}");
    let refused = error(loader.invoke(sample("migrate.json")).await);
    assert!(refused["errorMessage"].as_str().unwrap().starts_with("migrate: "), "{refused}");
}

#[tokio::test]
async fn a_database_owner_that_may_create_roles_can_migrate_without_being_a_superuser() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    // A separate server, on which not even the roles exist.
    let own = LocalPostgres::start(PostgresOptions::throwaway(server_binaries())).unwrap();
    let admin = connect(&own.url("postgres")).await;
    let master = "app_master";
    admin.batch_execute("create role app_master login createrole").await.unwrap();
    admin.batch_execute("create database app owner app_master").await.unwrap();
    let mut vars = cloud.vars();
    vars[0].1 = as_user(&own.url("app"), master);
    let mut function = Function::start(&vars).await;
    let login = format!("{master}_reads");
    let event = json!({ "migrate": true, "logins": { &login: "stardrop_reader" } });
    let answer = success(function.invoke(event.clone()).await);
    assert!(answer["changes"].to_string().contains(&format!("add login {login}")), "{answer}");
    assert_eq!(success(function.invoke(event).await)["changes"], json!([]));
    // Its own password is not taken from it.
    let event = json!({ "migrate": true, "logins": { master: "stardrop_loader" } });
    let refused = error(function.invoke(event).await);
    assert_eq!(refused["errorType"], "BadSetting", "{refused}");
    let reader = connect(&as_user(&own.url("app"), &login)).await;
    reader.query("select * from star.fact_sales", &[]).await.unwrap();
    reader.query("select * from staging.sales", &[]).await.unwrap_err();
    drop((reader, admin, function));
    own.stop().unwrap();
}

#[tokio::test]
async fn two_migrations_at_once_run_one_after_the_other() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let empty = TestDatabase::empty().await;
    let (mut one, mut two) = (migrator(&cloud, &empty).await, migrator(&cloud, &empty).await);
    let event = json!({ "migrate": true });
    let (one_did, two_did) = tokio::join!(one.invoke(event.clone()), two.invoke(event.clone()));
    let changes =
        [success(one_did), success(two_did)].map(|a| a["changes"].as_array().unwrap().len());
    assert!(changes.contains(&0) && changes.iter().any(|count| *count > 3), "{changes:?}");

    // Another session migrates for longer than the invocation may take.
    empty.run("select pg_advisory_lock((84::bigint << 48) | (hashtextextended('stardrop.', 0) & ((1::bigint << 48) - 2)) | 1)").await;
    let refused = error(one.invoke_for(event.clone(), Duration::from_secs(4)).await);
    assert_eq!(refused["errorType"], "OutOfTime", "{refused}");
    let waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted
                   and database = (select oid from pg_database where datname = current_database())";
    assert_eq!(empty.text(waiting).await, "0", "the migration that ran out of time still waits");
    // A migration that waits stops at shutdown, too.
    one.begin(event.clone(), Duration::from_secs(600));
    empty.eventually(waiting, "1").await;
    let (took, code) = terminate(&mut one).await;
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
    empty.eventually(waiting, "0").await;
    empty.run("select pg_advisory_unlock((84::bigint << 48) | (hashtextextended('stardrop.', 0) & ((1::bigint << 48) - 2)) | 1)").await;
    success(two.invoke(event).await);
}

#[tokio::test]
async fn logins_by_token_need_a_server_that_knows_tokens_and_are_granted_them() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let empty = TestDatabase::empty().await;
    let mut function = migrator(&cloud, &empty).await;
    let (event, load, read) = event_of(true);

    let refused = error(function.invoke(event.clone()).await);
    assert_eq!(refused["errorType"], "BadSetting", "{refused}");
    let message = refused["errorMessage"].as_str().unwrap();
    assert!(message.contains("no role rds_iam"), "{message}");
    assert_eq!(empty.text("select to_regnamespace('star')").await, "null", "nothing is changed");
    assert_eq!(empty.rows(&format!("select 1 from pg_roles where rolname = '{load}'")).await, "");

    empty.run("create role rds_iam nologin").await;
    let answer = success(function.invoke(event.clone()).await);
    assert!(
        answer["changes"].to_string().contains(&format!("grant rds_iam to {read}")),
        "{answer}"
    );
    let by_token = format!("{MEMBERS} where r.rolname = 'rds_iam' order by 1");
    assert_eq!(empty.rows(&by_token).await, format!("{load}|rds_iam\n{read}|rds_iam"));
    let answer = success(function.invoke(event).await);
    assert_eq!(answer["changes"], json!([]), "{answer}");
}

#[tokio::test]
async fn a_migration_that_cannot_be_made_is_an_error_that_says_why_and_changes_nothing() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let empty = TestDatabase::empty().await;
    let mut function = migrator(&cloud, &empty).await;
    for (logins, why) in [
        (json!({ "postgres": "stardrop_loader" }), "could then sign in only with a token"),
        (json!({ "x": "stardrop_owner" }), "role must be stardrop_loader or stardrop_reader"),
        (json!({ "": "stardrop_loader" }), "the name must have 1 to 63 bytes"),
        (
            json!({ "stardrop_reader": "stardrop_loader" }),
            "this name belongs to a role of stardrop",
        ),
    ] {
        let refused = error(function.invoke(json!({ "migrate": true, "logins": logins })).await);
        assert_eq!(refused["errorType"], "BadSetting", "{refused}");
        assert!(refused["errorMessage"].as_str().unwrap().contains(why), "{refused}");
    }
    for event in [json!({ "migrate": "yes" }), json!({ "migrate": true, "loginz": {} })] {
        let refused = error(function.invoke(event).await);
        assert_eq!(refused["errorType"], "MalformedEvent", "{refused}");
    }
    assert_eq!(empty.text("select to_regnamespace('star')").await, "null");

    // What would lose data: a dataset that has rows, and no folder any more.
    success(function.invoke(json!({ "migrate": true })).await);
    let event = cloud.put_event("sales/a.csv", sales(10)).await;
    success(function.invoke(event).await);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("stock")).unwrap();
    std::fs::write(folder.path().join("stock/dataset.toml"), crate::load::order::STOCK).unwrap();
    let mut vars = cloud.vars();
    vars[0].1 = empty.url.clone();
    vars[1].1 = folder.path().display().to_string();
    let mut other = Function::start(&vars).await;
    let refused = error(other.invoke(json!({ "migrate": true })).await);
    assert_eq!(refused["errorType"], "UnsafeChange", "{refused}");
    let message = refused["errorMessage"].as_str().unwrap();
    assert!(message.contains("fact_sales") && message.contains("10 rows"), "{message}");
    assert_eq!(empty.text("select count(*) from star.fact_sales").await, "10");
}
