//! What the kernel keeps of services and servers beside what identifies them.

use super::{Scheduler, SchedulerFlags};
use core::fmt;
use core::time::Duration;

/// What the kernel keeps of a virtual service beside its key (`ip_vs_service_user_kern` in
/// `net/ip_vs.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct ServiceSettings {
    /// How connections are spread.
    pub scheduler: Scheduler,
    /// Options of the scheduler.
    pub flags: SchedulerFlags,
    /// Whether, and for how long, clients stay with their server.
    pub persistence: Option<Persistence>,
    /// Whether every UDP datagram is scheduled by itself.
    pub one_packet: bool,
}

impl From<Scheduler> for ServiceSettings {
    fn from(scheduler: Scheduler) -> Self {
        Self { scheduler, flags: SchedulerFlags::NONE, persistence: None, one_packet: false }
    }
}

impl fmt::Display for ServiceSettings {
    /// The scheduler and, after it, what else is special, in the words of `ipvsadm -L`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.scheduler)?;
        for flag in self.flags.names(self.scheduler) {
            write!(formatter, " {flag}")?;
        }
        if let Some(Persistence { timeout, prefix, engine }) = self.persistence {
            write!(formatter, " persistent {} prefix {prefix}", timeout.as_secs())?;
            if let Some(engine) = engine {
                write!(formatter, " engine {}", engine.name())?;
            }
        }
        if self.one_packet {
            write!(formatter, " one-packet")?;
        }
        Ok(())
    }
}

/// How clients stay with their server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Persistence {
    /// How long after a client's last connection; whole seconds.
    pub timeout: Duration,
    /// Bits of a client's address that count: up to 32, or from 1 to 128 for IPv6.
    pub prefix: u8,
    /// What of a packet tells clients apart beside their address.
    pub engine: Option<PersistenceEngine>,
}

/// What of a packet tells clients apart beside their address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum PersistenceEngine {
    /// The Call-ID of SIP over UDP (`ip_vs_pe_sip.c`).
    Sip,
}

impl PersistenceEngine {
    /// The kernel's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sip => "sip",
        }
    }

    /// The engine with the kernel's name `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        (name == Self::Sip.name()).then_some(Self::Sip)
    }
}

/// From when to when a real server gets no new connections because it has too many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Thresholds {
    /// Connections at which it begins; 0 for never.
    pub upper: u32,
    /// Connections below which it ends; 0 for three quarters of the upper.
    pub lower: u32,
}

impl Thresholds {
    /// Never overloaded.
    pub const NONE: Self = Self { upper: 0, lower: 0 };
}
