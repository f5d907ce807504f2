//! Keeps the last result of each slot, so that values which come again are not looked up again.

/// A memory of the last results, of fixed size. A key always has the same slot; a new key takes the place of the
/// key that had its slot before.
#[derive(Debug)]
pub(super) struct Cache<V> {
    slots: Box<[Option<(u128, V)>]>,
}

/// The number of bits of a slot's index.
const BITS: u32 = 14;

impl<V: Clone> Cache<V> {
    /// An empty cache of 16,384 slots.
    pub fn new() -> Cache<V> {
        Cache { slots: vec![None; 1 << BITS].into_boxed_slice() }
    }

    /// The result that was stored for the key, unless another key took its slot.
    pub fn get(&self, key: u128) -> Option<&V> {
        let (known, value) = self.slots.get(slot(key))?.as_ref()?;
        (*known == key).then_some(value)
    }

    /// Stores a result.
    pub fn put(&mut self, key: u128, value: V) {
        if let Some(slot) = self.slots.get_mut(slot(key)) {
            *slot = Some((key, value));
        }
    }
}

/// The slot of a key: multiplied by the golden ratio, so that neighbours have slots far from each other.
fn slot(key: u128) -> usize {
    let folded = (key ^ (key >> 64)) as u64;
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_holds_the_last_of_its_keys_and_answers_no_other() {
        let mut cache = Cache::new();
        let keys: Vec<u128> = (0..100_000_u128).map(|n| n << (n % 96)).collect();
        for key in &keys {
            cache.put(*key, *key);
        }
        let found = keys.iter().filter(|key| cache.get(**key).is_some_and(|value| value == *key));
        let found = found.count();
        assert!(found > 1 << (BITS - 1), "{found} of the last keys were kept");
        assert!(keys.iter().all(|key| cache.get(*key).is_none_or(|value| value == key)));
        assert_eq!(cache.get(u128::MAX), None);
    }
}
