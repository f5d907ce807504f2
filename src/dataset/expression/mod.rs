//! Parses an SQL expression over a dataset's columns, and checks its tokens.
//!
//! It may read only columns of the dataset and call only known functions, and must not contain a
//! query, a comment or a second statement. A migration lets Postgres check grammar and types.

mod vocabulary;

use super::name;
use vocabulary::{FUNCTIONS, WORDS};

/// The characters of operators, casts and comparisons.
const OPERATORS: &[u8] = b"+-*/%<>=!|:";

/// A checked expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    parts: Vec<Part>,
    columns: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Column(String),
    Sql(String),
}

impl Expression {
    /// Parses an expression over these columns.
    ///
    /// # Errors
    ///
    /// What is wrong with the expression, for the author of the contract.
    pub(super) fn read(text: &str, columns: &[&str]) -> Result<Expression, String> {
        let mut expression = Expression { parts: Vec::new(), columns: Vec::new() };
        let mut rest = text;
        let mut depth = 0_usize;
        while let Some(first) = rest.chars().next() {
            let length = token_length(rest, first)?;
            let (token, after) = rest.split_at(length);
            match token {
                "(" => depth += 1,
                ")" => depth = depth.checked_sub(1).ok_or("`)` without `(`")?,
                _ => {}
            }
            let is_call = after.trim_start().starts_with('(');
            expression.token(token, is_call, columns)?;
            rest = after;
        }
        if depth > 0 {
            return Err("`(` without `)`".to_owned());
        }
        if expression
            .parts
            .iter()
            .all(|part| matches!(part, Part::Sql(sql) if sql.trim().is_empty()))
        {
            return Err("the expression is empty".to_owned());
        }
        Ok(expression)
    }

    fn token(&mut self, token: &str, is_call: bool, columns: &[&str]) -> Result<(), String> {
        let is_word = token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let folded = token.to_ascii_lowercase();
        let known = |list: &[&str]| list.contains(&folded.as_str());
        let is_cast = matches!(self.parts.last(), Some(Part::Sql(sql)) if sql.ends_with("::"));
        if !is_word {
            self.parts.push(Part::Sql(token.to_owned()));
        } else if is_call && known(FUNCTIONS) || known(WORDS) && (is_cast || !known(columns)) {
            self.parts.push(Part::Sql(folded));
        } else if known(columns) {
            if !self.columns.contains(&folded) {
                self.columns.push(folded.clone());
            }
            self.parts.push(Part::Column(folded));
        } else {
            let candidates = columns.iter().chain(if is_call { FUNCTIONS } else { &[] }).copied();
            let hint = name::suggestion(&folded, candidates);
            let what = if is_call {
                "function that an expression may call"
            } else {
                "column of this dataset"
            };
            return Err(format!("`{token}` is not a {what}{hint}"));
        }
        Ok(())
    }

    /// The columns that the expression reads, each once, in order of appearance.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The expression as SQL; `column` writes each column.
    pub fn sql(&self, column: impl Fn(&str) -> String) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Column(name) => column(name),
                Part::Sql(sql) => sql.clone(),
            })
            .collect()
    }
}

/// The bytes of the token that `text` begins with.
fn token_length(text: &str, first: char) -> Result<usize, String> {
    let run = |belongs: fn(char) -> bool| text.find(|c| !belongs(c)).unwrap_or(text.len());
    match first {
        ' ' | '\t' | '\n' | '\r' => Ok(run(|c| matches!(c, ' ' | '\t' | '\n' | '\r'))),
        '(' | ')' | ',' => Ok(1),
        '\'' => string_length(text),
        '0'..='9' | '.' => Ok(run(|c| c.is_ascii_digit() || c == '.')),
        'a'..='z' | 'A'..='Z' | '_' => Ok(run(|c| c.is_ascii_alphanumeric() || c == '_')),
        _ if OPERATORS.contains(&u8::try_from(first).unwrap_or(0)) => {
            let length = run(|c| OPERATORS.contains(&u8::try_from(c).unwrap_or(0)));
            match text.get(..length) {
                Some(operator) if !operator.contains("--") && !operator.contains("/*") => {
                    Ok(length)
                }
                _ => Err("an expression must not contain a comment".to_owned()),
            }
        }
        _ => Err(format!("an expression must not contain `{first}`")),
    }
}

/// The bytes of the string in single quotes that `text` begins with; two quotes stand for one.
fn string_length(text: &str) -> Result<usize, String> {
    let mut from = 1;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find('\'')) {
        let end = from + at + 1;
        if !text.get(end..).is_some_and(|rest| rest.starts_with('\'')) {
            return Ok(end);
        }
        from = end + 1;
    }
    Err("a quote is not closed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [&str; 4] = ["quantity", "unit_price", "event_type", "date"];

    fn read(text: &str) -> Result<String, String> {
        Expression::read(text, &COLUMNS).map(|e| e.sql(|column| format!("row.{column}")))
    }

    #[test]
    fn columns_are_found_in_every_context() {
        assert_eq!(read("quantity * Unit_Price").unwrap(), "row.quantity * row.unit_price");
        assert_eq!(
            read("round(coalesce(quantity, 0)::numeric / 3, 2)").unwrap(),
            "round(coalesce(row.quantity, 0)::numeric / 3, 2)"
        );
        assert_eq!(
            read("event_type = 'it''s quantity'").unwrap(),
            "row.event_type = 'it''s quantity'"
        );
        assert_eq!(
            read("case when quantity < 0 then -1 else 1 end").unwrap(),
            "case when row.quantity < 0 then -1 else 1 end"
        );
        assert_eq!(read("date is null").unwrap(), "row.date is null");
        assert_eq!(read("event_type::date").unwrap(), "row.event_type::date");
        let twice = Expression::read("quantity * quantity", &COLUMNS).unwrap();
        assert_eq!(twice.columns(), ["quantity"]);
    }

    #[test]
    fn anything_but_an_expression_is_refused() {
        for (text, said) in [
            ("quantity * price", "`price` is not a column"),
            ("quantty", "did you mean `quantity`?"),
            ("(select 1)", "`select` is not a column"),
            ("pg_sleep(9)", "`pg_sleep` is not a function"),
            ("quantity; drop table x", "must not contain `;`"),
            ("quantity -- rest", "contain a comment"),
            ("quantity /* x */", "contain a comment"),
            ("(quantity", "`(` without `)`"),
            ("quantity)", "`)` without `(`"),
            ("'open", "a quote is not closed"),
            ("\"quantity\"", "must not contain `"),
            ("$1", "must not contain `"),
            ("e'\\n'", "`e` is not a column"),
            ("  ", "the expression is empty"),
            ("quantity.x", "`x` is not a column"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
