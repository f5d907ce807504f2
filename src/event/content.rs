//! Content: what one S3 event, or one message that carries it, names. Also the error for an event that cannot be read.

use crate::error::{Error, ErrorKind, Stage};
use crate::object::ObjectRef;

/// What an event or a message holds, without its envelopes.
pub(super) enum Content {
    /// The objects, and how often this load was continued in another invocation (see
    /// [`request`](super::request())).
    Objects(Vec<ObjectRef>, u32),
    /// Nothing to load, and why.
    Nothing(&'static str),
}

/// A [`ErrorKind::MalformedEvent`] error.
pub(super) fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::MalformedEvent, Stage::Event, message)
}
