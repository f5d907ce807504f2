//! Address: reads where files or states go: `s3://bucket/prefix/` or a folder.

use std::fmt;
use std::path::PathBuf;

/// Where files or states go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A bucket, and a prefix that is empty or ends in `/`.
    S3 {
        /// The bucket.
        bucket: String,
        /// The prefix of all keys.
        prefix: String,
    },
    /// A folder.
    Folder(PathBuf),
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// What is expected.
    pub fn parse(text: &str) -> Result<Address, String> {
        let Some(rest) = text.strip_prefix("s3://") else {
            if text.is_empty() || text.contains("://") {
                return Err("expected s3://bucket/prefix/ or a folder".to_owned());
            }
            return Ok(Address::Folder(PathBuf::from(text)));
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || prefix.starts_with('/') || prefix.contains("//") {
            return Err("expected s3://bucket/prefix/".to_owned());
        }
        let mut prefix = prefix.to_owned();
        if !prefix.is_empty() && !prefix.ends_with('/') {
            prefix.push('/');
        }
        Ok(Address::S3 { bucket: bucket.to_owned(), prefix })
    }

    /// Where the states of files at this address are by default: in the same bucket below `_stardrop/extract/`, which the
    /// loader ignores, or in a hidden folder.
    #[must_use]
    pub fn of_states(&self) -> Address {
        match self {
            Address::S3 { bucket, prefix } => {
                let prefix = format!("_stardrop/extract/{prefix}");
                Address::S3 { bucket: bucket.clone(), prefix }
            }
            Address::Folder(path) => Address::Folder(path.join(".extract")),
        }
    }

    /// The prefix of keys: within a folder they begin at the folder.
    pub(in crate::extract) fn prefix(&self) -> &str {
        match self {
            Address::S3 { prefix, .. } => prefix,
            Address::Folder(_) => "",
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
            Address::Folder(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_or_a_folder_is_read() {
        let s3 = |bucket: &str, prefix: &str| {
            Ok(Address::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
        };
        assert_eq!(Address::parse("s3://inbox/orders"), s3("inbox", "orders/"));
        assert_eq!(Address::parse("s3://inbox/a/b/"), s3("inbox", "a/b/"));
        assert_eq!(Address::parse("s3://inbox"), s3("inbox", ""));
        assert_eq!(Address::parse("out"), Ok(Address::Folder("out".into())));
        for wrong in ["", "s3://", "s3:///a", "s3://b//a", "s3://b/a//c", "gs://b/a"] {
            assert!(Address::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn states_are_outside_of_the_prefix_that_sends_events() {
        let states = |text| Address::parse(text).unwrap().of_states().to_string();
        assert_eq!(states("s3://inbox/orders/"), "s3://inbox/_stardrop/extract/orders/");
        assert_eq!(states("s3://inbox"), "s3://inbox/_stardrop/extract/");
        assert_eq!(states("out"), "out/.extract");
    }
}
