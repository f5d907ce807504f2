//! Spooled object: copies an object into a temporary file, for formats whose directory is at their end (Excel,
//! Parquet), and keeps it while the parts of the object are loaded.

use std::fs::File;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use super::hashed_stream::open_hashed;
use crate::archive::Archive;
use crate::decode::DecodeOptions;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::object::{ObjectRef, Source};
use crate::records::SharedFile;
use crate::settings::Settings;

/// An object in an unnamed temporary file, and what is known of it after it was copied.
#[derive(Clone)]
pub(super) struct SpooledObject {
    pub file: SharedFile,
    pub content_hash: Option<Vec<u8>>,
    pub etag_is_md5: bool,
    /// The archive that the object is, once its entries are known.
    archive: Arc<Mutex<Option<Arc<Archive>>>>,
}

impl SpooledObject {
    /// What is known of the object, with an entry of it as the file.
    pub fn with_content(&self, file: SharedFile) -> SpooledObject {
        SpooledObject { file, ..self.clone() }
    }

    /// The object as an archive, whose entries are listed once.
    ///
    /// # Errors
    ///
    /// Those of [`Archive::open`].
    pub fn archive(&self, limits: &DecodeOptions) -> Result<Arc<Archive>> {
        let mut known = self.archive.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(archive) = &*known {
            return Ok(Arc::clone(archive));
        }
        let opened = Archive::open(&self.file, limits)?;
        Ok(Arc::clone(known.insert(Arc::new(opened))))
    }
}

/// The object whose parts are being loaded, so that it is read from S3 once.
#[derive(Default)]
pub(super) struct Spools {
    last: Mutex<Option<(ObjectRef, SpooledObject)>>,
}

impl Spools {
    /// Copies an object into a temporary file, unless it is in one already. `is_kept` says that more will be read of
    /// it, until [`Spools::clear`].
    ///
    /// # Errors
    ///
    /// Those of reading the object; [`ErrorKind::OverLimit`] where it is larger than `max_decompressed_bytes`.
    pub(crate) async fn spool(
        &self,
        source: &Source,
        settings: &Settings,
        object: &ObjectRef,
        is_kept: bool,
    ) -> Result<SpooledObject> {
        if let Some(spooled) = self.known(object) {
            return Ok(spooled);
        }
        // There may be no room for two.
        self.clear();
        let spooled = spool(source, settings, object).await?;
        if is_kept {
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((object.clone(), spooled.clone()));
        }
        Ok(spooled)
    }

    fn known(&self, object: &ObjectRef) -> Option<SpooledObject> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, spooled) = last.as_ref()?;
        (object.etag.is_some() && version(known) == version(object)).then(|| spooled.clone())
    }

    /// Deletes the temporary file, once no reader has it.
    pub(crate) fn clear(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// What tells the versions of objects from each other.
fn version(object: &ObjectRef) -> (&str, &str, Option<&str>, Option<&str>) {
    let ObjectRef { bucket, key, version_id, etag, .. } = object;
    (bucket, key, version_id.as_deref(), etag.as_deref())
}

async fn spool(source: &Source, settings: &Settings, object: &ObjectRef) -> Result<SpooledObject> {
    let mut stream = open_hashed(source, object).await?;
    if stream.size_bytes() > settings.max_decompressed_bytes {
        let limit = settings.max_decompressed_bytes;
        let message =
            format!("the file has more than {limit} bytes (STARDROP_MAX_DECOMPRESSED_BYTES)");
        return Err(Error::new(ErrorKind::OverLimit, Stage::Decode, message));
    }
    let mut file: File = tempfile::tempfile().map_err(write_error)?;
    while let Some(chunk) = stream.next_chunk().await? {
        file.write_all(&chunk).map_err(write_error)?;
        stream.hash_to(stream.offset());
    }
    let (content_hash, etag_is_md5) = (stream.content_hash(), stream.etag_is_md5());
    let file = SharedFile::new(Box::new(file)).map_err(write_error)?;
    Ok(SpooledObject { file, content_hash, etag_is_md5, archive: Arc::default() })
}

pub(super) fn write_error(error: std::io::Error) -> Error {
    let message =
        "cannot write the file to the temporary folder (on AWS: raise `tmp_mb` in infra/)";
    Error::new(ErrorKind::ObjectUnreadable, Stage::Decode, message).caused_by(error)
}
