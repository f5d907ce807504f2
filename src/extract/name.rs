//! Names: turns names of tables and columns into those that a contract may have.

use crate::dataset::{MAX_NAME_BYTES, is_taken};

/// The name of a dataset, a dimension or a column: lower case, with `_` for all that is not a letter or digit.
pub fn dataset_name(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        match c {
            'a'..='z' | '0'..='9' => name.push(c),
            'A'..='Z' => name.push(c.to_ascii_lowercase()),
            _ if !name.ends_with('_') => name.push('_'),
            _ => {}
        }
    }
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name.truncate(MAX_NAME_BYTES);
    name
}

/// The names of columns in a contract, each of them once. Those that Stardrop or Postgres adds itself get another one.
pub(super) fn column_names<'c>(columns: impl IntoIterator<Item = &'c str>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for column in columns {
        let plain = dataset_name(column);
        let mut name = plain.clone();
        let mut number = 1;
        while names.contains(&name) || is_taken(&name) {
            number += 1;
            let suffix = format!("_{number}");
            name = plain.chars().take(MAX_NAME_BYTES - suffix.len()).collect::<String>() + &suffix;
        }
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_becomes_one_of_a_contract() {
        assert_eq!(dataset_name("Order Lines"), "order_lines");
        assert_eq!(dataset_name("2026_sales"), "_2026_sales");
        assert_eq!(dataset_name("größe"), "gr_e");
        assert_eq!(dataset_name(&"x".repeat(64)).len(), 40);
    }

    #[test]
    fn columns_keep_apart() {
        let names = column_names(["Id", "id", "extra", "größe", "gr-e"]);
        assert_eq!(names, ["id", "id_2", "extra_2", "gr_e", "gr_e_2"]);
        let long = "x".repeat(64);
        assert_eq!(column_names([long.as_str(), &long])[1], format!("{}_2", "x".repeat(38)));
    }
}
