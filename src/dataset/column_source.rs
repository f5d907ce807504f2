//! Column source: where the values of a column come from, if not from the file.

/// Where the values of a column come from. A new source is a variant here, and each match that then does
/// not compile; `rows::LoadValues` says whether it has a value per load or one per row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnSource {
    /// The column of the file with one of these names; in a file without a header the next field.
    File(Vec<String>),
    /// The part of the object's key that `from_key` names.
    KeyPart,
    /// The bucket's name.
    Bucket,
    /// The object's key.
    Key,
    /// The object's key without its folders.
    FileName,
    /// The object's version; null where the bucket keeps no versions.
    VersionId,
    /// When the object was written.
    ObjectTime,
    /// The name of the workbook's sheet.
    Sheet,
    /// The name of the archive's entry.
    Entry,
    /// The line of the file on which the row starts.
    Line,
    /// A file in which the value of another column is looked up: `[enrich.*]`.
    Enriched,
    /// The same value in every row.
    Constant {
        /// As the contract has it.
        text: String,
        /// Whether it is a number, a boolean or a date of TOML, and not a text in the column's `format`.
        is_native: bool,
    },
}

impl ColumnSource {
    /// The words of the key `source` in a contract.
    pub const NAMED: [(&'static str, ColumnSource); 8] = [
        ("bucket", ColumnSource::Bucket),
        ("key", ColumnSource::Key),
        ("file_name", ColumnSource::FileName),
        ("version_id", ColumnSource::VersionId),
        ("object_time", ColumnSource::ObjectTime),
        ("line", ColumnSource::Line),
        ("sheet", ColumnSource::Sheet),
        ("entry", ColumnSource::Entry),
    ];

    /// The names in a header that mean the column; none where it is not a column of the file.
    pub fn names(&self) -> &[String] {
        match self {
            ColumnSource::File(names) => names,
            _ => &[],
        }
    }

    /// Whether the file has the values.
    pub fn is_file(&self) -> bool {
        matches!(self, ColumnSource::File(_))
    }

    /// Whether two objects with the same bytes may have different values.
    pub(crate) fn is_of_object(&self) -> bool {
        match self {
            ColumnSource::KeyPart
            | ColumnSource::Bucket
            | ColumnSource::Key
            | ColumnSource::FileName
            | ColumnSource::VersionId
            | ColumnSource::ObjectTime => true,
            ColumnSource::File(_)
            | ColumnSource::Sheet
            | ColumnSource::Entry
            | ColumnSource::Line
            | ColumnSource::Enriched
            | ColumnSource::Constant { .. } => false,
        }
    }

    /// Whether a row has the value only as a part of its object, so that it must be written next to a row
    /// that is moved to another one.
    pub(crate) fn is_exported(&self) -> bool {
        match self {
            ColumnSource::File(_) | ColumnSource::Constant { .. } => false,
            ColumnSource::Sheet | ColumnSource::Entry | ColumnSource::Line => true,
            other => other.is_of_object(),
        }
    }

    /// Whether every row has a value.
    pub(crate) fn is_never_null(&self) -> bool {
        match self {
            ColumnSource::Bucket
            | ColumnSource::Key
            | ColumnSource::FileName
            | ColumnSource::ObjectTime
            | ColumnSource::Sheet
            | ColumnSource::Entry
            | ColumnSource::Line
            | ColumnSource::Constant { .. } => true,
            ColumnSource::File(_)
            | ColumnSource::KeyPart
            | ColumnSource::VersionId
            | ColumnSource::Enriched => false,
        }
    }

    /// Where the values are, for messages: a noun without an article.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            ColumnSource::File(_) => "column of the file",
            ColumnSource::KeyPart => "part of the object's key (from_key)",
            ColumnSource::Bucket => "name of the bucket (source)",
            ColumnSource::Key => "key of the object (source)",
            ColumnSource::FileName => "file name of the object (source)",
            ColumnSource::VersionId => "version of the object (source)",
            ColumnSource::ObjectTime => "time of the object (source)",
            ColumnSource::Sheet => "name of the sheet (source)",
            ColumnSource::Entry => "name of the archive's entry (source)",
            ColumnSource::Line => "line of the file (source)",
            ColumnSource::Enriched => "column of an enrichment",
            ColumnSource::Constant { .. } => "constant of the contract (value)",
        }
    }
}
