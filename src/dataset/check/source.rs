//! Checks where the values of a column come from: `from`, `source`, `value` or `from_key`.

use std::sync::Arc;

use toml::{Spanned, Value};

use super::super::ColumnSource;
use super::super::contract::{self, Table};
use super::Checker;
use crate::records::Format;
use crate::types::{ColumnType, SqlType};

impl Checker<'_> {
    /// The source of a column. `types` read its texts, and its values that TOML has as such.
    pub(super) fn source(
        &mut self,
        key: &Spanned<String>,
        column: &contract::Column,
        is_key_part: bool,
        types: [&Arc<dyn ColumnType>; 2],
    ) -> ColumnSource {
        let name = key.get_ref();
        let given = [
            ("from_key", is_key_part),
            ("source", column.source.is_some()),
            ("value", column.value.is_some()),
        ];
        let given = given.into_iter().filter_map(|(word, is_given)| is_given.then_some(word));
        let given: Vec<&str> = given.collect();
        let Some(from) = given.first() else {
            let mut names = vec![name.clone()];
            for spelling in &column.from {
                if !names.contains(spelling) {
                    names.push(spelling.clone());
                }
            }
            return ColumnSource::File(names);
        };
        let of_file = [
            ("from", !column.from.is_empty()),
            ("nul", column.nul.is_some()),
            ("protect", column.protect.is_some()),
        ];
        let others = given.iter().skip(1).copied();
        let of_file = of_file.into_iter().filter_map(|(word, is_given)| is_given.then_some(word));
        for other in others.chain(of_file) {
            self.error(
                key,
                format!(
                    "column `{name}` has its values by {from}, so it cannot have {other}: remove one"
                ),
            );
        }
        if let Some(value) = &column.value {
            return self.constant(value, types);
        }
        let Some(word) = &column.source else { return ColumnSource::KeyPart };
        let words: Vec<&str> = ColumnSource::NAMED.iter().map(|(word, _)| *word).collect();
        let found = self.word("source", word, &words);
        let source = ColumnSource::NAMED.into_iter().find(|(word, _)| Some(*word) == found);
        let source = source.map_or(ColumnSource::Key, |(_, source)| source);
        if !self.untyped.contains(name) {
            self.type_of_source(word, &source, column, types[0].sql_type());
        }
        source
    }

    fn type_of_source(
        &mut self,
        word: &Spanned<String>,
        source: &ColumnSource,
        column: &contract::Column,
        sql_type: SqlType,
    ) {
        let wanted = match source {
            ColumnSource::ObjectTime => {
                if let Some(at) = &column.format {
                    self.error(at, "source = \"object_time\" is a time already: remove format");
                }
                let fits = [SqlType::Timestamptz, SqlType::Timestamp, SqlType::Text];
                (!fits.contains(&sql_type)).then_some("timestamptz, timestamp or text")
            }
            ColumnSource::Line => {
                let fits = [SqlType::Bigint, SqlType::Integer];
                (!fits.contains(&sql_type)).then_some("bigint or integer")
            }
            _ => None,
        };
        if let Some(wanted) = wanted {
            let message =
                format!("source = \"{}\" needs a column of type {wanted}", word.get_ref());
            self.error(word, message);
        }
    }

    fn constant(
        &mut self,
        value: &Spanned<Value>,
        [column_type, native_type]: [&Arc<dyn ColumnType>; 2],
    ) -> ColumnSource {
        let (text, is_native) = match value.get_ref() {
            Value::String(text) => (text.clone(), false),
            Value::Array(_) | Value::Table(_) => {
                self.error(value, "value must be a text, a number, true, false or a date");
                return ColumnSource::Constant { text: String::new(), is_native: false };
            }
            typed => (typed.to_string(), true),
        };
        let reads = if is_native { native_type } else { column_type };
        if let Err(invalid) = reads.encode(&text, &mut Vec::new()) {
            let message = format!("value is not of the column's type: {}", invalid.message);
            self.error(value, message);
        }
        ColumnSource::Constant { text, is_native }
    }

    /// Checks that only files with sheets are asked for the sheet.
    pub(super) fn sheet_columns(
        &mut self,
        table: &Table<contract::Column>,
        format: Option<Format>,
    ) {
        let Some(format) = format.filter(|format| !format.has_sheets()) else { return };
        for source in table.values().filter_map(|column| column.get_ref().source.as_ref()) {
            if source.get_ref() == "sheet" {
                let message = format!(
                    "source = \"sheet\" is for workbooks: a file of format {} has no sheets",
                    format.name()
                );
                self.error(source, message);
            }
        }
    }
}
