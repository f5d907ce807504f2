//! Published mock sales whose stores have many names and places.

use super::{read, shared_data};
use crate::star::conflicting_attributes::last_row_of_the_newer_file_wins;

#[tokio::test]
#[ignore = "needs ../shared/data"]
async fn the_last_row_of_the_newer_published_file_wins_whichever_file_arrives_first() {
    let part =
        |n| read(&shared_data(&format!("seed003_mock_retail/mock_retail_data_part_{n}.csv")));
    last_row_of_the_newer_file_wins(&part(1), &part(2), 4000).await;
}
