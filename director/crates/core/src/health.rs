//! From check outcomes to states of real servers.

mod schedule;
mod verdict;

use crate::cluster::Out;
use crate::config::{Config, OnFailure, Service, ServiceKey, Weight};
use crate::desired::{DesiredServer, DesiredService};
use crate::effect::Effect;
use crate::name::ServiceName;
use crate::observed::Snapshot;
use crate::probe::{Failure, Outcome, Phase, Probe, Ticket};
use crate::report::{Health, Report, ServerCause};
use crate::time::{Deadline, Instant, Reason};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;
use schedule::Schedule;
use verdict::{Change, Record};

/// The first checks after a start are this far apart at most: all states are known soon.
const FIRST_CHECKS_APART_MAX: Duration = Duration::from_millis(20);

/// One real server of one service, and its checks.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) service: ServiceName,
    key: ServiceKey,
    pub(crate) server: SocketAddr,
    pub(crate) record: Record,
    probe: Arc<Probe>,
    interval: Duration,
    /// Whether it was in the table when the director started, without having been checked since.
    found: bool,
    running: Option<(Ticket, Instant)>,
}

/// All real servers.
#[derive(Clone, Debug)]
pub(crate) struct Checks {
    servers: Vec<Checked>,
    schedule: Schedule,
    tickets: BTreeMap<Ticket, usize>,
    last_ticket: u64,
    /// Whether each service's fallback serves, to tell when that changes.
    fallback: BTreeMap<ServiceName, bool>,
    unserved: BTreeMap<ServiceName, bool>,
}

impl Checks {
    pub(crate) fn new(config: &Config, found: &Snapshot, now: Instant, out: &mut Out) -> Self {
        let mut checks = Self {
            servers: Vec::new(),
            schedule: Schedule::default(),
            tickets: BTreeMap::new(),
            last_ticket: 0,
            fallback: BTreeMap::new(),
            unserved: BTreeMap::new(),
        };
        checks.adopt(config, found, now, out);
        checks
    }

    /// Builds all entries for a start: what is found in use stays in use until its checks say
    /// otherwise; nothing else is used before its first success.
    fn adopt(&mut self, config: &Config, found: &Snapshot, now: Instant, out: &mut Out) {
        for (name, service) in &config.services {
            let table = found.services.get(&service.key);
            for address in service.servers.keys() {
                let mut entry = Checked::new(name, service, *address, now);
                if let Some(present) = table.and_then(|table| table.servers.get(address)) {
                    entry.found = true;
                    if present.weight > Weight::ZERO {
                        entry.record.adopt(now);
                        out.reports.push_back(Report::Server {
                            service: name.clone(),
                            server: *address,
                            state: Health::Up,
                            why: ServerCause::Adopted,
                        });
                    }
                }
                self.servers.push(entry);
            }
        }
        self.spread(now);
    }

    /// Gives every entry that has no time yet the time of its next check, one after the other.
    fn spread(&mut self, now: Instant) {
        let count = u32::try_from(self.servers.len()).unwrap_or(u32::MAX).max(1);
        let mut offset = Duration::ZERO;
        for (index, entry) in self.servers.iter().enumerate() {
            if !self.schedule.has(index) {
                self.schedule.set(index, now + offset);
            }
            offset += (entry.interval / count).min(FIRST_CHECKS_APART_MAX);
        }
    }

