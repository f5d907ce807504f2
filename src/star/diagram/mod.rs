//! Diagram: draws a compiled star as an SVG picture or as the text of a Mermaid diagram.
//!
//! Facts are in the middle, dimensions to their left and right, and a line in crow's foot notation joins
//! each key of a fact to its dimension. Lineage columns, which all tables have, are left out.

mod mermaid;
mod svg;

use super::{Column, Star, Table};

pub use mermaid::mermaid;
pub use svg::svg;

const LINEAGE: [&str; 4] = ["load_id", "source_line", "source_load_id", "source_time"];

fn shown(table: &Table) -> impl Iterator<Item = &Column> {
    table.columns.iter().filter(|column| !LINEAGE.contains(&column.name.as_str()))
}

fn facts(star: &Star) -> Vec<&Table> {
    star.tables.iter().filter(|table| table.name.starts_with("fact_")).collect()
}

fn dimensions(star: &Star) -> Vec<&Table> {
    star.tables.iter().filter(|table| table.name.starts_with("dim_")).collect()
}

/// A column's type without its collation.
fn type_name(column: &Column) -> &str {
    column.sql_type.split(" collate").next().unwrap_or_default()
}

/// Whether a column is part of the table's primary key.
fn is_key(table: &Table, column: &Column) -> bool {
    table.constraints.iter().any(|(_, definition)| {
        let columns = definition.strip_prefix("primary key (").and_then(|d| d.split(')').next());
        columns.is_some_and(|c| c.split(", ").any(|name| name.trim_matches('"') == column.name))
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::dataset::Catalog;

    fn star() -> Star {
        let text = "name = \"sales\"\nmatch = [\"s/*\"]\n[columns]\n\
             id = { type = \"bigint\", required = true }\nday = { type = \"date\" }\n\
             who = { type = \"text\" }\ntown = { type = \"text\" }\npaid = { type = \"numeric(8,2)\" }\n\
             [dimension.buyer]\nkey = [\"who\"]\nattributes = [\"town\"]\n\
             [fact.sales]\ngrain = [\"id\"]\ndimensions = [\"buyer\", { date = \"day\" }]\nmeasures = [\"paid\"]\n";
        let contract = (PathBuf::from("sales/dataset.toml"), "sales".to_owned(), text.to_owned());
        super::super::compile(&Catalog::read([contract]).unwrap())
    }

    #[test]
    fn the_picture_shows_every_table_and_a_line_for_every_key() {
        let svg = svg(&star());
        for text in ["fact_sales", "dim_buyer", "dim_date", "buyer_key", "town", "numeric(8,2)"] {
            assert!(svg.contains(&format!(">{text}<")), "{text}: {svg}");
        }
        assert_eq!(svg.matches("class=\"line\"").count(), 2);
        assert!(!svg.contains("source_line"));
        // Every element is closed: as many as were opened.
        let opened = svg.matches('<').count() - 2 * svg.matches("</").count();
        assert_eq!(opened, svg.matches("/>").count(), "{svg}");
    }

    #[test]
    fn boxes_do_not_overlap_and_stay_within_the_picture() {
        let star = star();
        let boxes = svg::layout(&star).0;
        for (index, a) in boxes.iter().enumerate() {
            for b in boxes.iter().take(index) {
                let apart = a.x + a.width <= b.x
                    || b.x + b.width <= a.x
                    || a.y + a.height() <= b.y
                    || b.y + b.height() <= a.y;
                assert!(apart, "{} {}", a.table.name, b.table.name);
            }
        }
    }

    #[test]
    fn mermaid_says_the_same() {
        let text = mermaid(&star());
        assert!(text.starts_with("erDiagram\n"));
        assert!(text.contains("    dim_buyer ||--o{ fact_sales : buyer_key\n"), "{text}");
        assert!(text.contains("    dim_date ||--o{ fact_sales : date_key\n"), "{text}");
        assert!(text.contains("        bigint id PK\n"), "{text}");
        assert!(text.contains("        numeric paid\n"), "{text}");
    }
}
