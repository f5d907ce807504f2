//! Checks the number of a record's fields, and says which setting would explain another one.

use super::header::Header;
use crate::dataset::{Dataset, Ragged};
use crate::records::{FAULT_CODES, Kind, Record};

/// The code of rows with too few or too many fields.
const FIELD_COUNT: &str = "field_count";

/// Whether rows that are rejected for this reason have fields that belong to no column for certain.
pub fn has_no_columns(code: &str) -> bool {
    code == FIELD_COUNT || FAULT_CODES.contains(&code)
}

/// How many fields the records of a file must have.
#[derive(Debug)]
pub(super) struct Width {
    width: usize,
    named_width: usize,
    ragged: Ragged,
    may_end_in_delimiter: bool,
    /// Whether the fields come from delimited text.
    is_text: bool,
}

impl Width {
    /// What the header says, and the contract allows.
    pub fn new(dataset: &Dataset, header: &Header) -> Width {
        Width {
            width: header.width,
            named_width: header.named_width,
            ragged: dataset.file.ragged,
            may_end_in_delimiter: dataset.file.trailing_delimiter && !header.delimiter.is_empty(),
            is_text: !header.delimiter.is_empty(),
        }
    }

    /// Checks a record.
    ///
    /// # Errors
    ///
    /// The code and the reason if it has another number of fields.
    #[inline]
    pub fn check(&self, record: &Record) -> Result<(), (&'static str, String)> {
        let may_lack_one = self.may_end_in_delimiter;
        if record.len() == self.width && !may_lack_one { Ok(()) } else { self.check_other(record) }
    }

    #[cold]
    fn check_other(&self, record: &Record) -> Result<(), (&'static str, String)> {
        let (found, width) = (record.len(), self.width);
        let is_empty = |index| {
            record.field(index).is_none_or(<[u8]>::is_empty)
                && !record.is_quoted(index)
                && record.kind(index) != Kind::Quoted
        };
        let ends_in_delimiter = found == width + 1 && is_empty(width);
        // Fields of columns without a name may be missing, as long as those that are there are empty.
        // The empty end of a row that is too short may be its delimiter, with a field missing before it.
        let last_named = self.named_width.saturating_sub(1);
        let may_lack_one =
            self.is_text && found + 1 == width && last_named > 0 && is_empty(last_named);
        let has_names =
            found >= self.named_width && !may_lack_one && (self.named_width..found).all(is_empty);
        let lacks_delimiter = found == width && width > 1 && is_empty(width - 1);
        let fits = found == width && (!lacks_delimiter || self.ragged.pad)
            || found < width && (self.ragged.pad || has_names)
            || found > width && self.ragged.truncate
            || ends_in_delimiter && self.may_end_in_delimiter;
        if fits {
            return Ok(());
        }
        let reason = if ends_in_delimiter {
            format!(
                "expected {width} fields, found {found}, of which the last is empty: if each line ends \
                 in a delimiter, set trailing_delimiter = true"
            )
        } else if lacks_delimiter || found < width && found >= self.named_width && may_lack_one {
            format!(
                "a field is missing, or the delimiter at the end of the row: it has {found} fields, of \
                 which the last is empty (settings: trailing_delimiter, ragged)"
            )
        } else {
            format!("expected {width} fields, found {found} (setting: ragged)")
        };
        Err((FIELD_COUNT, reason))
    }
}
