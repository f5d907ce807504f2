//! An S3 endpoint over a folder, with the events of its changes.
//!
//! ```no_run
//! # async fn example() -> Result<(), stardrop_local::s3::LocalS3Error> {
//! use stardrop_local::s3::{LocalS3, LocalS3Options};
//!
//! let (events, mut received) = tokio::sync::mpsc::unbounded_channel();
//! let mut options = LocalS3Options::new("bucket-folder");
//! options.event_sink = Some(events);
//! let s3 = LocalS3::start(options).await?;
//! s3.create_bucket("landing")?;
//! s3.put_bytes("landing", "sales/a.csv", "id\n1\n").await?;
//! let event = received.recv().await;
//! # Ok(())
//! # }
//! ```
//!
//! The newest version of each object is also a visible file, `<root>/<bucket>/<key>`. Files that
//! people add, change or remove there become object versions and deletions, with their events,
//! within a second. Everything else is stored below `<root>/.local-s3`.

mod body;
mod endpoint;
mod error;
mod event;
#[cfg(feature = "faults")]
mod fault;
mod list;
mod multipart;
mod name;
mod options;
mod record;
mod serve;
mod service;
mod store;
mod temporary;
mod visible;
mod watch;

pub use endpoint::{LocalS3, PutReceipt};
pub use error::LocalS3Error;
#[cfg(feature = "faults")]
pub use fault::{Fault, FaultKind, Faults};
pub use options::LocalS3Options;
