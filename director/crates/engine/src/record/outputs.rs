//! What came of an input, as a few letters.

use director_core::time::Deadline;
use director_core::{Effect, Report};
use std::fmt::{self, Write as _};
use std::str::FromStr;

/// How many effects and reports came of an input, and a digest of them and of the next deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// Effects.
    pub effects: usize,
    /// Reports.
    pub reports: usize,
    /// Tells them apart from others; not for security.
    pub digest: u32,
}

impl Outputs {
    /// Of all that came of one input.
    #[must_use]
    pub fn of(effects: &[Effect], reports: &[Report], next: Option<Deadline>) -> Self {
        let mut digest = Fnv::default();
        // Equal values are written alike, and writing to a number does not fail.
        let _ = write!(digest, "{effects:?}{reports:?}{next:?}");
        Self { effects: effects.len(), reports: reports.len(), digest: digest.folded() }
    }
}

impl fmt::Display for Outputs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { effects, reports, digest } = self;
        write!(formatter, "{effects}+{reports}:{digest:08x}")
    }
}

impl FromStr for Outputs {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = || {
            let (counts, digest) = text.split_once(':')?;
            let (effects, reports) = counts.split_once('+')?;
            let digest = u32::from_str_radix(digest, 16).ok()?;
            Some(Self { effects: effects.parse().ok()?, reports: reports.parse().ok()?, digest })
        };
        parsed().ok_or("not `effects+reports:digest`")
    }
}

/// FNV-1a of 64 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// In 32 bits, by which no bit is lost.
    pub(super) fn folded(self) -> u32 {
        let (high, low) = (self.0 >> 32, self.0 & u64::from(u32::MAX));
        u32::try_from(high ^ low).unwrap_or_default()
    }
}

impl fmt::Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.add(text.as_bytes());
        Ok(())
    }
}
