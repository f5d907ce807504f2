//! A loader that is killed in the middle of a batch.

use tokio::process::Command;

use super::wait::within;
use super::{TestDatabase, connect};

/// Runs a loader, and kills it while it waits for a row that somebody else is just inserting. That row is not there
/// afterwards. With one connection, the batches before that row are committed, and no other one has begun.
pub async fn killed_in_a_batch(db: &TestDatabase, mut loader: Command, insert: &str) {
    let somebody = connect(&db.url).await;
    somebody.batch_execute(&format!("begin; {insert}")).await.unwrap();
    let mut child = loader.env("STARDROP_CONNECTIONS", "1").spawn().unwrap();
    db.eventually_a_session_waits_for_a_lock().await;
    within("the killed loader ends", child.kill()).await.unwrap();
    somebody.batch_execute("rollback").await.unwrap();
}
