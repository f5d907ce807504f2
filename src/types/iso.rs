//! Reads dates, times and offsets as ISO 8601 writes them, and writes their canonical text. Written
//! by hand, because most of the time of a load is spent here.

use super::column_type::Invalid;

/// Why a text is refused; the type adds what it expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The text has another form, or the day or time does not exist.
    Form,
    /// More than the six digits of a second that Postgres keeps.
    Precision,
}

impl Refusal {
    /// The reason with the type's `code` and what it `expected`.
    #[cold]
    pub fn invalid(self, code: &'static str, expected: &str) -> Invalid {
        match self {
            Refusal::Form => Invalid::new(code, format!("expected {expected}")),
            Refusal::Precision => {
                Invalid::new("out_of_scale", "expected at most 6 digits of a second")
            }
        }
    }
}

/// Two digits as a number; 100 if one of them is not a digit.
#[inline]
fn pair(tens: u8, ones: u8) -> u8 {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    if tens > 9 || ones > 9 { 100 } else { tens * 10 + ones }
}

const DAYS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Whether `YYYY-MM-DD` is a day between 0001-01-01 and 9999-12-31.
pub(super) fn is_date(text: &[u8; 10]) -> bool {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text else { return false };
    let (century, year, month, day) = (pair(y1, y2), pair(y3, y4), pair(m1, m2), pair(d1, d2));
    if century > 99 || year > 99 || (century == 0 && year == 0) {
        return false;
    }
    let Some(days) = DAYS.get(usize::from(month).wrapping_sub(1)) else { return false };
    if day == 0 || day > *days {
        return false;
    }
    let leap = if year == 0 { century.is_multiple_of(4) } else { year.is_multiple_of(4) };
    month != 2 || day < 29 || leap
}

/// Reads `HH:MM[:SS[.ffffff]]` from the front, appends `HH:MM:SS[.ffffff]` without trailing zeros
/// and returns what follows it.
pub(super) fn time<'a>(text: &'a [u8], out: &mut Vec<u8>) -> Result<&'a [u8], Refusal> {
    let [h1, h2, b':', m1, m2, rest @ ..] = text else { return Err(Refusal::Form) };
    if pair(*h1, *h2) > 23 || pair(*m1, *m2) > 59 {
        return Err(Refusal::Form);
    }
    let [b':', s1, s2, rest @ ..] = rest else {
        out.extend_from_slice(&[*h1, *h2, b':', *m1, *m2, b':', b'0', b'0']);
        return if rest.first() == Some(&b':') { Err(Refusal::Form) } else { Ok(rest) };
    };
    if pair(*s1, *s2) > 59 {
        return Err(Refusal::Form);
    }
    out.extend_from_slice(&[*h1, *h2, b':', *m1, *m2, b':', *s1, *s2]);
    let [b'.', rest @ ..] = rest else { return Ok(rest) };
    let (digits, rest) =
        rest.split_at(rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
    let zeros = digits.iter().rev().take_while(|byte| **byte == b'0').count();
    let kept = digits.get(..digits.len() - zeros).unwrap_or_default();
    if digits.is_empty() {
        return Err(Refusal::Form);
    }
    if kept.len() > 6 {
        return Err(Refusal::Precision);
    }
    if !kept.is_empty() {
        out.push(b'.');
        out.extend_from_slice(kept);
    }
    Ok(rest)
}

/// Reads `YYYY-MM-DD[ T]HH:MM[:SS[.ffffff]]` from the front, appends it with a blank between date
/// and time, and returns what follows it.
pub(super) fn date_time<'a>(text: &'a [u8], out: &mut Vec<u8>) -> Result<&'a [u8], Refusal> {
    let Some((date, [b' ' | b'T' | b't', rest @ ..])) = text.split_first_chunk::<10>() else {
        return Err(Refusal::Form);
    };
    if !is_date(date) {
        return Err(Refusal::Form);
    }
    out.extend_from_slice(date);
    out.push(b' ');
    time(rest, out)
}

/// Reads `Z`, `+HH`, `+HHMM`, `+HH:MM` (after a blank or not) or nothing, which is UTC, and
/// appends `+HH:MM`. Postgres takes offsets of less than sixteen hours.
pub(super) fn offset(text: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
    let text = if let [b' ', rest @ ..] = text { rest } else { text };
    let (sign, hour, minute) = match text {
        [] | [b'Z' | b'z'] => (b'+', [b'0'; 2], [b'0'; 2]),
        [sign, h1, h2] => (*sign, [*h1, *h2], [b'0'; 2]),
        [sign, h1, h2, m1, m2] | [sign, h1, h2, b':', m1, m2] => (*sign, [*h1, *h2], [*m1, *m2]),
        _ => return Err(Refusal::Form),
    };
    let [[h1, h2], [m1, m2]] = [hour, minute];
    if !matches!(sign, b'+' | b'-') || pair(h1, h2) > 15 || pair(m1, m2) > 59 {
        return Err(Refusal::Form);
    }
    out.extend_from_slice(&[sign, h1, h2, b':', m1, m2]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_exists_if_and_only_if_the_calendar_has_it() {
        for year in (1..=2100).chain([2400, 9999]) {
            for month in 0..=13 {
                for day in 0..=32 {
                    let text = format!("{year:04}-{month:02}-{day:02}");
                    let bytes = text.as_bytes().first_chunk().expect("ten bytes");
                    assert_eq!(
                        is_date(bytes),
                        jiff::civil::Date::new(year, month, day).is_ok(),
                        "{text}"
                    );
                }
            }
        }
        for bad in
            ["0000-01-01", "2024/01/01", "2O24-01-01", "-024-01-01", "2024-1--01", "2024-01- 1"]
        {
            assert!(!is_date(bad.as_bytes().first_chunk().expect("ten bytes")), "{bad}");
        }
    }
}
