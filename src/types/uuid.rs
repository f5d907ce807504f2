//! Uuid: thirty-two hexadecimal digits in, the hyphenated lower-case form out.

use std::sync::Arc;

use super::{ColumnType, Invalid, MockRng, SqlType, TypeOptions, below};

/// `uuid`: groups of 8-4-4-4-12 hexadecimal digits in any case, or all thirty-two in one, with or
/// without braces around.
///
/// Bounds: hyphens elsewhere, which Postgres takes after every fourth digit, are refused. Source:
/// Postgres manual, 8.12 UUID Type.
#[derive(Debug)]
struct Uuid;

pub(super) fn new(_: &[i32], _: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    Ok(Arc::new(Uuid))
}

/// Whether a hyphen stands before digit `place` of the canonical form.
fn hyphen_before(place: usize) -> bool {
    matches!(place, 8 | 12 | 16 | 20)
}

impl ColumnType for Uuid {
    fn sql_type(&self) -> SqlType {
        SqlType::Uuid
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid> {
        let invalid = || Invalid::new("invalid_uuid", "expected a uuid of 32 hexadecimal digits");
        let text = match text.as_bytes().trim_ascii() {
            [b'{', inner @ .., b'}'] => inner,
            plain => plain,
        };
        let hyphens = match text.len() {
            36 => true,
            32 => false,
            _ => return Err(invalid()),
        };
        let mut bytes = text.iter();
        for place in 0..32 {
            if hyphen_before(place) {
                if hyphens && bytes.next() != Some(&b'-') {
                    return Err(invalid());
                }
                out.push(b'-');
            }
            match bytes.next() {
                Some(byte) if byte.is_ascii_hexdigit() => out.push(byte.to_ascii_lowercase()),
                _ => return Err(invalid()),
            }
        }
        Ok(())
    }

    fn mock(&self, random: &mut MockRng, out: &mut String) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for place in 0..32 {
            if hyphen_before(place) {
                out.push('-');
            }
            // Version 4, variant 1, as RFC 9562 has it.
            let digit = match place {
                12 => 4,
                16 => 8 + below(random, 4),
                _ => below(random, 16),
            };
            out.push(DIGITS.get(digit as usize).copied().unwrap_or(b'0').into());
        }
    }

    fn mock_nth(&self, n: u64, out: &mut String) {
        use std::fmt::Write as _;
        // Version 7 puts the time first, so such keys grow: here the time is the place.
        let (high, low) = (n >> 16 & 0xffff_ffff, n & 0xffff);
        let _ = write!(out, "{high:08x}-{low:04x}-7000-8000-000000000000");
    }

    fn mock_places(&self) -> u64 {
        1 << 48
    }
}

#[cfg(test)]
mod tests {
    use crate::types::tests::{accepts, refuses};

    #[test]
    fn uuids_come_out_hyphenated_in_lower_case() {
        let canonical = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        for form in [
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
            " a0eebc999c0b4ef8bb6d6bb9bd380a11 ",
            "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
            "{a0eebc999c0b4ef8bb6d6bb9bd380a11}",
        ] {
            accepts("uuid", &[(form, canonical)]);
        }
        for bad in [
            "",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g",
            "a0eebc999-c0b-4ef8-bb6d-6bb9bd380a11",
            "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
            "{{a0eebc999c0b4ef8bb6d6bb9bd380a11}}",
        ] {
            refuses("uuid", "invalid_uuid", &[bad]);
        }
    }
}
