//! How the results of checks become shares of connections.

use core::num::{NonZeroU8, NonZeroU16, NonZeroU32};
use core::time::Duration;

/// How often a server is asked beside the regular interval, and what it is before its first answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Pace {
    /// Between two checks while the state is about to change: some, but not all, of the answers
    /// that it takes have come. The regular interval when absent.
    pub changing: Option<Duration>,
    /// Between two checks of a server that is down. The regular interval when absent.
    pub down: Option<Duration>,
    /// Plain connections that are made instead of whole checks after one that succeeded. A
    /// connection that fails brings the whole check back.
    pub connects: Option<NonZeroU16>,
    /// What a server is before its first check.
    pub initial: Initial,
}

/// What a server is before its first check. It never gets connections before its first success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Initial {
    /// Unknown: one success brings it up.
    #[default]
    Unknown,
    /// Down: it takes as many successes in a row as after a failure.
    Down,
}

/// What a service does with the states of its servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Policy {
    /// How much must be usable for the service to count as served by its own servers.
    pub quorum: Option<Quorum>,
    /// Below this share of healthy servers the checks are not believed.
    pub panic: Option<Percent>,
    /// So many connections more that are half open bring a server's next check forward; `None`
    /// for no hints.
    pub half_open: Option<NonZeroU32>,
    /// How long a server that comes back takes to get its whole weight.
    pub slow_start: Option<Duration>,
    /// When a server that changes too often stays out.
    pub damping: Option<Damping>,
}

/// How much weight must be usable; below it the fallback serves instead, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Quorum {
    /// Sum of the weights of usable servers.
    pub weight: NonZeroU32,
    /// It is lost this much below, and reached again this much above; less than `weight`.
    pub hysteresis: u32,
}

impl Quorum {
    /// Whether it is there with `usable` weight, when it was there before or not.
    #[must_use]
    pub fn holds(&self, before: bool, usable: u32) -> bool {
        let weight = self.weight.get();
        if before {
            usable >= weight.saturating_sub(self.hysteresis)
        } else {
            usable >= weight.saturating_add(self.hysteresis)
        }
    }
}

/// A share of a hundred: 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u8", into = "u8"))]
pub struct Percent(u8);

impl Percent {
    /// The share with this value, if it is one.
    #[must_use]
    pub const fn new(value: u8) -> Option<Self> {
        if value >= 1 && value <= 100 { Some(Self(value)) } else { None }
    }

    /// The value.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Whether `part` is less than this share of `whole`.
    #[must_use]
    pub fn exceeds(self, part: u64, whole: u64) -> bool {
        part.saturating_mul(100) < whole.saturating_mul(u64::from(self.0))
    }
}

#[cfg(feature = "serde")]
crate::checked::through_number!(Percent, u8, Percent::new, Percent::get, "not from 1 to 100");

/// When a server that changes too often stays out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Damping {
    /// So many failures of a server that was up …
    pub changes: NonZeroU8,
    /// … within this time …
    pub within: Duration,
    /// … keep it out until it has not failed a check for this long.
    pub hold: Duration,
}
