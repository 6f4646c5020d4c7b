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
mod device;
#[cfg(test)]
mod tests;

pub use changes::{Change, Found, Record, changes, undo};
pub use device::{Device, GuePort};

use crate::config::{Config, Forward, Tunnel, VirtualAddress};
use crate::desired::Sysctl;
use crate::name::{InterfaceName, ServiceName};
use crate::planted::{Bug, planted};
use alloc::collections::{BTreeMap, BTreeSet};
use core::net::IpAddr;

/// What a host must hold as a real server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The services that it serves, and how their packets reach it.
    pub services: BTreeMap<ServiceName, Forward>,
    /// The virtual addresses, each alone in its network: on the loopback interface, and on the
    /// devices that unwrap packets for them.
    pub addresses: BTreeSet<VirtualAddress>,
    /// The least value of each setting.
    pub settings: BTreeMap<Sysctl, i64>,
    /// The devices that unwrap tunnelled packets.
    pub devices: BTreeSet<Device>,
    /// The UDP ports at which it takes packets in generic UDP encapsulation.
    pub ports: BTreeSet<GuePort>,
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
            Forward::Tunnel(tunnel) => self.unwrap(tunnel, listen, server),
        }
        self.hold(listen);
    }

    /// The address with no network around it: a longer reach would make its neighbours local.
    fn hold(&mut self, address: IpAddr) {
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        let interface = InterfaceName::literal("lo");
        self.addresses.insert(VirtualAddress { address, prefix, interface, mac: None });
        if address.is_ipv4() && !planted(Bug::ArpIgnoreLeftOut) {
            // The kernel takes the greater of `all` and the interface. IPv6 needs no such setting:
            // it answers only for addresses of the interface that was asked (`net/ipv6/ndisc.c`).
            let all = InterfaceName::literal("all");
            self.settings.insert(Sysctl::ArpIgnore(all.clone()), 1);
            self.settings.insert(Sysctl::ArpAnnounce(all), 2);
        }
    }

    fn unwrap(&mut self, tunnel: Tunnel, listen: IpAddr, server: IpAddr) {
        let device = Device::of(tunnel, listen, server);
        self.devices.insert(device);
        if let Tunnel::Gue { port, .. } = tunnel {
            self.ports.insert(GuePort { port, ipv6: server.is_ipv6() });
        }
        if listen.is_ipv4() {
            // Clients are not behind the tunnel: a strict filter drops every one of their packets.
            // Loose filtering wins over a strict `all` (`conf/all/rp_filter`, greatest value). It
            // drops them too when they come from a device without an address
            // (`__fib_validate_source` in `net/ipv4/fib_frontend.c`), so it gets one.
            self.settings.insert(Sysctl::ReversePathFilter(device.interface()), 2);
            let interface = device.interface();
            self.addresses.insert(VirtualAddress {
                address: listen,
                prefix: 32,
                interface,
                mac: None,
            });
        }
    }
}
