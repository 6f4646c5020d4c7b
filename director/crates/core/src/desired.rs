//! What the kernel should hold: a function of configuration, roles and health.

use crate::config::{Forward, Scheduler, ServiceKey, VirtualAddress, Weight};
use crate::name::InterfaceName;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

/// What the kernel should hold of ours. What it holds beside that is not ours and stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DesiredState {
    /// The virtual services.
    pub services: BTreeMap<ServiceKey, DesiredService>,
    /// The virtual addresses of the configuration, held or not.
    pub addresses: BTreeMap<VirtualAddress, Presence>,
    /// How long the kernel keeps an address after it was put there or renewed; `None` for ever.
    pub lease: Option<Duration>,
    /// Settings of the kernel.
    pub sysctls: BTreeMap<Sysctl, i64>,
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
}

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
    /// Its scheduler.
    pub scheduler: Scheduler,
    /// The real servers that should be in the table.
    pub servers: BTreeMap<SocketAddr, DesiredServer>,
    /// Servers of ours that should not be in the table now: they are removed from it when found
    /// there, while a server that nobody named is foreign.
    pub absent: BTreeSet<SocketAddr>,
}

/// A real server as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DesiredServer {
    /// How packets reach it.
    pub forward: Forward,
    /// Its share.
    pub weight: Weight,
}

/// A setting of the kernel that the director cares for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Sysctl {
    /// `net/ipv4/conf/IF/arp_ignore`: 1 answers ARP only for addresses of the asked interface, so
    /// that a heartbeat interface on the same segment does not answer for a virtual address.
    ArpIgnore(InterfaceName),
    /// `net/ipv4/conf/IF/arp_announce`: 2 never uses a virtual address as the source of an ARP
    /// request that another local address fits better.
    ArpAnnounce(InterfaceName),
    /// `net/ipv4/conf/IF/rp_filter`: 2 drops packets only when no interface leads to their source,
    /// 1 when this one does not.
    ReversePathFilter(InterfaceName),
    /// `net/ipv4/vs/expire_nodest_conn`: 1 ends connections whose server has been removed at their
    /// next packet, instead of dropping their packets until they time out.
    ExpireNodestConn,
    /// `net/ipv4/vs/expire_quiescent_template`: 1 moves persistent clients off a server with weight
    /// 0.
    ExpireQuiescentTemplate,
}

impl Sysctl {
    /// The file below `/proc/sys`.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::ArpIgnore(interface) => alloc::format!("net/ipv4/conf/{interface}/arp_ignore"),
            Self::ArpAnnounce(interface) => {
                alloc::format!("net/ipv4/conf/{interface}/arp_announce")
            }
            Self::ReversePathFilter(interface) => {
                alloc::format!("net/ipv4/conf/{interface}/rp_filter")
            }
            Self::ExpireNodestConn => String::from("net/ipv4/vs/expire_nodest_conn"),
            Self::ExpireQuiescentTemplate => String::from("net/ipv4/vs/expire_quiescent_template"),
        }
    }
}

impl fmt::Display for Sysctl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.path())
    }
}
