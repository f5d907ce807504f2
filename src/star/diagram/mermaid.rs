//! Mermaid: the star as the text of an entity relationship diagram.
//! <https://mermaid.js.org/syntax/entityRelationshipDiagram.html>

use super::{dimensions, facts, is_key, shown, type_name};
use crate::star::Star;

/// The star as a Mermaid `erDiagram`, which Markdown readers draw.
pub fn mermaid(star: &Star) -> String {
    let mut out = String::from("erDiagram\n");
    for fact in facts(star) {
        for column in &fact.columns {
            if let Some((_, dimension)) =
                column.refers_to.as_deref().and_then(|d| d.split_once('.'))
            {
                out.push_str(&format!("    {dimension} ||--o{{ {} : {}\n", fact.name, column.name));
            }
        }
    }
    for table in facts(star).into_iter().chain(dimensions(star)) {
        out.push_str(&format!("    {} {{\n", table.name));
        for column in shown(table) {
            // Mermaid takes a type of one word: `numeric(8,2)` becomes `numeric`.
            let full = type_name(column);
            let word = full.split(['(', ' ']).next().unwrap_or_default();
            let key = match (is_key(table, column), column.refers_to.as_deref()) {
                (true, Some(_)) => " PK, FK",
                (true, None) => " PK",
                (false, Some(_)) => " FK",
                (false, None) => "",
            };
            out.push_str(&format!("        {word} {}{key}\n", column.name));
        }
        out.push_str("    }\n");
    }
    out
}
