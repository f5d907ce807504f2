//! `staging = "keep"`: the rows of every load stay in staging as they were received, until they are pruned.

use stardrop::error::ErrorKind;
use stardrop::migrate::{self, Destructive};
use stardrop::star;

use crate::support::cloud::{Cloud, run};
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of};

const SHOP: &str = r#"
name  = "shop"
match = ["shop/*.csv"]
[columns]
id    = { type = "integer", required = true }
buyer = { type = "text" }
paid  = { type = "integer" }
[policy]
rejects = "50%"
staging = "keep"
[dimension.buyer]
key = ["buyer"]
[fact.receipt]
grain      = ["id"]
dimensions = ["buyer"]
measures   = ["paid"]
"#;

const KEPT: &str = "select load_id, count(*), min(source_line), max(source_line), sum(paid)
     from staging.shop group by 1 order by 1";

fn transient() -> String {
    SHOP.replace("\"keep\"", "\"transient\"")
}

fn file(ids: std::ops::Range<u32>) -> String {
    let mut text = "id,buyer,paid\n".to_owned();
    for id in ids {
        text.push_str(&format!("{id},b{},{id}\n", id % 5));
    }
    text
}

async fn shop() -> (TestDatabase, Cloud) {
    let catalog = catalog_of(&[("shop", SHOP)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    (db, cloud)
}

async fn stardrop(db: &TestDatabase, cloud: &Cloud, arguments: &[&str]) -> String {
    let datasets = tempfile::tempdir().unwrap();
    let folder = datasets.path().join("shop");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("dataset.toml"), SHOP).unwrap();
    let datasets = datasets.path().display().to_string();
    let owner = [("DATABASE_URL", db.url.as_str()), ("STARDROP_DATASETS", datasets.as_str())];
    let (code, out, err) = run(cloud.stardrop(arguments, &owner)).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{arguments:?}");
    out
}

#[tokio::test]
async fn rows_stay_with_their_load_and_line() {
    let (db, cloud) = shop().await;
    let first = cloud.put("shop/a.csv", file(1..101)).await;
    let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "30")]);
    loader.load(&first, None).await.unwrap();
    // Some of them again, and one that is none.
    cloud.put_and_load("shop/b.csv", file(51..151) + "x,b1,9\n").await;
    assert_eq!(db.rows(KEPT).await, "1|100|2|101|5050\n2|100|2|101|10050");
    assert_eq!(db.text("select count(*) from star.fact_receipt").await, "150");
    // A file that comes twice is loaded once, and kept once.
    loader.load(&first, None).await.unwrap();
    assert_eq!(db.text("select count(*) from staging.shop").await, "200");
    assert_eq!(
        db.rows(
            "select load_id, batches, rows_staged, rows_inserted from stardrop.load order by 1"
        )
        .await,
        "1|4|100|100\n2|1|100|50"
    );
    assert_balanced(&db).await;
}

#[tokio::test]
async fn an_insert_by_hand_gets_its_own_load_and_cannot_name_another() {
    let (db, cloud) = shop().await;
    cloud.put_and_load("shop/a.csv", file(1..11)).await;
    db.run("insert into staging.shop (id, buyer, paid) values (11, 'b1', 7), (12, 'b2', 8)").await;
    db.run("insert into staging.shop (id, buyer, paid) select 1, 'x', 1 where false").await;
    let kept = "select load_id, id, paid from staging.shop where load_id > 1 order by 2";
    assert_eq!(db.rows(kept).await, "2|11|7\n2|12|8");
    assert_eq!(db.text("select count(*) from star.fact_receipt where load_id = 2").await, "2");
    for foreign in ["1", "null"] {
        let sql =
            format!("insert into staging.shop (id, buyer, load_id) values (13, 'b', {foreign})");
        let error = db.client.batch_execute(&sql).await.unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(
            error.message(),
            "column load_id of staging.shop is set by stardrop and cannot be inserted"
        );
        assert_eq!(error.hint(), Some("leave load_id out of the insert"));
    }
    assert_eq!(db.text("select count(*) from staging.shop").await, "12");
    assert_balanced(&db).await;
}

#[tokio::test]
async fn rows_that_postgres_refuses_are_rejected_and_not_kept() {
    let (db, cloud) = shop().await;
    db.run("alter table star.fact_receipt add check (paid not in (7, 77))").await;
    cloud.put_and_load("shop/a.csv", file(1..101)).await;
    assert_eq!(db.rows(KEPT).await, "1|98|2|101|4966");
    assert_eq!(
        db.text("select string_agg(source_line::text, ' ' order by source_line) from stardrop.rejected_row").await,
        "8 78"
    );
}

