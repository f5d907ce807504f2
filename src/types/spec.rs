//! Type spec: the contract's text of a type in, its name and numbers out, or what is wrong with it.

use super::{TypeOptions, type_names};

/// What a type takes besides its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extra {
    /// Numbers in parentheses.
    Arguments,
    /// The option `format`.
    Format,
    /// The options `decimal`, `thousands` and `currency`.
    Decimal,
    /// The option `percent`.
    Percent,
    /// The options `true` and `false`.
    Words,
}

/// Names from Postgres and other systems, and what they are called here.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("bool", "boolean"),
    ("int2", "smallint"),
    ("int", "integer"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("long", "bigint"),
    ("float4", "real"),
    ("float", "double"),
    ("float8", "double"),
    ("double precision", "double"),
    ("decimal", "numeric"),
    ("number", "numeric"),
    ("money", "numeric"),
    ("string", "text"),
    ("varchar", "text"),
    ("char", "text"),
    ("character varying", "text"),
    ("datetime", "timestamp"),
    ("timestamp without time zone", "timestamp"),
    ("timestamp with time zone", "timestamptz"),
    ("jsonb", "json"),
];

/// Splits `numeric(12,2)` into its lower-case name and its numbers.
pub(super) fn parse(spec: &str) -> Result<(String, Vec<i32>), String> {
    let spec = spec.trim();
    let (name, arguments) = match spec.split_once('(') {
        None => (spec, Vec::new()),
        Some((name, rest)) => {
            let numbers = rest.strip_suffix(')').map(|inner| {
                inner.split(',').map(|number| number.trim().parse()).collect::<Result<Vec<_>, _>>()
            });
            let Some(Ok(numbers)) = numbers else {
                return Err(format!(
                    "cannot read type `{spec}`: expected a form like numeric(12,2)"
                ));
            };
            (name, numbers)
        }
    };
    Ok((name.trim().to_ascii_lowercase(), arguments))
}

/// Refuses what the type `name` does not take.
pub(super) fn check(
    name: &str,
    extras: &[Extra],
    arguments: &[i32],
    options: &TypeOptions,
) -> Result<(), String> {
    let unfit = |extra, given: bool| given && !extras.contains(&extra);
    if unfit(Extra::Arguments, !arguments.is_empty()) {
        return Err(format!("type `{name}` takes nothing in parentheses"));
    }
    if unfit(Extra::Format, !options.format.is_empty()) {
        return Err(format!("`format` does not fit type `{name}`: only dates and times have one"));
    }
    let a_number = [
        ("decimal", options.decimal != '.'),
        ("thousands", options.thousands.is_some()),
        ("currency", !options.currency.is_empty()),
    ];
    for (option, given) in a_number {
        if unfit(Extra::Decimal, given) {
            return Err(format!("`{option}` does not fit type `{name}`: only numbers have one"));
        }
    }
    if unfit(Extra::Percent, options.percent) {
        let fitting = "only real, double and numeric can hold a fraction";
        return Err(format!("`percent` does not fit type `{name}`: {fitting}"));
    }
    let words = !options.true_words.is_empty() || !options.false_words.is_empty();
    if unfit(Extra::Words, words) {
        return Err(format!("`true` and `false` do not fit type `{name}`, only boolean"));
    }
    if !matches!(options.decimal, '.' | ',') {
        return Err("`decimal` must be \".\" or \",\"".to_owned());
    }
    Ok(())
}

/// The answer to a name that is in no registry.
pub(super) fn unknown(name: &str) -> String {
    let known = type_names().collect::<Vec<_>>().join(", ");
    match suggestion(name) {
        Some(close) => {
            format!("unknown type `{name}`: did you mean `{close}`? known types: {known}")
        }
        None => format!("unknown type `{name}`: known types: {known}"),
    }
}

fn suggestion(name: &str) -> Option<&'static str> {
    if let Some((_, ours)) = OTHER_NAMES.iter().find(|(other, _)| *other == name) {
        return Some(ours);
    }
    let (distance, close) = type_names().map(|known| (distance(name, known), known)).min()?;
    (distance <= 1 + close.len() / 4).then_some(close)
}

/// The Levenshtein distance: how many letters to add, drop or change.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, from) in left.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((to, above), diagonal) in right.iter().zip(row.iter().skip(1)).zip(&row) {
            let before = next.last().copied().unwrap_or_default();
            let change = diagonal + usize::from(from != *to);
            next.push(change.min(above + 1).min(before + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_is_a_name_and_its_numbers() {
        assert_eq!(parse("text"), Ok(("text".into(), vec![])));
        assert_eq!(parse(" Numeric ( 12 , 2 ) "), Ok(("numeric".into(), vec![12, 2])));
        assert_eq!(parse("numeric(5)"), Ok(("numeric".into(), vec![5])));
        for bad in ["numeric(", "numeric()", "numeric(a)", "numeric(1,2", "numeric(1;2)"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_misspelt_type_is_answered_with_the_closest() {
        for (given, meant) in [
            ("intger", "integer"),
            ("int", "integer"),
            ("timestmp", "timestamp"),
            ("string", "text"),
            ("jsonb", "json"),
            ("bolean", "boolean"),
        ] {
            let answer = unknown(given);
            assert!(answer.contains(&format!("did you mean `{meant}`?")), "{answer}");
            assert!(answer.contains("smallint, integer, bigint"), "{answer}");
        }
        assert!(!unknown("geography").contains("did you mean"));
    }
}
