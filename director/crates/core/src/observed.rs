//! What the kernel holds, as last observed.

use crate::config::{Forward, ServiceKey, VirtualAddress, Weight};
use crate::desired::Sysctl;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use core::net::SocketAddr;

/// What the kernel held at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Snapshot {
    /// The IPVS table, whoever made it.
    pub services: BTreeMap<ServiceKey, ObservedService>,
    /// All addresses on the interfaces that the configuration names.
    pub addresses: BTreeSet<VirtualAddress>,
    /// The settings that were asked for.
    pub sysctls: BTreeMap<Sysctl, i64>,
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
