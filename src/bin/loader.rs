//! The Lambda: an event in, its objects loaded, the answer out.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use stardrop::handler::Handler;
use stardrop::error::Error;
use stardrop::handler::Handler;
use stardrop::settings::Settings;
use stardrop::telemetry;
use tokio::sync::Mutex;
use tracing::Instrument;

/// Lambda waits half a second after SIGTERM. So long a load may take to let go, and then its answer
/// to be sent.
const LET_GO: Duration = Duration::from_millis(400);
const LAST_WORD: Duration = Duration::from_millis(50);

/// A year after 1970: what is less is no deadline of today.
const IS_A_TIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let settings = Settings::from_env();
    telemetry::init(settings.as_ref().ok());
    // A program that does not start would be started again and again, and nobody would be told why.
    let handler = settings.and_then(Handler::of).map(|handler| Arc::new(Mutex::new(handler)));
    match &handler {
        // It panics where there is nobody to register with, such as behind another stand-in.
        Ok(handler) if tokio::spawn(end_well(Arc::clone(handler))).await.is_err() => {
            tracing::warn!("SIGTERM will end the loader without a word");
        }
        Ok(_) => {}
        Err(error) => tracing::error!(kind = ?error.kind, "{error}"),
    }
    let handler = &handler;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let LambdaEvent { payload, context } = event;
        let trace = context.xray_trace_id.as_deref();
        let span = telemetry::invocation(&context.request_id, trace);
        let answer = async move {
            let handler = handler.as_ref().map_err(diagnostic)?;
            let deadline = time_left(&context).and_then(|left| Instant::now().checked_add(left));
            let answered = handler.lock().await.answer(&payload, deadline).await;
            answered.map_err(|error| diagnostic(&error))
        };
        answer.instrument(span)
    }))
    .await
}

/// Has the process let go of the database before it ends.
async fn end_well(handler: Arc<Mutex<Handler>>) {
    let cancel = handler.lock().await.cancellation_token();
    lambda_runtime::spawn_graceful_shutdown_handler(move || async move {
        cancel.cancel();
        let was_idle = handler.try_lock().is_ok();
        let close = async { handler.lock().await.close().await };
        let closed = tokio::time::timeout(LET_GO, close).await;
        tracing::info!(idle = was_idle, in_time = closed.is_ok(), "told to end");
        if !was_idle {
            tokio::time::sleep(LAST_WORD).await;
        }
    })
    .await;
}

fn diagnostic(error: &Error) -> Diagnostic {
    let message = format!("{error}; {}", error.kind.policy().hint);
    tracing::error!(kind = ?error.kind, "{error}");
    Diagnostic { error_type: format!("{:?}", error.kind), error_message: message }
}

/// The time until Lambda ends the invocation. Where the deadline is no time at all, since cargo-lambda
/// gives the length of an invocation instead, nobody ends it.
fn time_left(context: &Context) -> Option<Duration> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let deadline = Duration::from_millis(context.deadline);
    (deadline > IS_A_TIME).then(|| deadline.saturating_sub(now))
}
