//! Servers that leave: they get no new connections, and keep those they have until a deadline.
//!
//! What counts as a connection that a server still has:
//!
//! * TCP and SCTP: the active ones. The others are closing, and their ends no longer need the
//!   server to answer.
//! * UDP and firewall marks: all. A flow has no end but its silence, which the kernel waits for
//!   (300 s, unless `ipvsadm --set` says otherwise), so the deadline usually comes first.
//! * Persistent clients: their connections, not their templates. With `expire_quiescent_template`
//!   their next connection goes to another server.

use super::Checks;
use crate::cluster::Out;
use crate::config::{Config, Service, ServiceKey, ServiceSettings, Weight};
use crate::desired::{DesiredServer, DesiredService};
use crate::observed::{ObservedServer, Snapshot};
use crate::plan::Ledger;
use crate::planted::{Bug, planted};
use crate::report::Report;
use crate::time::Instant;
use alloc::collections::{BTreeMap, BTreeSet};
use core::net::SocketAddr;

/// Connections for which a server of this service is still needed.
#[must_use]
pub(crate) fn connections(key: ServiceKey, server: &ObservedServer) -> u32 {
    match key {
        ServiceKey::Tcp(_) | ServiceKey::Sctp(_) => server.active,
        ServiceKey::Udp(_) | ServiceKey::FwMark(_) | ServiceKey::FwMark6(_) => {
            server.active.saturating_add(server.inactive)
        }
    }
}

impl Checks {
    /// What is in the table and no longer configured leaves it slowly.
    pub(super) fn drain(&mut self, before: &Config, config: &Config, now: Instant, out: &mut Out) {
        let stays: BTreeSet<(ServiceKey, SocketAddr)> = config
            .services
            .values()
            .flat_map(|service| service.servers.keys().map(|server| (service.key, *server)))
            .collect();
        for entry in &self.servers {
            let Some(service) = before.services.get(&entry.service) else { continue };
            let gone = !stays.contains(&(entry.key, entry.server));
            let at_once = service.drain.is_zero() || planted(Bug::DrainIgnoredByReload);
            if !gone || at_once || entry.share.is_none() {
                continue;
            }
            let server = DesiredServer::of(service, &entry.server, Weight::ZERO);
            let until = now + service.drain;
            self.drains.begin(entry.key, entry.server, (service.settings, server), until);
            let (service, server) = (entry.key, entry.server);
            out.reports.push_back(Report::Draining { service, server });
        }
    }

    /// What a director that was killed left in the table, and is no longer configured, leaves it as
    /// slowly as if a reload had taken it out: in the time that its service has now, or when that
    /// has left as well, in the time that the service had.
    pub(super) fn drain_left(
        &mut self,
        config: &Config,
        found: &Snapshot,
        ledger: &Ledger,
        now: Instant,
        out: &mut Out,
    ) {
        let configured: BTreeMap<ServiceKey, &Service> =
            config.services.values().map(|service| (service.key, service)).collect();
        for (key, drain) in ledger.services() {
            let service = configured.get(&key).copied();
            let drain = service.map_or(drain, |service| service.drain);
            let Some(present) = found.services.get(&key).filter(|_| !drain.is_zero()) else {
                continue;
            };
            let settings = service.map(|it| it.settings).or_else(|| present.settings());
            let Some(settings) = settings else { continue };
            let left = present.servers.iter().filter(|(address, _)| {
                ledger.has_server(key, **address)
                    && service.is_none_or(|service| !service.names(address))
            });
            for (address, server) in left {
                let ObservedServer { forward, thresholds, .. } = *server;
                let to = DesiredServer { forward, thresholds, weight: Weight::ZERO };
                self.drains.begin(key, *address, (settings, to), now + drain);
                out.reports.push_back(Report::Draining { service: key, server: *address });
            }
        }
    }

