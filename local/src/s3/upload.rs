//! Upload: parts in, one object out. What is begun outlives a restart.

use std::fs::File;
use std::path::{Path, PathBuf};

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::LocalS3Error;
use super::name::hex;
use super::record::{self, Headers};
use super::spool::{Spool, Spooled};

/// A multipart upload: a folder with `upload.json` and files named `<part>-<MD5>`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Upload {
    pub bucket: String,
    pub key: String,
    pub headers: Headers,
}

/// Begins an upload, and gives its id.
pub(super) fn create(folder: &Path, upload: &Upload) -> Result<String, LocalS3Error> {
    let id = format!("{:032x}", rand::random::<u128>());
    let dir = folder.join(&id);
    std::fs::create_dir(&dir).map_err(LocalS3Error::io("create", &dir))?;
    record::write_json(&dir.join("upload.json"), upload)?;
    Ok(id)
}

/// Finds an upload, and its folder.
pub(super) fn open(
    folder: &Path,
    id: &str,
    bucket: &str,
    key: &str,
) -> Result<(PathBuf, Upload), LocalS3Error> {
    let no_upload = || LocalS3Error::NoSuchUpload(id.to_owned());
    // The id becomes part of a path.
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(no_upload());
    }
    let dir = folder.join(id);
    if !dir.join("upload.json").is_file() {
        return Err(no_upload());
    }
    let upload: Upload = record::read_json(&dir.join("upload.json"))?;
    if (upload.bucket.as_str(), upload.key.as_str()) != (bucket, key) {
        return Err(no_upload());
    }
    Ok((dir, upload))
}

/// Keeps a part, in place of an earlier one of the same number. Gives its ETag.
pub(super) fn put_part(dir: &Path, number: i32, bytes: Spooled) -> Result<String, LocalS3Error> {
    let prefix = format!("{number}-");
    let etag = bytes.md5_hex();
    let name = format!("{prefix}{etag}");
    bytes.keep_as(&dir.join(&name))?;
    let entries = std::fs::read_dir(dir).map_err(LocalS3Error::io("read", dir))?;
    for entry in entries.filter_map(Result::ok) {
        let other = entry.file_name().to_string_lossy().into_owned();
        if other.starts_with(&prefix) && other != name {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(etag)
}

/// Joins parts, given by number and ETag, and gives the bytes and the object's ETag: the MD5 of
/// the parts' MD5s, and their count.
pub(super) fn join(
    dir: &Path,
    parts: &[(i32, String)],
    spool_dir: &Path,
) -> Result<(Spooled, String), LocalS3Error> {
    if !parts.is_sorted_by(|(one, _), (other, _)| one < other) {
        return Err(LocalS3Error::InvalidPartOrder);
    }
    let mut spool = Spool::create(spool_dir)?;
    let mut md5 = Md5::new();
    for (number, etag) in parts {
        let invalid = || LocalS3Error::InvalidPart(*number);
        let digest = digest_of(etag).ok_or_else(invalid)?;
        let path = dir.join(format!("{number}-{}", hex(&digest)));
        let mut part = File::open(&path).map_err(|_| invalid())?;
        spool.copy(&mut part, &path)?;
        md5.update(digest);
    }
    let etag = format!("{}-{}", hex(md5.finalize().as_slice()), parts.len());
    Ok((spool.finish(), etag))
}

/// Ends an upload, finished or not.
pub(super) fn remove(dir: &Path) -> Result<(), LocalS3Error> {
    std::fs::remove_dir_all(dir).map_err(LocalS3Error::io("remove", dir))
}

/// The 16 bytes that an ETag of 32 digits spells.
fn digest_of(etag: &str) -> Option<[u8; 16]> {
    let digits = |place| u8::from_str_radix(etag.get(place..place + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..etag.len()).step_by(2).map(digits).collect();
    bytes?.try_into().ok()
}
