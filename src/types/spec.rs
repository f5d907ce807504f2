//! Reads the text by which a contract names a type, such as `numeric(12,2)`, and says what is wrong
//! with it.

use super::column_type::{self, TypeOptions};

/// What a contract can add to the name of a type.
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
    /// The option `round`.
    Round,
    /// The option `time_zone`.
    Zone,
    /// The option `repeated_hour`.
    Repeated,
    /// The option `pad_left`.
    Pad,
}

impl Extra {
    /// How the reference of the contract names it: numbers in parentheses, or options of a column.
    pub fn options(self) -> &'static [&'static str] {
        match self {
            Extra::Arguments => &["(precision,scale)"],
            Extra::Format => &["format"],
            Extra::Decimal => &["decimal", "thousands", "currency"],
            Extra::Percent => &["percent"],
            Extra::Words => &["true", "false"],
            Extra::Round => &["round"],
            Extra::Zone => &["time_zone"],
            Extra::Repeated => &["repeated_hour"],
            Extra::Pad => &["pad_left"],
        }
    }
}

/// Names from Postgres and other systems, and the types that they mean.
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
///
/// # Errors
///
/// The parentheses do not close, or hold something else than numbers.
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

/// Checks that the type `name` takes the `arguments` and `options`.
///
/// # Errors
///
/// The first one that it does not take.
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
    if unfit(Extra::Round, options.round.is_some()) {
        let fitting =
            "only numeric with a scale, time, timestamp and timestamptz have digits to drop";
        return Err(format!("`round` does not fit type `{name}`: {fitting}"));
    }
    if options.round == Some(column_type::Round::HalfEven) && !extras.contains(&Extra::Decimal) {
        return Err(format!("type `{name}` takes only round = \"truncate\""));
    }
    if unfit(Extra::Zone, options.time_zone.is_some()) {
        let fitting = "only timestamp and timestamptz have one";
        return Err(format!("`time_zone` does not fit type `{name}`: {fitting}"));
    }
    if unfit(Extra::Repeated, options.repeated_hour.is_some()) {
        return Err(format!("`repeated_hour` does not fit type `{name}`, only timestamptz"));
    }
    if options.repeated_hour.is_some() && options.time_zone.is_none() {
        return Err("`repeated_hour` needs a time_zone".to_owned());
    }
    if unfit(Extra::Pad, options.pad_left.is_some()) {
        return Err(format!(
            "`pad_left` does not fit type `{name}`: only text keeps leading zeros"
        ));
    }
    if !matches!(options.decimal, '.' | ',') {
        return Err("`decimal` must be \".\" or \",\"".to_owned());
    }
    Ok(())
}

/// The message for a name that is not one of the `known` ones.
pub(super) fn unknown(name: &str, known: &[&str]) -> String {
    let list = known.join(", ");
    match suggestion(name, known) {
        Some(close) => {
            format!("unknown type `{name}`: did you mean `{close}`? known types: {list}")
        }
        None => format!("unknown type `{name}`: known types: {list}"),
    }
}

fn suggestion<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    if let Some((_, ours)) = OTHER_NAMES.iter().find(|(other, _)| *other == name) {
        return Some(ours);
    }
    let (distance, close) =
        known.iter().map(|known| (strsim::levenshtein(name, known), *known)).min()?;
    (distance <= 1 + close.len() / 4).then_some(close)
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
    fn the_error_for_a_misspelt_type_names_the_closest_one() {
        let known: Vec<&str> = crate::types::type_names().collect();
        for (given, meant) in [
            ("intger", "integer"),
            ("int", "integer"),
            ("timestmp", "timestamp"),
            ("string", "text"),
            ("jsonb", "json"),
            ("bolean", "boolean"),
        ] {
            let answer = unknown(given, &known);
            assert!(answer.contains(&format!("did you mean `{meant}`?")), "{answer}");
            assert!(answer.contains("smallint, integer, bigint"), "{answer}");
        }
        assert!(!unknown("geography", &known).contains("did you mean"));
    }
}
