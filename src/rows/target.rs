//! One column of a dataset as a row is written: the field that it comes from, and its type.

use std::sync::Arc;

use super::copy_text::escape_from;
use super::load_values::Derived;
use super::place::Place;
use crate::dataset::{Column, ColumnSource, Protect};
use crate::records::{Kind, Record};
use crate::types::{ColumnType, Invalid, SqlType};

/// A column of the dataset with the field of the file that holds it.
#[derive(Debug)]
pub(super) struct Target {
    pub name: String,
    /// The field's index; `None` where the file does not have the column.
    pub field: Option<usize>,
    /// The value of a column that is not one of the file.
    pub derived: Option<Derived>,
    /// Where the value of an enriched column is found.
    pub enriched: Option<Place>,
    pub required: bool,
    /// The dimension or date to which a row without a value would not refer; such rows are rejected.
    pub required_for: Option<String>,
    pub strip_nul: bool,
    pub protect: Option<Protect>,
    /// Whether the text of a value is written as it is.
    pub is_plain: bool,
    /// Whether the column holds any text, so that one that is written as it is needs no check of its own.
    pub is_text: bool,
    sql_type: SqlType,
    column_type: Arc<dyn ColumnType>,
    native_type: Arc<dyn ColumnType>,
}

impl Target {
    /// The target of `column`, whose values are in `field`.
    pub fn new(column: &Column, field: Option<usize>, required_for: Option<String>) -> Target {
        let sql_type = column.column_type.sql_type();
        Target {
            name: column.name.clone(),
            field,
            derived: None,
            enriched: (column.source == ColumnSource::Enriched).then_some(Place::NOWHERE),
            required: column.required,
            required_for,
            strip_nul: column.strip_nul,
            protect: column.protect,
            is_plain: column.protect.is_none() && !column.strip_nul,
            is_text: sql_type == SqlType::Text && column.options.pad_left.is_none(),
            sql_type,
            column_type: Arc::clone(&column.column_type),
            native_type: Arc::clone(&column.native_type),
        }
    }

    /// Whether a field in quotes is a value even where its text is one of the contract's null
    /// texts, so that `""` stays an empty text.
    pub(crate) fn keeps_quoted_null(&self, kind: Kind) -> bool {
        match self.sql_type {
            SqlType::Text => true,
            // A json column can hold whatever JSON puts in quotes.
            SqlType::Jsonb => kind == Kind::Quoted,
            _ => false,
        }
    }

    /// Why a field of this kind cannot be loaded, whatever its text: a reason code and a sentence.
    #[inline]
    pub(crate) fn refusal(&self, kind: Kind) -> Option<(&'static str, &'static str)> {
        match kind {
            Kind::Text | Kind::Quoted | Kind::Native | Kind::Null => None,
            Kind::Rounded if matches!(self.sql_type, SqlType::Real | SqlType::Double) => None,
            Kind::Rounded => Some((
                "inexact_number",
                "a workbook keeps 15 digits of a number, and this one has more: store it as text, or \
                 give the column type = \"double\"",
            )),
            Kind::Unusable(why) => Some(why.reason()),
        }
    }

    /// Appends the value of a column for which the record has none.
    ///
    /// # Errors
    ///
    /// The code and the reason where the row is rejected without a value.
    pub(crate) fn write_absent(
        &self,
        record: &Record,
        out: &mut Vec<u8>,
    ) -> Result<(), (&'static str, String)> {
        if let Some(derived) = &self.derived {
            return derived.write(record, out);
        }
        if self.required {
            return Err(("missing_value", "expected a value, found none".to_owned()));
        }
        if let Some(name) = &self.required_for {
            let reason = format!(
                "no value, so the row refers to the unknown {name} (policy unknown_member)"
            );
            return Err(("unknown_member", reason));
        }
        out.extend_from_slice(b"\\N");
        Ok(())
    }

    /// Appends a value that is written as the column's type writes it.
    pub fn write_canonical(&self, text: &str, out: &mut Vec<u8>) {
        let from = out.len();
        out.extend_from_slice(text.as_bytes());
        if self.sql_type.needs_copy_escape() {
            escape_from(out, from);
        }
    }

    /// Appends the value of a field's text as COPY reads it.
    ///
    /// # Errors
    ///
    /// [`Invalid`] where the column's type refuses the text; `out` may then hold a part of it.
    pub fn write(&self, text: &str, kind: Kind, out: &mut Vec<u8>) -> Result<(), Invalid> {
        let from = out.len();
        self.encode(text, kind, out)?;
        if self.sql_type.needs_copy_escape() {
            escape_from(out, from);
        }
        Ok(())
    }

    /// Appends the value of a field's text as its type writes it, which COPY may not read.
    ///
    /// # Errors
    ///
    /// As [`Target::write`].
    pub fn encode(&self, text: &str, kind: Kind, out: &mut Vec<u8>) -> Result<(), Invalid> {
        if kind == Kind::Quoted && self.sql_type == SqlType::Jsonb {
            return self.column_type.encode(&serde_json::Value::from(text).to_string(), out);
        }
        if !matches!(kind, Kind::Native | Kind::Rounded) {
            return self.column_type.encode(text, out);
        }
        // A number in a number's column is never read in the way of texts, where `1.234` may mean
        // a thousand.
        let from = out.len();
        let native = self.native_type.encode(text, out);
        if native.is_ok() || !self.sql_type.is_temporal() {
            return native;
        }
        // To Parquet, a day may be a timestamp at midnight.
        if self.sql_type == SqlType::Date
            && let Some(day) = text.trim_end_matches('Z').strip_suffix(" 00:00:00")
        {
            out.truncate(from);
            return self.native_type.encode(day, out);
        }
        // A workbook writes midnight as a date without a time.
        out.truncate(from);
        let at_midnight = self.native_type.encode(&format!("{text} 00:00:00"), out);
        if at_midnight.is_ok() {
            return at_midnight;
        }
        // A plain number may be a date by the contract's `format`.
        out.truncate(from);
        self.column_type.encode(text, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Catalog;
    use crate::records::Unusable;

    #[test]
    fn a_value_that_is_not_known_is_refused_by_every_column_and_a_rounded_one_by_exact_ones() {
        for (name, takes_rounded) in [
            ("text", false),
            ("integer", false),
            ("bigint", false),
            ("numeric", false),
            ("json", false),
            ("date", false),
            ("real", true),
            ("double", true),
        ] {
            let contract = format!(
                "name = \"one\"\nmatch = \"one/**\"\n[columns]\na = {{ type = \"{name}\" }}\n\
                 [fact.one]\ndegenerate = \"a\"\n"
            );
            let file = ("one/dataset.toml".into(), "one".to_owned(), contract);
            let catalog = Catalog::read([file]).expect("a valid contract");
            let column = catalog.datasets()[0].columns[0].clone();
            let target = Target::new(&column, Some(0), None);
            for unknown in
                [Unusable::NoDate, Unusable::NotCalculated, Unusable::TooLarge].map(Kind::Unusable)
            {
                assert!(target.refusal(unknown).is_some() && !unknown.is_plain(), "{name}");
            }
            assert_eq!(target.refusal(Kind::Rounded).is_none(), takes_rounded, "{name}");
            assert!(!Kind::Rounded.is_plain());
            assert_eq!(target.refusal(Kind::Native), None);
        }
    }
}
