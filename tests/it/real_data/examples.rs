//! Published files of several origins, with the contracts that load them and sums known from elsewhere.

use super::{read, shared_data};
use crate::star::known_sums::{
    BORROWERS, BORROWERS_SUMS, CHANGES, CHANGES_ROWS, COUNTS, EXTRACT, EXTRACT_SUMS, PEOPLE,
    PEOPLE_SUMS, ROLES, ROLES_COUNTS, SUPERSTORE, SUPERSTORE_NOTES, SUPERSTORE_SUMS, load,
};
use crate::support::TestDatabase;

async fn load_file(file: &str, contract: &str) -> TestDatabase {
    load(read(&shared_data(file)), contract).await
}

#[tokio::test]
#[ignore = "needs ../shared/data"]
async fn the_superstore_adds_up() {
    let db = load_file("sales_superstore/Sample - Superstore.csv", SUPERSTORE).await;
    assert_eq!(
        db.rows(SUPERSTORE_SUMS).await,
        "9994|2297200.8603|37873|286397.0217|5009|793|1862|438"
    );
    assert_eq!(
        db.text("select count(*) from star.dim_date where date_key > '0001-01-01'").await,
        "1433"
    );
    assert_eq!(db.rows(COUNTS).await, format!("9994|0|9994|0|{SUPERSTORE_NOTES}"));
}

#[tokio::test]
#[ignore = "needs ../shared/data"]
async fn published_users_with_hostile_comments_are_only_texts() {
    let db = load_file("users/userdata1.csv", PEOPLE).await;
    // One comment is the word NULL, which the contract takes for null.
    assert_eq!(db.rows(PEOPLE_SUMS).await, "1000|138934863.77|67|16|67|198|291|192");
    let db = load_file("users/seed000_DATA.csv", PEOPLE).await;
    let sums =
        "select count(*), sum(id), count(distinct ip_address), count(email) from star.fact_person";
    assert_eq!(db.rows(sums).await, "1000|500500|1000|1000");
}

#[tokio::test]
#[ignore = "needs ../shared/data"]
async fn published_files_without_a_header_are_taken_by_position() {
    let db = load_file("seed001_aspen/borrower.csv", BORROWERS).await;
    assert_eq!(db.rows(BORROWERS_SUMS).await, "1000|1000|43|683");
    let db = load_file("seed001_aspen/role_profile.csv", ROLES).await;
    assert_eq!(db.rows(ROLES_COUNTS).await, "borrower|516\nco-borrower|484");
}

#[tokio::test]
#[ignore = "needs ../shared/data"]
async fn published_orders_that_come_again_keep_their_newest_row() {
    let db = load_file("seed004_orders/order_extract.csv", EXTRACT).await;
    assert_eq!(db.rows(EXTRACT_SUMS).await, "4|286.49|3");
    let db = load_file("seed004_orders/orders_ch04.csv", CHANGES).await;
    assert_eq!(
        db.rows(CHANGES_ROWS).await,
        "1|Shipped|2020-06-09T12:00:25\n2|Shipped|2020-07-11T03:05:00\n3|Shipped|2020-07-12T12:00:00"
    );
    let db = load_file("seed004_orders/orders_ch06.csv", CHANGES).await;
    assert_eq!(
        db.rows(CHANGES_ROWS).await,
        "1|Shipped|2020-06-09T00:00:00\n2|Shipped|2020-07-11T00:00:00\n3|Shipped|2020-07-12T00:00:00"
    );
}
