//! Groups whose owner is elected by VRRP: [`machine`] has the standard's states, [`router`]
//! brings them and the kernel together, and this hands each what is for it.
//!
//! What differs from RFC 9568, and why:
//!
//! * **Accept_Mode is true by default** (§6.1 has false), as in keepalived. Without it virtual
//!   services are still served: they are what the router forwards.
//! * **The virtual MAC address is not used by default** (§7.3): addresses stay with the
//!   interface's own, and every takeover is announced. keepalived's default is the same.
//! * **Giving up is in two steps**: on Shutdown (§6.4.3) adverts go on until the kernel has
//!   taken the addresses off, then the one with priority 0 is sent. Who hears it may take over
//!   at once, and nobody sees two owners.
//! * **What is found is kept**: a director that has just started, or was not run for so long
//!   that another may be active by now, is Backup, but leaves addresses that the kernel holds
//!   there until it hears an active router or becomes one.
//! * **Who gives way says one last word** (§6.4.3 has none) once its kernel has taken the
//!   addresses off: an advert of its own priority, so that the better router, which may never
//!   have heard it, announces itself to neighbours that believe the other. To every router it
//!   is an advert like the ones before.
//! * **Who preempts waits for that word**, 20 ms at most, between its first advert and its
//!   taking of the addresses.
//! * **The address list of an advert is not compared** (§7.1 lets it be): a difference must not
//!   make two routers active.
//! * **Unicast** is in no RFC. Adverts to configured peers leave with 255 hops, but may arrive
//!   with fewer: peers may be behind a router, and keepalived sends with the system's default
//!   over IPv6.
//! * **Who cannot hold the addresses gives up**: adverts of a router whose kernel does not obey
//!   would keep every other from taking them ([`obedience`]).
//! * **Who may not hold the addresses says nothing as Active**: after a sleep in which they may
//!   have run out, adverts and announcements wait until the kernel was looked at. Before it holds
//!   them, and after it has let go, a router with a virtual MAC address sends its adverts from the
//!   interface's own, so that no switch sends to it (§7.2 has them all from the virtual one).
//! * **Carrier**: without it on one of its interfaces a virtual router is in Initialize.

mod asleep;
mod count;
mod machine;
mod obedience;
mod order;
mod router;
mod send;
#[cfg(test)]
mod tests;
mod view;

use super::Out;
use crate::advert::{Advert, Fault};
use crate::config::{Config, VirtualAddress};
use crate::desired::Presence;
use crate::input::Reconciled;
use crate::name::{GroupName, InterfaceName, NodeName};
use crate::observed::Snapshot;
use crate::report::{AnnounceCause, Role};
use crate::time::{Deadline, Instant, earlier};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;
use count::Told;
use router::{Own, Router, Way};

/// An advert, or what was wrong with a packet, and how it came.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Arrival {
    /// By this interface.
    pub interface: InterfaceName,
    /// From this address.
    pub from: IpAddr,
    /// The address that our adverts carry there as their source.
    pub local: IpAddr,
    /// With this TTL or hop limit.
    pub hops: u8,
    /// What it says.
    pub said: Result<Advert, Fault>,
}

/// The virtual routers of this node.
#[derive(Clone, Debug)]
pub(super) struct Routers {
    list: Vec<Router>,
    us: NodeName,
    /// Whose the addresses of nodes are.
    names: BTreeMap<IpAddr, NodeName>,
    told: Told,
    changed: bool,
}

impl Routers {
    pub(super) fn new(config: &Config, us: &NodeName, found: &Snapshot, now: Instant) -> Self {
        let mut routers = Self {
            list: Vec::new(),
            us: us.clone(),
            names: BTreeMap::new(),
            told: Told::default(),
            changed: false,
        };
        routers.adopt(config, now);
        for router in &mut routers.list {
            router.keeping = router.addresses.iter().any(|it| found.addresses.contains_key(it));
        }
        routers
    }

