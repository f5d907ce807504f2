//! Key patterns: the patterns of object keys that are no files to load, such as markers.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Patterns of object keys, as `match` of a contract writes them.
#[derive(Debug, Clone, Default)]
pub struct KeyPatterns(GlobSet);

impl KeyPatterns {
    /// Reads patterns that are separated by commas; a comma within braces is part of a pattern.
    ///
    /// # Errors
    ///
    /// What is wrong with the first pattern that is not valid.
    pub(super) fn parse(text: &str) -> Result<KeyPatterns, String> {
        let mut depth = 0_u32;
        let mut set = GlobSetBuilder::new();
        let patterns = text.split(|c| {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        });
        for pattern in patterns.map(str::trim).filter(|pattern| !pattern.is_empty()) {
            let mut glob = GlobBuilder::new(pattern);
            let glob = glob.literal_separator(true).backslash_escape(true).build();
            set.add(
                glob.map_err(|error| {
                    format!("pattern `{pattern}` is not valid: {}", error.kind())
                })?,
            );
        }
        set.build().map(KeyPatterns).map_err(|error| error.kind().to_string())
    }

    /// Whether a pattern fits the key.
    pub fn fit(&self, key: &str) -> bool {
        self.0.is_match(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_separate_patterns_except_within_braces() {
        let patterns = KeyPatterns::parse("**/_SUCCESS, **/*_$folder$,tmp/*.{bak,old} ,").unwrap();
        for key in ["_SUCCESS", "a/b/_SUCCESS", "a_$folder$", "a/b_$folder$", "tmp/a.old"] {
            assert!(patterns.fit(key), "{key}");
        }
        for key in ["_SUCCESS.csv", "a/_SUCCESS/b.csv", "tmp/a/b.old", "a.csv", "old}"] {
            assert!(!patterns.fit(key), "{key}");
        }
        assert!(KeyPatterns::parse("a,[b").unwrap_err().contains("`[b`"));
        assert!(!KeyPatterns::parse(" ").unwrap().fit(""));
    }
}
