//! Widen: two column types in, as Postgres spells them; whether each value of the one fits the
//! other unchanged, out.

/// Whether a column of type `from` can become one of type `to` without a second thought.
pub(super) fn widens(from: &str, to: &str) -> bool {
    if let (Some(from), Some(to)) = (integer_digits(from), integer_digits(to)) {
        return from <= to;
    }
    if let (Some(digits), Some(to)) = (integer_digits(from), numeric(to)) {
        return to.is_none_or(|(precision, scale)| precision - scale >= digits);
    }
    if let (Some(from), Some(to)) = (numeric(from), numeric(to)) {
        return match (from, to) {
            (_, None) => true,
            (None, Some(_)) => false,
            // Another scale would show other digits after the point.
            (Some((precision, scale)), Some((to_precision, to_scale))) => {
                to_scale >= scale && to_precision - to_scale >= precision - scale
            }
        };
    }
    from == "real" && to == "double precision"
}

/// Whether Postgres rewrites the whole table for it.
pub(super) fn rewrites(from: &str, to: &str) -> bool {
    let scale = |name| numeric(name).map(|size| size.map(|(_, scale)| scale));
    match (scale(from), scale(to)) {
        (Some(_), Some(None)) => false,
        (Some(from), Some(to)) => from != to,
        _ => true,
    }
}

/// The most decimal digits that a value of an integer type can have.
fn integer_digits(name: &str) -> Option<i32> {
    match name {
        "smallint" => Some(5),
        "integer" => Some(10),
        "bigint" => Some(19),
        _ => None,
    }
}

/// `Some(None)` for `numeric`, `Some(Some((10, 2)))` for `numeric(10,2)`.
fn numeric(name: &str) -> Option<Option<(i32, i32)>> {
    let rest = name.strip_prefix("numeric")?;
    if rest.is_empty() {
        return Some(None);
    }
    let (precision, scale) = rest.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
    Some(Some((precision.trim().parse().ok()?, scale.trim().parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_keeps_every_value_widens() {
        for (from, to, safe) in [
            ("smallint", "integer", true),
            ("smallint", "bigint", true),
            ("integer", "bigint", true),
            ("bigint", "integer", false),
            ("integer", "smallint", false),
            ("integer", "numeric", true),
            ("integer", "numeric(12,2)", true),
            ("integer", "numeric(11,2)", false),
            ("integer", "real", false),
            ("numeric(8,2)", "numeric(10,2)", true),
            ("numeric(8,2)", "numeric(10,4)", true),
            ("numeric(8,2)", "numeric(8,4)", false),
            ("numeric(8,2)", "numeric(6,2)", false),
            ("numeric(8,2)", "numeric(10,1)", false),
            ("numeric(8,2)", "numeric", true),
            ("numeric", "numeric(30,2)", false),
            ("numeric(8,2)", "integer", false),
            ("real", "double precision", true),
            ("double precision", "real", false),
            ("text", "integer", false),
            ("integer", "text", false),
            ("date", "timestamp without time zone", false),
            ("text", "text", false),
        ] {
            assert_eq!(widens(from, to), safe, "{from} -> {to}");
        }
    }

    #[test]
    fn a_wider_numeric_of_the_same_scale_needs_no_rewrite() {
        for (from, to, rewritten) in [
            ("numeric(8,2)", "numeric(10,2)", false),
            ("numeric(8,2)", "numeric", false),
            ("numeric(8,2)", "numeric(10,4)", true),
            ("integer", "bigint", true),
            ("real", "double precision", true),
        ] {
            assert_eq!(rewrites(from, to), rewritten, "{from} -> {to}");
        }
    }
}
