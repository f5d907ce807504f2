//! UCI Online Retail: twenty real trading days, on which 31 products are renamed.

use super::files_of;
use crate::star::retail_history::{history_is_right_in_any_order, versions_by_the_files};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs ../shared/data"]
async fn the_history_of_products_over_twenty_days_is_right_in_any_order_of_files() {
    let days = files_of("sales_online_retail");
    assert_eq!((days.len(), versions_by_the_files(&days).1), (20, 31));
    history_is_right_in_any_order(&days).await;
}
