//! Example key: makes an object key for given values, which `match` covers and `from_key` takes apart again.

use super::Dataset;
use super::glob_overlap::Automaton;
use super::key_pattern::KeyPattern;

impl Dataset {
    /// A key that has these texts for the columns of `from_key`; `None` where no key can, as with a `/` in
    /// a text.
    pub fn example_key(&self, text_of: impl Fn(&str) -> String) -> Option<String> {
        let key = self.from_key.iter().find_map(|pattern| {
            let texts: Vec<String> = pattern.names().iter().map(|name| text_of(name)).collect();
            // A file whose name begins with a dot is hidden: then one with a letter before it.
            let key = self.covered(pattern, &texts, "*")?;
            let is_hidden = key.rsplit('/').next().is_some_and(|name| name.starts_with('.'));
            let other = is_hidden.then(|| self.covered(pattern, &texts, "[a-z]*"));
            Some(other.flatten().unwrap_or(key))
        })?;
        let values = self.key_values(&key, false).ok()?;
        let fits = values.iter().all(|(name, text)| text.as_deref() == Some(&text_of(name)));
        fits.then_some(key)
    }

    fn covered(&self, pattern: &KeyPattern, texts: &[String], chars: &str) -> Option<String> {
        let fitting = Automaton::new(&pattern.glob_of(texts, chars))?;
        self.patterns.iter().find_map(|covered| fitting.common_key(&Automaton::new(covered)?))
    }
}

#[cfg(test)]
mod tests {
    use crate::dataset::Catalog;

    fn key(covered: &str, from_key: &str, text: &str) -> Option<String> {
        let contract = format!(
            "name = \"one\"\nmatch = \"{covered}\"\nfrom_key = \"{from_key}\"\n[columns]\nday = {{ type = \"text\" }}\n\
             id = {{ type = \"text\" }}\n[fact.one]\ndegenerate = \"id\"\n"
        );
        let catalog = Catalog::read([("d".into(), "one".to_owned(), contract)]).expect("valid");
        catalog.dataset("one").expect("it").example_key(|_| text.to_owned())
    }

    #[test]
    fn an_example_is_covered_by_match_and_gives_its_values_back() {
        for (covered, from_key, text, wanted) in [
            ("in/**", "in/{day}.csv", "1", Some("in/1.csv")),
            ("in/**/*.csv*", "in/{day}.csv*", "1", Some("in/1.csv")),
            ("in/**/*.csv", "**/day={day}/*", "1", Some("in/day=1/a.csv")),
            ("in/**/*.csv", "**/day={day}/*", "a/b*", Some("in/day=a%2Fb*/a.csv")),
            ("in/**", "in/{day}.csv", "a/b", None),
            ("in/**", "in/{day}.csv", "", None),
        ] {
            assert_eq!(key(covered, from_key, text).as_deref(), wanted, "{covered} {from_key}");
        }
    }
}
