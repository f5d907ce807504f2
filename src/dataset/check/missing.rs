//! Checks `missing` of a `[dimension.<name>]`, and returns what happens to members that are gone.

use super::super::contract;
use super::super::{Missing, Overwrite, Policy};
use super::Checker;

/// The column that says whether a member is gone.
const IS_DELETED: &str = "is_deleted";

/// Columns that a dimension has besides the others if its versions end with their member.
const CLOSE_COLUMNS: [&str; 2] = ["next_from", "reopens"];

impl Checker<'_> {
    /// `may_have_versions` is also true where the history is not valid, which is an error of its own.
    pub(super) fn missing(
        &mut self,
        raw: &contract::Dimension,
        may_have_versions: bool,
        policy: &Policy,
    ) -> Missing {
        let Some(at) = &raw.missing else { return Missing::Keep };
        let word = self.word("missing", at, &Missing::ALL.map(Missing::as_str));
        let missing = word.and_then(Missing::from_name).unwrap_or(Missing::Keep);
        let taken: &[&str] = match missing {
            Missing::Keep => return missing,
            Missing::Close => &CLOSE_COLUMNS,
            Missing::Flag => &[IS_DELETED],
        };
        let setting = format!("missing = \"{}\"", missing.as_str());
        if policy.overwrite != Overwrite::Replace {
            self.error(
                at,
                format!(
                    "{setting} needs overwrite = \"replace\" in [policy]: only a file that replaces the one \
                     before it says which members are gone"
                ),
            );
        }
        if raw.attributes.is_empty() {
            self.error(
                at,
                format!(
                    "{setting} needs attributes: without attributes, the dataset only refers to the dimension"
                ),
            );
        }
        for column in raw.key.get_ref().iter().chain(&raw.attributes) {
            if taken.contains(&column.get_ref().as_str()) {
                self.error(
                    column,
                    format!(
                        "`{}` is the name of a column that {setting} adds: rename the column",
                        column.get_ref()
                    ),
                );
            }
        }
        if missing == Missing::Close {
            if !may_have_versions {
                self.error(
                    at,
                    "missing = \"close\" needs an attribute with history = \"versions\", because it ends a \
                     version; without versions, use missing = \"flag\"",
                );
            }
            if let Some(valid_from) = &raw.valid_from {
                self.error(
                    valid_from,
                    "valid_from cannot be combined with missing = \"close\": a version would start at a time \
                     of its row, and end at the time of a file; remove valid_from, so that both are times of \
                     files, or use missing = \"flag\"",
                );
            }
        }
        missing
    }
}
