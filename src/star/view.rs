//! View: a dataset's views in, the statements that make them out.

use super::ident::ident;
use crate::dataset::Dataset;

/// Made anew each time: `create or replace` cannot change what columns a view has. What hangs on a
/// view of the contract has to be in `views.sql`.
pub(super) fn statements(dataset: &Dataset) -> Vec<String> {
    let mut statements: Vec<String> = dataset
        .views
        .iter()
        .map(|view| {
            let name = ident(&view.name);
            format!("drop view if exists star.{name};\ncreate view star.{name} as\n{};\n", view.sql)
        })
        .collect();
    statements.extend(dataset.views_sql.iter().map(|sql| format!("{}\n", sql.trim_end())));
    statements
}
