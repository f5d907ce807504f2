//! Object facts: what the columns that are not in the file take from a load's object.

use crate::ledger::Claimed;
use crate::object::ObjectRef;
use crate::rows::ObjectFacts;

/// The object with the version and the time that the ledger has for it: an event and a listing may give one
/// version different times, and all rows of a load have the same one.
pub(super) fn known_object(object: &ObjectRef, claimed: &Claimed) -> ObjectRef {
    ObjectRef {
        version_id: claimed.version_id.clone(),
        object_time: Some(claimed.object_time),
        ..object.clone()
    }
}

/// What is known of an object besides its content.
pub(super) fn facts_of<'o>(
    object: &'o ObjectRef,
    entry: Option<&'o str>,
    sheet: Option<&'o str>,
) -> ObjectFacts<'o> {
    ObjectFacts {
        bucket: &object.bucket,
        key: &object.key,
        is_path: object.is_local_file(),
        version_id: object.version_id.as_deref(),
        object_time: object.object_time,
        sheet,
        entry,
    }
}
