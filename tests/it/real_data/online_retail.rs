//! UCI Online Retail: twenty real trading days.

use super::files_of;
use crate::star::online_retail::{
    days_add_up_and_change_nothing_when_loaded_again,
    loaders_with_the_same_events_load_each_file_once, totals,
};

fn days() -> Vec<(String, Vec<u8>)> {
    let days = files_of("sales_online_retail");
    assert_eq!(days.len(), 20);
    assert_eq!(totals(&days), "42481|2025|342228|748957.020");
    days
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs ../shared/data"]
async fn twenty_trading_days_add_up_and_change_nothing_when_loaded_again() {
    days_add_up_and_change_nothing_when_loaded_again(&days()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs ../shared/data"]
async fn three_loaders_that_handle_the_same_twenty_events_at_once_load_each_file_once() {
    loaders_with_the_same_events_load_each_file_once(&days()).await;
}