    /// Uses a new configuration. A server whose service, address and check stay keeps its state,
    /// its cadence, and a probe in flight.
    pub(crate) fn reload(&mut self, config: &Config, now: Instant, out: &mut Out) {
        let old = core::mem::take(&mut self.servers);
        let old_schedule = core::mem::take(&mut self.schedule);
        self.tickets.clear();
        let mut former: BTreeMap<(ServiceName, SocketAddr), (usize, Checked)> = old
            .into_iter()
            .enumerate()
            .map(|(index, entry)| ((entry.service.clone(), entry.server), (index, entry)))
            .collect();
        for (name, service) in &config.services {
            for address in service.servers.keys() {
                let mut entry = Checked::new(name, service, *address, now);
                let index = self.servers.len();
                if let Some((was, mut old)) = former.remove(&(name.clone(), *address)) {
                    let same = old.probe == entry.probe && old.interval == entry.interval;
                    entry.record = old.record.clone();
                    entry.record.relimit(service.check.fall, service.check.rise);
                    entry.found = old.found && old.key == entry.key;
                    if same {
                        entry.running = old.running.take();
                        if let Some((ticket, _)) = entry.running {
                            self.tickets.insert(ticket, index);
                        }
                        if let Some(at) = old_schedule.time(was) {
                            self.schedule.set(index, at);
                        }
                    } else {
                        cancel(&mut old, out);
                    }
                }
                self.servers.push(entry);
            }
        }
        for (_, mut gone) in former.into_values() {
            cancel(&mut gone, out);
        }
        self.fallback.retain(|name, _| config.services.contains_key(name));
        self.unserved.retain(|name, _| config.services.contains_key(name));
        self.spread(now);
    }

    /// Stops all checks.
    pub(crate) fn stop(&mut self, out: &mut Out) {
        for entry in &mut self.servers {
            cancel(entry, out);
        }
        self.tickets.clear();
        self.schedule = Schedule::default();
    }

    /// A probe ended. Returns whether a server's state changed.
    pub(crate) fn finished(
        &mut self,
        ticket: Ticket,
        outcome: Outcome,
        now: Instant,
        out: &mut Out,
    ) -> bool {
        let Some(index) = self.tickets.remove(&ticket) else {
            return false;
        };
        self.judge(index, outcome, now, out)
    }

    /// Starts and ends what is due. Returns whether a server's state changed.
    pub(crate) fn due(&mut self, now: Instant, out: &mut Out) -> bool {
        let mut changed = false;
        while let Some(index) = self.schedule.take_due(now) {
            match self.servers[index].running {
                None => self.start(index, now, out),
                Some((ticket, _)) => {
                    self.tickets.remove(&ticket);
                    out.effects.push_back(Effect::CancelProbe { ticket });
                    let failure = Failure::TimedOut { phase: Phase::Whole };
                    changed |= self.judge(index, Err(failure), now, out);
                }
            }
        }
        changed
    }

    fn start(&mut self, index: usize, now: Instant, out: &mut Out) {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        let entry = &mut self.servers[index];
        entry.running = Some((ticket, now));
        let probe = Arc::clone(&entry.probe);
        // The prober has its own deadline and says how far it came. Ours comes a little later, for
        // a prober that hangs.
        self.schedule.set(index, now + probe.timeout + probe.timeout / 8);
        self.tickets.insert(ticket, index);
        out.effects.push_back(Effect::StartProbe { ticket, probe });
    }

    fn judge(&mut self, index: usize, outcome: Outcome, now: Instant, out: &mut Out) -> bool {
        let entry = &mut self.servers[index];
        if let Some((_, started)) = entry.running.take() {
            // The cadence is kept: the next check is due one interval after this one was.
            self.schedule.set(index, (started + entry.interval).max(now));
        }
        let change = entry.record.judge(outcome, now);
        let (service, server) = (entry.service.clone(), entry.server);
        let report = match change {
            Change::None => return false,
            Change::Failing { failures, fall, failure } => {
                Report::CheckFailed { service, server, failures, fall, failure }
            }
            Change::Became(state, why) => Report::Server { service, server, state, why },
        };
        let changed = matches!(report, Report::Server { .. });
        out.reports.push_back(report);
        changed
    }

    pub(crate) fn next_deadline(&self) -> Option<Deadline> {
        let (at, index) = self.schedule.first()?;
        let running = self.servers.get(index).is_some_and(|entry| entry.running.is_some());
        let reason = if running { Reason::ProbeTimeout } else { Reason::ProbeDue };
        Some(Deadline { at, reason })
    }