#[tokio::test]
async fn undo_deletes_a_loads_rows_and_a_replay_inserts_them_once() {
    let (db, cloud) = shop().await;
    cloud.put_and_load("shop/a.csv", file(1..11)).await;
    cloud.put_and_load("shop/b.csv", file(11..21)).await;
    stardrop(&db, &cloud, &["undo", "1"]).await;
    assert_eq!(db.rows(KEPT).await, "2|10|2|11|155");
    stardrop(&db, &cloud, &["replay", "1"]).await;
    assert_eq!(db.rows(KEPT).await, "1|10|2|11|55\n2|10|2|11|155");
    assert_eq!(db.text("select count(*) from star.fact_receipt").await, "20");
}

#[tokio::test]
async fn prune_deletes_rows_past_their_age_but_not_those_of_failed_loads() {
    let (db, cloud) = shop().await;
    cloud.put_and_load("shop/old.csv", file(1..11)).await;
    let bad = cloud.put("shop/bad.csv", file(11..21) + &"x,b,1\n".repeat(40)).await;
    let mut loader = cloud.loader_with(&[("STARDROP_BATCH_ROWS", "10")]);
    loader.load(&bad, None).await.unwrap_err();
    db.run(
        "update stardrop.load set started_at = started_at - interval '10 days',
                finished_at = finished_at - interval '10 days'",
    )
    .await;
    cloud.put_and_load("shop/new.csv", file(21..31)).await;
    let by_load = "select load_id, count(*) from staging.shop group by 1 order by 1";
    assert_eq!(db.rows(by_load).await, "1|10\n2|10\n3|10");
    let out = stardrop(&db, &cloud, &["prune", "--days", "9", "--json"]).await;
    assert_eq!(out, "{\"rejected_rows\":0,\"staging_rows\":10}\n");
    assert_eq!(db.rows(by_load).await, "2|10\n3|10");
    assert_eq!(db.text("select count(*) from star.fact_receipt").await, "30");
}

#[tokio::test]
async fn a_contract_that_starts_or_stops_keeping_rows_migrates() {
    let star = |text: &str| star::compile(&catalog_of(&[("shop", text)]));
    let (keeps, empties) = (star(SHOP), star(&transient()));
    let mut db = TestDatabase::empty().await;
    let row = "insert into staging.shop (id, buyer, paid) values (1, 'b', 2)";
    migrate::run(&mut db.client, &empties).await.unwrap();
    db.run(row).await;
    let report = migrate::run(&mut db.client, &keeps).await.unwrap();
    assert!(report.changes.contains(&"start keeping rows in staging.shop".to_owned()));
    assert_eq!(migrate::run(&mut db.client, &keeps).await.unwrap().changes, Vec::<String>::new());
    db.run(row).await;
    assert_eq!(db.rows(KEPT).await, "2|1|2|2|2");
    let logged = "select string_agg(relname || relpersistence::text, ' ' order by relname)
         from pg_class where relnamespace = 'staging'::regnamespace and relkind in ('r', 'S', 'i')";
    assert_eq!(db.text(logged).await, "shopp shop_load_idp shop_seqp");

    // A new column, and a type that widens, leave the rows.
    let wider = SHOP.replace(
        "paid  = { type = \"integer\" }",
        "paid = { type = \"bigint\" }\nnote = { type = \"text\" }",
    );
    migrate::run(&mut db.client, &star(&wider)).await.unwrap();
    assert_eq!(db.rows(KEPT).await, "2|1|2|2|2");
    let back = migrate::run(&mut db.client, &keeps).await.unwrap_err();
    assert_eq!(back.kind, ErrorKind::UnsafeChange);

    let wider_empties = star(&wider.replace("\"keep\"", "\"transient\""));
    let refused = migrate::run(&mut db.client, &wider_empties).await.unwrap_err();
    assert!(refused.to_string().contains("1 kept row"), "{refused}");
    assert_eq!(db.rows(KEPT).await, "2|1|2|2|2");
    migrate::apply(&mut db.client, &wider_empties, Destructive::Allow).await.unwrap();
    assert_eq!(
        migrate::run(&mut db.client, &wider_empties).await.unwrap().changes,
        Vec::<String>::new()
    );
    db.run(row).await;
    assert_eq!(db.text("select count(*) from staging.shop").await, "0");
    assert_eq!(db.text(logged).await, "shopu shop_sequ");
}
