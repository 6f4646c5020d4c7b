//! What the kernel holds, as last observed.

use crate::config::{Forward, ServiceKey, VirtualAddress, Weight};
use crate::desired::Sysctl;
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

/// What the kernel held at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Snapshot {
    /// The IPVS table, whoever made it.
    pub services: BTreeMap<ServiceKey, ObservedService>,
    /// All addresses on the interfaces that the configuration names, and how much longer the
    /// kernel keeps each.
    pub addresses: BTreeMap<VirtualAddress, Lifetime>,
    /// The settings that were asked for.
    pub sysctls: BTreeMap<Sysctl, i64>,
}

/// How long the kernel keeps an address when nobody renews it (`IFA_CACHEINFO` in
/// `linux/if_addr.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Lifetime {
    /// So long, then it takes the address off by itself. The kernel counts in whole seconds.
    For(Duration),
    /// Until somebody takes it off.
    Forever,
}

impl From<Option<Duration>> for Lifetime {
    fn from(lease: Option<Duration>) -> Self {
        lease.map_or(Self::Forever, Self::For)
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(time) => write!(formatter, "for {} ms", time.as_millis()),
            Self::Forever => formatter.write_str("for ever"),
        }
    }
}

/// A virtual service in the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ObservedService {
    /// The kernel's name of its scheduler; one that we have no name for may be among them.
    pub scheduler: String,
    /// Its real servers.
    pub servers: BTreeMap<SocketAddr, ObservedServer>,
}

/// A real server in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ObservedServer {
    /// How packets reach it.
    pub forward: Forward,
    /// Its share.
    pub weight: Weight,
    /// Connections that count as active (`ip_vs_conn` states, see `ip_vs_proto_tcp.c`).
    pub active: u32,
    /// Connections that are winding down.
    pub inactive: u32,
}
