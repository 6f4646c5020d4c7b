//! Ways to single real servers through the services: a firewall mark for each, and a virtual
//! service with that one server in the kernel, for the packets of the director's own checks.
//!
//! IPVS looks marked packets up by their mark first, also those that this host itself sends
//! (`ip_vs_service_find` in `ip_vs_ctl.c`, the hook `LOCAL_OUT` in `ip_vs_core.c`). So a check
//! whose packets carry a server's mark goes to that server alone, by the service's own forwarding
//! method, on a director that holds the virtual address as on one that does not.

use super::shared::{Cadence, Plan, Shared};
use super::{Checked, Checks};
use crate::config::{
    Config, Forward, Scheduler, Service, ServiceKey, Traffic, Via, VirtualAddress, Weight,
};
use crate::desired::{DesiredServer, DesiredService};
use crate::name::{InterfaceName, NodeName};
use crate::observed::Snapshot;
use crate::probe::{Probe, Way};
use crate::time::Instant;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

/// A check that cannot begin because its way is not there is looked at again this much later.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// To whom a way leads, and by which method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct To {
    server: IpAddr,
    forward: Forward,
    /// Whether the packets that go there are of IPv6.
    ipv6: bool,
}

/// All ways that checks use. A way that stays keeps its mark.
#[derive(Clone, Debug, Default)]
pub(super) struct Ways {
    marks: BTreeMap<To, u32>,
    by_mark: BTreeMap<u32, To>,
}

/// Where the packets of a check through the service leave this director.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Exit {
    interface: InterfaceName,
}

impl Ways {
    /// The ways of a configuration. Those that were there before stay as they are.
    pub(super) fn of(config: &Config, before: &Self) -> Self {
        let wanted: BTreeSet<To> = config.services.values().flat_map(of_service).collect();
        let kept = before.marks.iter().filter(|(to, _)| wanted.contains(*to));
        let marks = config.cluster.check_marks;
        let ours = |mark: u32| marks.has(&ServiceKey::FwMark(mark));
        let mut all: BTreeMap<To, u32> =
            kept.filter(|(_, mark)| ours(**mark)).map(|(to, mark)| (*to, *mark)).collect();
        let taken: BTreeSet<u32> = all.values().copied().collect();
        let mut free = marks.all().filter(|mark| !taken.contains(mark));
        for to in wanted {
            if !all.contains_key(&to)
                && let Some(mark) = free.next()
            {
                all.insert(to, mark);
            }
        }
        Self { by_mark: all.iter().map(|(to, mark)| (*mark, *to)).collect(), marks: all }
    }

    /// What the kernel should hold for them.
    pub(super) fn desired(&self, services: &mut BTreeMap<ServiceKey, DesiredService>) {
        for (to, mark) in &self.marks {
            let server = DesiredServer::new(to.forward, Weight::ONE);
            services.insert(
                to.key(*mark),
                DesiredService {
                    settings: Scheduler::Rr.into(),
                    servers: BTreeMap::from([(to.destination(), server)]),
                    absent: BTreeSet::new(),
                },
            );
        }
    }

    /// The mark of the way to a server of the service.
    pub(super) fn mark(&self, service: &Service, server: &SocketAddr) -> Option<u32> {
        self.marks.get(&To::of(service, server)).copied()
    }

    /// Whether the kernel held the way with this mark when it was asked last.
    fn stands(&self, mark: u32, found: Option<&Snapshot>) -> bool {
        let (Some(to), Some(found)) = (self.by_mark.get(&mark), found) else { return false };
        let Some(table) = found.services.get(&to.key(mark)) else { return false };
        table.servers.len() == 1
            && table
                .servers
                .get(&to.destination())
                .is_some_and(|present| present.has(&DesiredServer::new(to.forward, Weight::ONE)))
    }
}

impl To {
    fn of(service: &Service, server: &SocketAddr) -> Self {
        let (forward, ipv6) = (service.forward_of(server), service.key.is_ipv6());
        Self { server: server.ip(), forward, ipv6 }
    }

    const fn key(&self, mark: u32) -> ServiceKey {
        if self.ipv6 { ServiceKey::FwMark6(mark) } else { ServiceKey::FwMark(mark) }
    }

    /// Without a port: packets keep theirs.
    const fn destination(&self) -> SocketAddr {
        SocketAddr::new(self.server, 0)
    }
}

