//! Values drawn from the seed, each by its own named stream.

use std::time::Duration;

/// A duration, fixed (`from == to`) or to be drawn from `from..=to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// The smallest value.
    pub from: Duration,
    /// The largest value, inclusive.
    pub to: Duration,
}

impl Spread {
    /// Always this value.
    pub const fn fixed(value: Duration) -> Self {
        Self { from: value, to: value }
    }

    /// A value from the stream, whole microseconds above the smallest; a fixed spread takes nothing
    /// from it.
    pub fn draw(self, stream: &mut Stream) -> Duration {
        if self.from >= self.to {
            return self.from;
        }
        // Whole steps keep drawn times readable; the step is the finest that every engine keeps.
        let width = u64::try_from((self.to - self.from).as_micros()).unwrap_or(u64::MAX);
        self.from + Duration::from_micros(stream.between(0, width))
    }
}

/// How long after the beginning a director's process runs. The same in every engine: where between
/// two heartbeats a fault and a connection fall is the same, then, too.
pub fn launch(seed: u64, node: &str) -> Duration {
    const TAKES: Spread = Spread { from: Duration::from_millis(1), to: Duration::from_millis(20) };
    TAKES.draw(&mut Stream::named(seed, &format!("launch/{node}")))
}

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
///
/// Every consumer has its own stream, found by name, so that removing one does not re-roll the
/// others.
#[derive(Debug, Clone)]
pub struct Stream(u64);

impl Stream {
    /// The stream of this name under this seed.
    pub fn named(seed: u64, name: &str) -> Self {
        // FNV-1a, 64 bit: stable between releases and machines, which `std`'s hasher is not.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mut mixed = Self(seed);
        let first = mixed.next_u64();
        Self(first ^ hash)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A value in `low..=high`; `low` when the range is empty.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        let Some(width) = high.checked_sub(low).and_then(|width| width.checked_add(1)) else {
            return if high < low { low } else { self.next_u64() };
        };
        // Multiply-shift instead of a remainder: no division, and the bias is below 2^-32 for any
        // width that a scenario can name.
        let wide = u128::from(self.next_u64()) * u128::from(width);
        low + u64::try_from(wide >> 64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_gives_the_published_first_values() {
        let mut stream = Stream(1_234_567);
        let values: Vec<u64> = (0..3).map(|_| stream.next_u64()).collect();
        assert_eq!(
            values,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn streams_depend_on_name_and_seed() {
        let first = |seed, name| Stream::named(seed, name).next_u64();
        assert_eq!(first(1, "a"), first(1, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
        assert_ne!(first(1, "a"), first(2, "a"));
    }

    #[test]
    fn a_spread_draws_whole_microseconds_inside_and_a_fixed_one_draws_nothing() {
        let mut stream = Stream::named(3, "spread");
        let (from, to) = (Duration::from_millis(10), Duration::from_millis(11));
        for _ in 0..100 {
            let value = Spread { from, to }.draw(&mut stream);
            assert!((from..=to).contains(&value) && value.subsec_nanos().is_multiple_of(1_000));
        }
        let mut before = stream.clone();
        assert_eq!(Spread::fixed(to).draw(&mut stream), to);
        assert_eq!(stream.next_u64(), before.next_u64());
    }

    #[test]
    fn between_stays_inside_and_reaches_both_ends() {
        let mut stream = Stream::named(7, "ends");
        let seen: std::collections::BTreeSet<u64> =
            (0..200).map(|_| stream.between(3, 6)).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [3, 4, 5, 6]);
        assert_eq!(stream.between(5, 5), 5);
        assert_eq!(stream.between(6, 5), 6);
    }
}