    /// Takes in what the kernel holds: a drain ends early when nothing is left.
    pub(crate) fn observed(
        &mut self,
        config: &Config,
        found: &Snapshot,
        now: Instant,
        out: &mut Out,
    ) {
        // A kernel that has not been told yet may give it a connection at any moment.
        let told = |server: &ObservedServer| server.weight == Weight::ZERO;
        self.drains
            .end_where(Some(found), out, |_, present, left| left == 0 && present.is_none_or(told));
        self.count(found, out);
        self.take_hints(config, found, now, out);
    }

    /// Whether servers that have left the configuration still have connections.
    pub(crate) fn is_parting(&self) -> bool {
        self.drains.next().is_some()
    }

    /// Whether connections are to be counted soon, because somebody waits for their end.
    pub(crate) fn is_draining(&self) -> bool {
        self.is_parting() || self.servers.iter().any(|entry| entry.ordered.is_draining())
    }

    /// The servers that leave.
    pub(crate) fn drains(&self) -> &Drains {
        &self.drains
    }
}

/// A server that leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drain {
    /// When it goes, whatever it still has.
    pub(crate) until: Instant,
    /// How the kernel shall hold it until then.
    server: DesiredServer,
    /// How the kernel shall hold its service, when nobody else asks for that any more.
    service: ServiceSettings,
}

/// All servers that leave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drains(BTreeMap<(ServiceKey, SocketAddr), Drain>);

impl Drains {
    /// The server gets no new connections from now on, and leaves when it has none, or at `until`.
    pub(crate) fn begin(
        &mut self,
        key: ServiceKey,
        server: SocketAddr,
        settings: (ServiceSettings, DesiredServer),
        until: Instant,
    ) {
        let (service, server_settings) = settings;
        let server_settings = DesiredServer { weight: Weight::ZERO, ..server_settings };
        let drain = Drain { until, server: server_settings, service };
        self.0.entry((key, server)).or_insert(drain);
    }

    /// The server stays after all. Returns whether it was about to leave.
    pub(crate) fn end(&mut self, key: ServiceKey, server: SocketAddr) -> bool {
        self.0.remove(&(key, server)).is_some()
    }

    /// Lets those go whose deadline has come. Returns whether there was one.
    pub(super) fn due(&mut self, found: Option<&Snapshot>, now: Instant, out: &mut Out) -> bool {
        self.end_where(found, out, |drain, _, _| now >= drain.until)
    }

    fn end_where(
        &mut self,
        found: Option<&Snapshot>,
        out: &mut Out,
        over: impl Fn(&Drain, Option<&ObservedServer>, u32) -> bool,
    ) -> bool {
        let before = self.0.len();
        self.0.retain(|(service, server), drain| {
            let (service, server) = (*service, *server);
            let left = left(found, service, &server);
            let over = over(drain, present(found, service, &server), left);
            if over {
                out.reports.push_back(Report::Drained { service, server, left });
            }
            !over
        });
        before != self.0.len()
    }

    /// When the next deadline comes.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.values().map(|drain| drain.until).min()
    }

    /// Each with the connections that it still has.
    pub(crate) fn all<'a>(
        &'a self,
        found: Option<&'a Snapshot>,
    ) -> impl Iterator<Item = (ServiceKey, SocketAddr, &'a Drain, u32)> {
        self.0
            .iter()
            .map(move |((key, server), drain)| (*key, *server, drain, left(found, *key, server)))
    }

    /// Adds them to what is desired anyway.
    pub(crate) fn desired(&self, services: &mut BTreeMap<ServiceKey, DesiredService>) {
        for ((key, server), drain) in &self.0 {
            let service = services.entry(*key).or_insert_with(|| DesiredService {
                settings: drain.service,
                servers: BTreeMap::new(),
                absent: BTreeSet::new(),
            });
            service.servers.entry(*server).or_insert(drain.server);
        }
    }
}

fn left(found: Option<&Snapshot>, key: ServiceKey, server: &SocketAddr) -> u32 {
    present(found, key, server).map_or(0, |present| connections(key, present))
}

fn present<'a>(
    found: Option<&'a Snapshot>,
    key: ServiceKey,
    server: &SocketAddr,
) -> Option<&'a ObservedServer> {
    found.and_then(|found| found.services.get(&key))?.servers.get(server)
}
