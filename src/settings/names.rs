//! Names: the schemas and roles of one Stardrop, so that several fit on one server and in one database.
//!
//! All SQL, of files, of contracts and in the code, is written with the usual names. [`Names::apply`] puts the names of the
//! settings in their place wherever SQL is sent, and so does whoever prints SQL or a table's name.

use std::borrow::Cow;

use super::table::{STARDROP_NAMESPACE, STARDROP_STAGING_SCHEMA, STARDROP_STAR_SCHEMA};
use super::{bad, default_of};
use crate::error::Result;

/// The longest name: Postgres cuts identifiers at 63 bytes, and `_loader` is appended.
const MAX_BYTES: usize = 50;

/// The usual name of the ledger's schema, which the roles' names start with.
const NAMESPACE: &str = "stardrop";
const STAR: &str = "star";
const STAGING: &str = "staging";

/// The names of the schemas and roles: lower-case identifiers that need no quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    namespace: String,
    star: String,
    staging: String,
}

impl Default for Names {
    fn default() -> Names {
        Names {
            namespace: NAMESPACE.to_owned(),
            star: STAR.to_owned(),
            staging: STAGING.to_owned(),
        }
    }
}

impl Names {
    /// Reads them from the variables.
    ///
    /// # Errors
    /// [`BadSetting`](crate::error::ErrorKind::BadSetting), with the variable and what is allowed.
    pub(super) fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Names> {
        let name = |variable: &str, taken: [&str; 2]| {
            let name = var(variable).unwrap_or_else(|| default_of(variable).to_owned());
            let is_word =
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            let is_name =
                name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= MAX_BYTES;
            if !is_word || !is_name || name.starts_with("pg_") || name == "information_schema" {
                let allowed = format!(
                    "a name of up to {MAX_BYTES} lower-case letters, digits and _, not Postgres' own"
                );
                return Err(super::invalid(variable, &name, &allowed));
            }
            if taken.contains(&name.as_str()) {
                return Err(bad(
                    variable,
                    format!("{name:?} is the usual name of another schema of Stardrop"),
                ));
            }
            Ok(name)
        };
        let names = Names {
            namespace: name(STARDROP_NAMESPACE, [STAR, STAGING])?,
            star: name(STARDROP_STAR_SCHEMA, [NAMESPACE, STAGING])?,
            staging: name(STARDROP_STAGING_SCHEMA, [NAMESPACE, STAR])?,
        };
        let Names { namespace, star, staging } = &names;
        if namespace == star || namespace == staging || star == staging {
            return Err(bad(
                STARDROP_NAMESPACE,
                format!(
                    "it, {STARDROP_STAR_SCHEMA} and {STARDROP_STAGING_SCHEMA} must differ from each other"
                ),
            ));
        }
        Ok(names)
    }

    /// The schemas: that of the ledger, of the star, and of staging.
    pub fn schemas(&self) -> [&str; 3] {
        [&self.namespace, &self.star, &self.staging]
    }

