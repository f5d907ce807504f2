//! Waiting in tests: every wait has an end, and says what it waited for when it fails.

use std::time::{Duration, Instant};

/// How long a wait may take: far longer than anything takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// How long to wait before a condition is checked again.
const INTERVAL: Duration = Duration::from_millis(10);

/// Waits until `condition` is true; false where it is not within `limit`.
pub async fn becomes_true<F, C>(limit: Duration, mut condition: F) -> bool
where
    F: FnMut() -> C,
    C: Future<Output = bool>,
{
    let deadline = Instant::now() + limit;
    while !condition().await {
        if Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(INTERVAL).await;
    }
    true
}

/// Waits until `condition` is true; panics with `what` where it never is.
pub async fn eventually<F, C>(what: &str, condition: F)
where
    F: FnMut() -> C,
    C: Future<Output = bool>,
{
    assert!(becomes_true(LIMIT, condition).await, "not within {LIMIT:?}: {what}");
}

/// Waits for a future; panics with `what` where it does not end.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future)
        .await
        .unwrap_or_else(|_| panic!("not within {LIMIT:?}: {what}"))
}

#[tokio::test]
async fn a_condition_that_never_holds_ends_the_wait() {
    let tries = std::cell::Cell::new(0);
    let never = || {
        tries.set(tries.get() + 1);
        std::future::ready(false)
    };
    assert!(!becomes_true(Duration::from_millis(50), never).await);
    assert!(tries.get() > 1, "tried {} times", tries.get());
}
