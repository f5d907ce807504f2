//! Patterns over object keys: matches keys, and detects whether one key can match two patterns.
//!
//! `globset` matches. No library detects the overlap, which shows that two datasets would claim the
//! same key before such a key arrives.

use globset::{GlobBuilder, GlobMatcher};

/// Compiles a pattern: `*` and `?` stay within a folder, `**` does not.
pub(super) fn matcher(pattern: &str) -> Result<GlobMatcher, String> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| format!("pattern `{pattern}` is not valid: {}", error.kind()))
}

/// One step of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// One character that is one of these ranges (or, negated, none of them).
    Class { ranges: Vec<(char, char)>, negated: bool },
    /// Any characters but `/`.
    Star,
    /// Any characters.
    DoubleStar,
}

/// Whether some key matches both patterns.
///
/// Both are automata over characters. The search visits pairs of positions, each once, so it takes at
/// most (length of one) times (length of the other) steps.
pub(super) fn overlap(a: &str, b: &str) -> bool {
    let (left, right) = (alternatives(a), alternatives(b));
    left.iter().any(|x| right.iter().any(|y| meet(&tokens(x), &tokens(y))))
}

/// Expands `x{a,b}y` to `xay` and `xby`. Nested braces are not expanded.
fn alternatives(pattern: &str) -> Vec<String> {
    let Some(open) = pattern.find('{') else { return vec![pattern.to_owned()] };
    let (head, rest) = pattern.split_at(open);
    let Some(close) = rest.find('}') else { return vec![pattern.to_owned()] };
    let (inner, tail) = (rest.get(1..close).unwrap_or(""), rest.get(close + 1..).unwrap_or(""));
    inner.split(',').flat_map(|choice| alternatives(&format!("{head}{choice}{tail}"))).collect()
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut chars = pattern.chars().peekable();
    let literal = |c: char| Token::Class { ranges: vec![(c, c)], negated: false };
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.peek() == Some(&'*') => {
                chars.next();
                // `**/` also stands for no folder at all.
                if chars.peek() == Some(&'/') {
                    chars.next();
                }
                out.push(Token::DoubleStar);
            }
            '*' => out.push(Token::Star),
            '?' => out.push(Token::Class { ranges: vec![('/', '/')], negated: true }),
            '\\' => out.extend(chars.next().map(literal)),
            '[' => out.push(class(&mut chars)),
            other => out.push(literal(other)),
        }
    }
    out
}

fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Token {
    let negated = chars.next_if(|c| matches!(c, '!' | '^')).is_some();
    let mut ranges = Vec::new();
    let mut first = true;
    while let Some(low) = chars.next_if(|c| first || *c != ']') {
        first = false;
        let mut ahead = chars.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(high)) if high != ']' => {
                *chars = ahead;
                ranges.push((low, high));
            }
            _ => ranges.push((low, low)),
        }
    }
    chars.next();
    Token::Class { ranges, negated }
}

/// Whether some character matches both tokens.
fn share_a_character(a: &Token, b: &Token) -> bool {
    let fits = |token: &Token, c: char| match token {
        Token::Class { ranges, negated } => {
            ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
        }
        Token::Star => c != '/',
        Token::DoubleStar => true,
    };
    // The ends of ranges and their neighbours are enough; 'a' and '\u{1}' stand for all others.
    let edges = |token: &Token| match token {
        Token::Class { ranges, .. } => ranges
            .iter()
            .flat_map(|(low, high)| [Some(*low), Some(*high), char::from_u32(*high as u32 + 1)])
            .flatten()
            .collect(),
        Token::Star | Token::DoubleStar => Vec::new(),
    };
    let mut candidates: Vec<char> = edges(a);
    candidates.extend(edges(b));
    candidates.extend(['a', '\u{1}', '/']);
    candidates.into_iter().any(|c| fits(a, c) && fits(b, c))
}

fn meet(a: &[Token], b: &[Token]) -> bool {
    let mut seen = vec![false; (a.len() + 1) * (b.len() + 1)];
    let mut waiting = vec![(0, 0)];
    while let Some((i, j)) = waiting.pop() {
        match seen.get_mut(i * (b.len() + 1) + j) {
            Some(slot) if !*slot => *slot = true,
            _ => continue,
        }
        let (x, y) = (a.get(i), b.get(j));
        if x.is_none() && y.is_none() {
            return true;
        }
        let repeats = |token: &Token| matches!(token, Token::Star | Token::DoubleStar);
        if x.is_some_and(repeats) {
            waiting.push((i + 1, j));
        }
        if y.is_some_and(repeats) {
            waiting.push((i, j + 1));
        }
        if let (Some(x), Some(y)) = (x, y)
            && share_a_character(x, y)
        {
            let next_i = if repeats(x) { i } else { i + 1 };
            let next_j = if repeats(y) { j } else { j + 1 };
            waiting.push((next_i, next_j));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_patterns_overlap_if_a_key_matches_both() {
        let cases = [
            ("sales/**/*.csv", "sales/**/*.csv", true),
            ("sales/**/*.csv", "sales/2026/*.csv", true),
            ("sales/**/*.csv", "users/**/*.csv", false),
            ("sales/*.csv", "sales/2026/*.csv", false),
            ("**/*.csv", "a/b.csv", true),
            ("*.csv", "a/b.csv", false),
            ("**/*.csv", "b.csv", true),
            ("a?.csv", "ab*.csv", true),
            ("a[0-4].csv", "a[5-9].csv", false),
            ("a[!0-4].csv", "a[5-9].csv", true),
            ("a.{csv,tsv}", "a.tsv", true),
            ("a.{csv,tsv}", "a.json", false),
            ("x/*", "x/*/y", false),
            ("**", "anything/at/all", true),
        ];
        for (a, b, expected) in cases {
            assert_eq!(overlap(a, b), expected, "{a} against {b}");
            assert_eq!(overlap(b, a), expected, "{b} against {a}");
        }
    }

    #[test]
    fn a_star_stays_within_its_folder() {
        let sales = matcher("sales/**/*.csv").unwrap();
        assert!(sales.is_match("sales/2026/01/a.csv"));
        assert!(sales.is_match("sales/a.csv"));
        assert!(!sales.is_match("sales/a.csv.gz"));
        assert!(!matcher("sales/*.csv").unwrap().is_match("sales/2026/a.csv"));
        assert!(matcher("sales/[").is_err());
    }
}
