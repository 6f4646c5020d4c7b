//! From check outcomes to states of real servers, and from these to shares of connections.
//!
//! ```text
//! outcome ─► Record (rise, fall, damping) ─► state ─┐
//! weight, slow start, quorum, panic ────────────────┴─► share ─► desired weight in the kernel
//! ```

mod adopt;
mod advice;
mod drain;
mod duty;
mod hints;
mod plight;
mod pool;
mod ramp;
mod results;
mod schedule;
mod shared;
#[cfg(test)]
mod tests;
mod verdict;
mod ways;

use crate::cluster::Out;
use crate::config::{Config, ServiceKey, Weight};
use crate::desired::{DesiredServer, DesiredService};
use crate::effect::Effect;
use crate::name::{NodeName, ServiceName};
use crate::observed::Snapshot;
use crate::planted::{Bug, planted};
use crate::probe::{Advice, Failure, Outcome, Passed, Phase, Phases, Ticket};
use crate::report::{Health, Report};
use crate::standing::{Duty, Seat};
use crate::time::{Deadline, Instant, Reason, earlier};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use drain::Drains;
use duty::Ordered;
use pool::{Part, Pool};
use schedule::Schedule;
use shared::Shared;
use verdict::{Change, Record};
use ways::Ways;

/// One real server of one service.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) service: ServiceName,
    key: ServiceKey,
    pub(crate) server: SocketAddr,
    /// Place of its pool.
    pool: usize,
    pub(crate) record: Record,
    /// Place of its check.
    check: usize,
    /// Whether it was in the table when the director started, without having been checked since.
    found: bool,
    /// Since when it has been getting its weight back step by step.
    ramp: Option<Instant>,
    /// Days that its certificate had left, as was told last.
    certificate_days: Option<u16>,
    /// Whether it came with a reload, beside servers that serve already.
    newcomer: bool,
    /// What the operator wants of it.
    ordered: Ordered,
    /// What its agent wants, as it has said by and by.
    pub(crate) advice: Advice,
    /// The weight that the kernel should have; `None` when the server should not be in the table.
    pub(crate) share: Option<Weight>,
    /// Its connections when the kernel was asked last.
    counted_by_kernel: Option<hints::Connections>,
    /// What of it is in its pool's sum.
    counted: Part,
}

/// All real servers.
#[derive(Clone, Debug)]
pub(crate) struct Checks {
    /// In the order of the configuration: by service, then by address.
    servers: Vec<Checked>,
    pools: Vec<Pool>,
    shared: Vec<Shared>,
    schedule: Schedule,
    tickets: BTreeMap<Ticket, usize>,
    last_ticket: u64,
    /// When which server gets more of its weight, or leaves.
    steps: Schedule,
    /// Whether a service has got its first answer, or lost its last, since that was asked.
    answers_changed: bool,
    /// Per pool: the servers whose shares are to be found anew.
    stale: BTreeMap<usize, BTreeSet<usize>>,
    /// Servers that have left the configuration and still have connections.
    drains: Drains,
    /// Ways through the services, for the checks that go there.
    ways: Ways,
    /// The virtual addresses of the configuration.
    virtuals: BTreeSet<IpAddr>,
    /// This director.
    node: NodeName,
}

impl Checks {
    /// Stops all checks.
    pub(crate) fn stop(&mut self, out: &mut Out) {
        for shared in &mut self.shared {
            shared.cancel(out);
        }
        self.tickets.clear();
        self.schedule = Schedule::default();
        self.steps = Schedule::default();
        self.stale.clear();
    }

    /// A probe ended.
    pub(crate) fn finished(
        &mut self,
        ticket: Ticket,
        came: (&Outcome, &Phases),
        now: Instant,
        out: &mut Out,
    ) {
        if let Some(index) = self.tickets.remove(&ticket) {
            self.judge(index, came, now, out);
        }
    }

    /// This process was not run for `late`: what its checks find meanwhile is not their servers'
    /// doing alone.
    pub(crate) fn stalled(&mut self, late: Duration) {
        self.shared.iter_mut().for_each(|shared| shared.stalled(late));
    }

