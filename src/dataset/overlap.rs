//! Overlap: finds datasets that could claim the same object, or the same part of one, before such an object arrives.

use std::path::PathBuf;

use super::glob_overlap::Automaton;
use super::{ContractError, Dataset};

/// An error for each two datasets that could claim the same key, and not different parts of its object.
pub(super) fn overlapping_patterns(datasets: &[(PathBuf, Dataset)]) -> Vec<ContractError> {
    let automata: Vec<Vec<(&String, Automaton)>> = datasets
        .iter()
        .map(|(_, dataset)| {
            let patterns = dataset.patterns.iter();
            patterns.filter_map(|pattern| Some((pattern, Automaton::new(pattern)?))).collect()
        })
        .collect();
    let mut errors = Vec::new();
    for (index, ((file, this), mine)) in datasets.iter().zip(&automata).enumerate() {
        for ((_, other), theirs) in datasets.iter().zip(&automata).take(index) {
            let mut pairs =
                mine.iter().flat_map(|mine| theirs.iter().map(move |their| (mine, their)));
            let found = pairs.find_map(|((mine, own), (their, others))| {
                Some((mine, their, own.common_key(others)?))
            });
            if let Some((mine, their, key)) = found
                && let Some(hint) = parts_hint(this, other)
            {
                let message = format!(
                    "an object key such as `{key}` matches both `{mine}` here and `{their}` of dataset \
                     `{}`: make one pattern narrower{hint}",
                    other.name
                );
                errors.push(ContractError { file: file.clone(), line: 1, message });
            }
        }
    }
    errors
}

/// What two datasets that match the same key may do instead of narrowing a pattern; `None` where they take different
/// parts of its object, so that nothing is wrong.
fn parts_hint(this: &Dataset, other: &Dataset) -> Option<String> {
    match (&this.file.parts, &other.file.parts) {
        (Some(mine), Some(theirs)) if mine.kind == theirs.kind => {
            let (key, common) = (mine.kind.key(), mine.common_name(theirs)?);
            Some(format!(", or name other parts: both take {key} `{common}`"))
        }
        (None, None) => Some(String::new()),
        _ => Some(
            ", or name different parts in both, such as sheet = \"..\" or entry = \"..\""
                .to_owned(),
        ),
    }
}
