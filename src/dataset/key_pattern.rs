//! Key pattern: reads the patterns of `from_key`, whose names in braces are parts of an object's key.

use super::glob;

/// A pattern such as `users/batch={batch_id}/{day}.csv`, which the whole key must fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPattern {
    text: String,
    pub(super) parts: Vec<Part>,
    /// The names in braces, in their order.
    names: Vec<String>,
}

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Itself.
    Text(String),
    /// `?`: one character other than `/`.
    Char,
    /// `*`: any characters other than `/`, or none.
    Chars,
    /// `**/`: any folders, or none.
    Folders,
    /// `**` at the end: whatever is left.
    Rest,
    /// `{name}`: one or more characters other than `/`.
    Name {
        /// Whether it follows a `=`, as in Hive's `name=value`, so that its value is percent-encoded.
        is_hive: bool,
    },
}

/// The characters that are written with a backslash where they mean themselves.
const SPECIAL: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];

impl KeyPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as a sentence for its author.
    pub(super) fn parse(pattern: &str) -> Result<KeyPattern, String> {
        let text = glob::normalized(pattern);
        let (mut parts, mut names) = (Vec::new(), Vec::new());
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            let part = match char {
                '{' => {
                    let mut name = String::new();
                    loop {
                        match chars.next() {
                            Some('}') => break,
                            Some(char) => name.push(char),
                            None => return Err(format!("`{{{name}` has no closing brace")),
                        }
                    }
                    if names.contains(&name) {
                        return Err(format!("`{{{name}}}` is in it twice: remove one"));
                    }
                    let is_hive =
                        matches!(parts.last(), Some(Part::Text(text)) if text.ends_with('='));
                    names.push(name);
                    Part::Name { is_hive }
                }
                '?' => Part::Char,
                '*' if chars.next_if_eq(&'*').is_some() => {
                    let starts_folder = match parts.last() {
                        None | Some(Part::Folders) => true,
                        Some(Part::Text(text)) => text.ends_with('/'),
                        Some(_) => false,
                    };
                    match (starts_folder, chars.next()) {
                        (true, Some('/')) => Part::Folders,
                        (true, None) => Part::Rest,
                        _ => return Err("`**` must be all that is between two `/`".to_owned()),
                    }
                }
                '*' => Part::Chars,
                '[' | ']' | '}' => {
                    return Err(format!(
                        "`{char}` has no meaning here: write `\\{char}` for itself"
                    ));
                }
                '\\' => match chars.next() {
                    Some(char) => Part::Text(char.to_string()),
                    None => return Err("it ends in a backslash".to_owned()),
                },
                char => Part::Text(char.to_string()),
            };
            match (parts.last_mut(), part) {
                (Some(Part::Text(text)), Part::Text(more)) => text.push_str(&more),
                (Some(Part::Name { .. } | Part::Chars), Part::Name { .. } | Part::Chars) => {
                    return Err(
                        "a name in braces needs a text next to it, not another name or `*`, so that \
                         it is known where it ends"
                            .to_owned(),
                    );
                }
                (_, part) => parts.push(part),
            }
        }
        if names.is_empty() {
            return Err(
                "it has no name in braces: add one, as in \"users/{day}.csv\", or remove from_key"
                    .to_owned(),
            );
        }
        Ok(KeyPattern { text: pattern.to_owned(), parts, names })
    }

    /// As the contract has it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The columns whose values it has, in the order of the key.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The pattern in the syntax of `match`: any value fits.
    pub(super) fn glob(&self) -> String {
        self.glob_with("*", |_| None)
    }

    /// The pattern in the syntax of `match` with these texts for its names, and `chars` for each `*`.
    pub(super) fn glob_of(&self, texts: &[String], chars: &str) -> String {
        self.glob_with(chars, |index| texts.get(index).map(String::as_str))
    }

    fn glob_with<'t>(&self, chars: &str, text_of: impl Fn(usize) -> Option<&'t str>) -> String {
        let mut glob = String::new();
        let mut name = 0;
        for part in &self.parts {
            match part {
                Part::Text(text) => push_literal(text, &mut glob),
                Part::Char => glob.push('?'),
                Part::Chars => glob.push_str(chars),
                Part::Folders => glob.push_str("**/"),
                Part::Rest => glob.push_str("**"),
                Part::Name { is_hive } => {
                    match text_of(name) {
                        Some(text) if *is_hive => push_literal(&percent_encoded(text), &mut glob),
                        Some(text) => push_literal(text, &mut glob),
                        None => glob.push_str("?*"),
                    }
                    name += 1;
                }
            }
        }
        glob
    }

    /// For each name whether its value is percent-encoded in keys.
    pub(super) fn is_hive(&self) -> impl Iterator<Item = bool> {
        self.parts.iter().filter_map(|part| match part {
            Part::Name { is_hive } => Some(*is_hive),
            _ => None,
        })
    }
}

/// The text as Hive writes it behind a `=`.
fn percent_encoded(text: &str) -> String {
    text.replace('%', "%25").replace('/', "%2F")
}

fn push_literal(text: &str, glob: &mut String) {
    for char in text.chars() {
        if SPECIAL.contains(&char) {
            glob.push('\\');
        }
        glob.push(char);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_could_not_be_understood_is_refused() {
        for (pattern, said) in [
            ("users/day.csv", "no name in braces"),
            ("users/{day.csv", "no closing brace"),
            ("users/day}.csv", "write `\\}` for itself"),
            ("users/[ab]/{day}.csv", "write `\\[` for itself"),
            ("{day}/{day}.csv", "twice"),
            ("{a}{b}.csv", "text next to it"),
            ("{a}*.csv", "text next to it"),
            ("*{a}.csv", "text next to it"),
            ("a**/{a}.csv", "between two"),
            ("{a}/**.csv", "between two"),
            ("{a}\\", "backslash"),
        ] {
            let error = KeyPattern::parse(pattern).expect_err(pattern);
            assert!(error.contains(said), "{pattern}: {error}");
        }
    }

    #[test]
    fn a_pattern_is_also_one_of_match() {
        for (pattern, glob) in [
            ("users/batch={batch_id}/{day}.csv", "users/batch=?*/?*.csv"),
            ("**/day={day}/**", "**/day=?*/**"),
            ("\\{x\\}/{a}-?.*", "\\{x\\}/?*-?.*"),
        ] {
            assert_eq!(KeyPattern::parse(pattern).expect("a pattern").glob(), glob);
        }
    }
}