    /// Uses a configuration; virtual routers that stay keep their state.
    pub(super) fn adopt(&mut self, config: &Config, now: Instant) {
        let own = |(name, node): (&NodeName, &crate::config::Node)| {
            let addresses = node.addresses.values();
            addresses.map(|address| (*address, name.clone())).collect::<Vec<_>>()
        };
        self.names = config.nodes.iter().flat_map(own).collect();
        let ours = config.nodes.get(&self.us).map(|node| node.addresses.values().copied());
        let own = Own {
            addresses: ours.into_iter().flatten().collect(),
            announce: config.cluster.announce,
            patience: config.cluster.deadtime,
        };
        let mut former: BTreeMap<GroupName, Router> =
            self.list.drain(..).map(|router| (router.name.clone(), router)).collect();
        for (name, group) in &config.groups {
            let Some(vrrp) = &group.vrrp else { continue };
            let priority = config.vrrp_priority(group, &self.us);
            let mut fresh = Router::new(name.clone(), group, vrrp, priority, &own, now);
            if let Some(former) = former.remove(name) {
                fresh = former.with(fresh);
            }
            self.list.push(fresh);
        }
        self.changed = true;
    }

    /// Whether the kernel should hold each address. A node's own addresses are not its business.
    pub(super) fn presences(&self) -> impl Iterator<Item = (&VirtualAddress, Presence)> {
        let elected = self.list.iter().filter(|router| !router.is_owner());
        elected.flat_map(|router| router.addresses.iter().map(|it| (it, router.presence())))
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.list.iter().all(|router| router.role == Role::Stopped)
    }

    pub(super) fn stop(&mut self) {
        for router in &mut self.list {
            router.leave(router::Leaving::Stop);
        }
    }

    /// A packet arrived.
    pub(super) fn hear(&mut self, arrival: Arrival, now: Instant, out: &mut Out) {
        let Arrival { interface, from, local, hops, said } = arrival;
        let is_near = |router: &Router| {
            router.settings.interface == interface && router.is_ipv6() == from.is_ipv6()
        };
        let number = said.as_ref().ok().map(|advert| advert.router);
        // Whose a packet would have been is not known when it says nothing.
        let is_meant = |router: &Router| number.is_none_or(|it| it == router.settings.router);
        let meant = |router: &&mut Router| is_near(router) && is_meant(router);
        let fault = match &said {
            Err(fault) => *fault,
            Ok(advert) => {
                let Some(router) = self.list.iter_mut().find(meant) else {
                    for router in self.list.iter_mut().filter(|router| is_near(router)) {
                        router.count.ignored(Fault::OtherRouter);
                    }
                    return;
                };
                match router.hear(advert, Way { from, local, hops }, now, out) {
                    Ok(()) => return,
                    Err(fault) => fault,
                }
            }
        };
        self.list.iter_mut().filter(meant).for_each(|router| router.count.ignored(fault));
        self.told.note(interface, from, fault, now, out);
    }

    /// Does what is due.
    pub(super) fn due(&mut self, now: Instant, out: &mut Out) {
        for router in &mut self.list {
            router.due(now, out);
        }
    }

    pub(super) fn reconciled(&mut self, result: &Reconciled, now: Instant, out: &mut Out) {
        for router in &mut self.list {
            router.reconciled(result, now, out);
        }
    }

    pub(super) fn requested(&mut self, number: u64) {
        self.list.iter_mut().for_each(|router| router.requested(number));
    }

    /// Begins what is to begin. Returns whether a role changed since the last time.
    pub(super) fn settle(&mut self, now: Instant, out: &mut Out) -> bool {
        for router in &mut self.list {
            router.settle(now, out);
            self.changed |= core::mem::take(&mut router.changed);
        }
        core::mem::take(&mut self.changed)
    }

    pub(super) fn carrier(&mut self, interface: &InterfaceName, up: bool) {
        self.list.iter_mut().for_each(|router| router.carrier(interface, up));
    }

    /// An address of an active router has come back into the kernel.
    pub(super) fn announce_again(&mut self, address: &VirtualAddress, now: Instant, out: &mut Out) {
        for router in self.list.iter_mut().filter(|router| router.addresses.contains(address)) {
            router.announce(AnnounceCause::Taken, now, out);
        }
    }

    /// This process was not run for `late`. Whether the kernel must be looked at.
    pub(super) fn stalled(&mut self, late: Duration, now: Instant, out: &mut Out) -> bool {
        self.list.iter_mut().fold(false, |look, router| router.stalled(late, now, out) | look)
    }

    pub(super) fn next_deadline(&self) -> Option<Deadline> {
        let deadlines = self.list.iter().map(|router| router.next_deadline());
        deadlines.fold(None, earlier)
    }
}
