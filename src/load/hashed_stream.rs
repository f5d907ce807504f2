//! Hashed stream: opens an object so that it is hashed while it is read.

use crate::error::Result;
use crate::object::{ContentHash, ObjectRef, ObjectStream, Source};

/// Opens an object at its first byte. The ETag of a local file is a hash already.
///
/// # Errors
///
/// Those of [`Source::open`].
pub(super) async fn open_hashed(source: &Source, object: &ObjectRef) -> Result<ObjectStream> {
    let mut stream = source.open(object, 0).await?;
    if !object.is_local_file() {
        stream.hash_with(ContentHash::default());
    }
    Ok(stream)
}
