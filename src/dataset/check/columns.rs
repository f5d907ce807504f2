//! Checks `[columns]`, and returns the columns of the staging table.

use std::collections::HashMap;
use std::sync::Arc;

use toml::{Spanned, Value};

use super::super::contract::{self, Table};
use super::super::{Column, KeyPattern, Protect, name};
use super::Checker;
use crate::records::fold;
use crate::types::{self, Repeated, Round, SqlType, TypeOptions};

/// The most columns that a staging table may have: Postgres allows 1,600, system columns included.
const MAX_COLUMNS: usize = 1_500;

impl Checker<'_> {
    pub(super) fn columns(
        &mut self,
        table: &Table<contract::Column>,
        from_key: &[KeyPattern],
    ) -> Vec<Column> {
        let mut columns = Vec::with_capacity(table.len());
        let mut spellings: HashMap<String, String> = HashMap::new();
        for (key, raw) in table {
            self.column_name(key);
            let is_key_part =
                from_key.iter().any(|pattern| pattern.names().contains(key.get_ref()));
            let Some(column) = self.column(key, raw, is_key_part) else { continue };
            for spelling in column.source.names() {
                let folded = fold(spelling);
                if let Some(other) = spellings.insert(folded, column.name.clone())
                    && other != column.name
                {
                    self.error(
                        key,
                        format!(
                            "columns `{other}` and `{}` both read the header `{spelling}`: remove it from one",
                            column.name
                        ),
                    );
                }
            }
            columns.push(column);
        }
        self.former_names(table);
        if table.is_empty() || table.len() > MAX_COLUMNS {
            self.error_at(0, format!("[columns] must name 1 to {MAX_COLUMNS} columns"));
        }
        if !columns.is_empty() && !columns.iter().any(|column| column.source.is_file()) {
            self.error_at(0, "[columns] must name a column of the file: no other one has its rows");
        }
        columns
    }

    /// Checks that a column can have this name.
    pub(super) fn column_name(&mut self, key: &Spanned<String>) {
        if let Err(message) = name::check("column", key.get_ref()) {
            self.misnamed = true;
            self.error(key, message);
        } else if name::is_taken(key.get_ref()) {
            self.misnamed = true;
            self.error(
                key,
                format!(
                    "column name `{0}` is reserved: choose another, and keep the header with from = [\"{0}\"]",
                    key.get_ref()
                ),
            );
        }
    }

    /// Checks that no two columns have or had the same name.
    fn former_names(&mut self, table: &Table<contract::Column>) {
        let mut seen: Vec<&str> = Vec::new();
        for was in table.values().filter_map(|column| column.get_ref().was.as_ref()) {
            let name = was.get_ref().as_str();
            if let Err(message) = name::check("column", name) {
                self.error(was, message);
            } else if table.keys().any(|key| key.get_ref() == name) {
                self.error(
                    was,
                    format!(
                        "was = \"{name}\" names a column that the contract still has: remove one"
                    ),
                );
            } else if seen.contains(&name) {
                self.error(was, format!("two columns have was = \"{name}\": remove one"));
            }
            seen.push(name);
        }
    }

    pub(super) fn column(
        &mut self,
        key: &Spanned<String>,
        raw: &Spanned<contract::Column>,
        is_key_part: bool,
    ) -> Option<Column> {
        let column = raw.get_ref();
        let options = TypeOptions {
            format: self.formats(column.format.as_ref()),
            decimal: self.decimal(column.decimal.as_ref()),
            thousands: self.thousands(column.thousands.as_ref()),
            currency: column.currency.clone(),
            percent: column.percent,
            true_words: column.true_words.clone(),
            false_words: column.false_words.clone(),
            round: self.round(column.round.as_ref()),
            time_zone: self.time_zone(column.time_zone.as_ref()),
            repeated_hour: self.repeated_hour(column),
            pad_left: column.pad_left,
            allows_utc: false,
        };
        let type_name = column.type_name.get_ref();
        // A number or a date that the file's format stores as such is not text in the contract's form.
        let native = TypeOptions {
            round: options.round,
            time_zone: options.time_zone.clone(),
            repeated_hour: options.repeated_hour,
            pad_left: options.pad_left,
            allows_utc: true,
            ..TypeOptions::default()
        };
        let column_type = match types::column_type(type_name, &options) {
            Ok(column_type) => column_type,
            Err(message) => {
                self.error(&column.type_name, message);
                let plain = types::column_type(type_name, &TypeOptions::default());
                if plain.is_err() {
                    self.untyped.push(key.get_ref().clone());
                }
                plain.or_else(|_| types::column_type("text", &TypeOptions::default())).ok()?
            }
        };
        let native_type =
            types::column_type(type_name, &native).unwrap_or_else(|_| column_type.clone());
        let protect = column
            .protect
            .as_ref()
            .and_then(|at| self.word("protect", at, &["sha256", "drop"]))
            .map(|word| if word == "drop" { Protect::Drop } else { Protect::Sha256 });
        if let (Some(Protect::Sha256), Some(at)) = (protect, &column.protect)
            && column_type.sql_type() != SqlType::Text
            && !self.untyped.contains(key.get_ref())
        {
            self.error(
                at,
                "protect = \"sha256\" needs type = \"text\": it stores 64 hexadecimal digits",
            );
        }
        if let (Some(Protect::Sha256), Some(at), true) =
            (protect, &column.protect, column.pad_left.is_some())
        {
            self.error(
                at,
                "protect = \"sha256\" hashes a text as the file has it: remove pad_left",
            );
        }
        if let (Some(Protect::Drop), Some(at), true) = (protect, &column.protect, column.required) {
            self.error(at, "protect = \"drop\" stores no value: remove it, or required = true");
        }
        let nul = column.nul.as_ref().and_then(|at| self.word("nul", at, &["reject", "strip"]));
        let types = [&column_type, &native_type];
        let source = self.source(key, column, is_key_part, types);
        Some(Column {
            name: key.get_ref().clone(),
            type_name: type_name.clone(),
            column_type: Arc::clone(&column_type),
            options,
            native_type,
            strip_nul: nul == Some("strip"),
            protect,
            required: column.required || source.is_never_null(),
            source,
            was: column.was.as_ref().map(|was| was.get_ref().clone()),
        })
    }

    fn formats(&mut self, format: Option<&Spanned<Value>>) -> Vec<String> {
        let Some(format) = format else { return Vec::new() };
        let patterns: Option<Vec<String>> = match format.get_ref() {
            Value::String(pattern) => Some(vec![pattern.clone()]),
            Value::Array(patterns) => {
                patterns.iter().map(|pattern| pattern.as_str().map(str::to_owned)).collect()
            }
            _ => None,
        };
        patterns.unwrap_or_else(|| {
            self.error(format, "format must be a pattern such as \"%d/%m/%Y\", or a list of them");
            Vec::new()
        })
    }

    fn round(&mut self, round: Option<&Spanned<String>>) -> Option<Round> {
        let word = self.word("round", round?, &["truncate", "half_even"])?;
        Some(if word == "truncate" { Round::Truncate } else { Round::HalfEven })
    }

    fn time_zone(&mut self, zone: Option<&Spanned<String>>) -> Option<String> {
        let zone = zone?;
        types::time_zone(zone.get_ref()).map_err(|message| self.error(zone, message)).ok()
    }

    /// Which of two times a repeated hour means. Not checked further where the time zone is not valid.
    fn repeated_hour(&mut self, column: &contract::Column) -> Option<Repeated> {
        let at = column.repeated_hour.as_ref()?;
        let word = self.word("repeated_hour", at, &["first", "second"])?;
        if column.time_zone.is_none() {
            self.error(at, "repeated_hour needs a time_zone, whose clocks repeat the hour");
            return None;
        }
        let is_valid = types::time_zone(column.time_zone.as_ref()?.get_ref()).is_ok();
        is_valid.then_some(if word == "first" { Repeated::First } else { Repeated::Second })
    }

    fn thousands(&mut self, thousands: Option<&Spanned<String>>) -> Option<char> {
        let thousands = thousands?;
        match thousands.get_ref().as_str() {
            "," => Some(','),
            "." => Some('.'),
            " " => Some(' '),
            "'" => Some('\''),
            "_" => Some('_'),
            _ => {
                self.error(thousands, "thousands must be one of `,` `.` `'` `_` or a space");
                None
            }
        }
    }

    fn decimal(&mut self, decimal: Option<&Spanned<String>>) -> char {
        let Some(decimal) = decimal else { return '.' };
        match decimal.get_ref().as_str() {
            "," => ',',
            "." => '.',
            _ => {
                self.error(decimal, "decimal must be \".\" or \",\"");
                '.'
            }
        }
    }
}
