//! Computes the SHA-256 of an object (FIPS 180-4), also across several invocations that each read a part.

use std::collections::VecDeque;

use bytes::Bytes;
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest, Sha256};

/// The SHA-256 of an object's bytes up to an offset. Chunks wait until [`ContentHash::advance`] says how
/// far to hash: a load resumes at its checkpoint, and reads ahead of it.
#[derive(Debug, Clone, Default)]
pub struct ContentHash {
    sha: Sha256,
    offset: u64,
    waiting: VecDeque<Bytes>,
}

impl ContentHash {
    /// Continues from a [`state`](ContentHash::state) that was taken at `offset`; `None` if it is not
    /// a valid state.
    pub fn resume(state: &[u8], offset: u64) -> Option<ContentHash> {
        let state = SerializedState::<Sha256>::try_from(state).ok()?;
        let sha = Sha256::deserialize(&state).ok()?;
        Some(ContentHash { sha, offset, waiting: VecDeque::new() })
    }

    /// Adds the next chunk.
    pub fn push(&mut self, chunk: Bytes) {
        self.waiting.push_back(chunk);
    }

    /// Hashes the bytes before `offset`.
    pub fn advance(&mut self, offset: u64) {
        while self.offset < offset
            && let Some(mut chunk) = self.waiting.pop_front()
        {
            let wanted = usize::try_from(offset - self.offset).unwrap_or(usize::MAX);
            let taken = chunk.split_to(wanted.min(chunk.len()));
            self.sha.update(&taken);
            self.offset += taken.len() as u64;
            if !chunk.is_empty() {
                self.waiting.push_front(chunk);
            }
        }
    }

    /// The number of bytes hashed.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The state to [`resume`](ContentHash::resume) from.
    pub fn state(&self) -> Vec<u8> {
        self.sha.serialize().to_vec()
    }

    /// The hash of the bytes hashed so far.
    pub fn digest(&self) -> Vec<u8> {
        self.sha.clone().finalize().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interruptions_and_chunks_make_no_difference() {
        let bytes: Vec<u8> = (0..1_000_u32).map(|n| (n % 251) as u8).collect();
        let whole = Sha256::digest(&bytes).to_vec();
        for stop in [0, 1, 63, 64, 65, 500, 999, 1_000] {
            let mut first = ContentHash::default();
            for chunk in bytes.chunks(170) {
                first.push(Bytes::copy_from_slice(chunk));
            }
            first.advance(stop);
            assert_eq!(first.offset(), stop);

            let mut second = ContentHash::resume(&first.state(), stop).unwrap();
            second.push(Bytes::copy_from_slice(&bytes[stop as usize..]));
            second.advance(u64::MAX);
            assert_eq!(second.digest(), whole, "stopped at {stop}");
        }
    }

    #[test]
    fn an_invalid_state_is_none() {
        assert!(ContentHash::resume(b"", 0).is_none());
        assert!(ContentHash::resume(&[0; 32], 0).is_none());
    }
}
