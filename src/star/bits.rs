//! Bits: the SQL that keeps sets of numbers, such as lines or surrogate keys, in two arrays of a row.
//!
//! `words` are the numbers divided by 64, and `bits` for each of them the remainders, one bit each. A million numbers
//! that follow each other take 250 kB; at worst a number takes 16 bytes.

use super::table::Column;

/// The columns of such a set. `of_what` is "The source_line of the rows", for example.
pub(super) fn columns(of_what: &str) -> [Column; 2] {
    let column =
        |name: &str, comment: String| Column::new(name, "bigint[]").not_null(true).comment(comment);
    [
        column("words", format!("{of_what}, divided by 64.")),
        column("bits", "For each word, the bits of the remainders of the division.".to_owned()),
    ]
}

/// The word of a number.
pub(super) fn word(number: &str) -> String {
    format!("{number} >> 6")
}

/// The aggregate that makes the bits of the numbers of one word.
pub(super) fn collect(number: &str) -> String {
    format!("bit_or(1::bigint << ({number} & 63)::integer)")
}

/// The condition that a row with `word` and `bits` has the number.
pub(super) fn has(row: &str, number: &str) -> String {
    format!(
        "{row}.word = {word} and {row}.bits >> ({number} & 63)::integer & 1 = 1",
        word = word(number)
    )
}

/// The two arrays of rows with `word` and `bits`.
pub(super) fn arrays(row: &str) -> String {
    format!("array_agg({row}.word order by {row}.word), array_agg({row}.bits order by {row}.word)")
}

/// The rows with `word` and `bits` of a set.
pub(super) fn unnested(set: &str, row: &str) -> String {
    format!("unnest({set}.words, {set}.bits) {row} (word, bits)")
}
