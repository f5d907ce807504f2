//! Telemetry: events and spans of `tracing` in; log lines, metrics and traces out.

mod emf;
mod fields;
mod log;
mod xray;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use emf::{Metrics, Unit};
pub use log::FIELDS;
pub use xray::invocation;

use crate::settings::{LogFormat, Settings};

/// Begins to log as the settings have it, and to trace where there is a daemon that takes traces;
/// as Lambda wants it where the settings themselves are at fault. A second call changes nothing.
pub fn init(settings: Option<&Settings>) {
    let format = settings.map_or(LogFormat::Json, |settings| settings.log_format);
    let level = settings.map_or(LevelFilter::INFO, |settings| settings.log_level);
    let daemon = settings.and_then(|settings| settings.xray_daemon.as_deref());
    let xray = daemon.and_then(xray::layer);
    let registry = tracing_subscriber::registry().with(fields::KeepFields).with(xray);
    let started = match format {
        // Lambda sends what is on standard output to CloudWatch, line by line.
        LogFormat::Json => registry.with(log::json(level, std::io::stdout)).try_init(),
        // Standard output belongs to the command's own results.
        LogFormat::Text => registry.with(log::text(level, std::io::stderr)).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging had begun already");
    }
}
