//! Telemetry: events of `tracing` in, log lines out: JSON in Lambda, text for people elsewhere.

use std::io;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::settings::{LogFormat, Settings};

/// Begins to log as the settings have it. A second call changes nothing.
pub fn init(settings: &Settings) {
    let started = match settings.log_format {
        // Lambda sends what is on standard output to CloudWatch, line by line.
        LogFormat::Json => json(settings.log_level, io::stdout).try_init(),
        // Standard output belongs to the command's own results.
        LogFormat::Text => text(settings.log_level, io::stderr).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging had begun already");
    }
}

/// One object a line: `timestamp`, `level`, `message`, the event's fields, and the current `span`.
fn json<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_span_list(false)
        .with_writer(writer);
    tracing_subscriber::registry().with(lines.with_filter(targets(level)))
}

/// Level, message and fields; the terminal's user knows what time it is.
fn text<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer()
        .compact()
        .without_time()
        .with_target(false)
        .with_ansi(false)
        .with_writer(writer);
    // The command itself says what became of each load: the loader's own words are for those who
    // ask for more.
    let loads = if level >= LevelFilter::INFO { level } else { LevelFilter::OFF };
    let targets = targets(level).with_target("stardrop::load", loads);
    tracing_subscriber::registry().with(lines.with_filter(targets))
}

/// Our own lines from `level` up; those of the crates below us only where something is wrong.
fn targets(level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_targets([("stardrop", level), ("loader", level)])
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("lock").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(log: impl FnOnce(Page)) -> Vec<String> {
        let page = Page::default();
        log(page.clone());
        let bytes = page.0.lock().expect("lock").clone();
        String::from_utf8(bytes).expect("UTF-8").lines().map(str::to_owned).collect()
    }

    fn say_things() {
        tracing::info!(load_id = 7, object = "s3://b/k", "loaded");
        tracing::debug!("a detail of ours");
        tracing::info!(target: "hyper::client", "a detail of theirs");
        tracing::warn!(target: "hyper::client", "a trouble of theirs");
    }

    #[test]
    fn json_lines_hold_level_message_and_fields() {
        let lines = lines(|page| {
            let subscriber = json(LevelFilter::INFO, move || page.clone());
            tracing::subscriber::with_default(subscriber, say_things);
        });
        assert_eq!(lines.len(), 2, "{lines:?}");
        let line: serde_json::Value = serde_json::from_str(&lines[0]).expect("JSON");
        assert_eq!((&line["level"], &line["message"]), (&"INFO".into(), &"loaded".into()));
        assert_eq!((&line["load_id"], &line["object"]), (&7.into(), &"s3://b/k".into()));
        assert!(line["timestamp"].is_string());
    }

    #[test]
    fn text_lines_are_for_people() {
        let say = |level| {
            lines(|page| {
                let subscriber = text(level, move || page.clone());
                tracing::subscriber::with_default(subscriber, say_things);
            })
        };
        let loaded = " INFO loaded load_id=7 object=\"s3://b/k\"";
        assert_eq!(say(LevelFilter::INFO), [loaded, " WARN a trouble of theirs"]);
        assert_eq!(say(LevelFilter::ERROR), [""; 0]);
        assert_eq!(say(LevelFilter::DEBUG).len(), 3);
    }

    #[test]
    fn what_a_command_says_itself_is_not_said_twice() {
        let say = |level| {
            lines(|page| {
                let subscriber = text(level, move || page.clone());
                tracing::subscriber::with_default(subscriber, || {
                    tracing::warn!(target: "stardrop::load", "a load failed");
                });
            })
        };
        assert_eq!(say(LevelFilter::WARN).len(), 0);
        assert_eq!(say(LevelFilter::INFO).len(), 1);
    }
}
