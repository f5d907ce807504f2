//! Rows that are inserted into staging by hand reach the dimensions, the facts and the ledger.

use crate::support::TestDatabase;

#[tokio::test]
async fn a_row_inserted_by_hand_enters_the_star_and_the_ledger() {
    let db = TestDatabase::migrated().await;
    db.run(
        "insert into staging.sales (order_id, line_no, order_ts, customer_id, customer_name,
                country, product_id, product_name, quantity, unit_price, updated_at)
         values (1, 1, '2026-01-05 10:00', 7, 'Ann', 'Norway', 'p1', 'Pen', 2, 1.50, null),
                (1, 2, '2026-01-05 10:00', 7, 'Anne', 'Norway', 'p2', 'Ink', 1, 9.00, null),
                (1, 2, '2026-01-05 10:00', 7, 'Anne', 'Norway', 'p2', 'Ink', 3, 9.00, null)",
    )
    .await;
    assert_eq!(
        db.rows(
            "select order_id, line_no, customer_id, customer_name, product_name, date_key, quantity
             from star.fact_sales join star.dim_customer using (customer_key)
             join star.dim_product using (product_key) order by 1, 2"
        )
        .await,
        "1|1|7|Anne|Pen|2026-01-05|2\n1|2|7|Anne|Ink|2026-01-05|3"
    );
    assert_eq!(
        db.rows(
            "select bucket, dataset, state, rows_read, rows_staged, rows_inserted, rows_updated,
                    rows_unchanged, rows_repeated from stardrop.load"
        )
        .await,
        "sql|sales|loaded|3|3|2|0|1|1"
    );
    assert_eq!(db.text("select count(*) from staging.sales").await, "0");
    assert_eq!(db.rows("select weekday_name, iso_week from star.dim_date").await, "Monday|2");
}
