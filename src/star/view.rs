//! View: the statements that create a dataset's views, and the call that runs SQL from a contract.

use super::ident::{dollar_quoted, ident, literal};
use crate::dataset::Dataset;

/// The statement that runs SQL from a contract. An error in it names `place`, such as `[view.x]`. If
/// `query` is given, it must be a single query.
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

/// Every migration drops and creates the views, because `create or replace` cannot change a view's
/// columns. So a view that depends on one of these must be in `views.sql`.
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
