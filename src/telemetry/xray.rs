//! Xray: spans of a sampled invocation in; subsegments out, to X-Ray's daemon.
//!
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>

use std::net::{SocketAddr, UdpSocket};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::{Span, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;

/// What the daemon wants before each document.
const HEADER: &str = "{\"format\": \"json\", \"version\": 1}\n";

/// The daemon's socket takes no more in one piece.
const LONGEST_DOCUMENT: usize = 64_000;

const TRACE_ID: &str = "xray_trace_id";
const PARENT_ID: &str = "xray_parent_id";

/// The span of an invocation: its id, and the trace that it belongs to by its tracing header, such
/// as `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
///
/// A context for errors, too, so it is there at every level.
pub fn invocation(request_id: &str, tracing_header: Option<&str>) -> Span {
    let span = tracing::error_span!(
        "invocation",
        request_id,
        xray_trace_id = Empty,
        xray_parent_id = Empty
    );
    let part = |name: &str| {
        let mut parts = tracing_header?.split(';').filter_map(|part| part.trim().split_once('='));
        parts.find(|(known, _)| *known == name).map(|(_, value)| value)
    };
    if let Some(root) = part("Root") {
        span.record(TRACE_ID, root);
    }
    if let (Some("1"), Some(parent)) = (part("Sampled"), part("Parent")) {
        span.record(PARENT_ID, parent);
    }
    span
}

/// A layer that sends what happens to the daemon at this address; none where it is no address.
pub(super) fn layer<S>(daemon: &str) -> Option<impl Layer<S> + use<S>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let address = address_of(daemon)?;
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).ok()?;
    socket.set_nonblocking(true).ok()?;
    socket.connect(address).ok()?;
    let ours = Targets::new().with_target("stardrop", LevelFilter::TRACE);
    Some(XRay { socket }.with_filter(ours))
}

/// `127.0.0.1:2000`, or `tcp:127.0.0.1:2000 udp:127.0.0.2:2001`.
fn address_of(daemon: &str) -> Option<SocketAddr> {
    let udp = daemon.split(' ').find_map(|part| part.strip_prefix("udp:"));
    udp.unwrap_or(daemon).trim().parse().ok()
}

/// A part of a trace that is under way.
struct Segment {
    trace_id: String,
    id: String,
    /// Of a subsegment of ours. The invocation itself is Lambda's to send.
    ours: Option<Ours>,
}

struct Ours {
    parent_id: String,
    start: SystemTime,
}

struct XRay {
    socket: UdpSocket,
}

impl<S> Layer<S> for XRay
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let segment = span.parent().and_then(|parent| {
            let mut extensions = parent.extensions_mut();
            // What the invocation belongs to was not known yet when its span began.
            if extensions.get_mut::<Segment>().is_none() {
                let segment = extensions.get_mut::<Fields>().and_then(|fields| lambdas(fields))?;
                extensions.insert(segment);
            }
            let parent = extensions.get_mut::<Segment>()?;
            Some(Segment {
                trace_id: parent.trace_id.clone(),
                id: format!("{:016x}", rand::random::<u64>()),
                ours: Some(Ours { parent_id: parent.id.clone(), start: SystemTime::now() }),
            })
        });
        if let Some(segment) = segment {
            span.extensions_mut().insert(segment);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let extensions = span.extensions();
        let Some(Segment { trace_id, id, ours: Some(ours) }) = extensions.get() else { return };
        let mut document = json!({
            "name": span.name(),
            "id": id,
            "trace_id": trace_id,
            "parent_id": ours.parent_id,
            "type": "subsegment",
            "start_time": seconds(ours.start),
            "end_time": seconds(SystemTime::now()),
        });
        if let Some(Fields(fields)) =
            extensions.get().filter(|fields: &&Fields| !fields.0.is_empty())
        {
            if fields.contains_key("kind") {
                document["fault"] = Value::Bool(true);
            }
            document["metadata"] = json!({ "stardrop": fields });
        }
        let datagram = format!("{HEADER}{document}");
        if datagram.len() <= LONGEST_DOCUMENT {
            // A trace is no reason to wait, or to fail.
            let _ = self.socket.send(datagram.as_bytes());
        }
    }
}

/// The invocation's segment, where its trace is sampled.
fn lambdas(Fields(fields): &Fields) -> Option<Segment> {
    let text = |name| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Segment { trace_id: text(TRACE_ID)?, id: text(PARENT_ID)?, ours: None })
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_daemons_address_comes_in_two_forms() {
        let address = |text| address_of(text).map(|address| address.to_string());
        assert_eq!(address("169.254.79.129:2000").as_deref(), Some("169.254.79.129:2000"));
        let both = "tcp:127.0.0.1:2000 udp:127.0.0.2:2001";
        assert_eq!(address(both).as_deref(), Some("127.0.0.2:2001"));
        assert_eq!(address("xray.local:2000"), None);
        assert_eq!(address(""), None);
    }
}
