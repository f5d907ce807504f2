//! Where the value of an enriched column is, among what was found for a row.

use crate::enrich::Values;

/// What the enrichments have found for a row, in their order; `None` where there was no value to look up.
pub(super) type Found = Vec<Option<Values>>;

/// The code and the reason of a rejection.
pub(super) type Reason = (&'static str, String);

/// Where the value of an enriched column is: the indexes of the enrichment and of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub enrichment: usize,
    pub value: usize,
}

impl Place {
    /// That of a column whose enrichment is not open.
    pub const NOWHERE: Place = Place { enrichment: usize::MAX, value: usize::MAX };

    /// The value among those that were found.
    ///
    /// # Errors
    ///
    /// Its enrichment is not open: that must not give a null.
    pub fn value<'f>(&self, found: &'f Found) -> Result<Option<&'f str>, Reason> {
        let not_open = || ("not_looked_up", "the file of its enrichment is not open".to_owned());
        let Some(values) = found.get(self.enrichment).ok_or_else(not_open)? else {
            return Ok(None);
        };
        values.get(self.value).map(Option::as_deref).ok_or_else(not_open)
    }
}
