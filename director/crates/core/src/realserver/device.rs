//! What unwraps tunnelled packets.

use crate::config::Tunnel;
use crate::name::InterfaceName;
use core::fmt;
use core::net::IpAddr;
use core::num::NonZeroU16;

/// A device of the kernel that unwraps packets from anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Device {
    /// IPv4 in IPv4 (RFC 2003): `tunl0` of the module `ipip`.
    Ipip,
    /// IPv6 in IPv4 (RFC 4213): `sit0` of the module `sit`.
    Sit,
    /// Both families in IPv6 (RFC 2473): `ip6tnl0` of the module `ip6_tunnel`.
    Ip6tnl,
    /// GRE over IPv4 (RFC 2784): `gre0` of the module `ip_gre`.
    Gre,
    /// GRE over IPv6 (RFC 7676): `ip6gre0` of the module `ip6_gre`.
    Ip6gre,
}

impl Device {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Ipip, Self::Sit, Self::Ip6tnl, Self::Gre, Self::Ip6gre];

    /// The name of the device that the kernel makes with the module.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipip => "tunl0",
            Self::Sit => "sit0",
            Self::Ip6tnl => "ip6tnl0",
            Self::Gre => "gre0",
            Self::Ip6gre => "ip6gre0",
        }
    }

    /// Its name as an interface.
    #[must_use]
    pub fn interface(self) -> InterfaceName {
        InterfaceName::literal(self.name())
    }

    /// The device that unwraps packets for an address that came to the real server's.
    ///
    /// What came in generic UDP encapsulation is IP in IP once its headers are off (`gue_udp_recv`
    /// in `net/ipv4/fou_core.c`).
    #[must_use]
    pub(super) const fn of(tunnel: Tunnel, inner: IpAddr, outer: IpAddr) -> Self {
        match (tunnel, inner, outer) {
            (Tunnel::Gre { .. }, _, IpAddr::V4(_)) => Self::Gre,
            (Tunnel::Gre { .. }, _, IpAddr::V6(_)) => Self::Ip6gre,
            (_, IpAddr::V4(_), IpAddr::V4(_)) => Self::Ipip,
            (_, IpAddr::V6(_), IpAddr::V4(_)) => Self::Sit,
            (_, _, IpAddr::V6(_)) => Self::Ip6tnl,
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A UDP port of the kernel that takes packets in generic UDP encapsulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GuePort {
    /// Its number.
    pub port: NonZeroU16,
    /// Whether it is for packets over IPv6; else for those over IPv4.
    pub ipv6: bool,
}

impl fmt::Display for GuePort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = if self.ipv6 { "IPv6" } else { "IPv4" };
        write!(formatter, "UDP port {} for GUE over {family}", self.port)
    }
}
