//! The Lambda function: passes each event to the handler, and shuts down cleanly on SIGTERM.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use stardrop::error::Error;
use stardrop::handler::Handler;
use stardrop::settings::Settings;
use stardrop::telemetry;
use tokio::sync::Mutex;
use tracing::Instrument;

/// Lambda kills the process half a second after SIGTERM. This much is for stopping a load and closing the
/// connection, and then for sending the response.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(400);
const RESPONSE_TIME: Duration = Duration::from_millis(50);

/// A year after 1970: an earlier deadline is not a time.
const EARLIEST_DEADLINE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let settings = Settings::from_env();
    telemetry::init(settings.as_ref().ok());
    // With wrong settings, each event is answered with the error. A program that exits instead would be restarted
    // again and again, without an error for the event.
    let handler =
        settings.and_then(Handler::from_settings).map(|handler| Arc::new(Mutex::new(handler)));
    match &handler {
        // Registering for SIGTERM panics where the Runtime API is simulated without extensions.
        Ok(handler) if tokio::spawn(shut_down_on_sigterm(Arc::clone(handler))).await.is_err() => {
            tracing::warn!(
                "cannot register for SIGTERM: the loader will stop without closing its connection"
            );
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
            let answered = handler.lock().await.handle(&payload, deadline).await;
            answered.map_err(|error| diagnostic(&error))
        };
        answer.instrument(span)
    }))
    .await
}

/// On SIGTERM, stops the running load and closes the connection to the database.
async fn shut_down_on_sigterm(handler: Arc<Mutex<Handler>>) {
    let cancel = handler.lock().await.cancellation_token();
    lambda_runtime::spawn_graceful_shutdown_handler(move || async move {
        cancel.cancel();
        let was_idle = handler.try_lock().is_ok();
        let close = async { handler.lock().await.close().await };
        let closed = tokio::time::timeout(CLOSE_TIMEOUT, close).await;
        tracing::info!(idle = was_idle, in_time = closed.is_ok(), "shutting down on SIGTERM");
        if !was_idle {
            tokio::time::sleep(RESPONSE_TIME).await;
        }
    })
    .await;
}

fn diagnostic(error: &Error) -> Diagnostic {
    let message = format!("{error}; {}", error.hint());
    tracing::error!(kind = ?error.kind, "{error}");
    Diagnostic { error_type: format!("{:?}", error.kind), error_message: message }
}

/// The time until Lambda ends the invocation. `None`, for no limit, where the deadline is not a time: cargo-lambda sends
/// the length of an invocation instead.
fn time_left(context: &Context) -> Option<Duration> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let deadline = Duration::from_millis(context.deadline);
    (deadline > EARLIEST_DEADLINE).then(|| deadline.saturating_sub(now))
}
