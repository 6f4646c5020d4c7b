//! Virtual services.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::ops::{BitOr, BitOrAssign};
use std::time::Duration;

use crate::address::{Endpoint, Family};
use crate::attribute::Attribute;
use crate::stats::Stats;

/// What tells one virtual service from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceKey {
    /// TCP on an address and port.
    Tcp(Endpoint),
    /// UDP on an address and port.
    Udp(Endpoint),
    /// SCTP on an address and port.
    Sctp(Endpoint),
    /// Packets that carry a firewall mark, whatever their protocol, address and port.
    FwMark {
        /// The mark. The kernel takes 0 for "no mark".
        mark: NonZeroU32,
        /// The family of the marked packets.
        family: Family,
    },
    /// A protocol that IPVS balances without ports of its own, such as ESP (50) and AH (51).
    Other {
        /// IANA protocol number; 6, 17 and 132 have their own variants and are read as these.
        protocol: u16,
        /// Address, and the port as stored.
        endpoint: Endpoint,
    },
}

impl ServiceKey {
    /// A TCP service.
    pub fn tcp(endpoint: impl Into<Endpoint>) -> Self {
        Self::Tcp(endpoint.into())
    }

    /// A UDP service.
    pub fn udp(endpoint: impl Into<Endpoint>) -> Self {
        Self::Udp(endpoint.into())
    }

    /// An SCTP service.
    pub fn sctp(endpoint: impl Into<Endpoint>) -> Self {
        Self::Sctp(endpoint.into())
    }

    /// A firewall mark service.
    #[must_use]
    pub fn fwmark(mark: NonZeroU32, family: Family) -> Self {
        Self::FwMark { mark, family }
    }

    /// The address family of the service's clients.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::FwMark { family, .. } => *family,
            Self::Tcp(endpoint)
            | Self::Udp(endpoint)
            | Self::Sctp(endpoint)
            | Self::Other { endpoint, .. } => endpoint.family(),
        }
    }

    /// Address and port, unless the service goes by a mark.
    #[must_use]
    pub fn endpoint(&self) -> Option<Endpoint> {
        match self {
            Self::FwMark { .. } => None,
            Self::Tcp(endpoint)
            | Self::Udp(endpoint)
            | Self::Sctp(endpoint)
            | Self::Other { endpoint, .. } => Some(*endpoint),
        }
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(endpoint) => write!(f, "tcp {endpoint}"),
            Self::Udp(endpoint) => write!(f, "udp {endpoint}"),
            Self::Sctp(endpoint) => write!(f, "sctp {endpoint}"),
            Self::FwMark { mark, family } => write!(f, "fwmark {mark} ({family})"),
            Self::Other { protocol, endpoint } => write!(f, "protocol {protocol} {endpoint}"),
        }
    }
}

/// Bits of a service (`IP_VS_SVC_F_*`).
///
/// The kernel's own bit `HASHED` (2) is left out when reading and never sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceFlags(u32);

impl ServiceFlags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// Clients stay with their server for the service's timeout.
    pub const PERSISTENT: Self = Self(0x01);
    /// Every UDP packet is scheduled by itself; no connection is kept.
    pub const ONE_PACKET: Self = Self(0x04);
    /// First flag of the scheduler: `sh-fallback`, `mh-fallback`.
    pub const SCHEDULER_1: Self = Self(0x08);
    /// Second flag of the scheduler: `sh-port`, `mh-port`.
    pub const SCHEDULER_2: Self = Self(0x10);
    /// Third flag of the scheduler.
    pub const SCHEDULER_3: Self = Self(0x20);

    const HASHED: u32 = 0x02;

    /// Flags of a bare number, without `HASHED`.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & !Self::HASHED)
    }

    /// The bare number.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether every flag of `other` is set here.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These flags without those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl BitOr for ServiceFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for ServiceFlags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// Which part of a client's address persistence looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Netmask {
    /// An IPv4 mask, such as 255.255.255.0.
    V4(Ipv4Addr),
    /// An IPv6 prefix length in bits; the kernel accepts 1 to 128.
    V6(u32),
}

