//! Identifies a local file by its size and content, and opens it as an object.

use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::file_body::{FileBody, READ_BYTES, changed, stamp, unreadable};
use super::stream::{Body, ObjectStream};
use super::{FILE_BUCKET, ObjectRef, object_error};
use crate::error::{ErrorKind, Result};

/// A path as an object. Its key is absolute and has no symbolic links, so that each file has one name.
///
/// # Errors
///
/// The kinds of [`unreadable`], and [`ErrorKind::ObjectUnreadable`] if the path is not valid UTF-8.
pub(super) fn reference(path: &Path) -> Result<ObjectRef> {
    let path = std::fs::canonicalize(path).map_err(unreadable)?;
    let key = path.into_os_string().into_string().map_err(|_| {
        object_error(ErrorKind::ObjectUnreadable, "the path is not valid UTF-8: rename the file")
    })?;
    Ok(ObjectRef {
        bucket: FILE_BUCKET.to_owned(),
        key,
        version_id: None,
        etag: None,
        size_bytes: None,
        object_time: None,
        sequencer: None,
    })
}

/// Fills in the size, the time and, as the etag, `<size>-<sha-256>`. Reads the whole file for it.
///
/// # Errors
///
/// The kinds of [`unreadable`], and [`ErrorKind::ObjectChanged`] if the file changes while it is read
/// or has another etag than `object` says.
pub(super) async fn identify(object: &ObjectRef) -> Result<ObjectRef> {
    if object.etag.is_some() && object.size_bytes.is_some() && object.object_time.is_some() {
        return Ok(object.clone());
    }
    let key = object.key.clone();
    let hashing = tokio::task::spawn_blocking(move || {
        let mut file = std::fs::File::open(key).map_err(unreadable)?;
        let before = stamp(&file.metadata().map_err(unreadable)?)?;
        let (mut hash, mut buffer, mut read_bytes) = (Sha256::new(), vec![0; READ_BYTES], 0);
        loop {
            let count = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(error)),
            };
            hash.update(buffer.get(..count).unwrap_or_default());
            read_bytes += count as u64;
        }
        if stamp(&file.metadata().map_err(unreadable)?)? != before || read_bytes != before.0 {
            return Err(changed());
        }
        let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((before, format!("{}-{hex}", before.0)))
    });
    let ((size_bytes, time), etag) = hashing.await.map_err(|error| {
        object_error(ErrorKind::ObjectUnreadable, "hashing the file was interrupted")
            .caused_by(error)
    })??;
    if object.etag.as_ref().is_some_and(|known| *known != etag) {
        return Err(changed());
    }
    Ok(ObjectRef {
        etag: Some(etag),
        size_bytes: Some(size_bytes),
        object_time: Some(time),
        ..object.clone()
    })
}

/// Opens the file at `from_offset`.
///
/// # Errors
///
/// The kinds of [`unreadable`], and [`ErrorKind::ObjectChanged`] if the file has another size or time
/// than `object` says.
pub(super) async fn open(object: &ObjectRef, from_offset: u64) -> Result<ObjectStream> {
    let body = FileBody::open(&object.key, from_offset).await?;
    let (size, time) = body.stamp();
    if object.size_bytes.is_some_and(|known| known != size)
        || object.object_time.is_some_and(|known| known != time)
        || from_offset > size
    {
        return Err(changed());
    }
    Ok(ObjectStream::new(object, Body::File(body), from_offset, size))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::object::{Source, local_file};
    use crate::settings::Settings;

    fn source() -> Source {
        Source::new(&Settings::from_vars(|_| None).expect("defaults"))
    }

    fn written(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(bytes).expect("written");
        file
    }

    async fn read(object: &ObjectRef, from_offset: u64) -> Result<Vec<u8>> {
        let mut stream = source().open(object, from_offset).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.next_chunk().await? {
            assert!(!chunk.is_empty() && chunk.len() <= super::super::stream::MAX_CHUNK_BYTES);
            bytes.extend_from_slice(&chunk);
            assert_eq!(stream.offset(), from_offset + bytes.len() as u64);
        }
        Ok(bytes)
    }

    async fn identified(file: &tempfile::NamedTempFile) -> ObjectRef {
        let object = local_file(file.path()).expect("there");
        source().identify(&object).await.expect("readable")
    }

    #[tokio::test]
    async fn a_file_is_identified_by_its_size_and_content() {
        let object = identified(&written(b"hello world")).await;
        assert_eq!(
            object.etag.as_deref(),
            Some("11-b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9")
        );
        assert_eq!((object.bucket.as_str(), object.size_bytes), ("file", Some(11)));
        assert!(object.key.starts_with('/') && object.object_time.is_some());
        assert_eq!(object.to_string(), object.key);
    }

    #[tokio::test]
    async fn a_file_is_read_from_any_offset_to_its_end() {
        let bytes: Vec<u8> = (0..3_000_001_u32).map(|i| (i % 251) as u8).collect();
        let file = written(&bytes);
        let object = identified(&file).await;
        for offset in [0, 1, 1 << 20, bytes.len() - 1, bytes.len()] {
            let read = read(&object, offset as u64).await.expect("readable");
            assert!(read == bytes[offset..], "from {offset}");
        }
        assert_eq!(read(&identified(&written(b"")).await, 0).await.expect("empty"), b"");
    }

    #[tokio::test]
    async fn a_file_that_changed_since_is_not_read() {
        let mut file = written(b"a,b");
        let object = identified(&file).await;
        file.write_all(b",c").expect("written");
        let error = read(&object, 0).await.expect_err("changed");
        assert_eq!(error.kind, ErrorKind::ObjectChanged);
        assert_eq!(
            error.to_string(),
            format!("object: {}: the file has changed since it was identified", object.key)
        );
        let same_size =
            ObjectRef { etag: Some("3-0".into()), ..local_file(file.path()).expect("") };
        let error = source().identify(&same_size).await.expect_err("other content");
        assert_eq!(error.kind, ErrorKind::ObjectChanged);
    }

    #[tokio::test]
    async fn a_file_that_changes_while_it_is_read_is_an_error() {
        for cut in [true, false] {
            let mut file = written(&vec![b'x'; 2 << 20]);
            let object = identified(&file).await;
            let mut stream = source().open(&object, 0).await.expect("there");
            stream.next_chunk().await.expect("readable");
            if cut {
                file.as_file().set_len(1 << 20).expect("cut");
            } else {
                file.write_all(b"more").expect("written");
            }
            let error = loop {
                match stream.next_chunk().await {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("a silent end"),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind, ErrorKind::ObjectChanged);
        }
    }

    #[tokio::test]
    async fn a_missing_file_and_a_folder_are_errors_that_name_the_path() {
        let error = local_file(Path::new("/nowhere/a.csv")).expect_err("missing");
        assert_eq!(error.kind, ErrorKind::ObjectMissing);
        assert!(error.to_string().starts_with("object: /nowhere/a.csv: the file does not exist"));
        let folder = tempfile::tempdir().expect("a folder");
        let object = local_file(folder.path()).expect("there");
        let error = source().identify(&object).await.expect_err("a folder");
        assert!(error.to_string().contains("is a folder"), "{error}");
    }
}
