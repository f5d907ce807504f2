//! The list of column types: finds the type that a contract's text such as `numeric(12,2)` names.

use std::sync::Arc;

use super::column_type::{ColumnType, TypeOptions};
use super::spec::Extra::{
    self, Arguments, Decimal, Format, Pad, Percent, Repeated, Round, Words, Zone,
};
use super::{
    amount, boolean, date, float, inet, integer, json, numeric, spec, text, time, timestamp,
    timestamptz, uuid,
};

/// Makes a type from the numbers in its parentheses and the column's options.
type Constructor = fn(&[i32], &TypeOptions) -> Result<Arc<dyn ColumnType>, String>;

/// Every type that a contract can name, and what it takes besides its name.
static REGISTRY: &[(&str, &[Extra], Constructor)] = &[
    ("text", &[Pad], text::new),
    ("boolean", &[Words], boolean::new),
    ("smallint", &[Decimal], integer::smallint),
    ("integer", &[Decimal], integer::integer),
    ("bigint", &[Decimal], integer::bigint),
    ("real", &[Decimal, Percent], float::real),
    ("double", &[Decimal, Percent], float::double),
    ("numeric", &[Arguments, Decimal, Percent, Round], numeric::new),
    ("date", &[Format], date::new),
    ("time", &[Format, Round], time::new),
    ("timestamp", &[Format, Round, Zone], timestamp::new),
    ("timestamptz", &[Format, Round, Zone, Repeated], timestamptz::new),
    ("uuid", &[], uuid::new),
    ("json", &[], json::new),
    ("inet", &[], inet::new),
];

/// The names of all types, as the contract spells them.
pub fn type_names() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|(name, ..)| *name)
}

/// What a contract can add to each type: numbers in parentheses and options of the column, in the
/// order of [`type_names`].
pub fn type_options() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    REGISTRY.iter().map(|(name, extras, _)| {
        (*name, extras.iter().flat_map(|extra| extra.options()).copied().collect())
    })
}

/// The type that a contract's text such as `numeric(12,2)` names.
///
/// # Errors
///
/// A sentence for the contract's author: an unknown type (with the closest known one), numbers in
/// parentheses that do not fit, an option the type does not take, a bad `format` pattern.
pub fn column_type(spec: &str, options: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    let (name, arguments) = spec::parse(spec)?;
    let Some((name, extras, construct)) = REGISTRY.iter().find(|(known, ..)| *known == name) else {
        return Err(spec::unknown(&name, &type_names().collect::<Vec<_>>()));
    };
    spec::check(name, extras, &arguments, options)?;
    amount::wrap(construct(&arguments, options)?, options)
}
