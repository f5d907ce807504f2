//! Loads rejected rows again after the contract was fixed: the star ends as if the contract had been right
//! from the start.

use serde_json::Value;

use super::reject_shop::{COUNTS, FIXED, STRICT, Shop, file, shop};
use crate::support::star_content::{assert_balanced, meaning};

#[tokio::test]
async fn rows_rejected_at_first_end_up_as_if_the_contract_had_been_right_from_the_start() {
    let right = Shop::of(&shop(FIXED, "")).await;
    let wrong = Shop::of(&shop(STRICT, "")).await;
    for site in [&right, &wrong] {
        site.cloud.put_and_load("shop/a.csv", file(400)).await;
    }
    let rejected = wrong.db.text("select rows_rejected from stardrop.load").await;
    assert_eq!(rejected, "212");
    assert_ne!(meaning(&wrong.db).await, meaning(&right.db).await);
    wrong.fix(&shop(FIXED, ""));
    let (code, out, err) = wrong.stardrop(&["replay", "--rejects", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(out, "load 1: s3://inbox/shop/a.csv: 212 rejected rows loaded, 0 still rejected\n");
    assert_eq!(meaning(&wrong.db).await, meaning(&right.db).await);
    assert_eq!(wrong.db.rows(COUNTS).await, right.db.rows(COUNTS).await);
    assert_eq!(wrong.db.text("select count(*) from stardrop.rejected_row").await, "0");
    let lines = "select id, load_id, source_line from star.fact_receipt order by 1";
    assert_eq!(wrong.db.rows(lines).await, right.db.rows(lines).await);
    let sums =
        "select sum(inserted) from stardrop.load_table where table_name = 'star.fact_receipt'";
    assert_eq!(wrong.db.text(sums).await, right.db.text(sums).await);
    for site in [&right, &wrong] {
        assert_balanced(&site.db).await;
    }
    // The event comes once more, and a second replay: nothing.
    let before = wrong.all().await;
    wrong.cloud.put_and_load("shop/b.csv", "id,buyer,tier,item,item_name,day,paid\n").await;
    let (code, out, _) = wrong.stardrop(&["replay", "--rejects", "1", "--json"]).await;
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report[0]["rows_loaded"]), (Some(0), &Value::from(0)), "{out}");
    wrong.db.run("delete from stardrop.load where load_id = 2").await;
    assert_eq!(wrong.all().await, before);
}

#[tokio::test]
async fn rows_that_are_kept_in_staging_are_kept_with_their_line() {
    let keep = "staging = \"keep\"";
    let right = Shop::of(&shop(FIXED, keep)).await;
    let wrong = Shop::of(&shop(STRICT, keep)).await;
    for site in [&right, &wrong] {
        site.cloud.put_and_load("shop/a.csv", file(60)).await;
    }
    wrong.fix(&shop(FIXED, keep));
    let (code, out, err) = wrong.stardrop(&["replay", "--rejects", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let kept = "select * from staging.shop order by load_id, source_line";
    assert_eq!(right.db.text("select count(*) from staging.shop").await, "60");
    assert_eq!(wrong.db.rows(kept).await, right.db.rows(kept).await);
    assert_eq!(meaning(&wrong.db).await, meaning(&right.db).await);
    assert_balanced(&wrong.db).await;
}

#[tokio::test]
async fn rows_that_break_the_fixed_contract_too_stay_with_their_new_reason() {
    let site = Shop::of(&shop(STRICT, "")).await;
    let head = "id,buyer,tier,item,item_name,day,paid\n";
    let rows = "1,a,t,i,n,2026-01-05,1.00\n2,a,t,i,n,05.01.2026,2.00\n3,a,t,i,n,06.01.2026,lots\n\
                4,a,t,i,n,\"some\nday\",4.00\n5,a,t,i,n,07.01.2026,5.00\n";
    site.cloud.put_and_load("shop/a.csv", format!("{head}{rows}")).await;
    // One that only Postgres sees.
    site.db.run("alter table staging.shop add constraint cheap check (paid < 5)").await;
    site.fix(&shop(FIXED, ""));
    let (code, out, err) = site.stardrop(&["replay", "--rejects", "1", "--json"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report[0]["rows_loaded"], &report[0]["rows_rejected"]), (&1.into(), &3.into()));
    let rejected =
        "select source_line, column_name, code, reason, raw from stardrop.rejected_row order by 1";
    insta::assert_snapshot!(site.db.rows(rejected).await, @r#"
    4|paid|invalid_number|expected a number|3,a,t,i,n,06.01.2026,lots
    5|day|invalid_date|expected the form %Y-%m-%d or %d.%m.%Y|4,a,t,i,n,"some
    day",4.00
    7|null|refused_by_database|new row for relation "shop_in" violates check constraint "cheap"|5,a,t,i,n,07.01.2026,5.00
    "#);
    assert_eq!(site.db.rows(COUNTS).await, "loaded|5|3|2|2|0|5|7");
    assert_eq!(
        site.db.rows("select id, source_line from star.fact_receipt order by 1").await,
        "1|2\n2|3"
    );
    assert_balanced(&site.db).await;
    let before = site.all().await;
    let (code, out, _) = site.stardrop(&["replay", "--rejects", "1"]).await;
    assert_eq!(code, Some(0));
    assert_eq!(out, "load 1: s3://inbox/shop/a.csv: 0 rejected rows loaded, 3 still rejected\n");
    assert_eq!(site.all().await, before);
}

#[tokio::test]
async fn a_newer_file_stays_the_newer_one() {
    let site = Shop::of(&shop(STRICT, "")).await;
    let head = "id,buyer,tier,item,item_name,day,paid\n";
    let mut old = site
        .cloud
        .put(
            "shop/a.csv",
            format!("{head}1,a,t,i,old,05.01.2026,1.00\n9,a,t,j,n,2026-01-05,9.00\n"),
        )
        .await;
    old.object_time = Some("2026-01-01T00:00:00Z".parse().unwrap());
    site.cloud.load(&old).await.unwrap();
    site.cloud.put_and_load("shop/b.csv", format!("{head}1,a,t,i,new,2026-01-05,2.00\n")).await;
    site.fix(&shop(FIXED, ""));
    let (code, out, err) = site.stardrop(&["replay", "--rejects", "1"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let facts = "select id, paid, item_name from star.fact_receipt join star.dim_item using (item_key) order by 1";
    assert_eq!(site.db.rows(facts).await, "1|2.00|new\n9|9.00|n");
    assert_eq!(site.db.rows(COUNTS).await, "loaded|2|0|2|1|1|2|3\nloaded|1|0|1|1|0|1|2");
    assert_balanced(&site.db).await;
}
