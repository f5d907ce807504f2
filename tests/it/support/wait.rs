//! Waiting in tests: every wait has an end, and says what it waited for when it fails.

use std::time::{Duration, Instant};

use super::root;
use crate::tidy::rust_files;

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

#[test]
fn tests_wait_for_conditions_and_a_sleep_says_why_it_is_the_test() {
    let mut sleeps = 0;
    for folder in ["tests/it", "local/tests"] {
        for (file, text) in rust_files(&root().join(folder)) {
            let mut before = "";
            for line in text.lines() {
                let sleeps_here = line.contains("::sleep(") && !file.ends_with("support/wait.rs");
                assert!(
                    !sleeps_here || before.trim_start().starts_with("// Sleeps: "),
                    "{file}: {line}: wait for a condition with support::wait, or say in a comment \
                     that begins with `// Sleeps: ` why the test has to sleep"
                );
                sleeps += usize::from(sleeps_here);
                before = line;
            }
        }
    }
    assert!(sleeps > 5, "found {sleeps} sleeps only: does the check read all files?");
}
