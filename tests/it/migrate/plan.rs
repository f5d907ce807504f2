//! The plan of a migration on the command line: what it shows, what it proposes, and what needs a request.

use stardrop::{migrate, star};

use crate::migrate::apply::SHOP;
use crate::migrate::changes::{shop, with_one_row};
use crate::support::cloud::{Cloud, run};
use crate::support::{TestDatabase, catalog_of};

#[tokio::test]
async fn the_command_line_shows_the_plan_and_loses_data_on_request_only() {
    let mut db = with_one_row().await;
    let cloud = Cloud::of(&db, catalog_of(&[("shop", SHOP)])).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("shop")).unwrap();
    let contract = SHOP.replace("[\"town\"]", "[]");
    std::fs::write(folder.path().join("shop/dataset.toml"), &contract).unwrap();
    let datasets = folder.path().display().to_string();
    let vars = [("DATABASE_URL", db.url.as_str()), ("STARDROP_DATASETS", datasets.as_str())];
    let lines = "drop column star.dim_buyer.town; lost: 1 value\nupdate dataset shop\n\
                 drop star.repeated_buyer; lost: 0 rows\n";
    let run = async |arguments: &[&str]| run(cloud.stardrop(arguments, &vars)).await;
    let (code, out, err) = run(&["migrate", "--plan"]).await;
    let refused = "this would lose data: stardrop migrate needs --allow-destructive for it\n";
    assert_eq!((code, out, err.as_str()), (Some(0), lines.to_owned() + refused, ""));
    let (code, out, err) = run(&["migrate"]).await;
    assert_eq!((code, out.as_str()), (Some(2), lines));
    assert!(err.contains("nothing was changed, because data would be lost"), "{err}");
    assert!(err.contains("--allow-destructive"), "{err}");
    assert_eq!(db.text("select town from star.dim_buyer where buyer_key > 0").await, "Oslo");
    let (code, out, _) = run(&["migrate", "--json", "--allow-destructive"]).await;
    let plan: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, Some(0));
    assert_eq!(plan[0]["action"], "drop");
    assert_eq!(plan[0]["lost"], "1 value");
    assert_eq!(plan[1]["lost"], serde_json::Value::Null);
    assert_eq!(shop(&mut db, &contract).await.changes, Vec::<String>::new());
}

#[tokio::test]
async fn the_plan_of_an_empty_database_is_shown_and_leaves_it_empty() {
    let db = TestDatabase::empty().await;
    let plan = migrate::plan(&db.client, &star::compile(&catalog_of(&[("shop", SHOP)]))).await;
    let plan = plan.unwrap();
    assert_eq!(plan.changes.first().unwrap().what, "create star.dim_buyer");
    assert_eq!(db.text("select to_regnamespace('star') is null").await, "true");
}

#[tokio::test]
async fn columns_that_files_have_and_no_contract_names_are_proposed_and_never_added() {
    let (db, _) = TestDatabase::of(&catalog_of(&[("shop", SHOP)])).await;
    let cloud = Cloud::of(&db, catalog_of(&[("shop", SHOP)])).await;
    db.run(
        "insert into staging.shop (id, part, buyer, extra) values
             (1, 1, 'a', '{\"Discount\": \"1\", \"column_7\": \"x\"}'),
             (2, 1, 'b', '{\"Discount\": \"2\", \"Unit Price (€)\": \"3\", \"id\": \"4\"}'),
             (3, 1, 'b', '{\"order\": {\"vip\": true, \"tags\": [1]}}'), (4, 1, 'b', null)",
    )
    .await;
    let folder = tempfile::tempdir().unwrap();
    let datasets = folder.path().display().to_string();
    std::fs::create_dir(folder.path().join("shop")).unwrap();
    std::fs::write(folder.path().join("shop/dataset.toml"), SHOP).unwrap();
    let vars = [("DATABASE_URL", db.url.as_str()), ("STARDROP_DATASETS", datasets.as_str())];
    let run = async |arguments: &[&str]| run(cloud.stardrop(arguments, &vars)).await;
    let (code, out, err) = run(&["migrate", "--plan"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(out, @r#"
    the database is up to date
    files of `shop` have columns that are not in its contract; to load them, add to [columns]:
      discount = { type = "text" }    # in 2 rows
      unit_price = { type = "text", from = ["Unit Price (€)"] }    # in 1 rows
      order_tags = { type = "text", from = ["order.tags"] }    # in 1 rows
      order_vip = { type = "text", from = ["order.vip"] }    # in 1 rows
    "#);
    assert_eq!(run(&["migrate"]).await.1, out);
    let added = "select count(*) from pg_attribute where attname in ('discount', 'unit_price')";
    assert_eq!(db.text(added).await, "0");
    // Pasted, they are columns, and are proposed no more.
    let pasted: String =
        out.lines().filter(|line| line.starts_with("  ")).map(|line| format!("{line}\n")).collect();
    let contract = SHOP.replace("[columns]\n", &format!("[columns]\n{pasted}"));
    std::fs::write(folder.path().join("shop/dataset.toml"), contract).unwrap();
    let (code, out, err) = run(&["migrate"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(!out.contains("not in its contract"), "{out}");
    let (_, out, _) = run(&["migrate", "--plan"]).await;
    assert_eq!(out, "the database is up to date\n");
}
