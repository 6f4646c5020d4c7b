//! Directors that are real servers too, and packets that would go round between them.
//!
//! ```text
//! client ─► owner: its table chooses the other director ─► other director: its table, kept warm,
//!           chooses the owner ─► owner: …
//! ```
//!
//! With direct routing and tunnelling a forwarded packet still has the virtual address as its
//! destination, and IPVS looks at it again where it arrives (`ip_vs_in_hook`, `ip_vs_core.c`). So
//! a director that does not hold a service's addresses sends nothing on to other directors: what
//! comes to it was sent by the owner, and it serves that itself.

use super::{DesiredService, Presence};
use crate::config::{Config, Forward, ServiceKey, VirtualAddress, Weight};
use crate::name::NodeName;
use alloc::collections::BTreeMap;
use core::net::{IpAddr, SocketAddr};

/// Takes the weight of every other director in the services whose addresses `own` does not hold.
pub(crate) fn cut(
    services: &mut BTreeMap<ServiceKey, DesiredService>,
    config: &Config,
    own: &NodeName,
    addresses: &BTreeMap<VirtualAddress, Presence>,
) {
    let is_other = |server: &SocketAddr| {
        config.nodes.iter().any(|(name, node)| {
            name != own && node.addresses.values().any(|address| *address == server.ip())
        })
    };
    let released = |address: IpAddr| {
        let of_it = |(held, presence): (&VirtualAddress, &Presence)| {
            held.address == address && *presence == Presence::Released
        };
        addresses.iter().any(of_it)
    };
    for service in config.services.values() {
        let Some(desired) = services.get_mut(&service.key) else { continue };
        let (mut all, mut any) = (true, false);
        for address in service.addresses() {
            any = true;
            all &= released(address);
        }
        if !(any && all) {
            continue;
        }
        for (server, found) in &mut desired.servers {
            if found.forward != Forward::Nat && is_other(server) {
                found.weight = Weight::ZERO;
            }
        }
    }
}