    /// Starts and ends what is due. Returns whether a server that was leaving has left.
    pub(crate) fn due(&mut self, found: Option<&Snapshot>, now: Instant, out: &mut Out) -> bool {
        let changed = self.drains.due(found, now, out);
        while let Some(index) = self.schedule.take_due(now) {
            match self.shared[index].running {
                None if self.is_idle(index) => {
                    self.schedule.set(index, now + self.shared[index].interval(None));
                }
                None => self.begin(index, found, now, out),
                Some((ticket, _)) => {
                    if !planted(Bug::StaleProbeCounted) {
                        self.tickets.remove(&ticket);
                    }
                    out.effects.push_back(Effect::CancelProbe { ticket });
                    let failure = Failure::TimedOut { phase: Phase::Whole };
                    self.judge(index, (&Err(failure), &Phases::default()), now, out);
                }
            }
        }
        changed
    }

    /// Starts a check, if there is a way to the server.
    fn begin(&mut self, index: usize, found: Option<&Snapshot>, now: Instant, out: &mut Out) {
        let obstacle = match self.ready(&self.shared[index], found) {
            Ok(source) => return self.start(index, source, now, out),
            Err(obstacle) => obstacle,
        };
        match self.hindered(index, obstacle, now) {
            Ok(again) => self.schedule.set(index, again),
            Err(what) => {
                self.schedule.set(index, now + self.shared[index].interval(None));
                let failure = Err(Failure::Local { what });
                self.judge(index, (&failure, &Phases::default()), now, out);
            }
        }
    }

    fn start(&mut self, index: usize, source: Option<IpAddr>, now: Instant, out: &mut Out) {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        self.shared[index].hindered = None;
        let probe = ways::from(self.shared[index].start(ticket, now), source);
        self.schedule.set(index, now + self.shared[index].patience());
        self.tickets.insert(ticket, index);
        out.effects.push_back(Effect::StartProbe { ticket, probe });
    }

