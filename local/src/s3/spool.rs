//! Spool: a stream or a file in, a file of ours with its size and MD5 out. Holds a few chunks.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use md5::{Digest, Md5};

use super::LocalS3Error;
use super::name::hex;

/// Bytes that are read or written at once.
pub(super) const CHUNK_BYTES: usize = 256 * 1024;

/// A finished file that nobody owns yet: dropping it removes it.
#[derive(Debug)]
pub(super) struct Spooled {
    path: PathBuf,
    pub size_bytes: u64,
    pub md5: [u8; 16],
}

impl Spooled {
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn md5_hex(&self) -> String {
        hex(&self.md5)
    }

    /// Moves the file to where it stays.
    pub fn keep_as(self, path: &Path) -> Result<(), LocalS3Error> {
        std::fs::rename(&self.path, path).map_err(LocalS3Error::io("write", path))
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Writes into a new file of `folder`.
pub(super) struct Spool {
    file: File,
    md5: Md5,
    unfinished: Spooled,
}

impl Spool {
    pub fn create(folder: &Path) -> Result<Spool, LocalS3Error> {
        let path = folder.join(format!("{:016x}", rand::random::<u64>()));
        let file = File::create_new(&path).map_err(LocalS3Error::io("create", &path))?;
        Ok(Spool {
            file,
            md5: Md5::new(),
            unfinished: Spooled { path, size_bytes: 0, md5: [0; 16] },
        })
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<(), LocalS3Error> {
        self.md5.update(bytes);
        self.unfinished.size_bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(LocalS3Error::io("write", &self.unfinished.path))
    }

    /// Takes all of `source`, which is at `path` for the message.
    pub fn copy(&mut self, source: &mut impl Read, path: &Path) -> Result<(), LocalS3Error> {
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            match source.read(&mut buffer).map_err(LocalS3Error::io("read", path))? {
                0 => return Ok(()),
                count => self.write(buffer.get(..count).unwrap_or_default())?,
            }
        }
    }

    pub fn finish(mut self) -> Spooled {
        self.unfinished.md5 = self.md5.finalize().into();
        self.unfinished
    }
}

/// A copy of the file at `path`.
pub(super) fn spool_file(folder: &Path, path: &Path) -> Result<Spooled, LocalS3Error> {
    let mut source = File::open(path).map_err(LocalS3Error::io("open", path))?;
    let mut spool = Spool::create(folder)?;
    spool.copy(&mut source, path)?;
    Ok(spool.finish())
}

/// The body of a request. Hashing and writing happen on a thread of their own, at most four
/// chunks behind the network.
pub(super) async fn spool_stream<S, E>(
    folder: PathBuf,
    body: Option<S>,
) -> Result<Spooled, LocalS3Error>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<Bytes>(4);
    let writer = tokio::task::spawn_blocking(move || {
        let mut spool = Spool::create(&folder)?;
        while let Some(chunk) = receiver.blocking_recv() {
            spool.write(&chunk)?;
        }
        Ok(spool.finish())
    });
    let mut broken = None;
    if let Some(mut body) = body {
        while let Some(chunk) = body.next().await {
            match chunk {
                Ok(chunk) => {
                    if sender.send(chunk).await.is_err() {
                        // The writer failed, and says why below.
                        break;
                    }
                }
                Err(error) => {
                    broken = Some(LocalS3Error::BodyBroken(error.to_string()));
                    break;
                }
            }
        }
    }
    drop(sender);
    let spooled = writer.await.map_err(|error| LocalS3Error::BodyBroken(error.to_string()))?;
    broken.map_or(spooled, Err)
}
