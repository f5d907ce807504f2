//! Tests of what holds for all types, and the checks that the tests of each type use.

use std::sync::Arc;

use super::*;

pub(crate) fn formats(patterns: &[&str]) -> TypeOptions {
    let format = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    TypeOptions { format, ..TypeOptions::default() }
}

pub(crate) fn encoded_with(
    options: &TypeOptions,
    spec: &str,
    text: &str,
) -> Result<String, Invalid> {
    let mut out = Vec::new();
    column_type(spec, options).expect("a known type").encode(text, &mut out)?;
    Ok(String::from_utf8(out).expect("text"))
}

pub(crate) fn encoded(spec: &str, text: &str) -> Result<String, Invalid> {
    encoded_with(&TypeOptions::default(), spec, text)
}

pub(crate) fn accepts_with(options: &TypeOptions, spec: &str, cases: &[(&str, &str)]) {
    for (text, canonical) in cases {
        let result = encoded_with(options, spec, text);
        assert_eq!(result.as_deref(), Ok(*canonical), "{spec} {text:?}");
    }
}

pub(crate) fn accepts(spec: &str, cases: &[(&str, &str)]) {
    accepts_with(&TypeOptions::default(), spec, cases);
}

pub(crate) fn refuses_with(options: &TypeOptions, spec: &str, code: &str, texts: &[&str]) {
    for text in texts {
        let result = encoded_with(options, spec, text).map_err(|invalid| invalid.code);
        assert_eq!(result, Err(code), "{spec} {text:?}");
    }
}

pub(crate) fn refuses(spec: &str, code: &str, texts: &[&str]) {
    refuses_with(&TypeOptions::default(), spec, code, texts);
}

/// A text that a type accepts. A new Postgres type needs one, so that no test leaves it out.
fn accepted(sql_type: SqlType) -> &'static str {
    match sql_type {
        SqlType::Text => "a b",
        SqlType::Jsonb => "{\"a\": [1, \"b\"]}",
        SqlType::Boolean => "true",
        SqlType::Smallint | SqlType::Integer | SqlType::Bigint => "-12.00",
        SqlType::Real | SqlType::Double | SqlType::Numeric(_) => "-12.5e1",
        SqlType::Date => "2024-02-29",
        SqlType::Time => "12:30:05.25",
        SqlType::Timestamp => "2024-02-29 12:30:05.25",
        SqlType::Timestamptz => "2024-02-29 12:30:05.25+02:00",
        SqlType::Uuid => "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
        SqlType::Inet => "2001:db8::1/64",
    }
}

fn every_type() -> impl Iterator<Item = (&'static str, Arc<dyn ColumnType>)> {
    let options = TypeOptions::default();
    type_names().map(move |name| (name, column_type(name, &options).expect("a known type")))
}

#[test]
fn a_type_that_needs_no_copy_escape_writes_nothing_that_copy_would_misread() {
    let misread = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b'\\');
    for (name, column_type) in every_type() {
        let good = accepted(column_type.sql_type());
        assert_eq!(column_type.encode(good, &mut Vec::new()), Ok(()), "{name}");
        if column_type.sql_type().needs_copy_escape() {
            continue;
        }
        for special in ["\t", "\n", "\r", "\\", "\\N", "\\."] {
            for (at, _) in good.char_indices().chain([(good.len(), ' ')]) {
                let (before, after) = good.split_at(at);
                let replaced = after.get(1..).unwrap_or_default();
                for text in
                    [format!("{before}{special}{after}"), format!("{before}{special}{replaced}")]
                {
                    let mut out = Vec::new();
                    let accepted = column_type.encode(&text, &mut out).is_ok();
                    assert!(!accepted || !out.iter().any(misread), "{name} {text:?}");
                }
            }
        }
    }
}

#[test]
fn no_type_lets_a_nul_character_through() {
    for (name, column_type) in every_type() {
        let good = accepted(column_type.sql_type());
        for text in [format!("{good}\0"), format!("\0{good}"), "\0".to_owned()] {
            assert!(column_type.encode(&text, &mut Vec::new()).is_err(), "{name} {text:?}");
        }
    }
}

#[test]
fn the_sql_of_a_type_is_one_that_postgres_knows() {
    let sql = |spec: &str| {
        column_type(spec, &TypeOptions::default()).expect("a known type").sql_type().to_string()
    };
    assert_eq!(sql("double"), "double precision");
    assert_eq!(sql("json"), "jsonb");
    assert_eq!(sql(" NUMERIC( 12, 2 )"), "numeric(12,2)");
    assert_eq!(sql("numeric(5)"), "numeric(5,0)");
    assert_eq!(sql("timestamptz"), "timestamptz");
}

#[test]
fn options_that_do_not_fit_a_type_are_an_error() {
    let comma = TypeOptions { decimal: ',', ..TypeOptions::default() };
    let odd = TypeOptions { decimal: ';', ..TypeOptions::default() };
    for (spec, options, wrong) in [
        ("text", formats(&["%Y"]), "`format` does not fit type `text`"),
        ("integer", formats(&["%Y"]), "`format` does not fit type `integer`"),
        ("date", comma.clone(), "`decimal` does not fit type `date`"),
        ("text", comma, "`decimal` does not fit type `text`"),
        ("numeric", odd, "`decimal` must be"),
        ("text(5)", TypeOptions::default(), "takes nothing in parentheses"),
        ("numeric(0)", TypeOptions::default(), "precision"),
        ("numeric(1001,2)", TypeOptions::default(), "precision"),
        ("numeric(5,1001)", TypeOptions::default(), "scale"),
        ("numeric(1,2,3)", TypeOptions::default(), "a precision and a scale"),
        ("", TypeOptions::default(), "unknown type ``"),
    ] {
        let error = column_type(spec, &options).expect_err(spec);
        assert!(error.contains(wrong), "{spec}: {error}");
    }
}
