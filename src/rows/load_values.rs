//! Load values: what goes into the columns that the file does not have, as their sources say.
//!
//! What is the same in all rows of a load is checked and encoded once, before its first row.

use std::borrow::Cow;

use jiff::Timestamp;

use super::copy_text::{escape_from, push_number, unescaped};
use super::header::Header;
use crate::dataset::{Column, ColumnSource, Dataset, KeyValue};
use crate::records::Record;
use crate::types::SqlType;

/// What is known of an object besides its content.
#[derive(Debug, Clone, Copy)]
pub struct ObjectFacts<'o> {
    /// The name of the bucket.
    pub bucket: &'o str,
    /// The decoded key.
    pub key: &'o str,
    /// Whether the key is the path of a local file, which may begin with any folders.
    pub is_path: bool,
    /// `None` where the bucket keeps no versions.
    pub version_id: Option<&'o str>,
    /// When the object was written.
    pub object_time: Option<Timestamp>,
    /// The sheet that the rows are from; `None` where the file has no sheets.
    pub sheet: Option<&'o str>,
    /// The entry that the rows are from; `None` where the object is not read as an archive.
    pub entry: Option<&'o str>,
}

/// The values of the columns that a file does not have, for the rows of one load.
#[derive(Debug, Default)]
pub struct LoadValues(pub(super) Vec<Option<Derived>>);

/// How a column that the file does not have gets its value. A new way that has a value per row is a variant
/// here.
#[derive(Debug)]
pub(super) enum Derived {
    /// The same in all rows of the load, as COPY reads it.
    Load(Vec<u8>),
    /// The line of the file on which the row starts, up to this number.
    Line(u64),
}

impl Derived {
    /// Appends the value in the row of `record`.
    ///
    /// # Errors
    ///
    /// The code and the reason where the row is rejected.
    #[inline]
    pub fn write(&self, record: &Record, out: &mut Vec<u8>) -> Result<(), (&'static str, String)> {
        match self {
            Derived::Load(value) => out.extend_from_slice(value),
            Derived::Line(max) if record.line() <= *max => push_number(record.line(), out),
            Derived::Line(max) => {
                let reason = format!("the line is greater than {max}: use type = \"bigint\"");
                return Err(("out_of_range", reason));
            }
        }
        Ok(())
    }
}

impl Derived {
    /// The value in the row of `record`, as its column's type writes it.
    pub fn text(&self, record: &Record) -> Option<String> {
        match self {
            Derived::Load(value) if value == b"\\N" => None,
            Derived::Load(value) => Some(unescaped(&String::from_utf8_lossy(value))),
            Derived::Line(_) => Some(record.line().to_string()),
        }
    }
}

impl LoadValues {
    /// The values for an object. A column that the header has is left out: the rows that `stardrop rejects
    /// --csv` writes bring the values of the object that they are from.
    ///
    /// # Errors
    ///
    /// A sentence that says which value does not fit its column or its pattern, so that every row of the
    /// object would be rejected.
    pub fn new(
        dataset: &Dataset,
        header: &Header,
        facts: &ObjectFacts<'_>,
    ) -> Result<LoadValues, String> {
        let derived = absent(dataset, header);
        let key = key_of(dataset, &derived, facts)?;
        let columns = dataset.columns.iter().zip(derived);
        let values = columns.map(|(column, derived)| {
            derived.then(|| of_column(dataset, column, facts, &key)).transpose()
        });
        values.collect::<Result<_, _>>().map(LoadValues)
    }
}

/// The columns with values that only the object has and not the file with this header, and these values as
/// texts that the columns read: what rows need that are loaded as a part of another object. The line of
/// each row is not among the texts.
///
/// # Errors
///
/// As [`LoadValues::new`].
pub fn texts_of_object<'d>(
    dataset: &'d Dataset,
    header: &Header,
    facts: &ObjectFacts<'_>,
) -> Result<Vec<(&'d Column, Option<String>)>, String> {
    let derived = absent(dataset, header);
    let key = key_of(dataset, &derived, facts)?;
    let columns = dataset.columns.iter().zip(derived).filter(|(_, derived)| *derived);
    let of_object = columns.map(|(column, _)| column).filter(|column| column.source.is_exported());
    let texts = of_object.map(|column| {
        let text = text_of(column, facts, &key)?;
        let text = text.map(|text| match column.source {
            // In the form of a text of the column, where a typed value has another one.
            ColumnSource::ObjectTime => {
                let mut canonical = Vec::new();
                let encoded = column.native_type.encode(&text, &mut canonical);
                encoded.map_or(text.into_owned(), |()| String::from_utf8_lossy(&canonical).into())
            }
            _ => text.into_owned(),
        });
        Ok((column, text))
    });
    texts.collect()
}

