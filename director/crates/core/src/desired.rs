//! What the kernel should hold: a function of configuration, roles and health.

pub(crate) mod circle;
mod sysctl;

pub use sysctl::{Sysctl, SysctlValue};

use crate::config::{
    CheckMarks, Forward, Protocol, Service, ServiceKey, ServiceSettings, SyncDaemon, SyncRole,
    Thresholds, Traffic, VirtualAddress, VirtualDevice, Weight,
};
use alloc::collections::{BTreeMap, BTreeSet};
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

/// What the kernel should hold of ours. What it holds beside that is not ours and stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DesiredState {
    /// The virtual services.
    pub services: BTreeMap<ServiceKey, DesiredService>,
    /// Every service with one of these marks is ours, also one that an earlier life has left.
    pub check_marks: CheckMarks,
    /// The virtual addresses of the configuration, held or not.
    pub addresses: BTreeMap<VirtualAddress, Presence>,
    /// How long the kernel keeps an address after it was put there or renewed; `None` for ever.
    pub lease: Option<Duration>,
    /// Settings of the kernel.
    pub sysctls: BTreeMap<Sysctl, SysctlValue>,
    /// The synchronisation daemons that should run; `None` when they are none of our business.
    pub sync: Option<BTreeMap<SyncRole, SyncDaemon>>,
    /// The addresses at which only virtual services are to be had; `None` when they are none of our
    /// business.
    pub closed: Option<Closed>,
    /// The firewall marks that packets should get; `None` when they are none of our business.
    pub marks: Option<Marks>,
    /// How long the servers of each configured service drain, should it leave the configuration.
    /// Nothing of it is in the kernel: it is for the ledger.
    pub drains: BTreeMap<ServiceKey, Duration>,
}

impl DesiredState {
    /// How often the lives of the addresses must be renewed; `None` when there is nothing to renew.
    ///
    /// A quarter of the lease: two renewals in a row may fail and the address stays.
    #[must_use]
    pub fn renewal(&self) -> Option<Duration> {
        let kept = |presence: &Presence| *presence != Presence::Released;
        self.lease.filter(|_| self.addresses.values().any(kept)).map(|lease| lease / 4)
    }

    /// The devices of addresses that have hardware addresses of their own. A device is wanted when
    /// one of its addresses is, and left as it is when one of them is.
    #[must_use]
    pub fn devices(&self) -> BTreeMap<VirtualDevice, Presence> {
        let mut devices: BTreeMap<VirtualDevice, Presence> = BTreeMap::new();
        for (address, presence) in &self.addresses {
            let Some(device) = address.device() else { continue };
            let known = devices.entry(device).or_insert(*presence);
            *known = match (*known, *presence) {
                (Presence::Held, _) | (_, Presence::Held) => Presence::Held,
                (Presence::AsFound, _) | (_, Presence::AsFound) => Presence::AsFound,
                (Presence::Released, Presence::Released) => Presence::Released,
            };
        }
        devices
    }
}

/// Addresses at which this node takes nothing from the network but neighbour discovery and what is
/// for these, its virtual services there.
pub type Closed = BTreeMap<IpAddr, BTreeSet<Open>>;

/// What is taken at a closed address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Open {
    /// A protocol and port; 0 for every port.
    Port(Protocol, u16),
    /// Packets with this firewall mark.
    Mark(u32),
}

/// Which firewall mark packets get before they are looked up in the IPVS table.
pub type Marks = BTreeMap<Traffic, u32>;

/// Whether a virtual address should be on its interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    /// It should be there.
    Held,
    /// It should not be there.
    Released,
    /// However it is now: this node has just started and does not know yet.
    AsFound,
}

/// A virtual service as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredService {
    /// Its scheduler and what else the kernel keeps of it.
    pub settings: ServiceSettings,
    /// The real servers that should be in the table.
    pub servers: BTreeMap<SocketAddr, DesiredServer>,
    /// Servers of ours that should not be in the table now: they are removed from it when found
    /// there, while a server that nobody named is foreign.
    pub absent: BTreeSet<SocketAddr>,
}

impl DesiredService {
    /// Whether it speaks of the server, as one that should be in the table or one that should not.
    #[must_use]
    pub fn names(&self, server: &SocketAddr) -> bool {
        self.servers.contains_key(server) || self.absent.contains(server)
    }
}

/// A real server as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct DesiredServer {
    /// How packets reach it.
    pub forward: Forward,
    /// Its share.
    pub weight: Weight,
    /// Between which numbers of connections it is overloaded.
    pub thresholds: Thresholds,
}

impl DesiredServer {
    /// A server that is never overloaded.
    #[must_use]
    pub const fn new(forward: Forward, weight: Weight) -> Self {
        Self { forward, weight, thresholds: Thresholds::NONE }
    }

    /// A server of the service with this weight; one that the service does not name is reached as
    /// the service says.
    #[must_use]
    pub fn of(service: &Service, address: &SocketAddr, weight: Weight) -> Self {
        let server = service.servers.get(address);
        Self {
            forward: service.forward_of(address),
            weight,
            thresholds: server.map_or(Thresholds::NONE, |server| server.thresholds),
        }
    }

    /// The fallback of the service.
    ///
    /// One on this machine is reached by direct routing: the kernel rewrites no packet to a
    /// loopback address (`ip_vs_nat_xmit` in `ip_vs_xmit.c`), and there is nothing to wrap.
    #[must_use]
    pub fn fallback(service: &Service, fallback: &SocketAddr) -> Self {
        let local = fallback.ip().is_loopback();
        Self::new(if local { Forward::Direct } else { service.forward }, Weight::ONE)
    }
}

impl fmt::Display for DesiredServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { forward, weight, thresholds } = self;
        write!(formatter, "{forward} weight {weight}")?;
        if *thresholds != Thresholds::NONE {
            let Thresholds { upper, lower } = thresholds;
            write!(formatter, " upper threshold {upper} lower threshold {lower}")?;
        }
        Ok(())
    }
}
