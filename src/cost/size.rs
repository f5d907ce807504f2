//! Size: `10MB` or `250 MiB` in, bytes out; and back.

const UNITS: &[(&str, u64)] = &[
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("b", 1),
    ("", 1),
];

/// Reads a size; a number alone counts bytes.
///
/// # Errors
/// A sentence that says what was expected.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("expected a size such as 500kB, 10MB or 250MiB, found {text:?}");
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(end);
    let unit = unit.trim().to_ascii_lowercase();
    let (_, bytes) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let found = number * *bytes as f64;
    // 5 TB is S3's own limit for an object (50 TB since December 2025): far beyond is a slip.
    if !(1.0..=1e15).contains(&found) {
        return Err(wrong());
    }
    Ok(found.round() as u64)
}

/// The size in the largest of the units kB, MB, GB, TB that it fills, such as `2.5 MB`.
pub fn shown_bytes(bytes: f64) -> String {
    let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let (unit, size) = units.into_iter().find(|(_, size)| bytes >= *size).unwrap_or(("B", 1.0));
    let rounded = (bytes / size * 100.0).round() / 100.0;
    format!("{rounded} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_powers_of_ten_and_of_two() {
        for (text, bytes) in [
            ("10MB", 10_000_000),
            ("250MiB", 262_144_000),
            ("1.5 gb", 1_500_000_000),
            ("1kB", 1_000),
            ("4096", 4_096),
            ("7 B", 7),
            (" 2TiB ", 2 << 40),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for text in ["", "MB", "10XB", "-5MB", "1e9", "0", "1..5MB", "9999999TB", "ten"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_shown_in_the_unit_that_fits() {
        for (bytes, text) in [
            (12.0, "12 B"),
            (1e3, "1 kB"),
            (2.5e6, "2.5 MB"),
            (1e9, "1 GB"),
            (1.234_56e12, "1.23 TB"),
        ] {
            assert_eq!(shown_bytes(bytes), text);
        }
    }
}
