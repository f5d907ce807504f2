//! Makes one table of one that is split into months, by a copy of its rows. It has neither keys nor indexes then; other
//! operations add them.

use super::kind::{Action, Measured, OperationKind, Question, and_others, count_rows, counted};
use crate::star::{ident, literal};

#[derive(Debug, Clone)]
pub(in crate::migrate) struct JoinMonths {
    /// Its name, without the schema.
    pub name: String,
    /// What others added to it.
    pub others: Vec<String>,
}

impl JoinMonths {
    fn table(&self) -> String {
        format!("star.{}", ident(&self.name))
    }
}

impl OperationKind for JoinMonths {
    fn action(&self) -> Action {
        Action::Alter
    }

    fn describe(&self) -> String {
        format!("join the months of {}", self.table())
    }

    fn question(&self) -> Question {
        Question { count: Some(count_rows(&self.table())), ..Question::default() }
    }

    fn loss(&self, _measured: &Measured) -> Option<String> {
        lost_with_copy(&self.others)
    }

    fn notes(&self, measured: &Measured) -> Vec<String> {
        let (table, rows) = (self.table(), counted(measured.count, "row"));
        let note = format!(
            "joining the months of {table} copies {rows}; loads wait until that is done, and the disk needs room for both copies"
        );
        (measured.count > 0).then_some(note).into_iter().collect()
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        let (table, new) = (self.table(), format!("stardrop.{}", ident(&self.name)));
        let mut statements = vec![
            format!("create table {new} (like {table} including all excluding indexes)"),
            format!("insert into {new} select * from {table}"),
        ];
        statements.extend(replace(&table, &self.name));
        statements
    }
}

/// What is lost where a table is copied: what others added to it, but for views, which are created again.
pub(super) fn lost_with_copy(others: &[String]) -> Option<String> {
    let lost: Vec<String> =
        others.iter().filter(|other| !other.starts_with("view ")).cloned().collect();
    (!lost.is_empty()).then(|| format!("no row{}", and_others(&lost)))
}

/// The statements that put the copy in the place of the table.
pub(super) fn replace(table: &str, name: &str) -> Vec<String> {
    vec![
        // To give up on a reader now would be to copy all rows again.
        "set local lock_timeout = '10min'".to_owned(),
        "reset role".to_owned(),
        format!("select stardrop.save_and_drop_views('{table}')"),
        "set role stardrop_owner".to_owned(),
        format!("select stardrop.replace_table({})", literal(name)),
        "reset role".to_owned(),
        "select stardrop.restore_views()".to_owned(),
        "set role stardrop_owner".to_owned(),
        // Postgres does not do that by itself for a table that is split.
        format!("analyze {table}"),
    ]
}
