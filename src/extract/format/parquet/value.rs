//! Value: turns the text of a value into the number or the bytes that Parquet stores; `None` if it has none for it.

use jiff::civil::{Date, DateTime, Time};

const MICROS_OF_DAY: i64 = 86_400_000_000;

pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        // Postgres writes letters, and a bit of MySQL is a number.
        "t" | "1" => Some(true),
        "f" | "0" => Some(false),
        _ => None,
    }
}

/// Days since 1970.
pub(super) fn date(text: &str) -> Option<i32> {
    days(text.parse().ok()?)
}

fn days(date: Date) -> Option<i32> {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.until(date).ok().map(|span| span.get_days())
}

/// Microseconds since midnight.
pub(super) fn time(text: &str) -> Option<i64> {
    micros(text.parse().ok()?)
}

fn micros(time: Time) -> Option<i64> {
    let nanos = time.duration_since(Time::midnight()).as_nanos();
    i64::try_from(nanos / 1_000).ok()
}

/// Microseconds since 1970. A point in time is in UTC, which Postgres adds and MySQL does not.
pub(super) fn timestamp(text: &str) -> Option<i64> {
    let text = text.strip_suffix("+00").unwrap_or(text);
    let at: DateTime = text.parse().ok()?;
    Some(i64::from(days(at.date())?) * MICROS_OF_DAY + micros(at.time())?)
}

/// The digits of a decimal as a whole number: 1.50 is 150 at a scale of 2.
pub(super) fn unscaled(text: &str, precision: u32, scale: u32) -> Option<i128> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let missing = scale.checked_sub(u32::try_from(part.len()).ok()?)?;
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    let mut number = 0_i128;
    for byte in whole.bytes().chain(part.bytes()) {
        let digit = byte.is_ascii_digit().then(|| i128::from(byte - b'0'))?;
        number = number.checked_mul(10)?.checked_add(digit)?;
    }
    let number = number.checked_mul(10_i128.checked_pow(missing)?)?;
    (number < 10_i128.checked_pow(precision)?).then_some(if is_negative { -number } else { number })
}

/// Appends the last bytes of a number, most significant first, which is how Parquet stores a decimal.
pub(super) fn push_big_endian(number: i128, bytes: usize, out: &mut Vec<u8>) {
    let all = number.to_be_bytes();
    out.extend_from_slice(all.get(all.len() - bytes.min(all.len())..).unwrap_or_default());
}

/// Appends the bytes of a UUID; `None` if the text is not one.
pub(super) fn push_uuid(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let digits =
        text.bytes().filter(|byte| *byte != b'-').map(|byte| char::from(byte).to_digit(16));
    let digits: Vec<u32> = digits.collect::<Option<_>>()?;
    if digits.len() != 32 {
        return None;
    }
    for pair in digits.chunks(2) {
        let byte = pair.iter().fold(0, |byte, digit| byte * 16 + digit);
        out.push(u8::try_from(byte).ok()?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_from_1970() {
        assert_eq!((date("1970-01-01"), date("1969-12-31")), (Some(0), Some(-1)));
        assert_eq!(date("9999-12-31"), Some(2_932_896));
        assert_eq!(time("23:59:59.123456"), Some(86_399_123_456));
        assert_eq!(timestamp("1970-01-02 00:00:00.5+00"), Some(86_400_500_000));
        assert_eq!(timestamp("1969-12-31 23:59:59.999999"), Some(-1));
        assert_eq!(timestamp("9999-12-31 23:59:59.999999"), Some(253_402_300_799_999_999));
        for none in ["0000-00-00", "2026-02-00", "infinity", "10000-01-01", "0044-03-15 BC"] {
            assert_eq!((date(none), timestamp(none)), (None, None), "{none}");
        }
        assert_eq!(time("24:00:00"), None);
    }

    #[test]
    fn decimals_are_their_digits() {
        assert_eq!(unscaled("-12.30", 5, 2), Some(-1230));
        assert_eq!((unscaled("7", 5, 2), unscaled("0.05", 5, 2)), (Some(700), Some(5)));
        let most = "9".repeat(38);
        assert_eq!(unscaled(&most, 38, 0), Some(10_i128.pow(38) - 1));
        for none in ["NaN", "1.234", "1000.00", "", "-", "1e3", "--1"] {
            assert_eq!(unscaled(none, 5, 2), None, "{none}");
        }
        let mut bytes = Vec::new();
        push_big_endian(-2, 3, &mut bytes);
        assert_eq!(bytes, [0xff, 0xff, 0xfe]);
    }

    #[test]
    fn a_uuid_is_its_bytes() {
        let mut bytes = Vec::new();
        push_uuid("123e4567-e89b-12d3-a456-426655440000", &mut bytes).unwrap();
        assert_eq!((bytes.len(), &bytes[..4]), (16, &[0x12, 0x3e, 0x45, 0x67][..]));
        assert_eq!(push_uuid("123e4567", &mut bytes), None);
    }
}
