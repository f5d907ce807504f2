//! Reads dates, times and offsets as ISO 8601 writes them, and writes their canonical text. Written
//! by hand, because most of the time of a load is spent here.

use jiff::civil::DateTime;

use super::refusal::Refusal;

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

/// Why a text that is not a date is refused.
#[cold]
pub(super) fn not_a_date(text: &[u8]) -> Refusal {
    match text {
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2]
            if [y1, y2, y3, y4, m1, m2, d1, d2].iter().all(|byte| byte.is_ascii_digit()) =>
        {
            Refusal::Calendar
        }
        _ => Refusal::Form,
    }
}

/// Reads `HH:MM[:SS[.ffffff]]` from the front, appends `HH:MM:SS[.ffffff]` without trailing zeros
/// and returns what follows it. `truncate` cuts digits after the sixth.
pub(super) fn time<'a>(
    text: &'a [u8],
    truncate: bool,
    out: &mut Vec<u8>,
) -> Result<&'a [u8], Refusal> {
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
    if digits.is_empty() {
        return Err(Refusal::Form);
    }
    let mut kept = without_zeros(digits);
    if kept.len() > 6 {
        if !truncate {
            return Err(Refusal::Precision);
        }
        kept = without_zeros(kept.get(..6).unwrap_or_default());
    }
    if !kept.is_empty() {
        out.push(b'.');
        out.extend_from_slice(kept);
    }
    Ok(rest)
}

/// The digits without zeros at their end.
fn without_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().rev().take_while(|byte| **byte == b'0').count();
    digits.get(..digits.len() - zeros).unwrap_or_default()
}

/// Reads `YYYY-MM-DD[ T]HH:MM[:SS[.ffffff]]` from the front, appends it with a blank between date
/// and time, and returns what follows it. `truncate` cuts digits of a second after the sixth.
pub(super) fn date_time<'a>(
    text: &'a [u8],
    truncate: bool,
    out: &mut Vec<u8>,
) -> Result<&'a [u8], Refusal> {
    let Some((date, [b' ' | b'T' | b't', rest @ ..])) = text.split_first_chunk::<10>() else {
        return Err(Refusal::Form);
    };
    if !is_date(date) {
        return Err(not_a_date(date));
    }
    out.extend_from_slice(date);
    out.push(b' ');
    time(rest, truncate, out)
}

/// Reads `Z`, `UTC`, `GMT`, `+HH`, `+HHMM`, `+HH:MM` (after a blank or not) or nothing, which is
/// UTC, and appends `+HH:MM`. Postgres takes offsets of less than sixteen hours.
pub(super) fn offset(text: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
    let text = if let [b' ', rest @ ..] = text { rest } else { text };
    let (sign, hour, minute) = match text {
        [] | [b'Z' | b'z'] => (b'+', [b'0'; 2], [b'0'; 2]),
        [sign @ (b'+' | b'-'), h1, h2] => (*sign, [*h1, *h2], [b'0'; 2]),
        [sign @ (b'+' | b'-'), h1, h2, m1, m2] | [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            (*sign, [*h1, *h2], [*m1, *m2])
        }
        _ => match before_utc(text) {
            // Go and Ruby write both: `+0000 UTC`.
            Some(b"" | b"+0000" | b"+00:00") => (b'+', [b'0'; 2], [b'0'; 2]),
            _ => return Err(Refusal::Form),
        },
    };
    let [[h1, h2], [m1, m2]] = [hour, minute];
    if pair(h1, h2) > 15 || pair(m1, m2) > 59 {
        return Err(Refusal::Form);
    }
    out.extend_from_slice(&[sign, h1, h2, b':', m1, m2]);
    Ok(())
}

/// The text before ` UTC` or ` GMT` at its end.
pub(super) fn before_utc(text: &[u8]) -> Option<&[u8]> {
    let (before, name) = text.split_at_checked(text.len().checked_sub(3)?)?;
    matches!(name, b"UTC" | b"GMT").then(|| before.trim_ascii_end())
}

/// Takes the date and time that [`date_time`] has appended after `start` from `out` again.
///
/// # Errors
///
/// The form; every appended text is read.
pub(super) fn take_date_time(start: usize, out: &mut Vec<u8>) -> Result<DateTime, Refusal> {
    let text = out.get(start..).and_then(|text| std::str::from_utf8(text).ok());
    let value = text.and_then(|text| text.parse().ok()).ok_or(Refusal::Form)?;
    out.truncate(start);
    Ok(value)
}

/// Appends `YYYY-MM-DD HH:MM:SS[.ffffff]`.
pub(super) fn push_date_time(value: DateTime, out: &mut Vec<u8>) {
    push_date(value, out);
    out.push(b' ');
    push_time(value, out);
}

/// Appends `YYYY-MM-DD`.
pub(super) fn push_date(value: DateTime, out: &mut Vec<u8>) {
    let (year, month, day) = (value.year().unsigned_abs(), value.month(), value.day());
    push_pair((year / 100) as u8, out);
    push_pair((year % 100) as u8, out);
    out.push(b'-');
    push_pair(month.unsigned_abs(), out);
    out.push(b'-');
    push_pair(day.unsigned_abs(), out);
}

/// Appends `HH:MM:SS[.ffffff]` without trailing zeros, and without digits after the sixth.
pub(super) fn push_time(value: DateTime, out: &mut Vec<u8>) {
    for (part, mark) in [(value.hour(), b':'), (value.minute(), b':'), (value.second(), b'.')] {
        push_pair(part.unsigned_abs(), out);
        out.push(mark);
    }
    let mut micros = value.subsec_nanosecond().unsigned_abs() / 1_000;
    let mut unit = 100_000;
    while micros > 0 {
        out.push(b'0' + (micros / unit) as u8);
        (micros, unit) = (micros % unit, unit / 10);
    }
    if out.last() == Some(&b'.') {
        out.pop();
    }
}

fn push_pair(value: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'0' + value / 10, b'0' + value % 10]);
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
