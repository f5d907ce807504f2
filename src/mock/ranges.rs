//! The range in which a column's numbers usually are, by the column's name.

use super::random::{MockRng, below};
use super::value::MockValues;

/// The least and the most of a column's numbers, in hundredths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    least: u64,
    most: u64,
    /// How many values of the type make a hundredth; 0 where it has whole numbers only.
    values_per_hundredth: u64,
}

impl Range {
    /// The range that fits a column of this name with these values; `None` where no range is known
    /// for the name, or the type cannot hold it.
    pub(crate) fn for_column(name: &str, values: &MockValues) -> Option<Range> {
        let name = name.to_lowercase();
        let (_, least, most) =
            RANGES.iter().find(|(names, ..)| names.iter().any(|part| name.contains(part)))?;
        let mut zero = String::new();
        values.nth(0, &mut zero);
        let is_number = zero.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','));
        let scale = zero.bytes().rev().position(|b| matches!(b, b'.' | b',')).unwrap_or(0) as u32;
        let values_per_hundredth = if scale < 2 { 0 } else { 10_u64.pow(scale.min(9) - 2) };
        let largest = match values_per_hundredth {
            0 => most / 100,
            values => most * values,
        };
        (is_number && largest < values.count()).then_some(Range {
            least: *least,
            most: *most,
            values_per_hundredth,
        })
    }

    /// Appends a number; small ones are more frequent than large ones, as in life.
    pub fn write(self, random: &mut MockRng, values: &MockValues, out: &mut String) {
        let span = self.most - self.least + 1;
        let reach = below(random, span) + 1;
        let hundredths = self.least + below(random, reach);
        // The first whole number is 1.
        let n = match self.values_per_hundredth {
            0 => (hundredths / 100).saturating_sub(1),
            values => hundredths * values,
        };
        values.nth(n, out);
    }
}

/// Parts of column names with the least and the most that such columns hold, in hundredths; the
/// first that fits is taken.
static RANGES: &[(&[&str], u64, u64)] = &[
    (&["discount", "percent", "pct"], 0, 3000),
    (&["price", "cost"], 49, 9999),
    (&["amount", "total", "revenue", "value"], 100, 49999),
    (&["quantity", "qty", "count", "units", "pieces"], 100, 1299),
    (&["rating", "stars"], 100, 599),
    (&["_age"], 1800, 8999),
];

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;
    use crate::types::{SqlType, TypeOptions};

    fn numbers(name: &str, sql_type: &str) -> Option<Vec<f64>> {
        let sql_type = SqlType::parse(sql_type).expect("a known type");
        let values = MockValues::new(sql_type, &TypeOptions::default());
        let range = Range::for_column(name, &values)?;
        let mut random = MockRng::seed_from_u64(1);
        let mut text = || {
            let mut out = String::new();
            range.write(&mut random, &values, &mut out);
            out
        };
        Some((0..1_000).map(|_| text().parse().expect("a number")).collect())
    }

    #[test]
    fn numbers_fit_the_name_of_their_column() {
        for (name, sql_type, least, most) in [
            ("unit_price", "numeric(12,2)", 0.49, 99.99),
            ("UnitPrice", "numeric(12,3)", 0.49, 99.99),
            ("quantity_sold", "integer", 1.0, 12.0),
            ("total_amount", "numeric(12,2)", 1.0, 499.99),
            ("shopper_age", "smallint", 18.0, 89.0),
        ] {
            let numbers = numbers(name, sql_type).expect("a range");
            assert!(numbers.iter().all(|n| (least..=most).contains(n)), "{name} {numbers:?}");
            assert!(numbers.iter().any(|n| *n > most / 2.0), "{name}");
        }
    }

    #[test]
    fn a_type_that_cannot_hold_the_range_keeps_its_own() {
        assert!(numbers("price", "numeric(3,2)").is_none());
        assert!(numbers("price_date", "date").is_none());
        assert!(numbers("weight", "numeric(12,2)").is_none());
    }
}
