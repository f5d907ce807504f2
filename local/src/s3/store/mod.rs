//! The store: all buckets of a folder, with their versions, visible files and events. Everything that
//! changes them goes through it.
//!
//! ```text
//! root/<bucket>/<key>                       the newest version, for people to see and to edit
//! root/.local-s3/buckets/<bucket>/<hash>/   record.json and the bytes of each version of one key
//! root/.local-s3/{uploads,events,tmp,lock}
//! ```
//!
//! The visible file is a copy and never a hard link of a version's bytes, since people edit it in
//! place. Where the file system can, the copy shares its blocks.

mod change;
mod versions;

pub(in crate::s3) use change::{Condition, Put, Source};
pub(in crate::s3) use versions::{Keys, Store};
