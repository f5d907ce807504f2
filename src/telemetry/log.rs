//! Log: writes `tracing` events as log lines: JSON in Lambda, text for people elsewhere.

use std::io::Write;

use jiff::Timestamp;
use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{FilterExt, Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, fmt};

use super::fields::Fields;

/// Every field that a JSON line may have, and its meaning. The first four are in every line, the ids in
/// every line of an invocation, bucket and key in every line of a load. A test compares the table in
/// `docs/how-to/operations.md` with this.
pub const FIELDS: &[(&str, &str)] = &[
    ("timestamp", "the time, in UTC"),
    ("level", "`ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`"),
    ("target", "the module that wrote the line"),
    ("message", "the text; an error starts with its stage and object"),
    ("request_id", "Lambda's id of the invocation"),
    ("xray_trace_id", "X-Ray's id of the trace that the invocation belongs to"),
    ("bucket", "the bucket of the object that is loaded"),
    ("key", "its key"),
    ("part", "the part of it that is loaded"),
    ("dataset", "its dataset"),
    ("load_id", "its row in `stardrop.load`"),
    ("object", "the object as `s3://bucket/key`"),
    ("outcome", "the result of the load: `loaded`, `continues`, `duplicate` and so on"),
    ("rows_read", "rows of the load that were read so far"),
    ("rows_rejected", "those of them that were rejected"),
    ("bytes", "bytes of the object"),
    ("duration_ms", "milliseconds that the load took in this invocation"),
    ("kind", "the kind of error"),
    ("decision", "what Stardrop does about it: `Retry`, `Fail` or `Stop`"),
    ("hint", "what the operator can do about it"),
    ("message_id", "the id of the SQS message"),
    ("continuations", "how often the load was continued in another invocation"),
    ("difference", "how bucket and ledger differ: `missing`, `changed`, `stuck` or `failed`"),
    ("idle", "at shutdown: whether no invocation was running"),
    ("in_time", "at shutdown: whether the database connection was closed in time"),
    ("error", "an error that was handled"),
    ("severity", "the severity of a Postgres notice"),
    ("sqlstate", "the SQLSTATE of the notice"),
    ("notice", "the text of the notice"),
];

/// Writes one JSON object per line, with the fields of the event and of all spans around it.
pub(super) fn json<S, W>(level: LevelFilter, writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    JsonLines { writer }.with_filter(targets(level))
}

/// Writes level, message and fields, without the time.
pub(super) fn text<S, W>(level: LevelFilter, writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer()
        .compact()
        .without_time()
        .with_target(false)
        .with_ansi(false)
        .with_writer(writer);
    // The commands print the result of each load themselves, so the loader's own lines are shown from level info on.
    let loads = if level >= LevelFilter::INFO { level } else { LevelFilter::OFF };
    let targets = targets(level).with_target("stardrop::load", loads);
    lines.with_filter(targets.and(filter_fn(|metadata| metadata.is_event())))
}

/// Our own lines from `level` up; those of libraries only from level warn up.
fn targets(level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_targets([("stardrop", level), ("loader", level)])
}

