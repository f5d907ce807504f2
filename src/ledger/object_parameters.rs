//! Object parameters: an object as the ledger's functions take it, in seven parameters.

use jiff::Timestamp;
use tokio_postgres::types::{ToSql, Type};

use crate::db::TypedParameters;
use crate::object::ObjectRef;

/// An object with its size and time in types of Postgres. Without a time it is older than any other.
pub(super) struct ObjectParameters<'o> {
    object: &'o ObjectRef,
    size_bytes: Option<i64>,
    object_time: Timestamp,
}

impl<'o> ObjectParameters<'o> {
    pub fn of(object: &'o ObjectRef) -> Self {
        ObjectParameters {
            object,
            size_bytes: object.size_bytes.map(|size| size as i64),
            object_time: object.object_time.unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }

    /// The parameters of the object, with others before and behind them.
    pub fn between<'p>(
        &'p self,
        before: TypedParameters<'p>,
        behind: TypedParameters<'p>,
    ) -> Vec<(&'p (dyn ToSql + Sync), Type)> {
        let ObjectRef { bucket, key, version_id, etag, sequencer, .. } = self.object;
        let own: [(&(dyn ToSql + Sync), Type); 7] = [
            (bucket, Type::TEXT),
            (key, Type::TEXT),
            (version_id, Type::TEXT),
            (etag, Type::TEXT),
            (&self.size_bytes, Type::INT8),
            (&self.object_time, Type::TIMESTAMPTZ),
            (sequencer, Type::TEXT),
        ];
        [before, &own, behind].concat()
    }
}
