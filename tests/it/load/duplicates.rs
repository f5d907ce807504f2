//! The same bytes under another key are a duplicate, which can be forced, and keep their rows when the first
//! file is replaced.

use stardrop::ledger;

use crate::load::order::{PRICES, STOCK, site};

#[tokio::test]
async fn the_same_bytes_under_another_name_are_a_duplicate_that_can_be_forced() {
    let site = site(("prices", PRICES)).await;
    let first = site.drop_and_load("prices/a.csv", "id,price\n1,10\n").await;
    let again = site.drop_and_load("prices/copy.csv", "id,price\n1,10\n").await;
    assert_eq!(again.outcome.as_str(), "duplicate");
    assert_eq!(
        site.db.text("select duplicate_of from stardrop.load where state = 'duplicate'").await,
        first.load_id.unwrap().to_string()
    );
    // The first file changes: the star has no row of its old bytes any more.
    site.drop_and_load("prices/a.csv", "id,price\n1,11\n").await;
    let late = site.drop_and_load("prices/other.csv", "id,price\n1,10\n").await;
    assert_eq!(late.outcome.as_str(), "loaded");
    assert_eq!(site.db.rows("select price from star.fact_price").await, "10");
    let copy = site.put("prices/copy.csv", "id,price\n1,10\n").await;
    assert!(ledger::reopen(&site.db.client, again.load_id.unwrap()).await.unwrap());
    assert_eq!(site.load(&copy).await.outcome.as_str(), "loaded");
}

#[tokio::test]
async fn old_bytes_under_a_new_name_win_if_another_file_came_between() {
    let site = site(("prices", PRICES)).await;
    site.drop_and_load("prices/mon.csv", "id,price\n1,1\n").await;
    site.drop_and_load("prices/tue.csv", "id,price\n1,2\n").await;
    let wed = site.drop_and_load("prices/wed.csv", "id,price\n1,1\n").await;
    assert_eq!(wed.outcome.as_str(), "loaded");
    assert_eq!(site.db.rows("select price from star.fact_price").await, "1");
}

#[tokio::test]
async fn the_rows_of_a_duplicate_stay_when_the_first_file_is_replaced() {
    let site = site(("stock", STOCK)).await;
    site.drop_and_load("stock/a.csv", "id,qty\n1,1\n").await;
    let duplicate = site.drop_and_load("stock/b.csv", "id,qty\n1,1\n").await;
    assert_eq!(duplicate.outcome.as_str(), "loaded");
    site.drop_and_load("stock/a.csv", "id,qty\n9,9\n").await;
    assert_eq!(site.db.rows("select id from star.fact_stock order by 1").await, "1\n9");
}
