//! Finds a key that two patterns both match, which shows that two datasets would claim the same key
//! before such a key arrives.
//!
//! Exact, because it walks through the regular expressions by which keys are matched, both at once: a
//! pair of states is visited once, so it takes at most (states of one) times (states of the other)
//! steps, and few where the patterns begin differently.

use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::primitives::StateID;
use regex_automata::util::syntax;

use super::glob;

/// A pattern as an automaton over the bytes of a key.
#[derive(Debug)]
pub(super) struct Automaton {
    states: Vec<Step>,
    start: usize,
    /// What every key that matches begins and ends with.
    prefix: String,
    suffix: String,
}

/// What can follow in one state.
#[derive(Debug, Default, Clone)]
struct Step {
    /// Ranges of bytes, and the state behind each.
    edges: Vec<(u8, u8, usize)>,
    /// Whether the key may end here.
    is_end: bool,
}

/// A state of each pattern that the same bytes lead to.
#[derive(Debug, Clone, Copy)]
struct Pair {
    a: usize,
    b: usize,
    /// The index of the pair before, and the range of the byte between the two.
    before: usize,
    bytes: (u8, u8),
}

impl Automaton {
    /// The automaton of a pattern; `None` where the pattern is not valid.
    pub fn new(pattern: &str) -> Option<Automaton> {
        // As `globset` compiles it.
        let syntax = syntax::Config::new().utf8(false).dot_matches_new_line(true);
        let config = NFA::config().utf8(false);
        let nfa =
            NFA::compiler().syntax(syntax).configure(config).build(&glob::regex(pattern).ok()?);
        let nfa = nfa.ok()?;
        let states = (0..nfa.states().len()).map(|id| step(&nfa, StateID::new(id).ok()?));
        let states = states.collect::<Option<Vec<Step>>>()?;
        let pattern = glob::normalized(pattern);
        Some(Automaton {
            states,
            start: nfa.start_anchored().as_usize(),
            prefix: prefix(&pattern).to_owned(),
            suffix: suffix(&pattern).to_owned(),
        })
    }

    /// A shortest key that both patterns match; `None` where there is none.
    pub(crate) fn common_key(&self, other: &Automaton) -> Option<String> {
        let can_begin = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
        let can_end = |a: &str, b: &str| a.ends_with(b) || b.ends_with(a);
        if !can_begin(&self.prefix, &other.prefix) || !can_end(&self.suffix, &other.suffix) {
            return None;
        }
        let width = other.states.len();
        let mut seen = vec![false; self.states.len() * width];
        let mut reached = vec![Pair { a: self.start, b: other.start, before: 0, bytes: (0, 0) }];
        let mut at = 0;
        while let Some(Pair { a, b, .. }) = reached.get(at).copied() {
            let (left, right) = (self.states.get(a)?, other.states.get(b)?);
            if left.is_end && right.is_end {
                return Some(key(&reached, at));
            }
            for (low, high, next_a) in &left.edges {
                for (other_low, other_high, next_b) in &right.edges {
                    let (low, high) = (*low.max(other_low), *high.min(other_high));
                    let is_new = seen.get_mut(next_a * width + next_b);
                    if low <= high && is_new.is_some_and(|seen| !std::mem::replace(seen, true)) {
                        let bytes = (low, high);
                        reached.push(Pair { a: *next_a, b: *next_b, before: at, bytes });
                    }
                }
            }
            at += 1;
        }
        None
    }
}

/// The characters that mean more than themselves in a pattern.
const SPECIAL: [char; 8] = ['*', '?', '[', ']', '{', '}', '\\', ','];

/// The text before the first wildcard.
fn prefix(pattern: &str) -> &str {
    pattern.split(SPECIAL).next().unwrap_or_default()
}

/// The text behind the last wildcard. `**/` also stands for nothing.
fn suffix(pattern: &str) -> &str {
    let suffix = pattern.rsplit(SPECIAL).next().unwrap_or_default();
    match suffix.len() < pattern.len() {
        true => suffix.strip_prefix('/').unwrap_or(suffix),
        false => suffix,
    }
}

