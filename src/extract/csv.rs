//! CSV: writes the fields of a row so that nulls, empty texts and bytes survive: null is nothing, every text is quoted.

use std::io::Write as _;

use memchr::memchr_iter;

/// What to do with dates that are none, such as MySQL's `0000-00-00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZeroDates {
    /// They become null, and are counted.
    #[default]
    Null,
    /// They are written as they are; the loader rejects their rows.
    Keep,
    /// The first one ends the extract.
    Fail,
}

impl ZeroDates {
    /// The choice of that name.
    ///
    /// # Errors
    ///
    /// The names that there are.
    pub fn parse(name: &str) -> Result<ZeroDates, String> {
        match name {
            "null" => Ok(ZeroDates::Null),
            "keep" => Ok(ZeroDates::Keep),
            "fail" => Ok(ZeroDates::Fail),
            _ => Err("expected null, keep or fail".to_owned()),
        }
    }
}

/// How the values of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Numbers and times: as the source writes them.
    Bare,
    /// Texts: always quoted, so that an empty one is not null.
    Text,
    /// Bytes: `\x` and two hexadecimal digits for each.
    Hex,
    /// MySQL's bits, most significant byte first: their number.
    Bits,
    /// Dates that may be zero.
    Date,
}

/// Writes rows. Counts the zero dates that it replaced.
#[derive(Debug)]
pub(super) struct RowWriter {
    shapes: Vec<Shape>,
    zero_dates: ZeroDates,
    pub zero_count: u64,
}

/// A zero date was found in this column, counted from 0, and the extract is to end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ZeroDate(pub usize);

impl RowWriter {
    pub fn new(shapes: Vec<Shape>, zero_dates: ZeroDates) -> RowWriter {
        RowWriter { shapes, zero_dates, zero_count: 0 }
    }

    /// Appends a row to `line`. `field` gives the value of a column by its index; `None` is null.
    ///
    /// # Errors
    ///
    /// [`ZeroDate`], with [`ZeroDates::Fail`].
    pub fn push_row<'v>(
        &mut self,
        line: &mut Vec<u8>,
        field: impl Fn(usize) -> Option<&'v [u8]>,
    ) -> Result<(), ZeroDate> {
        for (index, shape) in self.shapes.iter().enumerate() {
            if index > 0 {
                line.push(b',');
            }
            let Some(value) = field(index) else { continue };
            match shape {
                Shape::Bare => line.extend_from_slice(value),
                Shape::Text => push_text(line, value),
                Shape::Hex => push_hex(line, value),
                Shape::Bits => push_bits(line, value),
                Shape::Date if !value.starts_with(b"0000-00-00") => line.extend_from_slice(value),
                Shape::Date => match self.zero_dates {
                    ZeroDates::Null => self.zero_count += 1,
                    ZeroDates::Keep => line.extend_from_slice(value),
                    ZeroDates::Fail => return Err(ZeroDate(index)),
                },
            }
        }
        line.push(b'\n');
        Ok(())
    }
}

/// The header: the names of the columns, as texts.
pub(super) fn header<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<u8> {
    let mut line = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        if index > 0 {
            line.push(b',');
        }
        // Plain names are not quoted, so that the file reads as others do.
        if name.is_empty() || name.contains([',', '"', '\n', '\r', ';', '\t', '|']) {
            push_text(&mut line, name.as_bytes());
        } else {
            line.extend_from_slice(name.as_bytes());
        }
    }
    line.push(b'\n');
    line
}

fn push_text(line: &mut Vec<u8>, value: &[u8]) {
    line.push(b'"');
    let mut from = 0;
    for at in memchr_iter(b'"', value) {
        line.extend_from_slice(value.get(from..=at).unwrap_or_default());
        from = at;
    }
    line.extend_from_slice(value.get(from..).unwrap_or_default());
    line.push(b'"');
}

fn push_hex(line: &mut Vec<u8>, value: &[u8]) {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    line.extend_from_slice(b"\\x");
    for byte in value {
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
        line.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
}

fn push_bits(line: &mut Vec<u8>, value: &[u8]) {
    let number = value.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    // Writing to a vector does not fail.
    let _ = write!(line, "{number}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(shapes: &[Shape], zero_dates: ZeroDates, fields: &[Option<&[u8]>]) -> String {
        let mut writer = RowWriter::new(shapes.to_vec(), zero_dates);
        let mut line = Vec::new();
        writer.push_row(&mut line, |index| fields[index]).unwrap();
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn null_is_nothing_and_an_empty_text_is_quoted() {
        let shapes = [Shape::Text, Shape::Text, Shape::Bare];
        let fields: [Option<&[u8]>; 3] = [Some(b""), None, Some(b"7")];
        assert_eq!(row(&shapes, ZeroDates::Null, &fields), "\"\",,7\n");
    }

    #[test]
    fn quotes_are_doubled_wherever_they_are() {
        let text = |value: &str| row(&[Shape::Text], ZeroDates::Null, &[Some(value.as_bytes())]);
        assert_eq!(text("\""), "\"\"\"\"\n");
        assert_eq!(text("a\"b\"\"c"), "\"a\"\"b\"\"\"\"c\"\n");
        assert_eq!(text("a\nb,é"), "\"a\nb,é\"\n");
    }

    #[test]
    fn bytes_are_hexadecimal_and_bits_a_number() {
        let fields: [Option<&[u8]>; 3] = [Some(&[0, 0xab]), Some(b""), Some(&[1, 0])];
        let shapes = [Shape::Hex, Shape::Hex, Shape::Bits];
        assert_eq!(row(&shapes, ZeroDates::Null, &fields), "\\x00ab,\\x,256\n");
        let most = [Some(&[0xff_u8; 8][..])];
        assert_eq!(row(&[Shape::Bits], ZeroDates::Null, &most), "18446744073709551615\n");
    }

    #[test]
    fn zero_dates_follow_the_option_and_are_counted() {
        let zero: Option<&[u8]> = Some(b"0000-00-00 00:00:00");
        assert_eq!(row(&[Shape::Date], ZeroDates::Keep, &[zero]), "0000-00-00 00:00:00\n");
        // The loader rejects it, with its line: nothing says which day was meant.
        assert_eq!(row(&[Shape::Date], ZeroDates::Null, &[Some(b"2026-02-00")]), "2026-02-00\n");
        let mut writer = RowWriter::new(vec![Shape::Bare, Shape::Date], ZeroDates::Null);
        let mut line = Vec::new();
        let fields = [Some(&b"1"[..]), zero];
        writer.push_row(&mut line, |index| fields[index]).unwrap();
        assert_eq!((line.as_slice(), writer.zero_count), (&b"1,\n"[..], 1));
        writer.zero_dates = ZeroDates::Fail;
        assert_eq!(writer.push_row(&mut line, |index| fields[index]), Err(ZeroDate(1)));
    }

    #[test]
    fn a_header_quotes_only_what_needs_it() {
        assert_eq!(header(["id", "a,b", "Größe"]), "id,\"a,b\",Größe\n".as_bytes());
    }
}
