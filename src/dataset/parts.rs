//! Parts of an object: which sheets of a workbook, or entries of an archive, a dataset takes.

use std::fmt;

use globset::GlobMatcher;

use super::glob;
use super::glob_overlap::Automaton;

/// What an object with parts is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// A workbook, whose parts are sheets.
    Sheet,
    /// An archive, whose parts are entries.
    Entry,
}

impl PartKind {
    /// The key of the contract that names the parts.
    pub fn key(self) -> &'static str {
        match self {
            PartKind::Sheet => "sheet",
            PartKind::Entry => "entry",
        }
    }
}

/// The parts that a dataset takes, each as a load of its own.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What they are parts of.
    pub kind: PartKind,
    names: Vec<PartName>,
}

#[derive(Debug, Clone)]
struct PartName {
    text: String,
    matcher: GlobMatcher,
}

impl Parts {
    /// The parts of these names or patterns.
    ///
    /// # Errors
    ///
    /// The first pattern that is not valid: why, as a sentence.
    pub fn new(kind: PartKind, texts: &[String]) -> Result<Parts, String> {
        let name = |text: &String| {
            let pattern = pattern_of(kind, text);
            Ok(PartName { text: text.clone(), matcher: glob::matcher(&pattern)? })
        };
        let names = texts.iter().map(name).collect::<Result<Vec<_>, String>>()?;
        Ok(Parts { kind, names })
    }

    /// The only name, if it is that of a sheet: the part is there, or its load fails. The name of an entry may be
    /// composed of other characters in the archive.
    pub fn only_name(&self) -> Option<&str> {
        match self.names.as_slice() {
            [one] if self.kind == PartKind::Sheet && self.is_plain(one) => Some(one.text.trim()),
            _ => None,
        }
    }

    /// Whether an object has at most one part that the dataset takes: a name without wildcards.
    pub fn is_one(&self) -> bool {
        matches!(self.names.as_slice(), [one] if self.is_plain(one))
    }

    /// A name that the dataset takes, for mock files.
    pub fn example(&self) -> Option<String> {
        let first = self.names.first()?;
        let automaton = Automaton::new(&pattern_of(self.kind, &first.text))?;
        automaton.common_key(&automaton)
    }

    /// Whether the dataset takes the part of that name.
    pub fn takes(&self, part: &str) -> bool {
        let part = glob::normalized(if self.kind == PartKind::Sheet { part.trim() } else { part });
        self.names.iter().any(|name| name.matcher.is_match(part.as_ref()))
    }

    /// Whether the dataset names the part as such, not by a pattern.
    pub fn names(&self, part: &str) -> bool {
        self.names.iter().any(|name| self.is_plain(name) && name.text.trim() == part.trim())
    }

    fn is_plain(&self, name: &PartName) -> bool {
        !is_pattern(self.kind, &name.text)
    }

    /// The name of the load that fails where the parts cannot be found, or none fits.
    pub fn unknown(&self) -> String {
        self.only_name().map_or_else(|| self.to_string(), str::to_owned)
    }

    /// A name of a part that both take; `None` where there is none.
    pub(super) fn common_name(&self, other: &Parts) -> Option<String> {
        let automata = |parts: &Parts| -> Vec<Automaton> {
            let patterns = parts.names.iter().map(|name| pattern_of(parts.kind, &name.text));
            patterns.filter_map(|pattern| Automaton::new(&pattern)).collect()
        };
        let (mine, theirs) = (automata(self), automata(other));
        mine.iter().find_map(|own| theirs.iter().find_map(|other| own.common_key(other)))
    }
}

/// The names, with commas between them.
impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.names.iter().map(|name| name.text.as_str()).collect();
        f.write_str(&names.join(", "))
    }
}

impl PartialEq for Parts {
    fn eq(&self, other: &Parts) -> bool {
        self.kind == other.kind && self.to_string() == other.to_string()
    }
}

impl Eq for Parts {}

/// Whether a text has a wildcard. No program allows `*`, `?` and `[` in the name of a sheet; it may have braces.
fn is_pattern(kind: PartKind, text: &str) -> bool {
    text.contains(['*', '?', '[']) || kind == PartKind::Entry && text.contains('{')
}

fn pattern_of(kind: PartKind, text: &str) -> String {
    match kind {
        // A sheet may have braces and backslashes in its name.
        PartKind::Sheet if !is_pattern(kind, text) => globset::escape(text.trim()),
        PartKind::Entry => text.to_owned(),
        PartKind::Sheet => {
            text.trim().replace('\\', "\\\\").replace('{', "\\{").replace('}', "\\}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheets(texts: &[&str]) -> Parts {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Parts::new(PartKind::Sheet, &texts).unwrap()
    }

    #[test]
    fn a_name_takes_itself_and_a_pattern_takes_what_fits() {
        let one = sheets(&["Role {profiles}, 1"]);
        assert_eq!(one.only_name(), Some("Role {profiles}, 1"));
        assert!(one.takes("Role {profiles}, 1") && one.takes(" Role {profiles}, 1 "));
        assert!(!one.takes("Role profiles, 1"));
        let some = sheets(&["2025-*", "Rest"]);
        assert_eq!((some.only_name(), some.unknown().as_str()), (None, "2025-*, Rest"));
        assert!(some.takes("2025-01") && some.takes("Rest") && !some.takes("2024-12"));
        assert!(some.names("Rest") && !some.names("2025-01"));
        assert_eq!(one.example().as_deref(), Some("Role {profiles}, 1"));
        assert!(some.takes(&some.example().unwrap()));
        assert!(one.is_one() && !some.is_one() && !sheets(&["2025-*"]).is_one());
        assert!(sheets(&["caf\u{e9}*"]).takes("cafe\u{301} 1"));
        assert!(sheets(&["{a}*"]).takes("{a}1") && !sheets(&["{a}*"]).takes("a1"));
        assert!(Parts::new(PartKind::Sheet, &["[".to_owned()]).is_err());
    }

    #[test]
    fn entries_are_taken_by_patterns_of_paths() {
        let texts = ["orders*.csv".to_owned(), "**/{a,b}.csv".to_owned()];
        let entries = Parts::new(PartKind::Entry, &texts).unwrap();
        for (name, is_taken) in [
            ("orders-1.csv", true),
            ("in/orders-1.csv", false),
            ("in/deep/a.csv", true),
            ("c.csv", false),
            (" orders.csv", false),
        ] {
            assert_eq!(entries.takes(name), is_taken, "{name}");
        }
        assert!(entries.takes(&entries.example().unwrap()) && !entries.is_one());
        assert!(!Parts::new(PartKind::Entry, &["{a,b}.csv".to_owned()]).unwrap().is_one());
        let one = Parts::new(PartKind::Entry, &["caf\u{e9}.csv".to_owned()]).unwrap();
        assert!(one.is_one());
        assert!(one.takes("cafe\u{301}.csv") && one.only_name().is_none());
    }

    #[test]
    fn parts_have_a_name_in_common_or_are_disjoint() {
        for (a, b, common) in [
            (&["A"][..], &["B"][..], None),
            (&["A"], &["B", "A"], Some("A")),
            (&["2025-*"], &["2024-*", "20?5"], None),
            (&["2025-*"], &["*-01"], Some("2025-01")),
            (&["2025-*"], &["2025-01"], Some("2025-01")),
            (&["{a,b}"], &["a"], None),
        ] {
            assert_eq!(sheets(a).common_name(&sheets(b)).as_deref(), common, "{a:?} {b:?}");
            assert_eq!(sheets(b).common_name(&sheets(a)).is_some(), common.is_some());
        }
    }
}
