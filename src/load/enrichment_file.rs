//! Enrichment file: reads the file of an enrichment, from a path or from S3, and keeps a copy of objects in the
//! temporary folder.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use crate::dataset::EnrichmentFile;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::object::{ObjectRef, Source};

/// The largest file: it is held in memory.
const MAX_BYTES: u64 = 1 << 30;

/// A file as it was read.
pub(super) struct FileBytes {
    /// Changes when the file does: the ETag of an object, if it has one, size and time of a local file.
    stamp: String,
    pub bytes: Bytes,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// Reads a file, unless `known` is still what it holds.
///
/// # Errors
///
/// [`ErrorKind::BadEnrichment`] where the file is missing or too large, and those of reading an object.
pub(super) async fn read(
    source: &Source,
    file: &EnrichmentFile,
    known: Option<FileBytes>,
) -> Result<FileBytes> {
    match file {
        EnrichmentFile::Local(path) => {
            let path = path.clone();
            let reading = spawn_blocking(move || read_path(&path, known));
            reading.await.map_err(|error| bad("reading it was interrupted").caused_by(error))?
        }
        EnrichmentFile::S3 { bucket, key } => {
            let object = object(bucket, key);
            let object = source.identify(&object).await?;
            check_size(object.size_bytes.unwrap_or_default())?;
            // Without an ETag nobody knows whether it is still the same.
            let Some(etag) = object.etag.clone() else {
                return read_object(source, &object, None).await;
            };
            match known.filter(|known| known.stamp == etag) {
                Some(known) => Ok(known),
                None => read_object(source, &object, Some(etag)).await,
            }
        }
    }
}

fn read_path(path: &Path, known: Option<FileBytes>) -> Result<FileBytes> {
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(bad("it is a folder: name a file"));
    }
    check_size(metadata.len())?;
    let stamp = format!("{} {:?}", metadata.len(), metadata.modified().map_err(unreadable)?);
    match known.filter(|known| known.stamp == stamp) {
        Some(known) => Ok(known),
        None => Ok(FileBytes::new(stamp, fs::read(path).map_err(unreadable)?)),
    }
}

/// Reads an object from its copy in the temporary folder, or from S3.
async fn read_object(
    source: &Source,
    object: &ObjectRef,
    etag: Option<String>,
) -> Result<FileBytes> {
    let copy = etag.as_ref().map(|etag| Copy::of(object, etag));
    let stamp = etag.unwrap_or_default();
    if let Some(file) = copy.as_ref().and_then(|copy| copy.read(&stamp)) {
        return Ok(file);
    }
    let mut stream = source.open(object, 0).await.map_err(may_change)?;
    let mut bytes = Vec::with_capacity(usize::try_from(stream.size_bytes()).unwrap_or_default());
    while let Some(chunk) = stream.next_chunk().await.map_err(may_change)? {
        bytes.extend_from_slice(&chunk);
    }
    let file = FileBytes::new(stamp, bytes);
    // Without a copy, the next process reads the object again.
    if let Some(Err(error)) = copy.map(|copy| copy.write(&file)) {
        tracing::info!("{object} cannot be kept in the temporary folder: {error}");
    }
    Ok(file)
}

impl FileBytes {
    fn new(stamp: String, bytes: Vec<u8>) -> FileBytes {
        let sha256 = hex(&bytes);
        FileBytes { stamp, bytes: bytes.into(), sha256 }
    }
}

/// The copy of an object in the temporary folder. Its name ends in the SHA-256 of its bytes.
struct Copy {
    folder: PathBuf,
    /// What the names of all copies of this key begin with.
    of_key: String,
    /// What the names of the copies with this ETag begin with.
    of_etag: String,
}

impl Copy {
    fn of(object: &ObjectRef, etag: &str) -> Copy {
        let short = |text: &str| hex(text.as_bytes()).get(..24).unwrap_or_default().to_owned();
        let of_key = format!("stardrop-{}-", short(&object.to_string()));
        let of_etag = format!("{of_key}{}-", short(etag));
        Copy { folder: std::env::temp_dir(), of_key, of_etag }
    }

    /// The file, from a copy that this user has made; `None` where there is none, or it is damaged.
    fn read(&self, stamp: &str) -> Option<FileBytes> {
        let copies = self.copies(&self.of_etag).ok()?;
        copies.into_iter().find_map(|path| {
            let metadata = fs::symlink_metadata(&path).ok()?;
            let is_ours = metadata.is_file()
                && owner(&metadata) == owner(&tempfile::tempfile().ok()?.metadata().ok()?);
            let file = FileBytes::new(stamp.to_owned(), is_ours.then(|| fs::read(&path).ok())??);
            path.ends_with(format!("{}{}", self.of_etag, file.sha256)).then_some(file)
        })
    }

