//! The Lambda: an event in, its objects loaded, the answer out.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use stardrop::answer::Answerer;
use stardrop::load::Loader;
use stardrop::object::Source;
use stardrop::queue::Queue;
use stardrop::settings::Settings;
use stardrop::{catalog, telemetry};
use tokio::sync::Mutex;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let settings = Arc::new(Settings::from_env()?);
    telemetry::init(&settings);
    let catalog = Arc::new(catalog::read(&settings.datasets_dir)?);
    let source = Arc::new(Source::new(&settings));
    let (queue, queue_url) = (Queue::new(&settings), settings.queue_url.clone());
    let loader = Loader::new(settings, catalog, source);
    let answerer = Mutex::new(Answerer::new(loader, queue, queue_url));
    let answerer = &answerer;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let deadline = Instant::now().checked_add(time_left(&event.context));
        let mut answerer = answerer.lock().await;
        answerer.answer(&event.payload, deadline).await.map_err(|error| Diagnostic {
            error_type: format!("{:?}", error.kind),
            error_message: format!("{error}; {}", error.kind.policy().hint),
        })
    }))
    .await
}

/// The time until Lambda ends the invocation.
fn time_left(context: &Context) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Duration::from_millis(context.deadline).saturating_sub(now)
}