/// For each column whether neither its source nor this header says that the file has it.
fn absent(dataset: &Dataset, header: &Header) -> Vec<bool> {
    let is_absent = |index| header.fields.get(index).is_none_or(Option::is_none);
    let columns = dataset.columns.iter().enumerate();
    let is_derived =
        |column: &Column| !column.source.is_file() && column.source != ColumnSource::Enriched;
    columns.map(|(index, column)| is_derived(column) && is_absent(index)).collect()
}

/// The parts of the key, if one of these columns needs them.
fn key_of(
    dataset: &Dataset,
    derived: &[bool],
    facts: &ObjectFacts<'_>,
) -> Result<Vec<KeyValue>, String> {
    let mut columns = dataset.columns.iter().zip(derived);
    let is_part =
        |(column, derived): (&Column, &bool)| *derived && column.source == ColumnSource::KeyPart;
    if columns.any(is_part) { dataset.key_values(facts.key, facts.is_path) } else { Ok(Vec::new()) }
}

fn of_column(
    dataset: &Dataset,
    column: &Column,
    facts: &ObjectFacts<'_>,
    key: &[KeyValue],
) -> Result<Derived, String> {
    if column.source == ColumnSource::Line {
        let is_integer = column.column_type.sql_type() == SqlType::Integer;
        return Ok(Derived::Line(if is_integer { i32::MAX as u64 } else { i64::MAX as u64 }));
    }
    let (name, source) = (&column.name, column.source.describe());
    let Some(text) = text_of(column, facts, key)? else {
        return match dataset.required_for(column) {
            _ if column.required => {
                Err(format!("column `{name}` needs a value, and the {source} has none"))
            }
            Some(member) => Err(format!(
                "column `{name}` is the {source}, which is null, so that all rows refer to the unknown {member} \
                 (policy unknown_member)"
            )),
            None => Ok(Derived::Load(b"\\N".to_vec())),
        };
    };
    let is_native = match column.source {
        ColumnSource::Constant { is_native, .. } => is_native,
        ref other => *other == ColumnSource::ObjectTime,
    };
    let column_type = if is_native { &column.native_type } else { &column.column_type };
    let mut value = Vec::new();
    column_type.encode(&text, &mut value).map_err(|invalid| {
        format!(
            "column `{name}` is the {source}, which is `{}`: {}",
            text.escape_debug(),
            invalid.message
        )
    })?;
    if column_type.sql_type().needs_copy_escape() {
        escape_from(&mut value, 0);
    }
    Ok(Derived::Load(value))
}

/// The text of a column that has the same value in all rows; `None` for a null, and for the lines.
fn text_of<'t>(
    column: &'t Column,
    facts: &ObjectFacts<'t>,
    key: &'t [KeyValue],
) -> Result<Option<Cow<'t, str>>, String> {
    Ok(match &column.source {
        ColumnSource::File(_) | ColumnSource::Line | ColumnSource::Enriched => None,
        ColumnSource::KeyPart => {
            let value = key.iter().find(|(name, _)| *name == column.name);
            value.and_then(|(_, text)| text.as_deref()).map(Cow::Borrowed)
        }
        ColumnSource::Bucket => Some(Cow::Borrowed(facts.bucket)),
        ColumnSource::Key => Some(Cow::Borrowed(facts.key)),
        ColumnSource::FileName => {
            Some(Cow::Borrowed(facts.key.rsplit('/').next().unwrap_or(facts.key)))
        }
        ColumnSource::VersionId => facts.version_id.map(Cow::Borrowed),
        // Postgres holds no more digits.
        ColumnSource::ObjectTime => facts
            .object_time
            .and_then(|time| Timestamp::from_microsecond(time.as_microsecond()).ok())
            .map(|time| Cow::Owned(time.to_string())),
        ColumnSource::Sheet => match facts.sheet {
            Some(sheet) => Some(Cow::Borrowed(sheet)),
            None => {
                return Err(format!(
                    "column `{}` is the name of the sheet, and the object is not a workbook: remove \
                     source = \"sheet\", or load workbooks only",
                    column.name
                ));
            }
        },
        ColumnSource::Entry => match facts.entry {
            Some(entry) => Some(Cow::Borrowed(entry)),
            None => {
                return Err(format!(
                    "column `{}` is the name of the archive's entry, and the contract takes no entries: set entry \
                     in [file], or remove source = \"entry\"",
                    column.name
                ));
            }
        },
        ColumnSource::Constant { text, .. } => Some(Cow::Borrowed(text)),
    })
}
