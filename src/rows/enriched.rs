//! Finds the values of enriched columns, once for each row that has such columns.

use std::borrow::Cow;
use std::sync::Arc;

use super::place::{Found, Place, Reason};
use super::target::Target;
use crate::dataset::Dataset;
use crate::enrich::Enricher;
use crate::records::Kind;
use crate::types::Invalid;

/// The enrichments of a dataset, in their order.
#[derive(Debug, Default)]
pub(super) struct Lookups(Vec<Lookup>);

/// One enrichment.
#[derive(Debug)]
struct Lookup {
    /// The index of the column whose value is looked up.
    from: usize,
    enricher: Arc<Enricher>,
}

impl Lookups {
    /// The lookups of a dataset; tells each of its enriched columns where its value is.
    pub fn new(dataset: &Dataset, enrichers: &[Arc<Enricher>], columns: &mut [Target]) -> Lookups {
        let index_of = |name: &String| dataset.columns.iter().position(|c| c.name == *name);
        let mut lookups = Vec::with_capacity(enrichers.len());
        for (enrichment, enricher) in enrichers.iter().enumerate() {
            for (value, name) in enricher.columns.iter().enumerate() {
                if let Some(column) = index_of(name).and_then(|index| columns.get_mut(index)) {
                    column.enriched = Some(Place { enrichment, value });
                }
            }
            let from = index_of(&enricher.from).unwrap_or(usize::MAX);
            lookups.push(Lookup { from, enricher: Arc::clone(enricher) });
        }
        Lookups(lookups)
    }

    /// Looks everything up for a row. `text_of` gives the text that a column has in the row, from the values that
    /// were found so far.
    ///
    /// # Errors
    ///
    /// The column, the code and the reason for which the row is rejected.
    pub fn find<'w>(
        &self,
        columns: &'w [Target],
        mut text_of: impl FnMut(&'w Target, &Found) -> Result<Option<String>, Reason>,
    ) -> Result<Found, (&'w str, Reason)> {
        let mut found = Found::with_capacity(self.0.len());
        for Lookup { from, enricher } in &self.0 {
            let Some(column) = columns.get(*from) else { break };
            let wrong = |reason| (column.name.as_str(), reason);
            // An empty text says no more than none.
            let text = text_of(column, &found).map_err(wrong)?.filter(|text| !text.is_empty());
            let values = text.map(|text| enricher.find(&text)).transpose();
            found.push(values.map_err(|invalid| wrong((invalid.code, invalid.message)))?);
        }
        Ok(found)
    }
}

/// The text of a field as its column's type writes it, which is what tables are looked up by.
pub(super) fn canonical(column: &Target, text: Cow<'_, str>, kind: Kind) -> Result<String, Reason> {
    let mut out = Vec::with_capacity(text.len());
    column.encode(&text, kind, &mut out).map_err(|Invalid { code, message }| (code, message))?;
    String::from_utf8(out).map_err(|_| ("invalid_utf8", "expected text".to_owned()))
}
