//! Random numbers and hashes that are the same on every platform.

/// The random numbers of mock data: a seed gives the same ones on every platform.
pub type MockRng = rand::rngs::Xoshiro256PlusPlus;

/// A random number from 0 to below `end`, or 0 where `end` is 0.
pub(super) fn below(random: &mut MockRng, end: u64) -> u64 {
    use rand::Rng as _;
    ((u128::from(random.next_u64()) * u128::from(end)) >> 64) as u64
}

/// A number that differs with each of its parts, made by the finaliser of SplitMix64.
pub(super) fn mix(parts: [u64; 3]) -> u64 {
    parts.iter().fold(0, |hash: u64, part| {
        let mut z = (hash ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// FNV-1a, 64 bits.
pub(super) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
