//! Window: which rows a run takes, and the keys of its files, which follow from the window's start alone.

use jiff::SignedDuration;

use super::compress::Compression;
use super::format::{FORMATS, Format};
use super::mark::Mark;

/// The rows of one run of one table: `mark - overlap <= since < until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Where the last run ended; `None` in the first run, which has no lower limit.
    pub mark: Option<Mark>,
    /// The mark without the overlap.
    pub from: Option<Mark>,
    /// The source's clock: the mark of the next run.
    pub until: Mark,
    /// Whether the column has a time zone, and its times are in UTC.
    pub is_utc: bool,
}

impl Window {
    /// The window that follows `mark`; `None` if the clock has not passed the mark, so that nothing can be new.
    pub fn after(
        mark: Option<Mark>,
        until: Mark,
        overlap: SignedDuration,
        is_utc: bool,
    ) -> Option<Window> {
        let from = mark.map(|mark| mark.minus(overlap));
        mark.is_none_or(|mark| mark < until).then_some(Window { mark, from, until, is_utc })
    }
}

/// The keys of a table's files, below a prefix that is empty or ends in `/`.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'p> {
    /// Where the files are.
    pub prefix: &'p str,
    /// With the compression it decides how names end.
    pub format: &'static Format,
    /// How files are compressed.
    pub compression: Compression,
}

impl Keys<'_> {
    /// The one object of a full extract. Each run replaces it.
    pub fn full(&self) -> String {
        format!("{}full.{}", self.prefix, self.suffix())
    }

    /// The folder of a window. A run that died leaves the mark where it was, so the next one writes the same keys.
    pub fn folder(&self, mark: Option<Mark>, is_utc: bool) -> String {
        let start = mark.map_or_else(|| "start".to_owned(), |mark| mark.in_key(is_utc));
        format!("{}since={start}/", self.prefix)
    }

    /// A file of a window, counted from 0.
    pub fn part(&self, folder: &str, number: usize) -> String {
        format!("{folder}{number:05}.{}", self.suffix())
    }

    fn suffix(&self) -> String {
        self.format.suffix(self.compression)
    }

    /// Whether a run of this table may have written the key, whatever its format and compression were.
    pub fn is_own(&self, key: &str) -> bool {
        let Some(rest) = key.strip_prefix(self.prefix) else { return false };
        let is_suffix = |name: &str| {
            FORMATS.iter().any(|format| Compression::ALL.iter().any(|c| name == format.suffix(*c)))
        };
        if let Some(suffix) = rest.strip_prefix("full.") {
            return is_suffix(suffix);
        }
        let part = rest.strip_prefix("since=").and_then(|rest| rest.split_once('/'));
        part.and_then(|(_, name)| name.split_once('.')).is_some_and(|(number, suffix)| {
            number.len() >= 5 && number.bytes().all(|b| b.is_ascii_digit()) && is_suffix(suffix)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(format: &str) -> Keys<'static> {
        let format = Format::parse(format).unwrap();
        Keys { prefix: "orders/", format, compression: Compression::Zstd }
    }

    fn mark(text: &str) -> Mark {
        Mark::parse(text).unwrap()
    }

    #[test]
    fn the_keys_of_a_window_follow_from_where_it_starts() {
        let at = mark("2026-11-28T04:00:00");
        let csv = keys("csv");
        let folder = csv.folder(Some(at), true);
        assert_eq!(csv.part(&folder, 0), "orders/since=2026-11-28T04-00-00Z/00000.csv.zst");
        assert_eq!(csv.part(&csv.folder(None, true), 12), "orders/since=start/00012.csv.zst");
        assert_eq!(csv.full(), "orders/full.csv.zst");
        assert_eq!(keys("parquet").full(), "orders/full.parquet");
    }

    #[test]
    fn own_keys_are_known_and_others_are_left_alone() {
        let keys = keys("csv");
        for own in [
            "orders/full.csv",
            "orders/full.csv.gz",
            "orders/full.parquet",
            "orders/since=start/00000.csv.zst",
        ] {
            assert!(keys.is_own(own), "{own}");
        }
        for other in [
            "orders/full.csv.bz2",
            "orders/full.parquet.zst",
            "orders/full.csv.zst.old",
            "orders/2026.csv.zst",
            "orders/since=start/part.csv",
            "orders_old/full.csv",
            "orders/since=start/0.csv.zst",
        ] {
            assert!(!keys.is_own(other), "{other}");
        }
    }

    #[test]
    fn a_window_overlaps_the_one_before_and_never_ends_before_its_mark() {
        let (at, now) = (mark("2026-11-28T04:00:00"), mark("2026-11-28T05:00:00"));
        let ten = SignedDuration::from_mins(10);
        let window = Window::after(Some(at), now, ten, true).unwrap();
        assert_eq!(window.from, Some(mark("2026-11-28T03:50:00")));
        assert_eq!(Window::after(None, now, ten, true).unwrap().from, None);
        // The clock stands still, or was set back.
        assert_eq!(Window::after(Some(now), now, ten, true), None);
        assert_eq!(Window::after(Some(now), at, ten, true), None);
    }
}
