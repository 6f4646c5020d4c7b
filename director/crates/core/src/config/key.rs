//! What identifies virtual services and the packets that belong to them.

use core::fmt;
use core::net::SocketAddr;

/// A protocol with ports that IPVS balances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Tcp, Self::Udp, Self::Sctp];

    /// Its name, in small letters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// Packets of one protocol to one address and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Traffic {
    /// Their protocol.
    pub protocol: Protocol,
    /// Their destination.
    pub to: SocketAddr,
}

impl fmt::Display for Traffic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.protocol, self.to)
    }
}

/// What identifies a virtual service in the kernel (`ip_vs_service` in `net/ip_vs.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum ServiceKey {
    /// TCP connections to an address and port.
    Tcp(SocketAddr),
    /// UDP datagrams to an address and port.
    Udp(SocketAddr),
    /// SCTP associations to an address and port.
    Sctp(SocketAddr),
    /// IPv4 packets that carry a firewall mark.
    FwMark(u32),
    /// IPv6 packets that carry a firewall mark.
    FwMark6(u32),
}

impl ServiceKey {
    /// The service of an address and port.
    #[must_use]
    pub const fn new(protocol: Protocol, address: SocketAddr) -> Self {
        match protocol {
            Protocol::Tcp => Self::Tcp(address),
            Protocol::Udp => Self::Udp(address),
            Protocol::Sctp => Self::Sctp(address),
        }
    }

    /// Its protocol, unless it is a firewall mark.
    #[must_use]
    pub const fn protocol(&self) -> Option<Protocol> {
        match self {
            Self::Tcp(_) => Some(Protocol::Tcp),
            Self::Udp(_) => Some(Protocol::Udp),
            Self::Sctp(_) => Some(Protocol::Sctp),
            Self::FwMark(_) | Self::FwMark6(_) => None,
        }
    }

    /// Whether its clients speak IPv6.
    #[must_use]
    pub const fn is_ipv6(&self) -> bool {
        match self {
            Self::Tcp(address) | Self::Udp(address) | Self::Sctp(address) => address.is_ipv6(),
            Self::FwMark(_) => false,
            Self::FwMark6(_) => true,
        }
    }

    /// The firewall mark, if it is one.
    #[must_use]
    pub const fn mark(&self) -> Option<u32> {
        match self {
            Self::FwMark(mark) | Self::FwMark6(mark) => Some(*mark),
            Self::Tcp(_) | Self::Udp(_) | Self::Sctp(_) => None,
        }
    }

    /// The address and port, unless it is a firewall mark.
    #[must_use]
    pub const fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) | Self::Udp(address) | Self::Sctp(address) => Some(*address),
            Self::FwMark(_) | Self::FwMark6(_) => None,
        }
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(formatter, "tcp {address}"),
            Self::Udp(address) => write!(formatter, "udp {address}"),
            Self::Sctp(address) => write!(formatter, "sctp {address}"),
            Self::FwMark(mark) => write!(formatter, "fwmark {mark}"),
            Self::FwMark6(mark) => write!(formatter, "fwmark6 {mark}"),
        }
    }
}

/// The firewall marks that are the director's own: with each of them it reaches one real server by
/// one forwarding method, for checks through the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u32", into = "u32"))]
pub struct CheckMarks {
    first: u32,
}

impl CheckMarks {
    /// How many there are.
    pub const COUNT: u32 = 1 << 16;
    /// The first mark where nothing else is said: the letters `LV`, then zeros.
    pub const USUAL: u32 = 0x4c56_0000;

    /// Those that begin with this mark, if it is one and all of them are.
    #[must_use]
    pub const fn from(first: u32) -> Option<Self> {
        match first.checked_add(Self::COUNT - 1) {
            Some(_) if first > 0 => Some(Self { first }),
            _ => None,
        }
    }

    /// The first of them.
    #[must_use]
    pub const fn first(self) -> u32 {
        self.first
    }

    /// All of them, in order.
    pub fn all(self) -> impl Iterator<Item = u32> {
        self.first..=self.first + (Self::COUNT - 1)
    }

    /// Whether the mark of a service is among them.
    #[must_use]
    pub fn has(self, key: &ServiceKey) -> bool {
        key.mark().is_some_and(|mark| mark >= self.first && mark - self.first < Self::COUNT)
    }
}

#[cfg(feature = "serde")]
crate::checked::through_number!(CheckMarks, u32, CheckMarks::from, CheckMarks::first, "no room");

impl Default for CheckMarks {
    fn default() -> Self {
        Self { first: Self::USUAL }
    }
}
