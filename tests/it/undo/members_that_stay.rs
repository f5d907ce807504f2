//! Members that stay when a load is undone: which later undo or replay changes them, and what counts.

use serde_json::Value;

use super::replay::Shop;
use super::undo_members::SHOP;
use crate::support::star_content::assert_balanced;
use crate::support::{TestDatabase, catalog_of};

#[tokio::test]
async fn a_replay_counts_a_member_that_looks_as_before_as_unchanged() {
    let contract = SHOP
        .replace("\"versions\"", "\"overwrite\"")
        .replace("name = { type", "payer = { type = \"text\" }\nname = { type")
        .replace(
            "[\"buyer\", ",
            "[\"buyer\", { dimension = \"buyer\", key = [\"payer\"], as = \"payer\" }, ",
        );
    let shop = Shop::of(&contract).await;
    shop.load_with("a.csv", 1, "id,code,name,paid,day\n1,O,,1,2026-01-01\n2,M,Bob,1,2026-01-01\n")
        .await;
    // A fact that keeps the first one, of a file that does not describe it.
    shop.load_with("b.csv", 2, "id,payer,paid,day\n3,O,1,2026-01-02\n").await;
    let counts = "select inserted, updated, unchanged from stardrop.load_table
        where load_id = 1 and table_name = 'star.dim_buyer'";
    assert_eq!(shop.db.rows(counts).await, "2|0|0");
    for _ in 0..2 {
        let (_, out, _) = shop.stardrop(&["undo", "1"]).await;
        assert!(out.contains("1 members deleted from star.dim_buyer, "), "{out}");
        let (code, _, err) = shop.stardrop(&["replay", "1"]).await;
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert_eq!(shop.db.rows(counts).await, "1|0|1");
    }
    assert_balanced(&shop.db).await;
}

#[tokio::test]
async fn a_version_that_an_undone_load_had_removed_comes_back_with_the_replay_that_is_named() {
    let shop = Shop::of(SHOP).await;
    // Of one time, the last one counts: it looks like the first, so that the second one starts no version.
    for (id, key, day, name) in
        [(1, "a.csv", 1, "old"), (2, "b.csv", 3, "new"), (3, "c.csv", 3, "old")]
    {
        let rows = format!("id,code,name,paid,day\n{id},K,{name},1,2026-01-01\n");
        shop.load_with(key, day, &rows).await;
    }
    let versions =
        "select name, valid_from::date as f from star.dim_buyer where code is not null order by 2";
    assert_eq!(shop.db.rows(versions).await, "old|2026-01-01");
    let (_, out, _) = shop.stardrop(&["undo", "3", "--json"]).await;
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["replay"], serde_json::json!([1, 2]));
    shop.stardrop(&["replay", "2"]).await;
    assert_eq!(shop.db.rows(versions).await, "old|2026-01-01\nnew|2026-01-03");
}

#[tokio::test]
async fn members_that_facts_keep_are_deleted_once_no_fact_refers_to_them_unless_a_load_is_replayed()
{
    let crm = r#"
name  = "crm"
match = ["crm/*"]
[columns]
code = { type = "text" }
name = { type = "text" }
[dimension.buyer]
key        = ["code"]
attributes = ["name"]
"#;
    let visits = r#"
name  = "visits"
match = ["visits/*"]
[columns]
id   = { type = "integer", required = true }
code = { type = "text" }
gone = { type = "integer" }
[fact.visit]
grain       = ["id"]
dimensions  = ["buyer"]
delete_when = "gone = 1"
"#;
    let (db, _) = TestDatabase::of(&catalog_of(&[("crm", crm), ("visits", visits)])).await;
    db.run("insert into staging.crm (code, name) values ('K', 'Ann'), ('M', 'Bob')").await;
    db.run("insert into staging.visits (id, code) values (1, 'K')").await;
    let members = "select code, name, load_id from star.dim_buyer where code is not null";
    db.run("select stardrop.undo(1)").await;
    assert_eq!(db.rows(members).await, "K|null|0");
    let source = "select source_load_id, source_time from star.dim_buyer where code = 'K'";
    assert_eq!(db.rows(source).await, "0|-infinity", "any file may describe it again");
    db.run("insert into staging.visits (id, gone) values (1, 1)").await;
    db.run("insert into staging.crm (code, name) values ('N', 'Cleo')").await;
    // The file of load 2 has named K. It is not replayed with another one.
    db.run("select stardrop.undo(4, true)").await;
    assert_eq!(db.rows(members).await, "K|null|0");
    db.run("insert into staging.crm (code, name) values ('N', 'Cleo')").await;
    db.run("select stardrop.undo(5)").await;
    assert_eq!(db.rows(members).await, "");
    assert_eq!(db.text("select count(*) from star.dim_buyer").await, "1", "the unknown member");
}