/// The bytes on the way to the pair with this index.
fn key(reached: &[Pair], mut at: usize) -> String {
    let mut bytes = Vec::new();
    while let Some(pair) = reached.get(at).filter(|_| at > 0) {
        bytes.push(readable(pair.bytes.0, pair.bytes.1));
        at = pair.before;
    }
    bytes.reverse();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A byte of the range, a letter if it has one.
fn readable(low: u8, high: u8) -> u8 {
    let letter = (b'a'..=b'z').chain(b'0'..=b'9').find(|byte| (low..=high).contains(byte));
    letter.unwrap_or(low)
}

/// What can follow in a state and in those that it leads to without a byte.
fn step(nfa: &NFA, id: StateID) -> Option<Step> {
    let mut step = Step::default();
    let mut seen = vec![id];
    let mut at = 0;
    while let Some(id) = seen.get(at).copied() {
        at += 1;
        let mut edge = |low: u8, high: u8, next: StateID| {
            step.edges.push((low, high, next.as_usize()));
        };
        let mut follow = |next: StateID| {
            if !seen.contains(&next) {
                seen.push(next);
            }
        };
        match nfa.state(id) {
            State::ByteRange { trans } => edge(trans.start, trans.end, trans.next),
            State::Sparse(sparse) => {
                sparse.transitions.iter().for_each(|t| edge(t.start, t.end, t.next));
            }
            State::Dense(dense) => (0..=u8::MAX).for_each(|byte| {
                dense.matches_byte(byte).into_iter().for_each(|next| edge(byte, byte, next));
            }),
            // The expression has a `^` at its start and a `$` at its end, and nowhere else.
            State::Look { next, .. } | State::Capture { next, .. } => follow(*next),
            State::Union { alternates } => alternates.iter().copied().for_each(follow),
            State::BinaryUnion { alt1, alt2 } => {
                follow(*alt1);
                follow(*alt2);
            }
            State::Match { .. } => step.is_end = true,
            State::Fail => {}
        }
    }
    // So that a key is made of letters where it can be.
    step.edges.sort_by_key(|(low, high, _)| !(*low..=*high).contains(&b'a'));
    Some(step)
}

#[cfg(test)]
mod tests {
    use super::super::glob::{matcher, normalized};
    use super::*;
    use proptest::prelude::*;

    fn common_key(a: &str, b: &str) -> Option<String> {
        Automaton::new(a).expect("a pattern").common_key(&Automaton::new(b).expect("a pattern"))
    }

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
            ("a.{csv,{tsv,txt}}", "a.txt", true),
            ("x/*", "x/*/y", false),
            ("**", "anything/at/all", true),
            ("in/**/orders_*.csv", "in/**/customers_*.csv", false),
            ("in/**/orders_*.csv", "in/**/orders_2026*.csv", true),
            ("in/**/orders_*.csv", "in/**/*_orders_*.csv", true),
            ("in/**/orders-*.csv", "in/**/*_orders", false),
            ("in/**/*orders_*.csv", "in/**/*_customers_*.csv", true),
            ("in/**/orders/*.csv", "in/**/customers/*.csv", false),
            ("in/**/orders/**/*.csv", "in/**/customers/**/*.csv", true),
            ("**/a.csv", "**/ba.csv", false),
            ("a/**", "a", false),
            ("a/**", "a/b", true),
            ("a/**/b", "a/b", true),
            ("a/**/b", "ab", false),
            ("caf\u{e9}/*", "cafe\u{301}/*", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
        ];
        for (a, b, expected) in cases {
            for (a, b) in [(a, b), (b, a)] {
                let found = common_key(a, b);
                assert_eq!(found.is_some(), expected, "{a} against {b}: {found:?}");
                if let Some(key) = found {
                    let key = normalized(&key).into_owned();
                    let matches = |pattern| matcher(pattern).unwrap().is_match(&key);
                    assert!(matches(a) && matches(b), "{key} against {a} and {b}");
                }
            }
        }
    }

    /// Every key of up to six characters of a small alphabet.
    fn short_keys() -> Vec<String> {
        let mut keys = vec![String::new()];
        let mut from = 0;
        for _ in 0..6 {
            let to = keys.len();
            for index in from..to {
                keys.extend(["a", "b", "/"].map(|c| format!("{}{c}", keys[index])));
            }
            from = to;
        }
        keys
    }

    proptest! {
        #[test]
        fn two_patterns_overlap_if_and_only_if_brute_force_finds_a_key(
            a in "(a|b|/|\\*|\\*\\*/|\\?|\\[ab\\]|\\[!a\\]|\\{a,b/\\}|/\\*\\*/){1,5}(\\*\\*)?",
            b in "(a|b|/|\\*|\\*\\*/|\\?|\\[ab\\]|\\[!a\\]|\\{a,b/\\}|/\\*\\*/){1,5}(\\*\\*)?",
        ) {
            let (left, right) = (matcher(&a).expect("a pattern"), matcher(&b).expect("a pattern"));
            let brute = short_keys().into_iter().find(|key| left.is_match(key) && right.is_match(key));
            match common_key(&a, &b) {
                None => prop_assert_eq!(brute, None, "{} against {}", a, b),
                // A key may be longer than those of brute force, so it is checked itself.
                Some(key) => {
                    prop_assert!(left.is_match(&key) && right.is_match(&key), "{} {} {}", key, a, b);
                    prop_assert!(brute.is_none_or(|brute| brute.len() >= key.len()));
                }
            }
        }
    }
}
