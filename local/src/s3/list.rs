//! List: the records of a bucket and a client's wishes in, one page of ListObjectsV2 out. Pure.

use super::name::hex;
use super::record::Version;
use super::store::Keys;

/// What of a bucket is asked for.
#[derive(Debug, Default)]
pub(super) struct Wish {
    pub prefix: String,
    pub delimiter: Option<String>,
    pub start_after: Option<String>,
    /// What the page before gave as `next`.
    pub token: Option<String>,
    /// At most 1000.
    pub limit: usize,
}

/// One page, in the order of the keys' bytes.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub objects: Vec<(String, Version)>,
    pub common_prefixes: Vec<String>,
    /// What the next page is asked for with; `None` on the last.
    pub next: Option<String>,
}

/// Where a page ended.
enum Mark {
    Key(String),
    /// All keys that start so were told of as one.
    Prefix(String),
}

impl Mark {
    fn write(&self) -> String {
        match self {
            Mark::Key(key) => format!("k{}", hex(key.as_bytes())),
            Mark::Prefix(prefix) => format!("p{}", hex(prefix.as_bytes())),
        }
    }

    fn read(token: &str) -> Option<Mark> {
        let text = token.get(1..)?;
        let digits = |place| u8::from_str_radix(text.get(place..place + 2)?, 16).ok();
        let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(digits).collect();
        let text = String::from_utf8(bytes?).ok()?;
        match token.get(..1)? {
            "k" => Some(Mark::Key(text)),
            "p" => Some(Mark::Prefix(text)),
            _ => None,
        }
    }

    fn is_behind(&self, key: &str) -> bool {
        match self {
            Mark::Key(last) => key <= last.as_str(),
            Mark::Prefix(prefix) => key.starts_with(prefix.as_str()) || key < prefix.as_str(),
        }
    }
}

/// `None` for a token that is none of ours.
pub(super) fn list(keys: &Keys, wish: &Wish) -> Option<Page> {
    let start_after = wish.start_after.clone().map(Mark::Key);
    let mark = match &wish.token {
        Some(token) => Some(Mark::read(token)?),
        None => start_after,
    };
    let mut page = Page::default();
    let mut last: Option<Mark> = None;
    let from_prefix = keys.range(wish.prefix.clone()..);
    for (key, record) in from_prefix.take_while(|(key, _)| key.starts_with(&wish.prefix)) {
        let Some(version) = record.current() else { continue };
        let behind = |mark: &Option<Mark>| mark.as_ref().is_some_and(|mark| mark.is_behind(key));
        if behind(&mark) || behind(&last) {
            continue;
        }
        if page.objects.len() + page.common_prefixes.len() >= wish.limit {
            page.next = last.map(|last| last.write());
            break;
        }
        match common_prefix(key, wish) {
            Some(prefix) => {
                page.common_prefixes.push(prefix.to_owned());
                last = Some(Mark::Prefix(prefix.to_owned()));
            }
            None => {
                page.objects.push((key.clone(), version.clone()));
                last = Some(Mark::Key(key.clone()));
            }
        }
    }
    Some(page)
}

/// The key up to the first delimiter after the prefix.
fn common_prefix<'a>(key: &'a str, wish: &Wish) -> Option<&'a str> {
    let delimiter = wish.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty())?;
    let place = key.get(wish.prefix.len()..)?.find(delimiter)?;
    key.get(..wish.prefix.len() + place + delimiter.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::record::{Headers, Record};

    fn keys(names: &[&str]) -> Keys {
        let version = Version {
            version_id: None,
            file: Some("f".to_owned()),
            size_bytes: 1,
            etag: "e".to_owned(),
            modified_ms: 0,
            sequencer: "0".to_owned(),
            headers: Headers::default(),
        };
        let record = |name: &&str| Record {
            key: (*name).to_owned(),
            versions: vec![version.clone()],
            plain: None,
        };
        names.iter().map(|name| ((*name).to_owned(), record(name))).collect()
    }

    /// All pages, of `limit` each, as one.
    fn walk(keys: &Keys, prefix: &str, delimiter: Option<&str>, limit: usize) -> Vec<String> {
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let (prefix, delimiter) = (prefix.to_owned(), delimiter.map(str::to_owned));
            let page =
                list(keys, &Wish { prefix, delimiter, start_after: None, token, limit }).unwrap();
            assert!(page.objects.len() + page.common_prefixes.len() <= limit);
            found.extend(page.objects.into_iter().map(|(key, _)| key).chain(page.common_prefixes));
            token = page.next;
            if token.is_none() {
                found.sort();
                return found;
            }
        }
    }

    #[test]
    fn pages_of_any_size_add_up_to_the_whole() {
        let keys = keys(&["a", "a/1", "a/2", "a/b/3", "b", "b/", "é/1", "z"]);
        for limit in 1..9 {
            assert_eq!(walk(&keys, "", None, limit).len(), 8, "limit {limit}");
            assert_eq!(walk(&keys, "", Some("/"), limit), ["a", "a/", "b", "b/", "z", "é/"]);
            assert_eq!(walk(&keys, "a/", Some("/"), limit), ["a/1", "a/2", "a/b/"]);
        }
    }

    #[test]
    fn a_foreign_token_is_refused() {
        let wish = Wish { token: Some("nonsense".to_owned()), limit: 1, ..Wish::default() };
        assert!(list(&keys(&["a"]), &wish).is_none());
    }
}
