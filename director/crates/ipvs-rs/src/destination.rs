//! Destinations: the real servers behind a service.

use std::fmt;
use std::net::IpAddr;
use std::ops::BitOr;

use crate::address::Endpoint;
use crate::attribute::Attribute;
use crate::stats::Stats;

/// How packets reach the real server (`IP_VS_CONN_F_FWD_MASK`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Forwarding {
    /// NAT: addresses are rewritten and answers must return through the director.
    Masquerade,
    /// The director itself serves.
    Local,
    /// Packets are wrapped and sent to the server, which may be anywhere.
    Tunnel,
    /// Direct routing: the server on the same link gets the unchanged packet.
    Direct,
    /// Straight to the packet's own destination, past the cache.
    Bypass,
    /// A method that this crate has no name for; the kernel keeps three bits, so up to 7.
    Other(u32),
}

impl Forwarding {
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Masquerade => 0,
            Self::Local => 1,
            Self::Tunnel => 2,
            Self::Direct => 3,
            Self::Bypass => 4,
            Self::Other(number) => number,
        }
    }

    pub(crate) fn from_number(number: u32) -> Self {
        match number {
            0 => Self::Masquerade,
            1 => Self::Local,
            2 => Self::Tunnel,
            3 => Self::Direct,
            4 => Self::Bypass,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Forwarding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Masquerade => f.write_str("masquerade"),
            Self::Local => f.write_str("local"),
            Self::Tunnel => f.write_str("tunnel"),
            Self::Direct => f.write_str("direct"),
            Self::Bypass => f.write_str("bypass"),
            Self::Other(number) => write!(f, "method {number}"),
        }
    }
}

/// The wrapping of [`Forwarding::Tunnel`] (`IP_VS_CONN_F_TUNNEL_TYPE_*`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TunnelKind {
    /// IP in IP.
    #[default]
    Ipip,
    /// Generic UDP encapsulation; needs a port.
    Gue,
    /// Generic routing encapsulation.
    Gre,
    /// A kind that this crate has no name for.
    Other(u8),
}

impl TunnelKind {
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Ipip => 0,
            Self::Gue => 1,
            Self::Gre => 2,
            Self::Other(number) => number,
        }
    }

    pub(crate) fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Ipip,
            1 => Self::Gue,
            2 => Self::Gre,
            other => Self::Other(other),
        }
    }
}

/// Bits of a tunnel (`IP_VS_TUNNEL_ENCAP_FLAG_*`), for GUE and GRE.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TunnelFlags(u16);

impl TunnelFlags {
    /// No checksum.
    pub const NONE: Self = Self(0);
    /// Outer checksum.
    pub const CHECKSUM: Self = Self(1);
    /// Remote checksum offload.
    pub const REMOTE_CHECKSUM: Self = Self(2);

    /// Flags of a bare number.
    #[must_use]
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// The bare number.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether every flag of `other` is set here.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for TunnelFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// How tunnelled packets are wrapped. The kernel keeps it for other methods too, unused.
/// Kernels before 5.3 know only IP in IP, and ignore the rest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tunnel {
    /// Kind of encapsulation.
    pub kind: TunnelKind,
    /// UDP port of GUE at the server, in host order; 0 otherwise.
    pub port: u16,
    /// Flags.
    pub flags: TunnelFlags,
}

impl Tunnel {
    /// IP in IP.
    pub const IPIP: Self = Self { kind: TunnelKind::Ipip, port: 0, flags: TunnelFlags::NONE };

    /// GUE to this UDP port, which must not be 0.
    #[must_use]
    pub const fn gue(port: u16, flags: TunnelFlags) -> Self {
        Self { kind: TunnelKind::Gue, port, flags }
    }

    /// GRE.
    #[must_use]
    pub const fn gre(flags: TunnelFlags) -> Self {
        Self { kind: TunnelKind::Gre, port: 0, flags }
    }
}

/// Connections that the kernel holds to a destination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Connections {
    /// In an active state: SYN seen or established.
    pub active: u32,
    /// In any other state.
    pub inactive: u32,
    /// Persistence templates.
    pub persistent: u32,
}

/// A real server of a service: where it is, its settings, and what the kernel counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    /// Address. A family other than the service's needs [`Forwarding::Tunnel`].
    pub address: IpAddr,
    /// Port, in host order. Only masquerading can change the port on the way.
    pub port: u16,
    /// Share of the load; 0 gives it no new connections. The kernel accepts up to 2³¹ − 1.
    pub weight: u32,
    /// How packets reach it.
    pub forwarding: Forwarding,
    /// Wrapping, for tunnels.
    pub tunnel: Tunnel,
    /// Connections at which it gets no new ones; 0 for no limit.
    pub upper_threshold: u32,
    /// Connections below which it gets new ones again; 0 for three quarters of the upper.
    pub lower_threshold: u32,
    /// Connections held; not sent.
    pub connections: Connections,
    /// What the kernel counted; not sent.
    pub stats: Stats,
    /// Attributes without a name here; not sent.
    pub unknown: Vec<Attribute>,
}

impl Destination {
    /// A real server without thresholds, IP in IP if tunnelled.
    pub fn new(endpoint: impl Into<Endpoint>, forwarding: Forwarding, weight: u32) -> Self {
        let Endpoint { address, port } = endpoint.into();
        Self {
            address,
            port,
            weight,
            forwarding,
            tunnel: Tunnel::IPIP,
            upper_threshold: 0,
            lower_threshold: 0,
            connections: Connections::default(),
            stats: Stats::default(),
            unknown: Vec::new(),
        }
    }

    /// The same server with connection thresholds.
    #[must_use]
    pub fn with_thresholds(mut self, lower: u32, upper: u32) -> Self {
        self.lower_threshold = lower;
        self.upper_threshold = upper;
        self
    }

    /// The same server with another wrapping.
    #[must_use]
    pub fn with_tunnel(mut self, tunnel: Tunnel) -> Self {
        self.tunnel = tunnel;
        self
    }

    /// What tells it from the other destinations of its service.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint { address: self.address, port: self.port }
    }

    /// Whether two destinations agree in all that can be set: everything but connections,
    /// counters and unknown attributes.
    #[must_use]
    pub fn same_settings(&self, other: &Self) -> bool {
        self.endpoint() == other.endpoint()
            && self.weight == other.weight
            && self.forwarding == other.forwarding
            && self.tunnel == other.tunnel
            && self.upper_threshold == other.upper_threshold
            && self.lower_threshold == other.lower_threshold
    }
}
