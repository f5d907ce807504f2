//! View: a dataset's views in, the statements that make them out.

use super::ident::{dollar_quoted, ident, literal};
use crate::dataset::Dataset;

/// The statement that runs what a contract says in that place, and blames it for what goes wrong;
/// `query` has to be one query.
pub(super) fn run(place: &str, sql: &str, query: Option<&str>) -> String {
    let query = query.map_or_else(String::new, |query| {
        format!(", {}", dollar_quoted("query", &format!("\n{query}\n")))
    });
    format!(
        "select stardrop.run_contract_sql({}, {}{query});\n",
        literal(place),
        dollar_quoted("sql", &format!("\n{}\n", sql.trim_end()))
    )
}

/// Made anew each time: `create or replace` cannot change what columns a view has. What hangs on a
/// view of the contract has to be in `views.sql`.
pub(super) fn statements(dataset: &Dataset) -> Vec<String> {
    let mut statements: Vec<String> = dataset
        .views
        .iter()
        .map(|view| {
            let name = ident(&view.name);
            let sql = format!(
                "drop view if exists star.{name};\ncreate view star.{name} as\n{};",
                view.sql
            );
            run(&format!("[view.{}]", view.name), &sql, Some(&view.sql))
        })
        .collect();
    statements.extend(dataset.views_sql.iter().map(|sql| run("views.sql", sql, None)));
    statements
}
