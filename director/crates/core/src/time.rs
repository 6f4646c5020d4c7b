//! Time as the decisions see it: a number of nanoseconds handed in from outside.

use core::fmt;
use core::ops::{Add, Sub};
use core::time::Duration;

/// A point on one node's monotonic clock, in nanoseconds since an origin of the shell's choice.
///
/// Two instants of different nodes must not be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Instant(u64);

impl Instant {
    /// The origin of the clock.
    pub const ZERO: Self = Self(0);

    /// The instant that many nanoseconds after the origin.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the origin.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Nanoseconds of a duration; `as_nanos` reckons in 128 bits, and this is asked all the time.
pub(crate) const fn nanos(duration: Duration) -> u64 {
    let whole = duration.as_secs().saturating_mul(1_000_000_000);
    whole.saturating_add(duration.subsec_nanos() as u64)
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at the end of time (584 years after the origin).
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// Saturates at the origin.
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(duration)))
    }
}

impl fmt::Display for Instant {
    /// Seconds with six decimals: `12.034500`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{:06}", self.0 / 1_000_000_000, self.0 % 1_000_000_000 / 1_000)
    }
}

/// The next moment at which the machine wants to be woken, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Deadline {
    /// When. Waking the machine earlier changes nothing.
    pub at: Instant,
    /// What will be due then.
    pub reason: Reason,
}

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Reason {
    /// A heartbeat is to be sent.
    BeatDue,
    /// A peer's heartbeat is late: suspect it, ask it, or give it up.
    PeerLate,
    /// A silent peer is to be fenced.
    FenceDue,
    /// A witness is to be asked, or has not answered for too long.
    WitnessDue,
    /// A node that has just started has listened long enough.
    InitialWaitOver,
    /// An unowned group must not wait any longer for the node that outranks this one.
    ElectionOver,
    /// A failback has waited out its delay.
    FailbackDue,
    /// A takeover took too long to be left to this node alone.
    TakingOverdue,
    /// A release took too long to be waited for.
    ReleaseOverdue,
    /// A VRRP advert is to be sent.
    AdvertDue,
    /// The active VRRP router has been silent for too long.
    ActiveDown,
    /// A gratuitous ARP is to be sent.
    AnnounceDue,
    /// A health check is to be started.
    ProbeDue,
    /// A health check has used up its time.
    ProbeTimeout,
    /// The kernel would soon take addresses off that are to stay.
    LeaseDue,
    /// A server that has come back gets more of its weight.
    WeightStep,
    /// A server that leaves must not be waited for any longer.
    DrainOver,
    /// An alert is to be repeated or tried again, or its delivery takes too long.
    AlertDue,
    /// The kernel is to be compared with what is desired.
    Resync,
}

/// The earlier of two optional deadlines.
#[must_use]
pub fn earlier(one: Option<Deadline>, other: Option<Deadline>) -> Option<Deadline> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
