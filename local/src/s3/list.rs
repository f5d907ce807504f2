//! ListObjectsV2: selects one page of a bucket's keys. Pure.

use super::name::hex;
use super::record::Version;
use super::store::Keys;

/// The parameters of a list request.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub prefix: String,
    pub delimiter: Option<String>,
    pub start_after: Option<String>,
    /// The `next` of the page before.
    pub token: Option<String>,
    /// At most 1000.
    pub limit: usize,
}

/// One page, in the order of the keys' bytes.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub objects: Vec<(String, Version)>,
    pub common_prefixes: Vec<String>,
    /// The token of the next page; `None` on the last.
    pub next: Option<String>,
}

/// The position where a page ended.
enum Position {
    Key(String),
    /// All keys with this prefix were listed as one.
    Prefix(String),
}

impl Position {
    fn write(&self) -> String {
        match self {
            Position::Key(key) => format!("k{}", hex(key.as_bytes())),
            Position::Prefix(prefix) => format!("p{}", hex(prefix.as_bytes())),
        }
    }

    fn read(token: &str) -> Option<Position> {
        let text = token.get(1..)?;
        let digits = |index| u8::from_str_radix(text.get(index..index + 2)?, 16).ok();
        let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(digits).collect();
        let text = String::from_utf8(bytes?).ok()?;
        match token.get(..1)? {
            "k" => Some(Position::Key(text)),
            "p" => Some(Position::Prefix(text)),
            _ => None,
        }
    }

    fn includes(&self, key: &str) -> bool {
        match self {
            Position::Key(last) => key <= last.as_str(),
            Position::Prefix(prefix) => key.starts_with(prefix.as_str()) || key < prefix.as_str(),
        }
    }
}

/// Returns one page; `None` if the token is invalid.
pub(super) fn list(keys: &Keys, query: &Query) -> Option<Page> {
    let start_after = query.start_after.clone().map(Position::Key);
    let start = match &query.token {
        Some(token) => Some(Position::read(token)?),
        None => start_after,
    };
    let mut page = Page::default();
    let mut last: Option<Position> = None;
    let from_prefix = keys.range(query.prefix.clone()..);
    for (key, record) in from_prefix.take_while(|(key, _)| key.starts_with(&query.prefix)) {
        let Some(version) = record.current() else { continue };
        let is_before = |position: &Option<Position>| {
            position.as_ref().is_some_and(|position| position.includes(key))
        };
        if is_before(&start) || is_before(&last) {
            continue;
        }
        if page.objects.len() + page.common_prefixes.len() >= query.limit {
            page.next = last.map(|last| last.write());
            break;
        }
        match common_prefix(key, query) {
            Some(prefix) => {
                page.common_prefixes.push(prefix.to_owned());
                last = Some(Position::Prefix(prefix.to_owned()));
            }
            None => {
                page.objects.push((key.clone(), version.clone()));
                last = Some(Position::Key(key.clone()));
            }
        }
    }
    Some(page)
}

/// The key up to the first delimiter after the prefix.
fn common_prefix<'a>(key: &'a str, query: &Query) -> Option<&'a str> {
    let delimiter = query.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty())?;
    let index = key.get(query.prefix.len()..)?.find(delimiter)?;
    key.get(..query.prefix.len() + index + delimiter.len())
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
            visible: None,
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
                list(keys, &Query { prefix, delimiter, start_after: None, token, limit }).unwrap();
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
    fn an_invalid_token_is_an_error() {
        let query = Query { token: Some("nonsense".to_owned()), limit: 1, ..Query::default() };
        assert!(list(&keys(&["a"]), &query).is_none());
    }
}
