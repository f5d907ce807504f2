//! Migrations by a login that is no superuser: what it lacks is asked for by name, with the statement to run.

use serde_json::json;
use stardrop::db;
use stardrop::error::{ErrorKind, Result};
use stardrop::event::{self, Event, Task};
use stardrop::migrate;
use stardrop::settings::Settings;
use stardrop::star;

use crate::migrate::apply::SHOP;
use crate::support::cloud::{as_user, settings_of};
use crate::support::{TestDatabase, catalog_of};

/// A database, and a login that may create roles, with a namespace of its own.
async fn site(name: &str, right: &str) -> (TestDatabase, Settings) {
    let db = TestDatabase::empty().await;
    db.run(&format!("create role {name} login {right}; grant usage on schema public to {name}"))
        .await;
    let settings =
        settings_of(&as_user(&db.url, name), &[("STARDROP_NAMESPACE", &format!("{name}_ns"))]);
    (db, settings)
}

async fn migrate(settings: &Settings, iam: bool) -> Result<()> {
    let namespace = settings.names.schemas()[0];
    let logins = json!({ format!("{namespace}_app"): format!("{namespace}_loader") });
    let event = json!({ "migrate": true, "iam": iam, "logins": logins });
    let Event::Task(Task::Migrate(wanted)) = event::parse(&event).unwrap() else {
        panic!("{event}")
    };
    let star = star::compile(&catalog_of(&[("shop", SHOP)]));
    let mut database = db::connect(settings).await.unwrap();
    migrate::deploy(&mut database.client, &star, &wanted).await.map(drop)
}

async fn refused(settings: &Settings, iam: bool, kind: ErrorKind, parts: &[&str]) {
    let error = migrate(settings, iam).await.unwrap_err();
    assert_eq!(error.kind, kind, "{error}");
    for part in parts {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
}

async fn version(db: &TestDatabase) -> u32 {
    db.text("current_setting('server_version_num')").await.parse().unwrap()
}

#[tokio::test]
async fn each_right_that_is_missing_is_named_with_its_statement() {
    let (db, settings) = site("plain_admin", "").await;
    let denied = ErrorKind::NoPermission;
    refused(
        &settings,
        false,
        denied,
        &["may not create role", "alter role plain_admin createrole"],
    )
    .await;
    db.run("alter role plain_admin createrole").await;
    let database = db.text("current_database()").await;
    let grant = format!("grant create, temporary on database {database} to plain_admin_ns_owner");
    refused(&settings, false, denied, &["may not create schemas in this database", &grant]).await;
    db.run(&grant).await;
    db.run(&format!("grant create on database {database} to plain_admin")).await;
    // A schema of somebody else, to which the login has no right.
    db.run("create schema staging").await;
    let grant = "grant usage, create on schema staging to plain_admin_ns_owner with grant option";
    refused(&settings, false, denied, &["schema staging belongs to role postgres", grant]).await;
    db.run(grant).await;
    migrate(&settings, false).await.unwrap();
    migrate(&settings, false).await.unwrap();
}

#[tokio::test]
async fn roles_that_another_login_created_need_the_admin_option_from_postgres_16_on() {
    let (db, settings) = site("late_admin", "createrole").await;
    let database = db.text("current_database()").await;
    db.run(&format!(
        "create role late_admin_ns_owner; create role late_admin_ns_loader; create role late_admin_ns_reader;
         grant create, temporary on database {database} to late_admin_ns_owner with grant option;
         grant create on database {database} to late_admin"
    ))
    .await;
    if version(&db).await < 160_000 {
        migrate(&settings, false).await.unwrap();
        return;
    }
    refused(
        &settings,
        false,
        ErrorKind::BadSetting,
        &["grant late_admin_ns_loader to \"late_admin\" with admin option"],
    )
    .await;
    db.run("grant late_admin_ns_loader to late_admin with admin option").await;
    refused(
        &settings,
        false,
        ErrorKind::NoPermission,
        &[
            "no member of role late_admin_ns_owner",
            "grant late_admin_ns_owner to late_admin with admin option",
        ],
    )
    .await;
    db.run("grant late_admin_ns_owner to late_admin with admin option").await;
    migrate(&settings, false).await.unwrap();
}
