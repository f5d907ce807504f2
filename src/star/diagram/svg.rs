//! Svg: the star as an SVG picture, with facts in the middle and dimensions to their left and right.

use super::{dimensions, facts, is_key, shown, type_name};
use crate::star::{Star, Table};

// All sizes are in pixels.
const ROW: i32 = 20;
const HEAD: i32 = 28;
const MARGIN: i32 = 24;
/// The space between two boxes of one column.
const GAP: i32 = 28;
/// The width of one letter.
const LETTER: i32 = 8;
/// The space between two parallel vertical lines.
const LANE: i32 = 12;
/// The space between the vertical lines and the boxes on either side.
const SHOULDER: i32 = 36;

/// A table with its position in the picture.
pub(super) struct Placed<'s> {
    pub table: &'s Table,
    pub x: i32,
    pub y: i32,
    pub width: i32,
    rows: Vec<(String, String, bool)>,
}

impl<'s> Placed<'s> {
    fn new(table: &'s Table) -> Self {
        let rows: Vec<_> = shown(table)
            .map(|c| (c.name.clone(), type_name(c).to_owned(), is_key(table, c)))
            .collect();
        let letters = rows.iter().map(|(name, kind, _)| name.len() + kind.len() + 3);
        let letters = letters.chain([table.name.len() + 4]).max().unwrap_or_default();
        Placed { table, x: 0, y: 0, width: letters as i32 * LETTER + 16, rows }
    }

    pub(crate) fn height(&self) -> i32 {
        HEAD + ROW * self.rows.len() as i32 + 6
    }

    /// The height at which a column's line leaves the box.
    fn row_y(&self, column: &str) -> i32 {
        let index = self.rows.iter().position(|(name, _, _)| name == column).unwrap_or(0);
        self.y + HEAD + ROW * index as i32 + ROW / 2
    }
}

