//! Changes the type or the collation of a column, and restores the views that use it.

use super::kind::{Action, Measured, OperationKind, Question, counted, is_staging};
use crate::migrate::shape::ColumnShape;
use crate::star::ident;

#[derive(Debug, Clone)]
pub(in crate::migrate) struct ChangeType {
    pub table: String,
    pub column: String,
    /// The column's name before the renames of the same migration.
    pub name_before: String,
    pub from: ColumnShape,
    pub to: ColumnShape,
}

impl ChangeType {
    /// Whether every value stays what it is.
    fn keeps_values(&self) -> bool {
        let (from, to) = (&self.from.sql_type, &self.to.sql_type);
        from == to || from.widens_to(to)
    }

    /// Whether the values are dropped, because there is none or one cannot be converted.
    fn drops_values(&self, measured: &Measured) -> bool {
        let is_empty = is_staging(&self.table) && measured.count == 0;
        !self.keeps_values() && (is_empty || measured.changed.is_none())
    }
}

impl OperationKind for ChangeType {
    fn action(&self) -> Action {
        Action::Alter
    }

    fn describe(&self) -> String {
        format!("change {}.{} from {} to {}", self.table, self.column, self.from, self.to)
    }

    fn question(&self) -> Question {
        if self.keeps_values() {
            return Question::default();
        }
        let (table, column) = (&self.table, ident(&self.name_before));
        let (from, to) = (&self.from.sql_type, &self.to.sql_type);
        Question {
            count: Some(format!("select count({column}) from {table}")),
            count_changed: Some(format!(
                "select count(*) from {table}
                 where {column} is distinct from ({column}::{to})::{from}"
            )),
            dependents_of: None,
        }
    }

    fn loss(&self, measured: &Measured) -> Option<String> {
        let values = counted(measured.count, "value");
        if self.keeps_values() || is_staging(&self.table) && measured.count == 0 {
            return None;
        }
        Some(match measured.changed {
            Some(changed) => format!("the exact value in {changed} of {values}"),
            None => format!("{values}, because not all can be converted"),
        })
    }

    fn notes(&self, _measured: &Measured) -> Vec<String> {
        let rewrites = self.from.sql_type.rewrites_to(&self.to.sql_type);
        if !self.keeps_values() || !rewrites || is_staging(&self.table) {
            return Vec::new();
        }
        vec![format!(
            "changing {}.{} rewrites the table; loads wait until that is done",
            self.table, self.column
        )]
    }

    fn statements(&self, measured: &Measured) -> Vec<String> {
        let (table, column) = (&self.table, ident(&self.column));
        let value = if self.drops_values(measured) {
            // A cast could be refused even where there is no value to convert.
            "null".to_owned()
        } else {
            format!("{column}::{}", self.to.sql_type)
        };
        // Views that use a column do not let its type change.
        vec![
            "reset role".to_owned(),
            format!("select stardrop.save_and_drop_views('{table}')"),
            "set role stardrop_owner".to_owned(),
            format!("alter table {table} alter column {column} type {} using {value}", self.to),
            "reset role".to_owned(),
            "select stardrop.restore_views()".to_owned(),
            "set role stardrop_owner".to_owned(),
        ]
    }
}
