//! Numbers: a column's name in, the range that such numbers usually lie in out.

use crate::types::{ColumnType, MockRng, below};

/// What a column's numbers are like, in hundredths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    least: u64,
    most: u64,
    /// How many places of the type make a hundredth; 0 where it has whole numbers only.
    places: u64,
}

impl Numbers {
    /// The range that fits a column of this name and type; `None` where nothing is known of it.
    pub fn for_column(name: &str, column_type: &dyn ColumnType) -> Option<Numbers> {
        let name = name.to_lowercase();
        let (_, least, most) =
            RANGES.iter().find(|(names, ..)| names.iter().any(|part| name.contains(part)))?;
        let mut zero = String::new();
        column_type.mock_nth(0, &mut zero);
        let is_number = zero.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','));
        let scale = zero.bytes().rev().position(|b| matches!(b, b'.' | b',')).unwrap_or(0) as u32;
        let places = if scale < 2 { 0 } else { 10_u64.pow(scale.min(9) - 2) };
        let largest = if places == 0 { most / 100 } else { most * places };
        (is_number && largest < column_type.mock_places()).then_some(Numbers {
            least: *least,
            most: *most,
            places,
        })
    }

    /// Appends a number; small ones are more frequent than large ones, as in life.
    pub fn write(self, random: &mut MockRng, column_type: &dyn ColumnType, out: &mut String) {
        let span = self.most - self.least + 1;
        let reach = below(random, span) + 1;
        let hundredths = self.least + below(random, reach);
        // Whole numbers count from 1 at place 0.
        let place = match self.places {
            0 => (hundredths / 100).saturating_sub(1),
            places => hundredths * places,
        };
        column_type.mock_nth(place, out);
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
    use crate::types::{TypeOptions, column_type};

    fn numbers(name: &str, spec: &str) -> Option<Vec<f64>> {
        let column_type = column_type(spec, &TypeOptions::default()).expect("a known type");
        let numbers = Numbers::for_column(name, column_type.as_ref())?;
        let mut random = MockRng::seed_from_u64(1);
        let mut text = || {
            let mut out = String::new();
            numbers.write(&mut random, column_type.as_ref(), &mut out);
            out
        };
        Some((0..1_000).map(|_| text().parse().expect("a number")).collect())
    }

    #[test]
    fn numbers_fit_the_name_of_their_column() {
        for (name, spec, least, most) in [
            ("unit_price", "numeric(12,2)", 0.49, 99.99),
            ("UnitPrice", "numeric(12,3)", 0.49, 99.99),
            ("quantity_sold", "integer", 1.0, 12.0),
            ("total_amount", "numeric(12,2)", 1.0, 499.99),
            ("shopper_age", "smallint", 18.0, 89.0),
        ] {
            let numbers = numbers(name, spec).expect("a range");
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
