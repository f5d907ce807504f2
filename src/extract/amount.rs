//! Amounts: reads times such as `10m` and sizes such as `256MB`.

use jiff::SignedDuration;

/// Reads a time: a whole number and `s`, `m`, `h` or `d`.
///
/// # Errors
///
/// What is expected.
pub fn parse_duration(text: &str) -> Result<SignedDuration, String> {
    let wrong = || "expected a time such as 90s, 10m, 2h or 1d".to_owned();
    let (number, unit) = split(text).ok_or_else(wrong)?;
    let seconds: i64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    // A hundred years: more cannot be subtracted from any time.
    let total = i64::try_from(number).ok().and_then(|number| number.checked_mul(seconds));
    let total = total.filter(|total| *total <= 36_525 * 86_400).ok_or_else(wrong)?;
    Ok(SignedDuration::from_secs(total))
}

/// Reads a size: a whole number and `KB`, `MB` or `GB`, or `KiB`, `MiB` or `GiB`.
///
/// # Errors
///
/// What is expected.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let wrong = || "expected a size such as 256MB, 1GB or 64MiB".to_owned();
    let (number, unit) = split(text).ok_or_else(wrong)?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err(wrong()),
    };
    number.checked_mul(factor).filter(|bytes| *bytes > 0).ok_or_else(wrong)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        let seconds = |text| parse_duration(text).map(|time| time.as_secs()).ok();
        assert_eq!(seconds("10m"), Some(600));
        assert_eq!(seconds("0s"), Some(0));
        assert_eq!((seconds("2h"), seconds("1d")), (Some(7_200), Some(86_400)));
        for wrong in ["", "10", "m", "-1m", "1.5h", "10 minutes", "99999999999999999d"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_have_a_unit() {
        assert_eq!(parse_bytes("256MB"), Ok(256_000_000));
        assert_eq!(parse_bytes("1GiB"), Ok(1 << 30));
        for wrong in ["", "256", "0MB", "1TB", "99999999999GB"] {
            assert!(parse_bytes(wrong).is_err(), "{wrong}");
        }
    }
}
