//! How packets reach real servers.

#[cfg(feature = "serde")]
use alloc::string::String;
use core::fmt;
use core::num::NonZeroU16;

/// How packets reach a real server (`IP_VS_CONN_F_FWD_MASK` in `linux/ip_vs.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Forward {
    /// Direct routing: the frame goes on with the server's MAC address; answers do not come back.
    Direct,
    /// Tunnelling: the packet goes on inside another; answers do not come back.
    Tunnel(Tunnel),
    /// NAT: the destination address is rewritten; answers come back through the director.
    Nat,
}

/// What a tunnelled packet is wrapped in (`IP_VS_CONN_F_TUNNEL_TYPE_*` in `linux/ip_vs.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Tunnel {
    /// IP in IP (RFC 2003), or in IPv6 (RFC 2473).
    Ipip,
    /// Generic UDP encapsulation, version 0: a header of four bytes after that of UDP, and options
    /// with [`Checksum::Remote`] (`ipvs_gue_encap` in `net/netfilter/ipvs/ip_vs_xmit.c`).
    Gue {
        /// UDP port at the server.
        port: NonZeroU16,
        /// What is protected by a checksum.
        checksum: Checksum,
    },
    /// Generic routing encapsulation (RFC 2784).
    Gre {
        /// Whether the GRE header has a checksum.
        checksum: bool,
    },
}

/// The checksum of a GUE packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Checksum {
    /// None in the UDP header.
    Off,
    /// The UDP header's own.
    Outer,
    /// The UDP header's, from which the server's network card makes that of the inner packet
    /// (remote checksum offload).
    Remote,
}

impl Forward {
    /// Tunnelling by IP in IP.
    pub const IPIP: Self = Self::Tunnel(Tunnel::Ipip);

    /// The method without its details: `direct`, `tunnel` or `nat`.
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Tunnel(_) => "tunnel",
            Self::Nat => "nat",
        }
    }
}

impl Tunnel {
    /// The bytes between the outer IP header and the packet inside (`__ip_vs_get_out_rt` in
    /// `net/netfilter/ipvs/ip_vs_xmit.c`).
    #[must_use]
    pub const fn headers(self) -> u16 {
        /// RFC 768.
        const UDP: u16 = 8;
        const GUE: u16 = 4;
        const GRE: u16 = 4;
        match self {
            Self::Ipip => 0,
            // `GUE_LEN_PRIV` and `GUE_PLEN_REMCSUM`.
            Self::Gue { checksum: Checksum::Remote, .. } => UDP + GUE + 4 + 4,
            Self::Gue { .. } => UDP + GUE,
            Self::Gre { checksum: true } => GRE + 4,
            Self::Gre { checksum: false } => GRE,
        }
    }
}

impl Checksum {
    /// Its name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Outer => "outer",
            Self::Remote => "remote",
        }
    }
}

impl fmt::Display for Forward {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct | Self::Nat | Self::Tunnel(Tunnel::Ipip) => formatter.pad(self.method()),
            Self::Tunnel(Tunnel::Gue { port, checksum: Checksum::Off }) => {
                write!(formatter, "tunnel gue {port}")
            }
            Self::Tunnel(Tunnel::Gue { port, checksum }) => {
                write!(formatter, "tunnel gue {port} checksum {}", checksum.name())
            }
            Self::Tunnel(Tunnel::Gre { checksum: false }) => formatter.pad("tunnel gre"),
            Self::Tunnel(Tunnel::Gre { checksum: true }) => formatter.pad("tunnel gre checksum"),
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Forward {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Forward {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        written(&text).ok_or_else(|| serde::de::Error::custom("no forwarding method"))
    }
}

/// The reverse of how a forwarding method is displayed.
#[cfg(feature = "serde")]
fn written(text: &str) -> Option<Forward> {
    let mut words = text.split(' ');
    let tunnel = match (words.next()?, words.next()) {
        ("direct", None) => return Some(Forward::Direct),
        ("nat", None) => return Some(Forward::Nat),
        ("tunnel", None) => Tunnel::Ipip,
        ("tunnel", Some("gue")) => {
            let port = words.next()?.parse().ok()?;
            let named = |name| {
                let all = [Checksum::Off, Checksum::Outer, Checksum::Remote];
                all.into_iter().find(|checksum| checksum.name() == name)
            };
            let checksum = match words.next() {
                None => Checksum::Off,
                Some("checksum") => named(words.next()?)?,
                Some(_) => return None,
            };
            Tunnel::Gue { port, checksum }
        }
        ("tunnel", Some("gre")) => match words.next() {
            None => Tunnel::Gre { checksum: false },
            Some("checksum") => Tunnel::Gre { checksum: true },
            Some(_) => return None,
        },
        _ => return None,
    };
    words.next().is_none().then_some(Forward::Tunnel(tunnel))
}
