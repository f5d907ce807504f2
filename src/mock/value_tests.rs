//! Tests that each column type accepts the mock values written for it, whatever its options.

use std::collections::HashSet;

use rand::SeedableRng as _;

use super::random::MockRng;
use super::value::MockValues;
use crate::types::{TypeOptions, column_type, type_names};

fn formats(patterns: &[&str]) -> TypeOptions {
    let format = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    TypeOptions { format, ..TypeOptions::default() }
}

/// Every type without options, and some with options and their variations.
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
        let values = MockValues::new(column_type.sql_type(), &options);
        let check = |text: &str| {
            let result = column_type.encode(text, &mut Vec::new());
            assert_eq!(result, Ok(()), "{spec} {options:?} {text:?}");
        };
        for n in (0..200).chain([1 << 20, 1 << 40, u64::MAX]) {
            let mut text = String::new();
            values.random(&mut random, &mut text);
            check(&text);
            text.clear();
            values.nth(n, &mut text);
            check(&text);
        }
    }
}

#[test]
fn a_type_has_as_many_distinct_mock_values_as_its_count_says() {
    for (spec, options) in samples() {
        let column_type = column_type(&spec, &options).expect("a known type");
        let values = MockValues::new(column_type.sql_type(), &options);
        let mut seen = HashSet::new();
        let count = values.count();
        let last = count.min(1_000);
        for n in (0..last).chain(last.max(count - last / 2)..count.min(1 << 60)) {
            let (mut text, mut out) = (String::new(), Vec::new());
            values.nth(n, &mut text);
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
        let values = MockValues::new(column_type.sql_type(), &options);
        let mut text = String::new();
        values.random(&mut random, &mut text);
        for text in [format!("{text}\0"), format!("\0{text}"), "\0".to_owned()] {
            assert!(column_type.encode(&text, &mut Vec::new()).is_err(), "{spec} {text:?}");
        }
    }
}
