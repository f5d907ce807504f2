//! The Lambda: an event in, its objects loaded, the answer out.

use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use stardrop::answer::Answerer;
use stardrop::load::Loader;
use stardrop::object::Source;
use stardrop::settings::Settings;
use stardrop::{catalog, telemetry};
use tokio::sync::Mutex;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let settings = Arc::new(Settings::from_env()?);
    telemetry::init(&settings);
    let catalog = Arc::new(catalog::read(&settings.datasets_dir)?);
    let source = Arc::new(Source::new(&settings));
    let answerer = Mutex::new(Answerer::new(Loader::new(settings, catalog, source)));
    let answerer = &answerer;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        answerer.lock().await.answer(&event.payload).await.map_err(|error| Diagnostic {
            error_type: format!("{:?}", error.kind),
            error_message: format!("{error}; {}", error.kind.policy().hint),
        })
    }))
    .await
}
