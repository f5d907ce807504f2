//! What a reader of any format needs to know about the dataset.

use super::CsvOptions;

/// How to read the files of one dataset.
#[derive(Debug, Clone, Default)]
pub struct ReaderOptions {
    /// How delimited text is written. Its `header_rows`, `skip`, `skip_footer` and `max_record_bytes`
    /// apply to other formats, too.
    pub csv: CsvOptions,
    /// For each column of the dataset, the names that it may have in a file. Formats that name each
    /// field, such as JSON, give their fields in this order.
    pub names: Vec<Vec<String>>,
    /// For each column of the dataset, whether its values are protected, so that they must not be left in
    /// another value.
    pub protected: Vec<bool>,
    /// The sheet of a workbook; `None`: the first visible one with cells.
    pub sheet: Option<String>,
    /// In JSON the keys that lead to the array of records; `None`: nothing is around the records.
    pub records: Option<Vec<String>>,
}