    /// The services as the kernel should hold them.
    pub(crate) fn desired(&self, config: &Config) -> BTreeMap<ServiceKey, DesiredService> {
        let mut services = BTreeMap::new();
        let mut entries = self.servers.iter().peekable();
        for (name, service) in &config.services {
            let (mut servers, mut absent) = (BTreeMap::new(), BTreeSet::new());
            let mut usable = false;
            while let Some(entry) = entries.next_if(|entry| entry.service == *name) {
                if let Some(weight) = entry.desired_weight(service) {
                    usable |= weight > Weight::ZERO;
                    let server = DesiredServer { forward: service.forward, weight };
                    servers.insert(entry.server, server);
                } else {
                    absent.insert(entry.server);
                }
            }
            match service.fallback {
                Some(fallback) if usable => {
                    absent.insert(fallback);
                }
                Some(fallback) => {
                    let server = DesiredServer { forward: service.forward, weight: Weight::ONE };
                    servers.insert(fallback, server);
                }
                None => {}
            }
            let scheduler = service.scheduler;
            services.insert(service.key, DesiredService { scheduler, servers, absent });
        }
        services
    }

    /// Tells for which services the fallback comes or goes, or nobody serves.
    pub(crate) fn tell(&mut self, config: &Config, out: &mut Out) {
        for (name, service) in &config.services {
            let mut of_service =
                self.servers.iter().filter(|entry| entry.service == *name).peekable();
            let known = of_service.clone().all(|entry| entry.record.state() != Health::Unknown);
            let usable = of_service
                .any(|entry| entry.desired_weight(service).is_some_and(|w| w > Weight::ZERO));
            // Right after the start nothing is known; that is no event.
            if !usable && !known {
                continue;
            }
            let (told, event): (_, fn(ServiceName, bool) -> Report) = if service.fallback.is_some()
            {
                (&mut self.fallback, |service, serving| Report::Fallback { service, serving })
            } else {
                (&mut self.unserved, |service, unserved| Report::Unserved { service, unserved })
            };
            if told.insert(name.clone(), !usable).unwrap_or(false) == usable {
                out.reports.push_back(event(name.clone(), !usable));
            }
        }
    }

    /// The servers in the order of the configuration.
    pub(crate) fn servers(&self) -> &[Checked] {
        &self.servers
    }
}

fn cancel(entry: &mut Checked, out: &mut Out) {
    if let Some((ticket, _)) = entry.running.take() {
        out.effects.push_back(Effect::CancelProbe { ticket });
    }
}

impl Checked {
    fn new(name: &ServiceName, service: &Service, server: SocketAddr, now: Instant) -> Self {
        let check = &service.check;
        let port = check.port.map_or(server.port(), core::num::NonZeroU16::get);
        let probe = Probe {
            target: SocketAddr::new(server.ip(), port),
            dialogue: check.dialogue.clone(),
            timeout: check.timeout,
        };
        Self {
            service: name.clone(),
            key: service.key,
            server,
            record: Record::new(check.fall, check.rise, now),
            probe: Arc::new(probe),
            interval: check.interval,
            found: false,
            running: None,
        }
    }

    /// The weight that the kernel should have; `None` when the server should not be in the table.
    ///
    /// A server that has never passed a check is not in the table, unless it was there when the
    /// director started with weight 0: then it stays there without new connections.
    pub(crate) fn desired_weight(&self, service: &Service) -> Option<Weight> {
        match (self.record.state(), service.on_failure) {
            (Health::Up, _) => service.servers.get(&self.server).map(|server| server.weight),
            (Health::Down, OnFailure::Quiesce) => Some(Weight::ZERO),
            (Health::Down, OnFailure::Remove) => None,
            (Health::Unknown, _) => self.found.then_some(Weight::ZERO),
        }
    }
}
