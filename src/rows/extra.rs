//! Checks the values of a record that no column means, which are kept as `jsonb`.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::types::{Invalid, check_json};

/// Checks the values of unknown keys as those of a `json` column.
///
/// # Errors
///
/// The code, and the reason with the name of the first key whose value `jsonb` cannot hold.
pub(super) fn check(extra: &[u8]) -> Result<(), (&'static str, String)> {
    let Err(first) = check_json(extra) else { return Ok(()) };
    let values: BTreeMap<String, &RawValue> = serde_json::from_slice(extra).unwrap_or_default();
    let wrong = values.iter().find_map(|(name, value)| {
        let in_name = name.contains('\0').then_some(&first);
        let invalid = check_json(value.get().as_bytes()).err();
        in_name.cloned().or(invalid).map(|invalid| (name, invalid))
    });
    Err(match wrong {
        Some((name, Invalid { code, message })) => {
            (code, format!("column {}: {message}", name.escape_debug()))
        }
        None => (first.code, first.message),
    })
}
