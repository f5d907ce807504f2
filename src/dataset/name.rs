//! Checks that a name of a contract can be a Postgres identifier, and suggests names for misspelt ones.
//!
//! No name contains a `$`. The names of columns that exist only within the generated SQL do, so they
//! never collide with those of a contract (`tests/it/star/column_names.rs`).

/// Columns that stardrop adds itself.
const RESERVED_COLUMNS: [&str; 5] =
    ["load_id", "source_line", "extra", "source_load_id", "source_time"];

/// Columns that every table of Postgres has (its manual, 5.6 System Columns).
const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// The longest name of a dataset, dimension or fact, in bytes: Postgres cuts identifiers at 63,
/// and generated names are up to 23 bytes longer than the name that they contain.
pub(crate) const MAX_NAME_BYTES: usize = 40;

/// Whether stardrop or Postgres itself adds a column of that name to every table.
pub(crate) fn is_taken(column: &str) -> bool {
    RESERVED_COLUMNS.contains(&column) || SYSTEM_COLUMNS.contains(&column)
}

/// Checks that Postgres stores `name` unchanged, without quotes.
///
/// # Errors
///
/// What is wrong with the name.
pub(super) fn check(what: &str, name: &str) -> Result<(), String> {
    let mut bytes = name.bytes();
    let starts_well = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_');
    if !starts_well || !bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err(format!(
            "{what} `{name}` must consist of a-z, 0-9 and _, and must not start with a digit"
        ));
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(format!("{what} `{name}` is longer than {MAX_NAME_BYTES} characters"));
    }
    Ok(())
}

/// `, did you mean `x`?` where one of `known` is close to `word`, else nothing.
pub(crate) fn suggestion<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|candidate| (strsim::levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= 2)
        .min()
        .map(|(_, candidate)| format!(", did you mean `{candidate}`?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_identifiers() {
        for good in ["sales", "_x", "order_2026"] {
            assert_eq!(check("dataset", good), Ok(()));
        }
        for bad in ["", "Sales", "2x", "a-b", "a b", "é", &"x".repeat(41)] {
            assert!(check("dataset", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_misspelt_name_gets_the_nearest_one_as_a_suggestion() {
        let known = ["customer_id", "product_id"];
        assert_eq!(suggestion("custmer_id", known.into_iter()), ", did you mean `customer_id`?");
        assert_eq!(suggestion("something", known.into_iter()), "");
    }
}