#[tokio::test]
async fn a_value_that_two_undone_loads_had_comes_back_with_the_replays_that_are_named() {
    let contract = SHOP.replace("\"versions\"", "\"overwrite\"");
    let shop = Shop::of(&contract).await;
    let rows = |id: u32, name: &str| {
        format!("id,code,name,paid,day\n{id},K,{name},1,2026-01-01\n9,Z,z,1,2026-01-01\n")
    };
    // The second one changes the name, the third one has the same.
    for (at, name) in [(1, "old"), (2, "wrong"), (3, "wrong")] {
        shop.load_with(&format!("{at}.csv"), at, &rows(at, name)).await;
    }
    let mut named = Vec::new();
    for load in ["2", "3"] {
        let (_, out, _) = shop.stardrop(&["undo", load, "--json"]).await;
        let answer: Value = serde_json::from_str(&out).unwrap();
        named.push(answer["replay"].to_string());
    }
    assert_eq!(named, ["[1,3]", "[1]"]);
    shop.stardrop(&["replay", "1"]).await;
    assert_eq!(
        shop.db
            .rows("select code, name from star.dim_buyer where code is not null order by 1")
            .await,
        "K|old\nZ|z"
    );
}

#[tokio::test]
async fn the_replay_of_a_file_that_another_replaced_restores_its_members_and_not_its_facts() {
    let contract = SHOP
        .replace("[policy]", "[policy]\noverwrite = \"replace\"")
        .replace("\"versions\"", "\"overwrite\"");
    let shop = Shop::of(&contract).await;
    for (day, rows) in [
        (1, "1,K,Ann,1,2026-01-01\n2,M,Bob,1,2026-01-01\n"),
        (2, "3,M,Bobby,1,2026-01-01\n"),
        (3, "4,K,Ann,1,2026-01-01\n"),
    ] {
        shop.load_with("a.csv", day, &format!("id,code,name,paid,day\n{rows}")).await;
    }
    let members = "select code, name from star.dim_buyer where code is not null order by 1";
    let facts = "select id from star.fact_receipt order by 1";
    assert_eq!(shop.db.rows(members).await, "K|Ann\nM|Bobby");
    let (_, out, _) = shop.stardrop(&["undo", "2"]).await;
    assert!(out.contains("stardrop replay 1"), "{out}");
    assert_eq!(shop.db.rows(members).await, "K|Ann");
    let (code, _, err) = shop.stardrop(&["replay", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(shop.db.rows(members).await, "K|Ann\nM|Bob");
    assert_eq!(shop.db.rows(facts).await, "4");
    // The newest one has only inserted rows, and deleted those of the first one.
    let (_, out, _) = shop.stardrop(&["undo", "3", "--json"]).await;
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["replay"], serde_json::json!([1]));
    shop.stardrop(&["replay", "1"]).await;
    assert_eq!(shop.db.rows(facts).await, "1\n2");
    assert_balanced(&shop.db).await;
}
