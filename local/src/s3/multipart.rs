//! Multipart uploads: stores parts in a folder, which survives a restart, lists the uploads, and joins parts.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::error::LocalS3Error;
use super::name::hex;
use super::record::{self, Headers};
use super::temporary::{TemporaryFile, TemporaryWriter};

/// A multipart upload: a folder with `upload.json` and files named `<part>-<MD5>`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Upload {
    pub bucket: String,
    pub key: String,
    pub headers: Headers,
}

/// Creates an upload, and returns its id.
pub(super) fn create(folder: &Path, upload: &Upload) -> Result<String, LocalS3Error> {
    let id = format!("{:032x}", rand::random::<u128>());
    let dir = folder.join(&id);
    std::fs::create_dir(&dir).map_err(LocalS3Error::io("create", &dir))?;
    record::write_json(&dir.join("upload.json"), upload)?;
    Ok(id)
}

/// Finds an upload and its folder.
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

/// Stores a part, and returns its ETag. An earlier part of the same number is replaced.
pub(super) fn put_part(
    dir: &Path,
    number: i32,
    bytes: TemporaryFile,
) -> Result<String, LocalS3Error> {
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

/// Joins parts, given by number and ETag. Returns the bytes and the object's ETag: the MD5 of the
/// parts' MD5s, and the number of parts.
pub(super) fn join(
    dir: &Path,
    parts: &[(i32, String)],
    temporary_dir: &Path,
) -> Result<(TemporaryFile, String), LocalS3Error> {
    if !parts.is_sorted_by(|(one, _), (other, _)| one < other) {
        return Err(LocalS3Error::InvalidPartOrder);
    }
    let mut writer = TemporaryWriter::create(temporary_dir)?;
    let mut md5 = Md5::new();
    for (number, etag) in parts {
        let invalid = || LocalS3Error::InvalidPart(*number);
        let digest = digest_of(etag).ok_or_else(invalid)?;
        let path = dir.join(format!("{number}-{}", hex(&digest)));
        let mut part = File::open(&path).map_err(|_| invalid())?;
        writer.copy(&mut part, &path)?;
        md5.update(digest);
    }
    let etag = format!("{}-{}", hex(md5.finalize().as_slice()), parts.len());
    Ok((writer.finish(), etag))
}

/// The uploads below a prefix of keys, by key: id, time of creation and upload.
pub(super) fn list(
    folder: &Path,
    bucket: &str,
    prefix: &str,
) -> Result<Vec<(String, SystemTime, Upload)>, LocalS3Error> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(LocalS3Error::io("read", folder))? {
        let entry = entry.map_err(LocalS3Error::io("read", folder))?;
        let file = entry.path().join("upload.json");
        // Without the file it is being created or removed.
        let Ok(created) = file.metadata().and_then(|metadata| metadata.modified()) else {
            continue;
        };
        let upload: Upload = record::read_json(&file)?;
        if upload.bucket == bucket && upload.key.starts_with(prefix) {
            found.push((entry.file_name().to_string_lossy().into_owned(), created, upload));
        }
    }
    found.sort_by(|(_, _, a), (_, _, b)| a.key.cmp(&b.key));
    Ok(found)
}

/// Removes an upload, completed or not.
pub(super) fn remove(dir: &Path) -> Result<(), LocalS3Error> {
    std::fs::remove_dir_all(dir).map_err(LocalS3Error::io("remove", dir))
}

/// The 16 bytes of an ETag of 32 hexadecimal digits.
fn digest_of(etag: &str) -> Option<[u8; 16]> {
    let digits = |index| u8::from_str_radix(etag.get(index..index + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..etag.len()).step_by(2).map(digits).collect();
    bytes?.try_into().ok()
}
