//! `uuid`: reads thirty-two hexadecimal digits and writes the hyphenated lower-case form.

use std::sync::Arc;

use super::column_type::{ColumnType, Invalid, TypeOptions};
use super::sql_type::SqlType;

/// `uuid`: groups of 8-4-4-4-12 hexadecimal digits in upper or lower case, or one group of
/// thirty-two, with or without braces.
///
/// Bounds: other hyphens, which Postgres accepts after every fourth digit, are refused. Source:
/// Postgres manual, 8.12 UUID Type.
#[derive(Debug)]
struct Uuid;

pub(super) fn new(_: &[i32], _: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    Ok(Arc::new(Uuid))
}

/// Whether the canonical form has a hyphen before digit `index`.
fn hyphen_before(index: usize) -> bool {
    matches!(index, 8 | 12 | 16 | 20)
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
        for index in 0..32 {
            if hyphen_before(index) {
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