    /// Writes the copy under another name first, so that nobody reads a part of it, and removes older ones.
    fn write(&self, file: &FileBytes) -> io::Result<()> {
        let mut written = tempfile::NamedTempFile::new_in(&self.folder)?;
        written.write_all(&file.bytes)?;
        let path = self.folder.join(format!("{}{}", self.of_etag, file.sha256));
        let _: File = written.persist(&path)?;
        for older in self.copies(&self.of_key)?.into_iter().filter(|copy| *copy != path) {
            let _ = fs::remove_file(older);
        }
        Ok(())
    }

    /// The files whose names begin with `start`.
    fn copies(&self, start: &str) -> io::Result<Vec<PathBuf>> {
        let names = fs::read_dir(&self.folder)?.flatten().map(|entry| entry.file_name());
        let is_copy = |name: &std::ffi::OsString| name.to_string_lossy().starts_with(start);
        Ok(names.filter(is_copy).map(|name| self.folder.join(name)).collect())
    }
}

#[cfg(unix)]
fn owner(metadata: &fs::Metadata) -> Option<u32> {
    Some(std::os::unix::fs::MetadataExt::uid(metadata))
}

#[cfg(not(unix))]
fn owner(_metadata: &fs::Metadata) -> Option<u32> {
    None
}

fn object(bucket: &str, key: &str) -> ObjectRef {
    ObjectRef {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version_id: None,
        etag: None,
        size_bytes: None,
        object_time: None,
        sequencer: None,
    }
}

fn check_size(bytes: u64) -> Result<()> {
    if bytes <= MAX_BYTES {
        return Ok(());
    }
    Err(bad(format!("it has {bytes} bytes, more than {MAX_BYTES}: use a smaller one")))
}

/// An object that was replaced while it was read is read again by the next attempt.
fn may_change(error: Error) -> Error {
    match error.kind {
        ErrorKind::ObjectChanged => {
            let message = "it was replaced while it was read";
            error.with_message(ErrorKind::ObjectUnreadable, Stage::Enrich, message.to_owned())
        }
        _ => error,
    }
}

fn unreadable(error: io::Error) -> Error {
    let message = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file: put it there, or change the contract",
        _ => "it cannot be read",
    };
    bad(message).caused_by(error)
}

fn bad(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::BadEnrichment, Stage::Enrich, message)
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_of_an_object_is_read_by_its_etag_and_replaces_older_and_damaged_ones() {
        let folder = tempfile::tempdir().unwrap();
        let copy = |etag: &str| {
            let copy = Copy::of(&object("bucket", "geo.mmdb"), etag);
            Copy { folder: folder.path().into(), ..copy }
        };
        let read = |etag: &str| copy(etag).read(etag).map(|file| file.bytes.to_vec());
        let write = |etag: &str, bytes: &[u8]| {
            copy(etag).write(&FileBytes::new(etag.to_owned(), bytes.to_vec())).unwrap();
        };
        let copies = || copy("").copies("").unwrap();
        assert_eq!(read("a"), None);
        write("a", b"one");
        assert_eq!(read("a").as_deref(), Some(&b"one"[..]));
        assert_eq!(read("b"), None);
        write("b", b"two");
        assert_eq!((read("a"), read("b").as_deref()), (None, Some(&b"two"[..])));
        assert_eq!(copies().len(), 1);
        // Of the same size, as after a crash of the machine.
        fs::write(&copies()[0], [0; 3]).unwrap();
        assert_eq!(read("b"), None);
        write("b", b"two");
        assert_eq!(read("b").as_deref(), Some(&b"two"[..]));
        #[cfg(unix)]
        {
            let path = copies().remove(0);
            let elsewhere = folder.path().join("elsewhere");
            fs::rename(&path, &elsewhere).unwrap();
            std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
            assert_eq!(read("b"), None, "a link that somebody else may have made");
        }
    }

    #[test]
    fn a_local_file_is_read_again_only_when_it_changes() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"one").unwrap();
        let mut first = read_path(file.path(), None).unwrap();
        assert_eq!(
            first.sha256,
            "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
        );
        first.bytes = Bytes::from_static(b"kept");
        let again = read_path(file.path(), Some(first)).unwrap();
        assert_eq!(again.bytes, b"kept"[..]);
        file.write_all(b" more").unwrap();
        assert_eq!(read_path(file.path(), Some(again)).unwrap().bytes, b"one more"[..]);
        let missing = read_path(Path::new("/nowhere/geo.mmdb"), None).err().unwrap();
        assert!(missing.message.contains("there is no such file"), "{missing}");
        assert!(read_path(Path::new("/tmp"), None).err().unwrap().message.contains("a folder"));
    }
}
