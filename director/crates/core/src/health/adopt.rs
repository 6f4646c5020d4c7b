//! Where the servers come from: a start on whatever the kernel holds, and a reload.

use super::drain::Drains;
use super::duty::Ordered;
use super::pool::{Part, Pool};
use super::schedule::Schedule;
use super::shared::{Index, Plan, Shared};
use super::verdict::{Limits, Record};
use super::ways::{Ways, cadence};
use super::{Checked, Checks};
use crate::cluster::Out;
use crate::config::{Config, Service, Weight};
use crate::name::{NodeName, ServiceName};
use crate::observed::Snapshot;
use crate::plan::Ledger;
use crate::planted::{Bug, planted};
use crate::probe::Advice;
use crate::report::{Health, Report, ServerCause};
use crate::time::Instant;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

/// The first checks after a start are this far apart at most: all states are known soon.
const FIRST_CHECKS_APART_MAX: Duration = Duration::from_millis(20);

impl Checks {
    /// Builds all entries for a start: what is found in use stays in use until its checks say
    /// otherwise; nothing else is used before its first success.
    pub(crate) fn new(
        config: &Config,
        node: &NodeName,
        found: &Snapshot,
        ledger: &Ledger,
        now: Instant,
        out: &mut Out,
    ) -> Self {
        let mut checks = Self::of(config, node, &Ways::default(), now);
        for entry in &mut checks.servers {
            let table = found.services.get(&entry.key);
            let Some(present) = table.and_then(|table| table.servers.get(&entry.server)) else {
                continue;
            };
            entry.found = true;
            if present.weight > Weight::ZERO && !planted(Bug::AdoptedWeightLost) {
                entry.record.adopt(now);
                out.reports.push_back(Report::Server {
                    service: entry.service.clone(),
                    server: entry.server,
                    state: Health::Up,
                    why: ServerCause::Adopted,
                });
            }
        }
        checks.drain_left(config, found, ledger, now, out);
        checks.spread(now);
        checks
    }

    /// All servers of a configuration, as if nothing were known of them.
    fn of(config: &Config, node: &NodeName, ways: &Ways, now: Instant) -> Self {
        let held = config.groups.values().flat_map(|group| &group.addresses);
        let count = config.services.values().map(|service| service.servers.len()).sum();
        let mut checks = Self {
            servers: Vec::with_capacity(count),
            pools: Vec::new(),
            shared: Vec::new(),
            schedule: Schedule::default(),
            tickets: BTreeMap::new(),
            last_ticket: 0,
            steps: Schedule::default(),
            answers_changed: false,
            stale: BTreeMap::new(),
            drains: Drains::default(),
            ways: Ways::of(config, ways),
            virtuals: held.map(|held| held.address).collect(),
            node: node.clone(),
        };
        let mut index = Index::default();
        for (name, service) in &config.services {
            let first = checks.servers.len();
            let plan = Plan::of(&service.check);
            for address in service.servers.keys() {
                let cadence = cadence(config, node, &checks.ways, (service, &plan), *address);
                let place = index.find(&checks.shared, &cadence).unwrap_or_else(|| {
                    index.add(&cadence, checks.shared.len());
                    checks.shared.push(Shared::new(cadence));
                    checks.shared.len() - 1
                });
                let members = &mut checks.shared[place].members;
                if members.is_empty() {
                    // Most checks are one server's alone: no more room than that.
                    members.reserve_exact(1);
                }
                members.push(checks.servers.len());
                let pool = checks.pools.len();
                checks.servers.push(Checked::new((name, service, pool), *address, place, now));
            }
            checks.pools.push(Pool::new(name.clone(), first..checks.servers.len()));
        }
        checks.shared.shrink_to_fit();
        checks.forget_shares();
        checks
    }