/// A layer of our own, since tracing-subscriber's JSON nests the fields of spans, and filters in CloudWatch need each
/// name at a fixed path.
struct JsonLines<W> {
    writer: W,
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Fields::default();
        event.record(&mut line);
        let Fields(mut line) = line;
        for span in context.event_scope(event).into_iter().flatten() {
            let extensions = span.extensions();
            for (name, value) in extensions.get::<Fields>().iter().flat_map(|fields| &fields.0) {
                // The event's own field wins, then that of the nearest span.
                line.entry(name.as_str()).or_insert_with(|| value.clone());
            }
        }
        let metadata = event.metadata();
        line.insert("timestamp".to_owned(), Timestamp::now().to_string().into());
        line.insert("level".to_owned(), metadata.level().as_str().into());
        line.insert("target".to_owned(), metadata.target().into());
        let mut line = Value::Object(line).to_string();
        line.push('\n');
        // Where the output is closed, there is no other place to report it.
        let _ = self.writer.make_writer_for(metadata).write_all(line.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::super::fields::KeepFields;
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

    fn lines_of(page: &Page) -> Vec<String> {
        let bytes = page.0.lock().expect("lock").clone();
        String::from_utf8(bytes).expect("UTF-8").lines().map(str::to_owned).collect()
    }

    fn json_lines(level: LevelFilter, say: impl FnOnce()) -> Vec<Value> {
        let page = Page::default();
        let writer = page.clone();
        let lines = json(level, move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(KeepFields).with(lines);
        tracing::subscriber::with_default(subscriber, say);
        lines_of(&page).iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    fn text_lines(level: LevelFilter, say: impl FnOnce()) -> Vec<String> {
        let page = Page::default();
        let writer = page.clone();
        let lines = text(level, move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(KeepFields).with(lines);
        tracing::subscriber::with_default(subscriber, say);
        lines_of(&page)
    }

    fn say_things() {
        let _load = tracing::error_span!("load", bucket = "b", key = "k", load_id = 1).entered();
        tracing::info!(load_id = 7, object = "s3://b/k", "loaded");
        tracing::debug!("a detail of ours");
        tracing::info!(target: "hyper::client", "a detail of theirs");
        tracing::warn!(target: "hyper::client", "a trouble of theirs");
    }

    #[test]
    fn json_lines_have_all_fields_at_the_top_level() {
        let lines = json_lines(LevelFilter::INFO, say_things);
        assert_eq!(lines.len(), 2, "{lines:?}");
        let line = &lines[0];
        assert_eq!((&line["level"], &line["message"]), (&"INFO".into(), &"loaded".into()));
        // The event's own field wins over the span's.
        assert_eq!((&line["load_id"], &line["object"]), (&7.into(), &"s3://b/k".into()));
        assert_eq!((&line["bucket"], &line["key"]), (&"b".into(), &"k".into()));
        assert!(line["timestamp"].is_string());
        assert_eq!(line["target"], "stardrop::telemetry::log::tests");
    }

    #[test]
    fn a_warning_has_the_fields_of_its_load_at_every_level() {
        let lines = json_lines(LevelFilter::WARN, say_things);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(lines[0]["key"], "k");
    }

    #[test]
    fn each_line_of_an_invocation_has_its_request_and_trace_ids() {
        let line = |header| {
            let mut lines = json_lines(LevelFilter::INFO, || {
                let _invocation = super::super::invocation("r-1", header).entered();
                tracing::info!("here");
            });
            lines.remove(0)
        };
        for header in [
            "Root=1-5759e988-bd;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a",
            "Root=1-5759e988-bd;Parent=53995c3f42cd8ad8;Sampled=0",
        ] {
            assert_eq!(line(Some(header))["xray_trace_id"], "1-5759e988-bd");
        }
        for header in [None, Some(""), Some("no header at all;=;;")] {
            let line = line(header);
            assert_eq!((&line["request_id"], line.get("xray_trace_id")), (&"r-1".into(), None));
        }
    }

    #[test]
    fn text_lines_are_for_people() {
        let say = |level| text_lines(level, say_things);
        let loaded = " INFO loaded load_id=7 object=\"s3://b/k\"";
        assert_eq!(say(LevelFilter::INFO), [loaded, " WARN a trouble of theirs"]);
        assert_eq!(say(LevelFilter::ERROR), [""; 0]);
        assert_eq!(say(LevelFilter::DEBUG).len(), 3);
    }

    #[test]
    fn the_loaders_lines_are_shown_from_level_info_on() {
        let say = |level| {
            let warn = || tracing::warn!(target: "stardrop::load", "a load failed");
            text_lines(level, warn)
        };
        assert_eq!(say(LevelFilter::WARN).len(), 0);
        assert_eq!(say(LevelFilter::INFO).len(), 1);
    }
}