/// Places the boxes of one column below each other; returns the column's height.
fn stack(boxes: &mut [Placed<'_>], x: i32) -> i32 {
    let mut y = MARGIN;
    for placed in boxes.iter_mut() {
        (placed.x, placed.y) = (x, y);
        y += placed.height() + GAP;
    }
    y - GAP + MARGIN
}

fn width(boxes: &[Placed<'_>]) -> i32 {
    boxes.iter().map(|placed| placed.width).max().unwrap_or(0)
}

/// The boxes, those of facts first, and the size of the picture.
pub(super) fn layout(star: &Star) -> (Vec<Placed<'_>>, i32, i32) {
    let mut middle: Vec<Placed> = facts(star).into_iter().map(Placed::new).collect();
    let (mut left, mut right): (Vec<Placed>, Vec<Placed>) = (Vec::new(), Vec::new());
    let (mut left_height, mut right_height) = (0, 0);
    for dimension in dimensions(star).into_iter().map(Placed::new) {
        let (side, height) = if left_height <= right_height {
            (&mut left, &mut left_height)
        } else {
            (&mut right, &mut right_height)
        };
        *height += dimension.height() + GAP;
        side.push(dimension);
    }
    let lanes = |side: &[Placed<'_>]| -> i32 {
        let names: Vec<String> = side.iter().map(|placed| placed.table.qualified_name()).collect();
        let keys = middle.iter().flat_map(|fact| &fact.table.columns);
        let count =
            keys.filter(|c| c.refers_to.as_deref().is_some_and(|d| names.iter().any(|n| n == d)));
        count.count() as i32 * LANE + 2 * SHOULDER
    };
    let (left_lanes, right_lanes) = (lanes(&left), lanes(&right));
    // The boxes on the left are aligned at their right edges, where their lines start.
    let left_edge = MARGIN + width(&left);
    let mut height = stack(&mut left, MARGIN);
    for placed in &mut left {
        placed.x = left_edge - placed.width;
    }
    let middle_x = left_edge + left_lanes;
    let middle_width = width(&middle);
    height = height.max(stack(&mut middle, middle_x));
    for fact in &mut middle {
        fact.width = middle_width;
    }
    let right_x = middle_x + middle_width + right_lanes;
    height = height.max(stack(&mut right, right_x));
    let full_width = right_x + width(&right) + MARGIN;
    middle.extend(left);
    middle.extend(right);
    (middle, full_width, height)
}

/// The star as an SVG picture.
pub fn svg(star: &Star) -> String {
    let (boxes, width, height) = layout(star);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"13\">
  <title>The star: facts and their dimensions</title>
  <style>
    .box {{ fill: #ffffff; stroke: #5b6b85; stroke-width: 1.2; }} .fact {{ fill: #2c65b5; }} .dim {{ fill: #2f7d4f; }}
    .name {{ fill: #ffffff; font-weight: 600; }} .column {{ fill: #1f2630; }} .key {{ font-weight: 600; }} .type {{ fill: #6b7685; }}
    .line, .foot {{ stroke: #5b6b85; stroke-width: 1.4; fill: none; }}
  </style>
  <rect width=\"{width}\" height=\"{height}\" fill=\"#f6f8fa\"/>\n"
    );
    let (mut left_lane, mut right_lane) = (0, 0);
    for fact in boxes.iter().filter(|placed| placed.table.name.starts_with("fact_")) {
        for column in &fact.table.columns {
            let Some(target) = column.refers_to.as_deref() else { continue };
            let Some(dimension) = boxes.iter().find(|b| b.table.qualified_name() == target) else {
                continue;
            };
            let lane = if dimension.x < fact.x { &mut left_lane } else { &mut right_lane };
            out.push_str(&line(fact, dimension, &column.name, *lane));
            *lane += 1;
        }
    }
    for placed in &boxes {
        out.push_str(&table(placed));
    }
    out.push_str("</svg>\n");
    out
}

/// A line from a fact's key ("many") to a dimension ("exactly one").
fn line(fact: &Placed<'_>, dimension: &Placed<'_>, column: &str, lane: i32) -> String {
    let to_left = dimension.x < fact.x;
    let (from, to, away) = if to_left {
        (fact.x, dimension.x + dimension.width, -1)
    } else {
        (fact.x + fact.width, dimension.x, 1)
    };
    let turn = from + away * (SHOULDER + lane * LANE);
    let (y1, y2) = (fact.row_y(column), dimension.y + HEAD / 2);
    let toe = from + away * 12;
    let bar = to - away * 10;
    format!(
        "  <path class=\"line\" d=\"M{from} {y1} H{turn} V{y2} H{to}\"/>
  <path class=\"foot\" d=\"M{toe} {y1} L{from} {up} M{toe} {y1} L{from} {down} M{bar} {bar_up} V{bar_down}\"/>\n",
        up = y1 - 6,
        down = y1 + 6,
        bar_up = y2 - 6,
        bar_down = y2 + 6,
    )
}

fn table(placed: &Placed<'_>) -> String {
    let Placed { table, x, y, width, rows } = placed;
    let kind = if table.name.starts_with("fact_") { "fact" } else { "dim" };
    let mut out = format!(
        "  <rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{}\"/>
  <rect class=\"{kind}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HEAD}\"/>
  <text class=\"name\" x=\"{}\" y=\"{}\">{}</text>\n",
        placed.height(),
        x + 10,
        y + 19,
        table.name,
    );
    for (index, (name, type_name, key)) in rows.iter().enumerate() {
        let line = y + HEAD + ROW * index as i32 + 15;
        let class = if *key { "column key" } else { "column" };
        out.push_str(&format!(
            "  <text class=\"{class}\" x=\"{}\" y=\"{line}\">{name}</text>
  <text class=\"type\" x=\"{}\" y=\"{line}\" text-anchor=\"end\">{type_name}</text>\n",
            x + 10,
            x + width - 10,
        ));
    }
    out
}
