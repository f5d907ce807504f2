//! Checks `from_key`: its patterns, the columns that they name, and that keys which `match` covers can fit.

use super::super::contract::Contract;
use super::super::glob_overlap::Automaton;
use super::super::{KeyPattern, name};
use super::Checker;

impl Checker<'_> {
    pub(super) fn key_patterns(&mut self, contract: &Contract) -> Vec<KeyPattern> {
        let Some(from_key) = &contract.from_key else { return Vec::new() };
        if from_key.get_ref().is_empty() {
            self.error(from_key, "from_key is empty: add a pattern, or remove it");
        }
        let mut patterns: Vec<KeyPattern> = Vec::new();
        for at in from_key.get_ref() {
            let pattern = match KeyPattern::parse(at.get_ref()) {
                Ok(pattern) => pattern,
                Err(message) => {
                    self.error(at, format!("from_key = \"{}\": {message}", at.get_ref()));
                    continue;
                }
            };
            let columns = || contract.columns.keys().map(|key| key.get_ref().as_str());
            for name in pattern.names() {
                if !columns().any(|column| column == name) {
                    let hint = name::suggestion(name, columns());
                    let end = if hint.is_empty() { ":" } else { "" };
                    self.error(
                        at,
                        format!(
                            "from_key: `{{{name}}}` is not a column of this dataset{hint}{end} add it to \
                             [columns], or write `*` for a part that is not a column"
                        ),
                    );
                }
            }
            let first = patterns.first().map(KeyPattern::names).unwrap_or_default();
            let is_missing = |name: &&String| !pattern.names().contains(name);
            let is_new = |name: &&String| !first.contains(name);
            let other = first.iter().find(is_missing);
            let other = other.or_else(|| pattern.names().iter().find(is_new));
            if let (Some(name), false) = (other, patterns.is_empty()) {
                self.error(
                    at,
                    format!("from_key: one pattern has `{{{name}}}` and another has not: each must name the same columns"),
                );
            }
            patterns.push(pattern);
        }
        if !patterns.is_empty() && patterns.len() == from_key.get_ref().len() {
            self.keys_that_fit(contract, &patterns);
        }
        patterns
    }

    /// Checks for each pattern of `match` that some key which it covers fits a pattern of `from_key`.
    fn keys_that_fit(&mut self, contract: &Contract, patterns: &[KeyPattern]) {
        let automata: Vec<Automaton> =
            patterns.iter().filter_map(|pattern| Automaton::new(&pattern.glob())).collect();
        for at in contract.patterns.get_ref() {
            let Some(covered) = Automaton::new(at.get_ref()) else { continue };
            if !automata.iter().any(|pattern| pattern.common_key(&covered).is_some()) {
                let texts: Vec<&str> = patterns.iter().map(KeyPattern::as_str).collect();
                self.error(
                    at,
                    format!(
                        "no key that match = \"{}\" covers fits from_key = \"{}\": from_key is a pattern of \
                         the whole key, from its first folder to its suffix",
                        at.get_ref(),
                        texts.join("\", \"")
                    ),
                );
            }
        }
    }
}
