//! Gives several independent readers to a file on disk, and contains the panics of libraries that read it.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, Once, PoisonError};

/// A file that can be read from any position, as formats need whose directory is at the end.
pub trait Spooled: Read + Seek + Send + Sync {}

impl<T: Read + Seek + Send + Sync> Spooled for T {}

thread_local! {
    /// Whether [`unless_it_panics`] would catch a panic of this thread.
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Runs the reader of a library, which may panic on a damaged file, and returns the error of `broken` if
/// it does. Do not use the reader again after that. The panic is not reported, because its message may
/// hold values of the file.
///
/// # Errors
///
/// The error of `read`, or that of `broken` after a panic.
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

/// One reader of a file. Each clone has its own position.
#[derive(Clone)]
pub struct SharedFile {
    file: Arc<Mutex<Box<dyn Spooled>>>,
    position: u64,
    /// The length of the file.
    pub len: u64,
}

impl SharedFile {
    /// The first reader of a file.
    ///
    /// # Errors
    ///
    /// The length of the file cannot be found.
    pub fn new(mut file: Box<dyn Spooled>) -> io::Result<SharedFile> {
        let len = file.seek(SeekFrom::End(0))?;
        Ok(SharedFile { file: Arc::new(Mutex::new(file)), position: 0, len })
    }

    /// A reader that starts at `position`.
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
