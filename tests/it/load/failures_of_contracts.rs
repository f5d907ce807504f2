//! Failures of contracts and rights: keys without a dataset, contracts that are not migrated, and a login
//! without the rights of a loader. Each is reported in one line that says what to do.

use serde_json::json;
use stardrop::dataset::Catalog;
use stardrop::error::ErrorKind;

use crate::load::exactly_once::sales;
use crate::load::failures::{
    KEY, address, assert_clear, assert_loaded, assert_says, comes_back_and_loads, migrated_cloud,
};
use crate::support::cloud::{Cloud, as_user, object_of, queue_event, settings_of};
use crate::support::{TestDatabase, catalog_of, project_catalog, root};

/// A loader of another catalog on this cloud's objects.
fn loader_with(cloud: &Cloud, url: &str, catalog: Catalog) -> stardrop::load::Loader {
    let source = stardrop::object::Source::with_client(cloud.s3.client(), None);
    stardrop::load::Loader::new(settings_of(url, &[]).into(), catalog.into(), source.into())
}

#[tokio::test]
async fn a_database_without_the_dataset_is_reported_and_the_event_loads_after_migrate() {
    TestDatabase::migrated().await; // so that the server has the roles
    let mut empty = TestDatabase::empty().await;
    let cloud = Cloud::new(&empty).await;
    let event = cloud.put_event(KEY, sales(30)).await;
    let error = cloud.load(&object_of(&event)).await.unwrap_err();
    assert_clear(&error, ErrorKind::NotMigrated, &["stardrop"], "run: stardrop migrate");
    assert_says(&cloud, &[], &address(KEY), 2, &["run: stardrop migrate"]).await;

    let other = catalog_of(&[(
        "shop",
        "name = \"shop\"\nmatch = [\"shop/*.csv\"]\n[columns]\nid = { type = \"bigint\", required = true }\n[fact.shop]\ngrain = [\"id\"]\ndimensions = []\n",
    )]);
    stardrop::migrate::run(&mut empty.client, &stardrop::star::compile(&other)).await.unwrap();
    let error = cloud.load(&object_of(&event)).await.unwrap_err();
    let words = ["the database has no dataset `sales`"];
    assert_clear(&error, ErrorKind::NotMigrated, &words, "run: stardrop migrate");
    let queued = queue_event(std::slice::from_ref(&event));
    // The same warm function all along: it must notice the migration.
    let mut handler = cloud.handler();
    let back = json!({ "batchItemFailures": [{ "itemIdentifier": "0" }] });
    assert_eq!(handler.handle(&queued, None).await.unwrap(), back);
    // The other dataset goes.
    let star = stardrop::star::compile(&project_catalog());
    let allow = stardrop::migrate::Destructive::Allow;
    stardrop::migrate::apply(&mut empty.client, &star, allow).await.unwrap();
    assert_eq!(handler.handle(&queued, None).await.unwrap(), json!({ "batchItemFailures": [] }));
    assert_loaded(&empty).await;
}

#[tokio::test]
async fn a_contract_that_changed_since_migrate_is_reported_and_nothing_is_loaded_by_it() {
    let (db, cloud) = migrated_cloud().await;
    let text = std::fs::read_to_string(root().join("examples/sales/dataset.toml")).unwrap();
    let changed =
        text.replace("quantity      = { type = \"integer\" }", "quantity = { type = \"bigint\" }");
    assert_ne!(changed, text);
    let changed = catalog_of(&[("sales", &changed)]);
    let event = cloud.put_event(KEY, sales(30)).await;
    let mut loader = loader_with(&cloud, &cloud.url, changed);
    let error = loader.load(&object_of(&event), None).await.unwrap_err();
    let words = ["the database has another version of dataset `sales`"];
    assert_clear(&error, ErrorKind::NotMigrated, &words, "run: stardrop migrate");
    comes_back_and_loads(&event, &mut cloud.handler_of(loader), &mut cloud.handler()).await;
    assert_loaded(&db).await;
}

#[tokio::test]
async fn a_login_without_the_loaders_rights_gets_a_message_that_names_the_grant() {
    let (db, cloud) = migrated_cloud().await;
    let role = format!("stranger_{}", std::process::id());
    db.run(&format!("create role {role} login")).await;
    let stranger = as_user(&db.url, &role);
    let event = cloud.put_event(KEY, sales(30)).await;
    let mut loader = cloud.loader_of(settings_of(&stranger, &[]));
    let error = loader.load(&object_of(&event), None).await.unwrap_err();
    assert_clear(
        &error,
        ErrorKind::NoPermission,
        &["permission denied"],
        "grant stardrop_loader to",
    );
    assert_says(
        &cloud,
        &[("DATABASE_URL", &stranger)],
        &address(KEY),
        2,
        &["grant stardrop_loader"],
    )
    .await;
    comes_back_and_loads(&event, &mut cloud.handler_of(loader), &mut cloud.handler()).await;
    assert_loaded(&db).await;
    db.run(&format!("drop role {role}")).await;
}
