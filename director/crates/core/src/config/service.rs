//! Virtual services, their real servers and their checks.

use super::policy::{Pace, Policy};
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;
use core::net::SocketAddr;
use core::num::{NonZeroU8, NonZeroU16};
use core::time::Duration;

/// A virtual service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Service {
    /// What clients connect to.
    pub key: ServiceKey,
    /// How connections are spread.
    pub scheduler: Scheduler,
    /// How packets reach the real servers.
    pub forward: Forward,
    /// How the real servers are checked.
    pub check: Check,
    /// What happens to a real server that fails its check.
    pub on_failure: OnFailure,
    /// Who serves when no real server can.
    pub fallback: Option<SocketAddr>,
    /// The real servers, by address.
    pub servers: BTreeMap<SocketAddr, Server>,
    /// What is made of their states.
    pub policy: Policy,
}

/// A real server of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    /// Its share of the connections.
    pub weight: Weight,
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

macro_rules! schedulers {
    ($($variant:ident $name:literal $doc:literal;)*) => {
        /// How the kernel spreads connections (`net/netfilter/ipvs/ip_vs_*.c`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
        pub enum Scheduler { $(#[doc = $doc] $variant,)* }

        impl Scheduler {
            /// All of them, in the order of their names' first use in LVS.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The kernel's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The scheduler with the kernel's name `name`.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

schedulers! {
    Rr "rr" "Round robin.";
    Wrr "wrr" "Weighted round robin.";
    Lc "lc" "Least connections.";
    Wlc "wlc" "Weighted least connections.";
    Lblc "lblc" "Locality-based least connections.";
    Lblcr "lblcr" "Locality-based least connections with replication.";
    Dh "dh" "Destination hashing.";
    Sh "sh" "Source hashing.";
    Sed "sed" "Shortest expected delay.";
    Nq "nq" "Never queue.";
    Fo "fo" "Weighted failover.";
    Ovf "ovf" "Weighted overflow.";
    Mh "mh" "Maglev hashing.";
    Twos "twos" "The better of two random choices.";
}

impl fmt::Display for Scheduler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// How packets reach a real server (`IP_VS_CONN_F_FWD_MASK` in `linux/ip_vs.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Forward {
    /// Direct routing: the frame goes on with the server's MAC address; answers do not come back.
    Direct,
    /// Tunnelling: the packet goes on inside another; answers do not come back.
    Tunnel,
    /// NAT: the destination address is rewritten; answers come back through the director.
    Nat,
}

impl fmt::Display for Forward {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Direct => "direct",
            Self::Tunnel => "tunnel",
            Self::Nat => "nat",
        })
    }
}

/// A real server's share: 0 (no new connections) to 65,535, as `ipvsadm -w` takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Weight(pub u16);

impl Weight {
    /// No new connections.
    pub const ZERO: Self = Self(0);
    /// The share of a fallback server, and of a server without a configured weight.
    pub const ONE: Self = Self(1);
}

impl fmt::Display for Weight {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// What happens to a real server that fails its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum OnFailure {
    /// It stays in the table with weight 0: established connections go on, new ones go elsewhere.
    Quiesce,
    /// It leaves the table: established connections end.
    Remove,
}

/// A health check.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Check {
    /// What is said to the server and what it must answer.
    pub dialogue: Dialogue,
    /// The port that is asked, when it is not the server's own.
    pub port: Option<NonZeroU16>,
    /// Between the starts of two checks of one server.
    pub interval: Duration,
    /// For the whole check, from connecting to the last byte.
    pub timeout: Duration,
    /// Failures in a row that take a server out.
    pub fall: NonZeroU8,
    /// Successes in a row that put it back.
    pub rise: NonZeroU8,
    /// How often a server is asked that is not simply up, and what it is at first.
    pub pace: Pace,
}

/// What is said to the server and what it must answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dialogue {
    /// A TCP connection can be made.
    Tcp,
    /// `GET path` is answered with a 2xx status and a body that contains the expected text.
    Http {
        /// Request target; begins with `/`.
        path: String,
        /// The `Host` header; the server's address and port when absent.
        host: Option<String>,
        /// Text that the body must contain; any body will do when absent.
        expect: Option<String>,
    },
}
