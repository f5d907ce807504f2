//! Fault: a test's wishes in; broken, short, slow and refused answers out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong. Offsets are bytes of the object, also where a client asked for a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FaultKind {
    /// The connection breaks off after this byte; a range that starts after it is left alone.
    CutAt(u64),
    /// A well-formed answer, with a fitting Content-Length, that ends at this byte.
    TruncateAt(u64),
    /// At most so many bytes a second.
    BytesPerSecond(u64),
    /// Nothing is sent for a while after this byte.
    StallAt(u64, Duration),
    /// The answer is an error with this status, such as 403, 500 or 503; HEAD gets it too.
    Status(u16),
}

/// Something that goes wrong with a GET: once and for any key, unless said otherwise.
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
    /// `None` is for ever.
    times: Option<u32>,
}

impl Fault {
    /// Goes wrong with the next GET of any key.
    pub fn new(kind: FaultKind) -> Fault {
        Fault { kind, key: None, times: Some(1) }
    }

    /// With this key alone.
    pub fn of_key(self, key: impl Into<String>) -> Fault {
        Fault { key: Some(key.into()), ..self }
    }

    /// So many times.
    pub fn times(self, times: u32) -> Fault {
        Fault { times: Some(times), ..self }
    }

    /// Until [`Faults::clear`].
    pub fn always(self) -> Fault {
        Fault { times: None, ..self }
    }
}

/// The faults that are to come. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Fault>>>);

impl Faults {
    /// Adds a fault. Several may fit one request; of two of a kind the older one is used up first.
    pub fn push(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// Forgets all faults.
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

    /// Uses up a refusal for a request of `key`.
    pub(super) fn take_status(&self, key: &str) -> Option<u16> {
        self.take(key, |kind| match kind {
            FaultKind::Status(status) => Some(*status),
            _ => None,
        })
    }

    /// Uses up what goes wrong with the bytes `start..end` of `key`.
    pub(super) fn take_plan(&self, key: &str, start: u64, end: u64) -> Plan {
        let inside = |at: u64| (start <= at && at < end).then_some(at);
        Plan {
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

    fn take<T>(&self, key: &str, fits: impl Fn(&FaultKind) -> Option<T>) -> Option<T> {
        let mut faults = self.lock();
        let (place, found) = faults.iter().enumerate().find_map(|(place, fault)| {
            let is_meant =
                fault.key.as_deref().is_none_or(|wish| wish == key) && fault.times != Some(0);
            Some((place, fits(&fault.kind).filter(|_| is_meant)?))
        })?;
        if let Some(fault) = faults.get_mut(place)
            && let Some(times) = &mut fault.times
        {
            *times -= 1;
            if *times == 0 {
                faults.remove(place);
            }
        }
        Some(found)
    }
}

/// What goes wrong with one answer.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Plan {
    pub cut_at: Option<u64>,
    pub truncate_at: Option<u64>,
    pub bytes_per_second: Option<u64>,
    pub stall_at: Option<(u64, Duration)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_happens_to_its_key_as_often_as_it_says() {
        let faults = Faults::default();
        faults.push(Fault::new(FaultKind::Status(503)).of_key("a").times(2));
        assert_eq!(faults.take_status("b"), None);
        assert_eq!([faults.take_status("a"), faults.take_status("a")], [Some(503), Some(503)]);
        assert_eq!(faults.take_status("a"), None);
        assert!(faults.pending().is_empty());
    }

    #[test]
    fn a_range_behind_the_cut_is_left_alone() {
        let faults = Faults::default();
        faults.push(Fault::new(FaultKind::CutAt(100)));
        assert_eq!(faults.take_plan("a", 101, 200).cut_at, None);
        assert_eq!(faults.take_plan("a", 50, 200).cut_at, Some(100));
        assert_eq!(faults.take_plan("a", 50, 200).cut_at, None);
    }
}
