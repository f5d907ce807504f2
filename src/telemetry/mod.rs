//! Telemetry: writes `tracing` events as log lines, and a load's counts as CloudWatch metrics.

mod emf;
mod fields;
mod log;

use tracing::Span;
use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub(crate) use emf::Metrics;
pub use emf::Unit;
pub use log::FIELDS;

use crate::settings::{LogFormat, Settings};

/// Starts logging in the format and at the level of the settings, or, where the settings could not be read, as
/// JSON at level `info`. A second call changes nothing.
pub fn init(settings: Option<&Settings>) {
    let format = settings.map_or(LogFormat::Json, |settings| settings.log_format);
    let level = settings.map_or(LevelFilter::INFO, |settings| settings.log_level);
    let registry = tracing_subscriber::registry().with(fields::KeepFields);
    let started = match format {
        // Lambda sends what is on standard output to CloudWatch, line by line.
        LogFormat::Json => registry.with(log::json(level, std::io::stdout)).try_init(),
        // Standard output belongs to the command's own results.
        LogFormat::Text => registry.with(log::text(level, std::io::stderr)).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started already");
    }
}

/// The span of one Lambda invocation. Every log line within it has the request's id and, from X-Ray's
/// tracing header (`Root=1-5759e988-bd862e3fe1be46a994272793;Parent=..;Sampled=1`), the trace's id.
pub fn invocation(request_id: &str, tracing_header: Option<&str>) -> Span {
    // Of the level error, so that errors have these fields at every log level.
    let span = tracing::error_span!("invocation", request_id, xray_trace_id = Empty);
    let mut parts = tracing_header.into_iter().flat_map(|header| header.split(';'));
    if let Some(root) = parts.find_map(|part| part.trim().strip_prefix("Root=")) {
        span.record("xray_trace_id", root);
    }
    span
}
