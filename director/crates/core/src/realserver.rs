//! What a real server must hold so that direct routing and tunnelling reach it.
//!
//! With both methods the packet arrives with the virtual address as its destination. The real
//! server must therefore hold that address, and must never answer ARP for it: the director does.
//!
//! ```text
//! Config + the host's own addresses ─► needs() ─► Needs ─┐
//! kernel ─► Found ───────────────────────────────────────┴─► changes() ─► in order
//! ```

mod changes;
#[cfg(test)]
mod tests;

pub use changes::{Change, Found, Record, changes, undo};

use crate::config::{Config, Forward, VirtualAddress};
use crate::desired::Sysctl;
use crate::name::{InterfaceName, ServiceName};
use alloc::collections::{BTreeMap, BTreeSet};
use core::fmt;
use core::net::IpAddr;

/// What a host must hold as a real server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The services that it serves, and how their packets reach it.
    pub services: BTreeMap<ServiceName, Forward>,
    /// The virtual addresses, each alone in its network on the loopback interface.
    pub addresses: BTreeSet<VirtualAddress>,
    /// The least value of each setting.
    pub settings: BTreeMap<Sysctl, i64>,
    /// The devices that unwrap tunnelled packets.
    pub tunnels: BTreeSet<Tunnel>,
}

/// A device of the kernel that unwraps packets from anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Tunnel {
    /// IPv4 in IPv4 (RFC 2003): `tunl0` of the module `ipip`.
    Ipip,
    /// IPv6 in IPv6 (RFC 2473): `ip6tnl0` of the module `ip6_tunnel`.
    Ip6tnl,
    /// IPv6 in IPv4 (RFC 4213): `sit0` of the module `sit`.
    Sit,
}

impl Tunnel {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Ipip, Self::Ip6tnl, Self::Sit];

    /// The name of the device that the kernel makes with the module.
    #[must_use]
    pub const fn device(self) -> &'static str {
        match self {
            Self::Ipip => "tunl0",
            Self::Ip6tnl => "ip6tnl0",
            Self::Sit => "sit0",
        }
    }

    /// Its name as an interface.
    #[must_use]
    pub fn interface(self) -> InterfaceName {
        InterfaceName::literal(self.device())
    }

    /// The device that unwraps packets for an address of one family that came to one of the other.
    #[must_use]
    const fn between(inner: IpAddr, outer: IpAddr) -> Self {
        match (inner, outer) {
            (IpAddr::V4(_), IpAddr::V4(_)) => Self::Ipip,
            (IpAddr::V6(_), IpAddr::V4(_)) => Self::Sit,
            // `ip6tnl0` unwraps both families (`ip6_tnl.c`, mode any).
            (_, IpAddr::V6(_)) => Self::Ip6tnl,
        }
    }
}

impl fmt::Display for Tunnel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.device())
    }
}

/// What a host with these addresses must hold, as a real server of the configuration.
///
/// Empty when no service names one of the addresses, or only services that use NAT: there the
/// packets arrive with the server's own address.
#[must_use]
pub fn needs(config: &Config, own: &BTreeSet<IpAddr>) -> Needs {
    let mut needs = Needs::default();
    for (name, service) in &config.services {
        for server in service.servers.keys().filter(|server| own.contains(&server.ip())) {
            let forward = service.forward_of(server);
            needs.services.insert(name.clone(), forward);
            for listen in service.addresses() {
                needs.reach(listen, forward, server.ip());
            }
        }
    }
    needs
}

impl Needs {
    fn reach(&mut self, listen: IpAddr, forward: Forward, server: IpAddr) {
        match forward {
            Forward::Nat => return,
            Forward::Direct => {}
            Forward::Tunnel(_) => self.unwrap_with(Tunnel::between(listen, server)),
        }
        self.hold(listen);
    }

    /// The address with no network around it: a longer reach would make its neighbours local.
    fn hold(&mut self, address: IpAddr) {
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        let interface = InterfaceName::literal("lo");
        self.addresses.insert(VirtualAddress { address, prefix, interface });
        if address.is_ipv4() {
            // The kernel takes the greater of `all` and the interface. IPv6 needs no such setting:
            // it answers only for addresses of the interface that was asked (`net/ipv6/ndisc.c`).
            let all = InterfaceName::literal("all");
            self.settings.insert(Sysctl::ArpIgnore(all.clone()), 1);
            self.settings.insert(Sysctl::ArpAnnounce(all), 2);
        }
    }

    fn unwrap_with(&mut self, tunnel: Tunnel) {
        self.tunnels.insert(tunnel);
        if tunnel == Tunnel::Ipip {
            // Clients are not behind the tunnel: a strict filter drops every one of their packets.
            // Loose filtering wins over a strict `all` (`conf/all/rp_filter`, greatest value).
            self.settings.insert(Sysctl::ReversePathFilter(tunnel.interface()), 2);
        }
    }
}