    /// The name for a usual name of a schema, or a usual role's name.
    fn of(&self, word: &str, is_schema: bool) -> Option<Cow<'_, str>> {
        match word {
            NAMESPACE if is_schema => Some(Cow::Borrowed(&self.namespace)),
            STAR if is_schema => Some(Cow::Borrowed(&self.star)),
            STAGING if is_schema => Some(Cow::Borrowed(&self.staging)),
            "stardrop_owner" | "stardrop_loader" | "stardrop_reader" => {
                let role = word.strip_prefix(NAMESPACE).unwrap_or_default();
                Some(Cow::Owned(format!("{}{role}", self.namespace)))
            }
            _ => None,
        }
    }

    /// The SQL, or another text, with these names in the place of the usual ones: of a schema before a dot, after the
    /// word `schema`, and in `'star'::regnamespace`; and of a role anywhere. Applying them twice changes nothing more.
    pub fn apply<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if *self == Names::default() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len() + text.len() / 8);
        let mut rest = text;
        while let Some(start) = rest.find(is_word) {
            let (before, from_word) = rest.split_at(start);
            out.push_str(before);
            let end = from_word.find(|c| !is_word(c)).unwrap_or(from_word.len());
            let (word, after) = from_word.split_at(end);
            let is_schema = !out.ends_with('.')
                && (is_qualifier(after)
                    || after.starts_with("'::regnamespace")
                    || out.ends_with("schema ")
                    || out.ends_with("schema if not exists "));
            match self.of(word, is_schema) {
                Some(name) => out.push_str(&name),
                None => out.push_str(word),
            }
            rest = after;
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

/// Whether a name follows the dot, or a text ends there: a sentence that ends in "the star." does not name a schema.
fn is_qualifier(after: &str) -> bool {
    let mut chars = after.chars();
    chars.next() == Some('.')
        && chars
            .next()
            .is_some_and(|c| is_word(c) || matches!(c, '"' | '%' | '\'' | '{' | '\\' | '*'))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(vars: &[(&str, &str)]) -> Result<Names> {
        Names::from_vars(|name| {
            vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_names_take_the_place_of_the_usual_ones_and_of_nothing_else() {
        let other = names(&[
            (STARDROP_NAMESPACE, "sales_etl"),
            (STARDROP_STAR_SCHEMA, "dwh"),
            (STARDROP_STAGING_SCHEMA, "landing"),
        ])
        .expect("valid");
        for (usual, expected) in [
            ("select stardrop.claim($1)", "select sales_etl.claim($1)"),
            ("insert into star.fact_sales", "insert into dwh.fact_sales"),
            ("'star.fact\\_%'", "'dwh.fact\\_%'"),
            (
                "grant insert on staging.\"order\" to stardrop_loader",
                "grant insert on landing.\"order\" to sales_etl_loader",
            ),
            (
                "create schema if not exists star authorization stardrop_owner",
                "create schema if not exists dwh authorization sales_etl_owner",
            ),
            ("in schema stardrop from", "in schema sales_etl from"),
            ("= 'staging'::regnamespace", "= 'landing'::regnamespace"),
            (
                "current_setting('stardrop.load_id', true)",
                "current_setting('sales_etl.load_id', true)",
            ),
            ("Refers to star.dim_day.", "Refers to dwh.dim_day."),
            ("format('staging.%I')", "format('landing.%I')"),
            // Words that only look like them.
            (
                "kind = 'star' and batch.star and star_version",
                "kind = 'star' and batch.star and star_version",
            ),
            (
                "mystar.x, stardrop_wanted, stardrop_owners",
                "mystar.x, stardrop_wanted, stardrop_owners",
            ),
            ("row.staging.x", "row.staging.x"),
            ("set by stardrop: é star", "set by stardrop: é star"),
            ("It goes into the star. Then", "It goes into the star. Then"),
        ] {
            assert_eq!(other.apply(usual), expected);
            assert_eq!(other.apply(expected), expected, "twice");
            assert!(matches!(Names::default().apply(usual), Cow::Borrowed(same) if same == usual));
        }
    }

    #[test]
    fn a_name_that_cannot_be_one_is_refused() {
        assert_eq!(names(&[]).expect("valid"), Names::default());
        let long = "n".repeat(51);
        for name in
            ["", "Sales", "1st", "a-b", "a b", "pg_sales", "information_schema", &long, "a\"b"]
        {
            let error = names(&[(STARDROP_NAMESPACE, name)]).expect_err(name).to_string();
            assert!(error.starts_with("settings: STARDROP_NAMESPACE: expected a name"), "{error}");
        }
        for (variable, name) in [
            (STARDROP_NAMESPACE, "star"),
            (STARDROP_STAR_SCHEMA, "staging"),
            (STARDROP_STAGING_SCHEMA, "stardrop"),
        ] {
            let error = names(&[(variable, name)]).expect_err(name).to_string();
            assert!(error.contains("the usual name of another schema"), "{error}");
        }
        let same = [(STARDROP_STAR_SCHEMA, "dwh"), (STARDROP_STAGING_SCHEMA, "dwh")];
        assert!(names(&same).expect_err("same").to_string().contains("must differ"));
    }
}
