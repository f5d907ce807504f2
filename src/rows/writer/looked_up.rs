//! Gives a row writer the values of columns that are looked up.

use std::sync::Arc;

use super::super::enriched::{self, Lookups};
use super::super::place::{Found, Place};
use super::super::target::Target;
use super::{RowWriter, Wrong};
use crate::dataset::Dataset;
use crate::enrich::Enricher;
use crate::records::Record;

/// Nothing was looked up.
static NOTHING: Found = Found::new();

impl RowWriter {
    /// The same writer with what the dataset's enrichments look values up in, in their order. Without it, rows are
    /// rejected.
    #[must_use]
    pub fn with_enrichers(mut self, dataset: &Dataset, enrichers: &[Arc<Enricher>]) -> Self {
        self.lookups = Lookups::new(dataset, enrichers, &mut self.columns);
        self
    }

    /// Appends the value of a column for which the record has none: what is looked up, what the load says, or null.
    #[inline]
    pub(super) fn write_absent<'w>(
        &'w self,
        column: &'w Target,
        record: &Record,
        whole: Option<&str>,
        found: &mut Option<Found>,
        out: &mut Vec<u8>,
    ) -> Result<(), Wrong<'w>> {
        if let Some(place) = column.enriched
            && let Some(text) = self.enriched(column, place, record, whole, found)?
        {
            column.write_canonical(text, out);
            return Ok(());
        }
        let wrong = |(code, reason)| (Some(column.name.as_str()), code, reason);
        column.write_absent(record, out).map_err(wrong)
    }

    /// The value of an enriched column. All lookups of the row are done for the first of them.
    fn enriched<'w, 'f>(
        &'w self,
        column: &'w Target,
        place: Place,
        record: &Record,
        whole: Option<&str>,
        found: &'f mut Option<Found>,
    ) -> Result<Option<&'f str>, Wrong<'w>> {
        if found.is_none() {
            let text_of = |column: &Target, found: &Found| {
                if let Some(place) = column.enriched {
                    return place.value(found).map(|text| text.map(str::to_owned));
                }
                if let Some(derived) = &column.derived {
                    return Ok(derived.text(record));
                }
                let value = self.unprotected(column, record, whole)?;
                value.map(|(text, kind)| enriched::canonical(column, text, kind)).transpose()
            };
            let all = self.lookups.find(&self.columns, text_of);
            *found = Some(all.map_err(|(column, (code, reason))| (Some(column), code, reason))?);
        }
        let value = place.value(found.as_ref().unwrap_or(&NOTHING));
        value.map_err(|(code, reason)| (Some(column.name.as_str()), code, reason))
    }
}
