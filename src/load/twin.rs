//! Twin: an object of a size that another load had, in; whether its bytes are the same, out.

use super::Loader;
use super::run::Ran;
use crate::dataset::Dataset;
use crate::error::Result;
use crate::ledger::{self, Claimed, Hashing};
use crate::object::{ContentHash, ObjectRef};

impl Loader {
    /// Reads the whole object for its hash, where only that can tell that its rows are in the star
    /// already; nothing where the load is to be run. That is rare: objects of one dataset are
    /// seldom of the same size to the byte.
    pub(super) async fn compare(
        &self,
        dataset: &Dataset,
        object: &ObjectRef,
        claimed: &Claimed,
        hashing: &Hashing,
    ) -> Result<Option<Ran>> {
        if !hashing.has_twin {
            return Ok(None);
        }
        let resumed = hashing.state.as_deref().and_then(|s| ContentHash::resume(s, hashing.offset));
        let mut hash = resumed.unwrap_or_default();
        let from = hash.offset();
        let mut stream = self.source.open(object, from).await?;
        if stream.etag_is_md5() && !hashing.has_opaque_twin {
            return Ok(None);
        }
        let mut whole = true;
        while let Some(chunk) = stream.next_chunk().await? {
            hash.push(chunk);
            hash.advance(u64::MAX);
            if !self.pace.has_time() {
                whole = hash.offset() == stream.size_bytes();
                break;
            }
        }
        let client = &self.session()?.database.client;
        let (overwrite, lease) = (dataset.policy.overwrite.as_str(), self.lease());
        let state = ledger::note_hash(client, claimed, overwrite, &hash, whole, lease).await?;
        Ok(match state.as_str() {
            "loading" if whole => None,
            "loading" if hash.offset() > from => Some(Ran::HashedSoFar),
            "loading" => Some(Ran::OutOfTime),
            _ => Some(Ran::Settled(state)),
        })
    }
}
