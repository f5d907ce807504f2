//! Temporary files: writes a stream or a copy of a file, and computes its size and MD5. Keeps a few
//! chunks in memory.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use md5::{Digest, Md5};

use super::error::LocalS3Error;
use super::name::hex;

/// The number of bytes read or written at once.
pub(super) const CHUNK_BYTES: usize = 256 * 1024;

/// A complete file. Dropping it removes it from the disk, unless it was moved by `keep_as`.
#[derive(Debug)]
pub(super) struct TemporaryFile {
    path: PathBuf,
    pub size_bytes: u64,
    pub md5: [u8; 16],
}

impl TemporaryFile {
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn md5_hex(&self) -> String {
        hex(&self.md5)
    }

    /// Moves the file to its permanent place.
    pub fn keep_as(self, path: &Path) -> Result<(), LocalS3Error> {
        std::fs::rename(&self.path, path).map_err(LocalS3Error::io("write", path))
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Writes a new temporary file.
pub(super) struct TemporaryWriter {
    file: File,
    md5: Md5,
    written: TemporaryFile,
}

impl TemporaryWriter {
    pub fn create(folder: &Path) -> Result<TemporaryWriter, LocalS3Error> {
        let path = folder.join(format!("{:016x}", rand::random::<u64>()));
        let file = File::create_new(&path).map_err(LocalS3Error::io("create", &path))?;
        Ok(TemporaryWriter {
            file,
            md5: Md5::new(),
            written: TemporaryFile { path, size_bytes: 0, md5: [0; 16] },
        })
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<(), LocalS3Error> {
        self.md5.update(bytes);
        self.written.size_bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(LocalS3Error::io("write", &self.written.path))
    }

    /// Writes all of `source`. Errors name `path`.
    pub fn copy(&mut self, source: &mut impl Read, path: &Path) -> Result<(), LocalS3Error> {
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            match source.read(&mut buffer).map_err(LocalS3Error::io("read", path))? {
                0 => return Ok(()),
                count => self.write(buffer.get(..count).unwrap_or_default())?,
            }
        }
    }

    pub fn finish(mut self) -> TemporaryFile {
        self.written.md5 = self.md5.finalize().into();
        self.written
    }
}

/// Copies the file at `path`.
pub(super) fn copy_file(folder: &Path, path: &Path) -> Result<TemporaryFile, LocalS3Error> {
    let mut source = File::open(path).map_err(LocalS3Error::io("open", path))?;
    let mut writer = TemporaryWriter::create(folder)?;
    writer.copy(&mut source, path)?;
    Ok(writer.finish())
}

/// Writes the body of a request. A separate thread hashes and writes, at most four chunks behind
/// the network.
pub(super) async fn receive_stream<S, E>(
    folder: PathBuf,
    body: Option<S>,
) -> Result<TemporaryFile, LocalS3Error>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<Bytes>(4);
    let writer = tokio::task::spawn_blocking(move || {
        let mut file = TemporaryWriter::create(&folder)?;
        while let Some(chunk) = receiver.blocking_recv() {
            file.write(&chunk)?;
        }
        Ok(file.finish())
    });
    let mut broken = None;
    if let Some(mut body) = body {
        while let Some(chunk) = body.next().await {
            match chunk {
                Ok(chunk) => {
                    if sender.send(chunk).await.is_err() {
                        // The writer failed; its error is returned below.
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
    let written = writer.await.map_err(|error| LocalS3Error::BodyBroken(error.to_string()))?;
    broken.map_or(written, Err)
}
