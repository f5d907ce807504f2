//! Names: the SQL names that the statements for one dimension with versions share.

use super::super::{history_name, name, table};
use crate::dataset::{Dimension, Missing};
use crate::star::ident::ident;

pub(super) struct Names<'d> {
    pub dimension: &'d Dimension,
    /// The dimension's table, with its schema.
    pub table: String,
    /// The table of its observations, with its schema.
    pub history: String,
    /// The columns of its natural key.
    pub key: Vec<String>,
    /// The attributes of which versions are kept.
    pub versioned: &'d [String],
}

impl<'d> Names<'d> {
    pub(super) fn of(dimension: &'d Dimension) -> Names<'d> {
        Names {
            dimension,
            table: format!("star.{}", ident(&name(&dimension.name))),
            history: format!("star.{}", ident(&history_name(&dimension.name))),
            key: dimension.key_names(),
            versioned: dimension.versioned().map_or(&[][..], |group| &group.attributes),
        }
    }

    /// The variable with the observations that start a version.
    pub(super) fn version_starts(&self) -> String {
        version_starts(&self.dimension.name)
    }

    /// The variable with the observations that no longer start a version.
    pub(super) fn redundant_versions(&self) -> String {
        redundant_versions(&self.dimension.name)
    }

    /// The variable with the versions as they were before this batch changed or deleted them.
    pub(super) fn changed_versions(&self) -> String {
        changed_versions(&self.dimension.name)
    }

    /// Whether a version can end before the next one starts.
    pub(super) fn closes(&self) -> bool {
        self.dimension.missing == Missing::Close
    }

    /// Whether all versions of a member say whether it is gone.
    pub(super) fn flags(&self) -> bool {
        self.dimension.missing == Missing::Flag
    }

    /// Whether some attributes keep one value for all versions of a member.
    pub(super) fn has_single_values(&self) -> bool {
        !table::positions(self.dimension).is_empty()
    }
}

fn version_starts(dimension: &str) -> String {
    format!("{dimension}_version_starts")
}

fn redundant_versions(dimension: &str) -> String {
    format!("{dimension}_redundant_versions")
}

/// The variable with the versions as they were before this batch changed or deleted them: facts that
/// refer to them may need another key.
pub(in crate::star) fn changed_versions(dimension: &str) -> String {
    format!("{dimension}_changed_versions")
}

/// The declarations of these variables, for the trigger function.
pub(in crate::star) fn variables(dimension: &str) -> String {
    let history = ident(&history_name(dimension));
    format!(
        "    {} star.{history}[];\n    {} star.{history}[];\n    {} star.{}[];\n",
        version_starts(dimension),
        redundant_versions(dimension),
        changed_versions(dimension),
        ident(&name(dimension)),
    )
}
