//! Hashes values that must not reach the database.

use sha2::{Digest, Sha256};

/// What marks a value as hashed already: redacted rows hold it instead of the value, so that they
/// can be loaded again.
const MARK: &[u8] = b"sha256:";
const DIGITS: usize = 64;

/// Appends the SHA-256 of the salt and the value as hexadecimal digits: what
/// `encode(sha256(convert_to(salt || value, 'UTF8')), 'hex')` is in Postgres.
pub(super) fn push_hash(salt: &[u8], value: &[u8], out: &mut Vec<u8>) {
    if let Some(digits) = hashed(value) {
        out.extend_from_slice(digits);
        return;
    }
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update(value);
    for byte in hasher.finalize() {
        for digit in [byte >> 4, byte & 15] {
            out.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
        }
    }
}

/// Appends what replaces the value in a redacted row: its hash, marked as such.
pub(super) fn push_marked_hash(salt: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(MARK);
    push_hash(salt, value, out);
}

/// The digits of a value that is marked as hashed; `None` for any other value.
fn hashed(value: &[u8]) -> Option<&[u8]> {
    let digits = value.strip_prefix(MARK)?;
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (digits.len() == DIGITS && digits.iter().all(is_digit)).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_salt_and_value_and_is_not_hashed_again() {
        let mut hash = Vec::new();
        push_hash(b"a", b"bc", &mut hash);
        let abc = b"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash, abc, "the test vector of FIPS 180-2, B.1");
        let mut marked = Vec::new();
        push_marked_hash(b"a", b"bc", &mut marked);
        let mut again = Vec::new();
        push_hash(b"a", &marked, &mut again);
        assert_eq!(again, abc);
        let mut other = Vec::new();
        push_hash(b"a", b"sha256:bc", &mut other);
        assert_ne!(other, abc);
    }
}
