//! Joins the names of a header that has several rows.

use crate::dataset::Dataset;
use crate::records::fold;

/// One name for each column of `rows`: its texts from top to bottom, joined by blanks. An empty cell
/// above a name continues the one to its left, as merged cells do, unless the contract knows the name
/// without it.
pub fn join_names(dataset: &Dataset, rows: &[Vec<String>]) -> Vec<String> {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let is_known = |name: &str| {
        let mut sources = dataset.columns.iter().flat_map(|column| column.source.names());
        sources.any(|source| fold(source) == fold(name))
    };
    let mut left = vec![""; rows.len()];
    let mut names = Vec::with_capacity(width);
    for index in 0..width {
        let (mut own, mut filled) = (Vec::new(), Vec::new());
        for (row, (cells, left)) in rows.iter().zip(&mut left).enumerate() {
            let cell = cells.get(index).map_or("", |cell| cell.trim());
            if !cell.is_empty() {
                *left = cell;
                own.push(cell);
            }
            let continues = row + 1 < rows.len();
            let text = if continues { *left } else { cell };
            filled.extend((!text.is_empty()).then_some(text));
        }
        let has_name =
            rows.last().and_then(|row| row.get(index)).is_some_and(|c| !c.trim().is_empty());
        let (own, filled) = (own.join(" "), filled.join(" "));
        names.push(if !has_name || is_known(&own) && !is_known(&filled) { own } else { filled });
    }
    names
}
