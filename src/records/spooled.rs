//! Spooled: a file that can be read from any position in, as many independent readers of it as wanted
//! out.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, Once, PoisonError};

/// A file that can be read from any position: what formats need that begin at their end.
pub trait Spooled: Read + Seek + Send + Sync {}

impl<T: Read + Seek + Send + Sync> Spooled for T {}

thread_local! {
    /// Whether a panic of this thread would be caught below.
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Runs a library's reader, which may panic on a file that is broken: such a file is refused like any
/// other. What the reader leaves behind must not be used again then. Nor is the panic reported, since
/// its message may hold what is in the file.
pub(super) fn unless_it_panics<T, E>(
    read: impl FnOnce() -> Result<T, E>,
    broken: impl FnOnce() -> E,
) -> Result<T, E> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            if !IS_CAUGHT.get() {
                usual(what);
            }
        }));
    });
    let outer = IS_CAUGHT.replace(true);
    let result = catch_unwind(AssertUnwindSafe(read));
    IS_CAUGHT.set(outer);
    result.unwrap_or_else(|_| Err(broken()))
}

/// One reader of a file. Each clone has a position of its own.
#[derive(Clone)]
pub(super) struct SharedFile {
    file: Arc<Mutex<Box<dyn Spooled>>>,
    position: u64,
    pub len: u64,
}

impl SharedFile {
    /// The first reader of a file.
    pub fn new(mut file: Box<dyn Spooled>) -> io::Result<SharedFile> {
        let len = file.seek(SeekFrom::End(0))?;
        Ok(SharedFile { file: Arc::new(Mutex::new(file)), position: 0, len })
    }

    /// A reader that starts at `position`.
    #[cfg(feature = "parquet")]
    pub fn at(&self, position: u64) -> SharedFile {
        SharedFile { position, ..self.clone() }
    }
}

impl Read for SharedFile {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.position))?;
        let count = file.read(bytes)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for SharedFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