    /// One answer is an answer for every service that asked.
    fn judge(
        &mut self,
        index: usize,
        (outcome, phases): (&Outcome, &Phases),
        now: Instant,
        out: &mut Out,
    ) {
        let shared = &mut self.shared[index];
        if shared.spare(outcome) {
            shared.running = None;
            // It is asked again at once.
            return self.schedule.set(index, now);
        }
        let advice = shared.advice(outcome);
        shared.answered(outcome.is_ok());
        for member in &shared.members {
            let entry = &mut self.servers[*member];
            if outcome.is_err() || entry.record.state() == Health::Down {
                let pool = &mut self.pools[entry.pool];
                self.answers_changed |= pool.note_answer(*member, outcome.is_ok());
            }
            let mut changed = entry.judge(outcome, now, out);
            changed |= advice.is_some_and(|it| entry.heed(it, now, out));
            if changed {
                self.stale.entry(entry.pool).or_default().insert(*member);
            }
        }
        if outcome.is_err() && planted(Bug::FailuresShared) {
            let others = self.servers.iter_mut().filter(|entry| entry.check != index);
            others.for_each(|entry| entry.record.failures += 1);
        }
        let tempos = shared.members.iter().map(|member| self.servers[*member].record.tempo());
        let tempo = tempos.max();
        if let Some((_, started)) = shared.running.take() {
            shared.results.note(started, outcome, phases, now);
            // The cadence is kept: the next check is due one interval after this one was.
            self.schedule.set(index, (started + shared.interval(tempo)).max(now));
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Deadline> {
        let check = self.schedule.first().map(|(at, index)| {
            let running = self.shared.get(index).is_some_and(|shared| shared.running.is_some());
            let reason = if running { Reason::ProbeTimeout } else { Reason::ProbeDue };
            Deadline { at, reason }
        });
        let step = self.steps.first().map(|(at, _)| Deadline { at, reason: Reason::WeightStep });
        let drained = self.drains.next().map(|at| Deadline { at, reason: Reason::DrainOver });
        earlier(earlier(check, step), drained)
    }

    /// The services as the kernel should hold them.
    pub(crate) fn desired(&self, config: &Config) -> BTreeMap<ServiceKey, DesiredService> {
        let mut services = BTreeMap::new();
        for (pool, service) in self.pools.iter().zip(config.services.values()) {
            let members = self.members(pool).iter();
            // Made at once, a tree has full nodes; servers are many.
            let weighed = |entry: &Checked| {
                let weight = entry.share?;
                Some((entry.server, DesiredServer::of(service, &entry.server, weight)))
            };
            let mut servers: BTreeMap<_, _> = members.clone().filter_map(weighed).collect();
            let absent = members.filter(|entry| entry.share.is_none());
            let mut absent: BTreeSet<_> = absent.map(|entry| entry.server).collect();
            match service.fallback {
                Some(fallback) if planted(Bug::FallbackToThePeer) && !pool.is_served() => {
                    let peer = config.nodes.values().flat_map(|node| node.addresses.values());
                    let server = DesiredServer::fallback(service, &fallback);
                    servers.extend(peer.last().map(|ip| ((*ip, fallback.port()).into(), server)));
                }
                Some(fallback) if pool.is_served() && !planted(Bug::FallbackStays) => {
                    absent.insert(fallback);
                }
                Some(_) if planted(Bug::FallbackMissing) => {}
                Some(fallback) => {
                    servers.insert(fallback, DesiredServer::fallback(service, &fallback));
                }
                None => {}
            }
            let settings = service.settings;
            services.insert(service.key, DesiredService { settings, servers, absent });
        }
        self.drains.desired(&mut services);
        self.ways.desired(&mut services);
        services
    }

    fn members(&self, pool: &Pool) -> &[Checked] {
        self.servers.get(pool.members.clone()).unwrap_or_default()
    }

    /// The servers, in the order of the configuration.
    pub(crate) fn servers(&self) -> &[Checked] {
        &self.servers
    }

    pub(crate) fn entry(&self, seat: &Seat) -> Option<&Checked> {
        self.servers_of(&seat.service).iter().find(|entry| entry.server == seat.server)
    }

    /// The servers of a service, in the order of the configuration.
    pub(crate) fn servers_of(&self, name: &ServiceName) -> &[Checked] {
        let pool = self.pool(name);
        pool.map(|pool| self.members(pool)).unwrap_or_default()
    }

    pub(crate) fn pool(&self, name: &ServiceName) -> Option<&Pool> {
        let place = self.pools.binary_search_by(|pool| pool.name.cmp(name)).ok()?;
        self.pools.get(place)
    }
}

impl Checked {
    /// Tells that a certificate ends soon: once a day, for days are what it is counted in.
    fn look_at_certificate(&mut self, outcome: &Outcome, out: &mut Out) {
        let Ok(Passed { certificate_days, .. }) = outcome else { return };
        if let Some(days) = certificate_days.filter(|_| self.certificate_days != *certificate_days)
        {
            let (service, server) = (self.service.clone(), self.server);
            out.reports.push_back(Report::Certificate { service, server, days });
        }
        self.certificate_days = *certificate_days;
    }

    /// Takes in an answer. Returns whether the state changed.
    fn judge(&mut self, outcome: &Outcome, now: Instant, out: &mut Out) -> bool {
        if self.ordered.duty == Duty::Maintenance {
            return false;
        }
        self.look_at_certificate(outcome, out);
        let before = self.record.state();
        let change = self.record.judge(outcome, now);
        let (service, server) = (self.service.clone(), self.server);
        match change {
            Change::None => return false,
            Change::Failing { failures, fall, failure } => {
                let report = Report::CheckFailed { service, server, failures, fall, failure };
                out.reports.push_back(report);
                return false;
            }
            Change::Became(state, why) => {
                if state == Health::Up && (before == Health::Down || self.newcomer) {
                    self.ramp = Some(now);
                }
                self.newcomer = false;
                out.reports.push_back(Report::Server { service, server, state, why });
            }
            Change::Damped { why, falls, hold } => {
                let state = Health::Down;
                let told = service.clone();
                out.reports.push_back(Report::Server { service: told, server, state, why });
                let hold_ms = u64::try_from(hold.as_millis()).unwrap_or(u64::MAX);
                out.reports.push_back(Report::Flapping { service, server, falls, hold_ms });
            }
        }
        true
    }
}
