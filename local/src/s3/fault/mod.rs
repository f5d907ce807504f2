//! Faults for tests (cargo feature `faults`): GET and HEAD requests that fail, and bodies that are
//! cut, shortened, slow or stalled.

mod response;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub(super) use response::ResponseFaults;
use s3s::{S3Error, S3ErrorCode, S3Result};

/// What goes wrong. Offsets are bytes of the object, also where a client asked for a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FaultKind {
    /// The connection breaks off after this byte. A range that starts later is not affected.
    CutAt(u64),
    /// A well-formed response, with the matching Content-Length, that ends at this byte.
    TruncateAt(u64),
    /// At most this number of bytes a second.
    BytesPerSecond(u64),
    /// Sends nothing for this time after this byte.
    StallAt(u64, Duration),
    /// The response is an error with this status, such as 403, 500 or 503; HEAD gets it too.
    Status(u16),
}

/// Something that goes wrong with a GET: once, and with any key, unless changed below.
///
/// ```
/// use stardrop_local::s3::{Fault, FaultKind};
///
/// let cut = Fault::new(FaultKind::CutAt(1_000_000)).of_key("sales/a.csv").times(2);
/// let slow = Fault::new(FaultKind::BytesPerSecond(50_000)).always();
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    kind: FaultKind,
    key: Option<String>,
    /// `None` repeats without end.
    times: Option<u32>,
}

impl Fault {
    /// A fault of the next GET, of any key.
    pub fn new(kind: FaultKind) -> Fault {
        Fault { kind, key: None, times: Some(1) }
    }

    /// Only for this key.
    pub fn of_key(self, key: impl Into<String>) -> Fault {
        Fault { key: Some(key.into()), ..self }
    }

    /// For this number of requests.
    pub fn times(self, times: u32) -> Fault {
        Fault { times: Some(times), ..self }
    }

    /// Until [`Faults::clear`].
    pub fn always(self) -> Fault {
        Fault { times: None, ..self }
    }
}

/// The faults that have not happened yet. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Fault>>>);

impl Faults {
    /// Adds a fault. Several may apply to one request; of two of a kind the older one goes first.
    pub fn push(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// The faults that have not happened yet, or always happen.
    pub fn pending(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next [`FaultKind::Status`] for `key`, and returns the error that it stands for.
    pub(super) fn take_error(&self, key: &str) -> S3Result<()> {
        let status = self.take(key, |kind| match kind {
            FaultKind::Status(status) => Some(*status),
            _ => None,
        });
        status.map_or(Ok(()), |status| Err(error_of_status(status)))
    }

    /// Takes the faults for the bytes `start..end` of `key`.
    pub(super) fn take_response(&self, key: &str, start: u64, end: u64) -> ResponseFaults {
        let inside = |at: u64| (start <= at && at < end).then_some(at);
        ResponseFaults {
            cut_at: self.take(key, |kind| match kind {
                FaultKind::CutAt(at) => inside(*at),
                _ => None,
            }),
            truncate_at: self.take(key, |kind| match kind {
                FaultKind::TruncateAt(at) => inside(*at),
                _ => None,
            }),
            bytes_per_second: self.take(key, |kind| match kind {
                FaultKind::BytesPerSecond(bytes) => Some((*bytes).max(1)),
                _ => None,
            }),
            stall_at: self.take(key, |kind| match kind {
                FaultKind::StallAt(at, time) => inside(*at).map(|at| (at, *time)),
                _ => None,
            }),
        }
    }

    /// Takes the oldest fault for `key` of which `select` returns something.
    fn take<T>(&self, key: &str, select: impl Fn(&FaultKind) -> Option<T>) -> Option<T> {
        let mut faults = self.lock();
        let (index, found) = faults.iter().enumerate().find_map(|(index, fault)| {
            let applies =
                fault.key.as_deref().is_none_or(|wanted| wanted == key) && fault.times != Some(0);
            Some((index, select(&fault.kind).filter(|_| applies)?))
        })?;
        if let Some(fault) = faults.get_mut(index)
            && let Some(times) = &mut fault.times
        {
            *times -= 1;
            if *times == 0 {
                faults.remove(index);
            }
        }
        Some(found)
    }
}

fn error_of_status(status: u16) -> S3Error {
    let code = match status {
        403 => S3ErrorCode::AccessDenied,
        404 => S3ErrorCode::NoSuchKey,
        503 => S3ErrorCode::SlowDown,
        _ => S3ErrorCode::InternalError,
    };
    let mut error = S3Error::with_message(code, "failed by a fault");
    if let Ok(status) = hyper::StatusCode::from_u16(status) {
        error.set_status_code(status);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_happens_to_its_key_as_often_as_requested() {
        let faults = Faults::default();
        faults.push(Fault::new(FaultKind::Status(503)).of_key("a").times(2));
        assert!(faults.take_error("b").is_ok());
        assert!(faults.take_error("a").is_err() && faults.take_error("a").is_err());
        assert!(faults.take_error("a").is_ok());
        assert!(faults.pending().is_empty());
    }

    #[test]
    fn a_range_after_the_cut_is_not_affected() {
        let faults = Faults::default();
        faults.push(Fault::new(FaultKind::CutAt(100)));
        assert_eq!(faults.take_response("a", 101, 200).cut_at, None);
        assert_eq!(faults.take_response("a", 50, 200).cut_at, Some(100));
        assert_eq!(faults.take_response("a", 50, 200).cut_at, None);
    }
}