impl Netmask {
    /// The mask of single clients: 255.255.255.255, or 128 bits.
    #[must_use]
    pub fn host(family: Family) -> Self {
        match family {
            Family::V4 => Self::V4(Ipv4Addr::BROADCAST),
            Family::V6 => Self::V6(128),
        }
    }

    /// The mask of a prefix length in bits: up to 32, or from 1 to 128 for IPv6.
    /// `None` outside these.
    #[must_use]
    pub fn from_prefix(family: Family, bits: u32) -> Option<Self> {
        match family {
            Family::V4 if bits <= 32 => {
                let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
                Some(Self::V4(mask.into()))
            }
            Family::V6 if (1..=128).contains(&bits) => Some(Self::V6(bits)),
            Family::V4 | Family::V6 => None,
        }
    }

    /// The family that the mask is for.
    #[must_use]
    pub fn family(self) -> Family {
        match self {
            Self::V4(_) => Family::V4,
            Self::V6(_) => Family::V6,
        }
    }
}

/// A virtual service: its key, its settings, and what the kernel counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Service {
    /// What tells it from others.
    pub key: ServiceKey,
    /// Name of the scheduler: `rr`, `wrr`, `lc`, `wlc`, `sh`, `mh`, …; `none` for no scheduler,
    /// with which nothing but synchronised connections is forwarded. At most 15 bytes.
    pub scheduler: String,
    /// Flags.
    pub flags: ServiceFlags,
    /// How long a client stays with its server after its last connection, in whole seconds, when
    /// [`ServiceFlags::PERSISTENT`] is set; stored but without effect when not.
    pub timeout: Duration,
    /// Which clients persistence takes for one.
    pub netmask: Netmask,
    /// Name of the persistence engine, such as `sip`.
    pub persistence_engine: Option<String>,
    /// What the kernel counted; not sent.
    pub stats: Stats,
    /// Attributes without a name here; not sent.
    pub unknown: Vec<Attribute>,
}

impl Service {
    /// A service without persistence.
    pub fn new(key: ServiceKey, scheduler: impl Into<String>) -> Self {
        Self {
            key,
            scheduler: scheduler.into(),
            flags: ServiceFlags::NONE,
            timeout: Duration::ZERO,
            netmask: Netmask::host(key.family()),
            persistence_engine: None,
            stats: Stats::default(),
            unknown: Vec::new(),
        }
    }

    /// The same service with persistence of this length.
    #[must_use]
    pub fn persistent(mut self, timeout: Duration) -> Self {
        self.flags |= ServiceFlags::PERSISTENT;
        self.timeout = timeout;
        self
    }

    /// The same service with further flags.
    #[must_use]
    pub fn with_flags(mut self, flags: ServiceFlags) -> Self {
        self.flags |= flags;
        self
    }

    /// The same service with another mask for persistence.
    #[must_use]
    pub fn with_netmask(mut self, netmask: Netmask) -> Self {
        self.netmask = netmask;
        self
    }

    /// How long clients stay with their server, if the service is persistent.
    #[must_use]
    pub fn persistence(&self) -> Option<Duration> {
        self.flags.contains(ServiceFlags::PERSISTENT).then_some(self.timeout)
    }

    /// Whether two services agree in all that can be set: everything but counters and unknown
    /// attributes.
    #[must_use]
    pub fn same_settings(&self, other: &Self) -> bool {
        self.key == other.key
            && self.scheduler == other.scheduler
            && self.flags == other.flags
            && self.timeout == other.timeout
            && self.netmask == other.netmask
            && self.persistence_engine == other.persistence_engine
    }

    /// The service's address, unless it goes by a mark.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.key.endpoint().map(|endpoint| endpoint.address)
    }
}
