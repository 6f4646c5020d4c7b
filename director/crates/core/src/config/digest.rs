//! A number that tells configurations apart.

#[cfg(feature = "serde")]
use crate::hexadecimal::Hexadecimal;
use core::fmt;
use core::hash::{Hash, Hasher};

/// Tells two configurations apart; equal configurations of the same release have equal digests.
///
/// Not for security: an authenticated heartbeat carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Hexadecimal", into = "Hexadecimal"))]
pub struct Digest(pub u64);

#[cfg(feature = "serde")]
crate::hexadecimal::through_text!(Digest);

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

/// FNV-1a over what `derive(Hash)` writes. The standard hasher is seeded anew in every process.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

pub(crate) fn of(value: &impl Hash) -> Digest {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    value.hash(&mut hasher);
    Digest(hasher.finish())
}