/// The ways that the checks of a service need.
fn of_service(service: &Service) -> impl Iterator<Item = To> {
    let servers = service.servers.keys().filter(|_| service.check.via == Via::Service);
    servers.map(|server| To::of(service, server))
}

impl Service {
    /// Where checks through the service connect to: of several addresses the first that has the
    /// port of the check.
    #[must_use]
    pub fn checked_at(&self) -> Option<SocketAddr> {
        let port = self.check.port.map(core::num::NonZeroU16::get);
        match self.key.address() {
            Some(address) => Some(SocketAddr::new(address.ip(), port.unwrap_or(address.port()))),
            None => {
                let fits = |traffic: &&Traffic| port.is_none_or(|port| traffic.to.port() == port);
                self.marked.iter().find(fits).map(|traffic| traffic.to)
            }
        }
    }
}

/// The check of a server, by the way that its service says.
pub(super) fn cadence(
    config: &Config,
    node: &NodeName,
    ways: &Ways,
    (service, plan): (&Service, &Arc<Plan>),
    server: SocketAddr,
) -> Cadence {
    let target = service.checked_at().filter(|_| service.check.via == Via::Service);
    let Some(target) = target else { return Cadence::of(plan, server) };
    let groups = config.groups.values().flat_map(|group| &group.addresses);
    let held = groups.clone().find(|held| held.address == target.ip());
    let exit = held.map(|held| Exit { interface: held.interface.clone() });
    let own = held.and_then(|held| config.nodes.get(node)?.addresses.get(&held.interface));
    let way = Way {
        // A mark that there is not is one that the kernel never holds.
        mark: ways.mark(service, &server).unwrap_or(0),
        source: own.copied().filter(|own| own.is_ipv4() == target.is_ipv4()),
    };
    Cadence::through(plan, target, way, exit)
}

impl Checks {
    /// Where a server is asked, and with which firewall mark.
    pub(crate) fn asked(&self, entry: &Checked) -> (SocketAddr, Option<u32>) {
        let shared = self.shared.get(entry.check);
        let target = shared.map_or(entry.server, Shared::target);
        (target, shared.and_then(Shared::way).map(|way| way.mark))
    }

    /// What is to be sent now, or why it cannot be.
    pub(super) fn ready(
        &self,
        shared: &Shared,
        found: Option<&Snapshot>,
    ) -> Result<Option<IpAddr>, Obstacle> {
        let Some(way) = shared.way() else { return Ok(None) };
        if !self.ways.stands(way.mark, found) {
            return Err(Obstacle::NoWay);
        }
        if way.source.is_some() {
            return Ok(way.source);
        }
        let exit = shared.exit().map(|exit| &exit.interface);
        let ipv6 = shared.target().is_ipv6();
        let fits = |held: &&VirtualAddress| {
            let link_local = match held.address {
                IpAddr::V4(own) => own.is_link_local(),
                IpAddr::V6(own) => own.is_unicast_link_local(),
            };
            exit == Some(&held.interface)
                && held.address.is_ipv6() == ipv6
                && !link_local
                && !self.virtuals.contains(&held.address)
        };
        let mut present = found.into_iter().flat_map(|found| found.addresses.keys());
        match present.find(fits) {
            Some(own) => Ok(Some(own.address)),
            None => Err(Obstacle::NoSource),
        }
    }

    /// A check cannot begin. Returns when to look again, or why it has failed by now.
    pub(super) fn hindered(
        &mut self,
        index: usize,
        obstacle: Obstacle,
        now: Instant,
    ) -> Result<Instant, String> {
        let shared = &mut self.shared[index];
        let since = *shared.hindered.get_or_insert(now);
        if now.since(since) < shared.timeout() {
            return Ok(now + LOOK_AGAIN.min(shared.interval(None)));
        }
        shared.hindered = None;
        Err(obstacle.to_string())
    }
}

/// Why a check through the service cannot begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    NoWay,
    NoSource,
}

impl core::fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(match self {
            Self::NoWay => "the kernel does not hold the way to the server through the service",
            Self::NoSource => {
                "no address of this director's own and of that family on the interface of the \
                 virtual address"
            }
        })
    }
}

/// The same probe from this address.
pub(super) fn from(mut probe: Probe, source: Option<IpAddr>) -> Arc<Probe> {
    if let Some(way) = &mut probe.way {
        way.source = source;
    }
    Arc::new(probe)
}
