//! Migrations while loads run: each load sees the schema before the migration or after it, never half of it.

use stardrop::error::ErrorKind;
use stardrop::{migrate, star};

use crate::migrate::apply::SHOP;
use crate::support::cloud::{Cloud, LOADER, as_user, run};
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of, connect};

const ROWS: u64 = 6_000;

/// `SHOP` with a column more, in the file, the fact and a dimension.
fn grown() -> String {
    SHOP.replace(
        "[dimension.buyer]",
        "tip = { type = \"integer\" }\nzip = { type = \"text\" }\n[dimension.buyer]",
    )
    .replace("[\"town\"]", "[\"town\", \"zip\"]")
    .replace("[\"paid\"]", "[\"paid\", \"tip\"]")
    .replace("[columns]", "[policy]\nmissing_column = \"null\"\n[columns]")
}

fn file() -> String {
    let mut text = String::from("id,part,buyer,town,paid,tip,zip\n");
    for id in 0..ROWS {
        text.push_str(&format!("{id},1,b{},Oslo,1.50,3,0150\n", id % 50));
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_of_many_batches_continues_under_the_new_contract_after_a_migration() {
    let small = SHOP.replace("[columns]", "[policy]\nmissing_column = \"null\"\n[columns]");
    let (old, new) = (catalog_of(&[("shop", &small)]), catalog_of(&[("shop", &grown())]));
    let (db, _) = TestDatabase::of(&old).await;
    let before = Cloud::of(&db, old).await;
    let object = before.put("shop/a.csv", file()).await;

    let mut loader = before.loader_with(&[("STARDROP_BATCH_ROWS", "50")]);
    let loading = tokio::spawn({
        let object = object.clone();
        async move {
            let result = loader.load(&object, None).await;
            (loader, result)
        }
    });
    // Once some batches are committed.
    db.eventually("select coalesce(max(checkpoint_rows), 0) >= 500 from stardrop.load", "true")
        .await;
    let mut migrator = connect(&db.url).await;
    let report = migrate::run(&mut migrator, &star::compile(&new)).await.unwrap();
    assert!(report.changes.iter().any(|c| c == "add column star.fact_receipt.tip"), "{report:?}");

    let (mut loader, result) = loading.await.unwrap();
    let error = result.expect_err("the file is long enough to be interrupted");
    assert_eq!(error.kind, ErrorKind::NotMigrated, "{error}");
    assert!(error.to_string().contains("another version of dataset `shop`"), "{error}");
    let done: u64 = db.text("select checkpoint_rows from stardrop.load").await.parse().unwrap();
    assert!((500..ROWS).contains(&done), "{done}");
    assert_eq!(db.text("select count(*) from star.fact_receipt").await, done.to_string());
    assert_eq!(db.rows("select state from stardrop.load").await, "loading");

    // The old loader is refused again; the new one continues where it stopped.
    assert_eq!(loader.load(&object, None).await.unwrap_err().kind, ErrorKind::NotMigrated);
    let settings = before.settings(&[("STARDROP_BATCH_ROWS", "500")]);
    let source =
        stardrop::object::Source::with_client(before.s3.client(), Some(before.s3.endpoint_url()));
    let mut after = stardrop::load::Loader::new(settings.into(), new.into(), source.into());
    let report = after.load(&object, None).await.unwrap();
    assert_eq!(report.rows_read, ROWS);
    assert_eq!(
        db.rows("select count(*), count(tip), sum(paid) from star.fact_receipt").await,
        format!("{ROWS}|{}|9000.00", ROWS - done)
    );
    assert_eq!(
        db.text("select count(distinct zip) from star.dim_buyer where zip is not null").await,
        "1"
    );
    assert_balanced(&db).await;
}

#[tokio::test]
async fn a_staging_table_of_the_old_contract_cannot_call_the_new_trigger_function() {
    let (old, new) = (catalog_of(&[("shop", SHOP)]), catalog_of(&[("shop", &grown())]));
    let (mut db, star) = TestDatabase::of(&old).await;
    let _cloud = Cloud::of(&db, old).await;
    let contract = &star.datasets[0].fingerprint;
    let worker = connect(&as_user(&db.url, LOADER)).await;
    let claim = "select * from stardrop.claim('shop', 'b', 'k', null, 'e', 1, now(), null, 'merge', true, interval '1 hour', now())";
    worker.query_one(claim, &[]).await.unwrap();
    worker.batch_execute("select staging.open_shop()").await.unwrap();
    let begin = format!("begin; select stardrop.begin_batch(1, 1, 0, false, '{contract}')");
    worker.batch_execute(&begin).await.unwrap();
    // The COPY runs, and has not ended.
    migrate::run(&mut db.client, &star::compile(&new)).await.unwrap();
    let insert = "insert into pg_temp.shop_in (id, part, source_line) values (1, 1, 2)";
    let refused = worker.batch_execute(insert).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "SD001");
    worker.batch_execute("rollback").await.unwrap();
    let refused = worker.batch_execute(&begin).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "SD001");
    assert_eq!(db.text("select count(*) from star.fact_receipt").await, "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_waits_for_a_batch_and_lets_nobody_see_half_of_it() {
    let (old, new) = (catalog_of(&[("shop", SHOP)]), catalog_of(&[("shop", &grown())]));
    let (db, _) = TestDatabase::of(&old).await;
    // Another session's rows are in the star, and not committed.
    let other = connect(&db.url).await;
    other.batch_execute(&format!("begin; {}", crate::migrate::apply::ROW)).await.unwrap();
    let url = db.url.clone();
    let migrating = tokio::spawn(async move {
        let mut migrator = connect(&url).await;
        migrate::run(&mut migrator, &star::compile(&new)).await
    });
    db.eventually_a_session_waits_for_a_lock().await;
    assert!(!migrating.is_finished());
    let columns =
        "select count(*) from pg_attribute where attname in ('tip', 'zip') and not attisdropped";
    assert_eq!(db.text(columns).await, "0");
    other.batch_execute("commit").await.unwrap();
    migrating.await.unwrap().unwrap();
    // In the fact, the dimension and the staging table.
    assert_eq!(db.text(columns).await, "4");
    assert_eq!(db.rows("select id, tip from star.fact_receipt").await, "1|null");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inserts_by_hand_and_migrations_do_not_deadlock() {
    let (db, _) = TestDatabase::of(&catalog_of(&[("shop", SHOP)])).await;
    let inserting = {
        let url = db.url.clone();
        tokio::spawn(async move {
            let client = connect(&url).await;
            for id in 0..300 {
                let row =
                    format!("insert into staging.shop (id, part, buyer) values ({id}, 1, 'b')");
                client.batch_execute(&row).await.unwrap();
            }
        })
    };
    let mut migrator = connect(&db.url).await;
    for round in 0..6 {
        let contract = SHOP.replace("numeric(8,2)", &format!("numeric({},2)", 9 + round));
        let star = star::compile(&catalog_of(&[("shop", &contract)]));
        migrate::run(&mut migrator, &star).await.unwrap();
    }
    inserting.await.unwrap();
    assert_eq!(db.text("select count(*) from star.fact_receipt").await, "300");
    assert_balanced(&db).await;
}

#[tokio::test]
async fn a_replay_of_the_dataset_fills_new_columns_from_the_files() {
    let small = SHOP.replace("[columns]", "[policy]\nunknown_column = \"ignore\"\n[columns]");
    let big = grown().replace("[policy]", "[policy]\nunknown_column = \"ignore\"");
    let old = catalog_of(&[("shop", &small)]);
    let (mut db, _) = TestDatabase::of(&old).await;
    let cloud = Cloud::of(&db, old).await;
    for day in 1..4 {
        let mut text = String::from("id,part,buyer,town,paid,tip,zip\n");
        for id in 0..20 {
            text.push_str(&format!("{},1,b{id},t{day},1.50,{day},z{day}\n", id + 5 * day));
        }
        cloud.put_and_load(&format!("shop/{day}.csv"), text).await;
    }
    migrate::run(&mut db.client, &star::compile(&catalog_of(&[("shop", &big)]))).await.unwrap();
    let filled = "select count(*), count(tip), count(zip), min(town) from star.fact_receipt join star.dim_buyer using (buyer_key)";
    assert_eq!(db.rows(filled).await, "30|0|0|t3");
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("shop")).unwrap();
    std::fs::write(folder.path().join("shop/dataset.toml"), &big).unwrap();
    let datasets = folder.path().display().to_string();
    let vars = [("DATABASE_URL", db.url.as_str()), ("STARDROP_DATASETS", datasets.as_str())];
    let (code, out, err) = run(cloud.stardrop(&["replay", "--dataset", "shop"], &vars)).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(db.rows(filled).await, "30|30|30|t3");
    // The newest file of each row has won again.
    assert_eq!(
        db.rows("select tip, count(*) from star.fact_receipt group by 1 order by 1").await,
        "1|5\n2|5\n3|20"
    );
    assert_balanced(&db).await;
}
