//! Small seeded streams of numbers: for incarnations and for spreading checks over time.
//! Not for secrets.

/// A stream of numbers that a seed and a name determine.
///
/// Every user of randomness has its own stream, so that one more draw in one place does not change
/// what another place draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream(u64);

impl Stream {
    /// The stream of `name` under `seed`.
    #[must_use]
    pub fn named(seed: u64, name: &str) -> Self {
        // FNV-1a mixes the name in; the first splitmix64 step spreads it over all bits.
        let mut state = 0xcbf2_9ce4_8422_2325_u64 ^ seed;
        for byte in name.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let mut stream = Self(state);
        stream.next_u64();
        stream
    }

    /// The next number, uniform over all of `u64` (splitmix64).
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, or 0 when `bound` is 0. The bias is below 2⁻³² for small bounds.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next_u64() % bound }
    }

    /// A duration in `[low, high)`, or `low` when the range is empty.
    pub fn duration(
        &mut self,
        low: core::time::Duration,
        high: core::time::Duration,
    ) -> core::time::Duration {
        let width = u64::try_from(high.saturating_sub(low).as_nanos()).unwrap_or(u64::MAX);
        low + core::time::Duration::from_nanos(self.below(width))
    }
}
