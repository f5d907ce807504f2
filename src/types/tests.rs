//! Tests of what holds for all types, and the one-line checks that each type's tests are made of.

use std::collections::HashSet;

use rand::SeedableRng as _;

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

/// Every type as it stands, and those with options and their variations.
fn samples() -> Vec<(String, TypeOptions)> {
    let comma = TypeOptions { decimal: ',', ..TypeOptions::default() };
    let mut samples: Vec<_> =
        type_names().map(|name| (name.to_owned(), TypeOptions::default())).collect();
    for name in ["integer", "real", "double", "numeric", "numeric(12,2)"] {
        samples.push((name.to_owned(), comma.clone()));
    }
    let percent = TypeOptions { percent: true, thousands: Some(','), ..TypeOptions::default() };
    for name in ["real", "numeric", "numeric(12,4)"] {
        samples.push((name.to_owned(), percent.clone()));
    }
    for spec in [
        "numeric(1)",
        "numeric(3,3)",
        "numeric(2,4)",
        "numeric(3,-2)",
        "numeric(1000,1000)",
        "numeric(38,10)",
    ] {
        samples.push((spec.to_owned(), TypeOptions::default()));
    }
    for (name, pattern) in [
        ("date", "%d/%m/%Y"),
        ("date", "%d.%m.%y"),
        ("date", "%A, %-d %B %Y"),
        ("date", "%Y-%m-%d %H:%M"),
        ("time", "%I:%M %p"),
        ("timestamp", "%d/%m/%Y %H:%M"),
        ("timestamp", "%d/%m/%Y"),
        ("timestamp", "%s"),
        ("timestamptz", "%a %b %e %T %Y %z"),
        ("timestamptz", "%d/%m/%y %I %p"),
        ("timestamptz", "epoch"),
        ("timestamp", "epoch_ms"),
        ("timestamp", "excel"),
        ("date", "excel"),
        ("date", "excel_1904"),
    ] {
        samples.push((name.to_owned(), formats(&[pattern])));
    }
    samples
}

#[test]
fn every_type_accepts_what_it_mocks() {
    let mut random = MockRng::seed_from_u64(7);
    for (spec, options) in samples() {
        let column_type = column_type(&spec, &options).expect("a known type");
        let check = |text: &str| {
            let result = column_type.encode(text, &mut Vec::new());
            assert_eq!(result, Ok(()), "{spec} {options:?} {text:?}");
        };
        for n in (0..200).chain([1 << 20, 1 << 40, u64::MAX]) {
            let mut text = String::new();
            column_type.mock(&mut random, &mut text);
            check(&text);
            text.clear();
            column_type.mock_nth(n, &mut text);
            check(&text);
        }
    }
}

#[test]
fn mock_places_are_distinct_values_as_many_as_a_type_says() {
    for (spec, options) in samples() {
        let column_type = column_type(&spec, &options).expect("a known type");
        let mut seen = HashSet::new();
        let places = column_type.mock_places();
        let last = places.min(1_000);
        for n in (0..last).chain(last.max(places - last / 2)..places.min(1 << 60)) {
            let (mut text, mut out) = (String::new(), Vec::new());
            column_type.mock_nth(n, &mut text);
            column_type.encode(&text, &mut out).expect("a valid mock");
            assert!(seen.insert(out), "{spec} {options:?} {text}");
        }
    }
}

#[test]
fn no_type_lets_a_nul_character_through() {
    let mut random = MockRng::seed_from_u64(7);
    for (spec, options) in samples() {
        let column_type = column_type(&spec, &options).expect("a known type");
        let mut text = String::new();
        column_type.mock(&mut random, &mut text);
        for text in [format!("{text}\0"), format!("\0{text}"), "\0".to_owned()] {
            assert!(column_type.encode(&text, &mut Vec::new()).is_err(), "{spec} {text:?}");
        }
    }
}

#[test]
fn the_sql_of_a_type_is_one_that_postgres_knows() {
    let sql = |spec: &str| column_type(spec, &TypeOptions::default()).expect("a known type").sql_type().to_string();
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