    /// Gives every check that has no time yet the time of its next start, one after the other.
    ///
    /// Each service's are spread over all the time that there is: services whose checks cost much
    /// are not checked all at once, while the others wait for their turn.
    fn spread(&mut self, now: Instant) {
        let count = u32::try_from(self.shared.len()).unwrap_or(u32::MAX).max(1);
        let mut order: Vec<(u64, usize)> =
            (0..self.shared.len()).map(|place| (self.turn(place), place)).collect();
        order.sort_unstable();
        let mut offset = Duration::ZERO;
        for (_, place) in order {
            if !self.schedule.has(place) {
                self.schedule.set(place, now + offset);
            }
            offset += (self.shared[place].interval(None) / count).min(FIRST_CHECKS_APART_MAX);
        }
    }

    /// How far a check stands among those of its service: a fraction of 2³².
    fn turn(&self, place: usize) -> u64 {
        let first = self.shared[place].members.first();
        let Some((first, entry)) = first.and_then(|it| Some((it, self.servers.get(*it)?))) else {
            return 0;
        };
        let members = &self.pools[entry.pool].members;
        let (before, all) = ((first - members.start) as u64, members.len() as u64);
        ((2 * before + 1) << 32) / (2 * all)
    }

    /// Uses a new configuration. A server whose service and address stay keeps its state; a check
    /// that stays keeps its cadence, and a probe in flight.
    pub(crate) fn reload(&mut self, before: &Config, config: &Config, now: Instant, out: &mut Out) {
        self.drain(before, config, now, out);
        let fresh = Self::of(config, &self.node, &self.ways, now);
        let mut old = core::mem::replace(self, fresh);
        self.last_ticket = old.last_ticket;
        self.drains = core::mem::take(&mut old.drains);
        self.keep_checks(&mut old, out);
        self.keep_servers(old.servers, config);
        for pool in &mut self.pools {
            let former = old.pools.binary_search_by(|former| former.name.cmp(&pool.name));
            if let Some(former) = former.ok().and_then(|place| old.pools.get(place)) {
                pool.keep(former);
            }
        }
        self.spread(now);
    }

    fn keep_checks(&mut self, old: &mut Self, out: &mut Out) {
        let mut index = Index::default();
        for (place, shared) in self.shared.iter().enumerate() {
            index.add(&shared.cadence, place);
        }
        for (was, former) in old.shared.iter_mut().enumerate() {
            let Some(place) = index.find(&self.shared, &former.cadence) else {
                former.cancel(out);
                continue;
            };
            self.shared[place].keep(former);
            if let Some((ticket, _)) = self.shared[place].running {
                self.tickets.insert(ticket, place);
            }
            if let Some(at) = old.schedule.time(was) {
                self.schedule.set(place, at);
            }
        }
    }

    fn keep_servers(&mut self, old: Vec<Checked>, config: &Config) {
        let mut former: BTreeMap<(ServiceName, SocketAddr), Checked> =
            old.into_iter().map(|entry| ((entry.service.clone(), entry.server), entry)).collect();
        for entry in &mut self.servers {
            let Some(service) = config.services.get(&entry.service) else { continue };
            match former.remove(&(entry.service.clone(), entry.server)) {
                None => entry.newcomer = true,
                Some(old) => {
                    entry.found = old.found && old.key == entry.key;
                    if !planted(Bug::ReloadForgetsHealth) {
                        entry.record = old.record;
                    }
                    entry.record.relimit(Limits::of(&service.check, service.policy.damping));
                    entry.ramp = old.ramp;
                    entry.ordered = old.ordered;
                    entry.advice = old.advice;
                    entry.share = old.share;
                    entry.newcomer = old.newcomer;
                }
            }
            // It is in the table, with weight 0: its first success gives it its weight back.
            entry.found |= self.drains.end(entry.key, entry.server);
        }
    }
}

impl Checked {
    fn new(
        (name, service, pool): (&ServiceName, &Service, usize),
        server: SocketAddr,
        check: usize,
        now: Instant,
    ) -> Self {
        let limits = Limits::of(&service.check, service.policy.damping);
        Self {
            service: name.clone(),
            key: service.key,
            server,
            pool,
            record: Record::new(limits, now),
            check,
            found: false,
            ramp: None,
            certificate_days: None,
            newcomer: false,
            ordered: Ordered::default(),
            advice: Advice::default(),
            share: None,
            counted_by_kernel: None,
            counted: Part::default(),
        }
    }
}
