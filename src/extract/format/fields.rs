//! Fields: takes the values of rows out of the CSV that sources send.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// Takes the next field off `rows`, with the comma or line end behind it. `None` is null; an empty text is quoted.
pub(super) fn take<'r>(rows: &mut &'r [u8]) -> Option<Cow<'r, [u8]>> {
    let Some(mut inside) = rows.strip_prefix(b"\"") else {
        let end = memchr2(b',', b'\n', rows).unwrap_or(rows.len());
        let (value, rest) = rows.split_at(end);
        *rows = rest.get(1..).unwrap_or_default();
        return (!value.is_empty()).then_some(Cow::Borrowed(value));
    };
    let mut value = Cow::Borrowed(&[][..]);
    loop {
        let end = memchr(b'"', inside).unwrap_or(inside.len());
        let (piece, rest) = inside.split_at(end);
        match rest {
            // A quote in a text is doubled.
            [b'"', b'"', rest @ ..] => {
                value.to_mut().extend_from_slice(piece);
                value.to_mut().push(b'"');
                inside = rest;
            }
            rest => {
                *rows = rest.get(2..).unwrap_or_default();
                if value.is_empty() {
                    return Some(Cow::Borrowed(piece));
                }
                value.to_mut().extend_from_slice(piece);
                return Some(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::extract::csv::{RowWriter, Shape, ZeroDates};

    proptest! {
        #[test]
        fn fields_are_read_as_they_are_written(
            rows in prop::collection::vec(prop::collection::vec(
                prop::option::of("[a\",\r\n é]{0,8}"), 3), 1..5),
        ) {
            let mut writer = RowWriter::new(vec![Shape::Text; 3], ZeroDates::Null);
            let mut bytes = Vec::new();
            for row in &rows {
                let field = |index: usize| row[index].as_ref().map(|text| text.as_bytes());
                writer.push_row(&mut bytes, field).unwrap();
            }
            let mut rest = bytes.as_slice();
            for expected in rows.iter().flatten() {
                let found = take(&mut rest).map(|value| String::from_utf8(value.to_vec()).unwrap());
                prop_assert_eq!(&found, expected);
            }
            prop_assert!(rest.is_empty());
        }
    }

    #[test]
    fn a_row_may_be_one_null() {
        let mut rest = &b"\n7\n"[..];
        assert_eq!((take(&mut rest), take(&mut rest)), (None, Some(Cow::Borrowed(&b"7"[..]))));
        assert!(rest.is_empty());
    }
}
