//! Checks `[policy]`, and returns it with its defaults.

use toml::Value;

use super::super::contract;
use super::super::{MissingColumn, Overwrite, Policy, RejectBudget, UnknownColumn};
use super::Checker;

/// By default one row in a hundred may be rejected.
const DEFAULT_REJECTS: RejectBudget = RejectBudget::Share(0.01);

impl Checker<'_> {
    /// `appends` says that a fact has no grain, so that its rows cannot be merged; `is_of_object`, that
    /// files with the same bytes may have different rows.
    pub(super) fn policy(
        &mut self,
        raw: &contract::Policy,
        appends: bool,
        is_of_object: bool,
    ) -> Policy {
        let rejects = match &raw.rejects {
            None => DEFAULT_REJECTS,
            Some(rejects) => reject_budget(rejects.get_ref()).unwrap_or_else(|| {
                self.error(rejects, "rejects must be a share such as \"1%\" or a number of rows");
                DEFAULT_REJECTS
            }),
        };
        let unknown_column = raw
            .unknown_column
            .as_ref()
            .and_then(|at| self.word("unknown_column", at, &["keep", "ignore", "reject"]));
        let missing_column = raw
            .missing_column
            .as_ref()
            .and_then(|at| self.word("missing_column", at, &["reject", "null"]));
        let overwrite = raw
            .overwrite
            .as_ref()
            .and_then(|at| self.word("overwrite", at, &["merge", "replace", "ignore"]));
        let same_content = raw
            .same_content
            .as_ref()
            .and_then(|at| self.word("same_content", at, &["skip", "load"]));
        if let (Some("merge"), Some(at), true) = (overwrite, &raw.overwrite, appends) {
            self.error(
                at,
                "overwrite = \"merge\" needs a grain in every fact: without a grain, a new version \
                 would add its rows again; use \"replace\" or \"ignore\"",
            );
        }
        let replaces = match overwrite {
            Some(word) => word == "replace",
            None => appends,
        };
        let is_valid = raw.overwrite.is_none() || overwrite.is_some();
        if let (Some("skip"), Some(at), true) =
            (same_content, &raw.same_content, replaces && is_valid)
        {
            self.error(
                at,
                "same_content = \"skip\" cannot be combined with overwrite = \"replace\" (the default \
                 without a grain): replacing a file would delete the only rows of a skipped file with \
                 the same content; use same_content = \"load\"",
            );
        }
        let staging =
            raw.staging.as_ref().and_then(|at| self.word("staging", at, &["transient", "keep"]));
        let unknown_member = raw
            .unknown_member
            .as_ref()
            .and_then(|at| self.word("unknown_member", at, &["load", "reject"]));
        let repeated_grain = raw
            .repeated_grain
            .as_ref()
            .and_then(|at| self.word("repeated_grain", at, &["load", "reject"]));
        Policy {
            rejects,
            rejects_unknown_member: unknown_member == Some("reject"),
            rejects_repeated_grain: repeated_grain == Some("reject"),
            unknown_column: match unknown_column {
                Some("ignore") => UnknownColumn::Ignore,
                Some("reject") => UnknownColumn::RejectFile,
                _ => UnknownColumn::Keep,
            },
            missing_column: match missing_column {
                Some("null") => MissingColumn::Null,
                _ => MissingColumn::RejectFile,
            },
            overwrite: match overwrite {
                Some("ignore") => Overwrite::Ignore,
                Some("replace") => Overwrite::Replace,
                Some(_) => Overwrite::Merge,
                None if appends => Overwrite::Replace,
                None => Overwrite::Merge,
            },
            skip_same_content: match same_content {
                Some("load") => false,
                Some(_) => true,
                None => !replaces && !is_of_object,
            },
            keeps_staging: staging == Some("keep"),
        }
    }
}

fn reject_budget(value: &Value) -> Option<RejectBudget> {
    match value {
        Value::Integer(rows) => u64::try_from(*rows).ok().map(RejectBudget::Rows),
        Value::String(text) => match text.trim().strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.trim().parse().ok()?;
                (0.0..=100.0).contains(&percent).then_some(RejectBudget::Share(percent / 100.0))
            }
            None => text.trim().parse().ok().map(RejectBudget::Rows),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reject_budget_is_a_share_or_a_number_of_rows() {
        let budget = |text: &str| reject_budget(&Value::String(text.to_owned()));
        assert_eq!(budget("1%"), Some(RejectBudget::Share(0.01)));
        assert_eq!(budget("0%"), Some(RejectBudget::Share(0.0)));
        assert_eq!(budget("25"), Some(RejectBudget::Rows(25)));
        assert_eq!(reject_budget(&Value::Integer(7)), Some(RejectBudget::Rows(7)));
        for bad in ["101%", "-1%", "many", "NaN%"] {
            assert_eq!(budget(bad), None, "{bad}");
        }
        assert_eq!(reject_budget(&Value::Integer(-1)), None);
    }

    #[test]
    fn a_budget_of_nothing_allows_nothing() {
        assert!(RejectBudget::Share(0.0).allows(0, 10));
        assert!(!RejectBudget::Share(0.0).allows(1, 1_000_000));
        assert!(RejectBudget::Share(0.01).allows(1, 100));
        assert!(!RejectBudget::Share(0.01).allows(2, 100));
        assert!(!RejectBudget::Rows(3).allows(4, 1_000_000));
    }
}
