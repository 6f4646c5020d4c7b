//! The whole machine: routes inputs to the state machines, recomputes what is desired, and says
//! what is to be done.

mod explain;
mod history;
mod kernel;
mod machinery;
mod orders;
mod pulse;
mod rerouted;
#[cfg(test)]
pub(crate) mod tests;
mod view;

use crate::alert::Alerts;
use crate::beat::Incarnation;
use crate::cluster::{Cluster, Out};
use crate::config::{Config, Service};
use crate::desired::{DesiredState, Presence, circle};
use crate::effect::Effect;
use crate::health::Checks;
use crate::input::{Input, Reconciled};
use crate::name::NodeName;
use crate::observed::Snapshot;
use crate::order::Author;
use crate::plan::Ledger;
use crate::planted::{Bug, planted};
use crate::random::Stream;
use crate::report::Report;
use crate::standing::StandingOrders;
use crate::time::{Deadline, Instant};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use history::History;
use kernel::{KernelWatch, Settled};
use machinery::Machinery;
use pulse::{Due, Pulse};

/// A rejected sender is told of once in this time.
const REJECTION_PAUSE: Duration = Duration::from_secs(60);
/// Rejected senders that are remembered.
const REJECTED_MAX: usize = 64;

/// So often a sleep in the last pass is forgiven: who is always late ends all the same.
const SLEEPS: u8 = 3;

/// Connections of a draining server are counted this often.
const COUNT_PAUSE: Duration = Duration::from_secs(1);

/// How far an orderly stop has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    /// Addresses are being released.
    Releasing,
    /// The peers know; the table is being cleared.
    Clearing {
        until: Instant,
        /// How often more a sleep gives the last pass its time again.
        again: u8,
    },
    Over,
}

/// One director.
///
/// Call [`Director::handle`] with everything that happens, then drain [`Director::next_effect`] and
/// [`Director::next_report`], then arm one timer for [`Director::next_deadline`], which may have
/// changed. A timer that fires too early does no harm.
#[derive(Clone, Debug)]
pub struct Director {
    config: Arc<Config>,
    node: NodeName,
    incarnation: Incarnation,
    started: Instant,
    cluster: Cluster,
    checks: Checks,
    orders: StandingOrders,
    alerts: Alerts,
    /// Reports in `out` that the alerts have taken in.
    noted: usize,
    kernel: KernelWatch,
    machinery: Machinery,
    phase: Phase,
    history: History,
    /// When something happened last.
    last: Instant,
    /// Whether the desired state may have changed.
    unsettled: bool,
    /// Whether shares of servers have changed since the desired state was stated last.
    reweighed: bool,
    /// The deadline that was missed by the last stall: packets that waited come before it is met.
    stall_noticed: Option<Instant>,
    rejected: BTreeMap<(core::net::IpAddr, crate::input::Rejection), Instant>,
    /// When something is due next, reckoned once for each thing that happens.
    due: Due,
    out: Out,
}

impl Director {
    /// A director that starts at `now` on a kernel that holds `found`.
    ///
    /// `node` must be configured. `seed` must differ from start to start: the incarnation comes of
    /// it.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        node: NodeName,
        seed: u64,
        found: &Snapshot,
        now: Instant,
    ) -> Self {
        Self::inheriting(config, node, seed, found, &Ledger::default(), now)
    }

    /// A director that starts where another was killed, which left `ledger`.
    ///
    /// What is in the ledger and no longer configured leaves the kernel, and settings that were
    /// changed are put back when this one stops.
    #[must_use]
    pub fn inheriting(
        config: Arc<Config>,
        node: NodeName,
        seed: u64,
        found: &Snapshot,
        ledger: &Ledger,
        now: Instant,
    ) -> Self {
        let number = Stream::named(seed, node.as_str()).next_u64();
        let incarnation = Incarnation(number.max(1));
        let mut out = Out::default();
        out.reports.push_back(Report::Started { node: node.clone(), incarnation });
        let mut director = Self {
            cluster: Cluster::new(&config, &node, incarnation, found, now),
            checks: Checks::new(&config, &node, found, ledger, now, &mut out),
            orders: StandingOrders::default(),
            alerts: Alerts::new(&config, &node),
            noted: 0,
            kernel: KernelWatch::new(found, ledger, now),
            machinery: Machinery::inheriting(ledger),
            config,
            node,
            incarnation,
            started: now,
            phase: Phase::Running,
            history: History::default(),
            last: now,
            unsettled: true,
            reweighed: false,
            stall_noticed: None,
            rejected: BTreeMap::new(),
            due: Due::default(),
            out,
        };
        director.machinery.adopt(&director.config);
        director.cluster.set_warmth(director.machinery.warmth(&director.config));
        director.settle(now);
        director
    }

    /// Takes in what happened. Drain effects and reports afterwards.
    pub fn handle(&mut self, input: Input, now: Instant) {
        self.notice_stall(now);
        let pulse = self.pulse(&input, now);
        match pulse {
            Some(Pulse::Beat) => self.cluster.beat_regularly(now, &mut self.out),
            Some(Pulse::Checks) => self.check(now),
            Some(Pulse::Heard | Pulse::Checked) | None => self.take_in(input, now),
        }
        match pulse {
            Some(pulse) if self.was_all(pulse, now) => self.reckon_after(pulse),
            _ => self.settle(now),
        }
    }

    fn take_in(&mut self, input: Input, now: Instant) {
        match input {
            Input::Deadline => self.wake(now),
            Input::Beat { link, beat } => {
                self.cluster.hear(link, &beat, now, &mut self.out);
                self.hear_orders(now);
            }
            Input::Rejected { link, from, why, owns } => {
                self.cluster.rejected(from, why, owns, now);
                self.reject(link, from, why, now);
            }
            Input::Advert(arrival) => self.cluster.hear_advert(arrival, now, &mut self.out),
            Input::ProbeFinished { ticket, outcome, phases } => {
                self.checks.finished(ticket, (&outcome, &phases), now, &mut self.out);
                self.hear_servers(now);
            }
            Input::Reconciled(result) => self.reconciled(result, now),
            Input::LinkChanged { interface, up } => {
                self.cluster.carrier(&interface, up, now, &mut self.out);
                self.kernel.look(now);
            }
            Input::Fenced { peer, result } => {
                self.cluster.fenced(&peer, result, now, &mut self.out);
            }
            Input::VoterAnswered(answer) => {
                self.cluster.voter_answered(answer, now, &mut self.out);
            }
            Input::WitnessAnswered { witness, question } => {
                self.cluster.witness_answered(witness, question, now, &mut self.out);
            }
            Input::AlertEnded { channel, number, result } => {
                let (alert, config) = ((&channel, number), &*self.config);
                self.alerts.ended(alert, result, (config, now), &mut self.out);
            }
            Input::KernelChanged if planted(Bug::KernelChangeIgnored) => {}
            Input::KernelChanged => self.kernel.look(now),
            Input::Reload(config) => self.reload(config, now),
            Input::Order(order) => {
                // Who wants to know calls `order`; a replay does not.
                let answer = self.obey(&order, &Author::default(), now);
                self.unsettled |= answer.is_ok();
            }
            Input::MaintenanceFiles(files) => self.use_files(files, now),
            Input::Stop => self.stop(),
        }
    }

    /// When to call again with [`Input::Deadline`], and what for. May change with every input.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Deadline> {
        self.due.first()
    }

    /// The next thing to be done.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.out.effects.pop_front()
    }

    /// The next thing to be told.
    pub fn next_report(&mut self) -> Option<Report> {
        let report = self.out.reports.pop_front()?;
        self.noted = self.noted.saturating_sub(1);
        self.history.note(&report, self.last);
        Some(report)
    }

    /// Whether there is nothing to be done and nothing to be told.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.out.effects.is_empty() && self.out.reports.is_empty()
    }

    /// This node's name.
    #[must_use]
    pub fn node(&self) -> &NodeName {
        &self.node
    }

    /// The configuration in use.
    #[must_use]
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Notices that this process was not run when it should have been.
    fn notice_stall(&mut self, now: Instant) {
        self.last = now;
        // Nearly always it is in time, and nothing else is to be reckoned.
        let Some(due) = self.due.first().map(|next| next.at).filter(|due| *due < now) else {
            return;
        };
        let late = now.since(due);
        if late > self.cluster.stall_limit() && self.stall_noticed != Some(due) {
            self.stall_noticed = Some(due);
            let late_ms = u64::try_from(late.as_millis()).unwrap_or(u64::MAX);
            self.out.reports.push_back(Report::Stalled { late_ms });
            if self.cluster.stalled(late, now, &mut self.out) {
                self.kernel.look(now);
            }
            self.checks.stalled(late);
            // The last pass was not slow, it was not waited for.
            if let Phase::Clearing { until, again } = &mut self.phase
                && let Some(left) = again.checked_sub(1)
            {
                (*until, *again) = (now + self.config.cluster.deadtime, left);
            }
        }
    }

    fn wake(&mut self, now: Instant) {
        if self.phase == Phase::Running || self.phase == Phase::Releasing {
            self.cluster.due(now, &mut self.out);
            self.alerts.due(&self.config, now, &mut self.out);
        }
        self.check(now);
        self.unsettled |= self.kernel.is_due(now);
        if let Phase::Clearing { until, .. } = self.phase
            && now >= until
        {
            self.exit();
        }
    }

    /// Begins and ends the checks that are due.
    fn check(&mut self, now: Instant) {
        self.unsettled |= self.checks.due(self.kernel.found(), now, &mut self.out);
        self.hear_servers(now);
    }

    /// While no server of some group is up: which of them answer at all.
    fn hear_servers(&mut self, now: Instant) {
        if let Some(silent) = self.checks.silent(&self.config) {
            self.cluster.set_silent(&silent, now, &mut self.out);
        }
    }

    fn reject(
        &mut self,
        link: crate::beat::LinkId,
        from: core::net::IpAddr,
        why: crate::input::Rejection,
        now: Instant,
    ) {
        let recent = self.rejected.get(&(from, why));
        if recent.is_some_and(|at| now.since(*at) < REJECTION_PAUSE) {
            return;
        }
        self.rejected.retain(|_, at| now.since(*at) < REJECTION_PAUSE);
        if self.rejected.len() < REJECTED_MAX {
            self.rejected.insert((from, why), now);
            self.out.reports.push_back(Report::Rejected { link, from, why });
        }
    }

    fn reconciled(&mut self, result: Reconciled, now: Instant) {
        let own = self.config.nodes.get(&self.node).into_iter();
        let own = own.flat_map(|node| node.addresses.values().copied()).collect();
        let back = self.kernel.reconciled(&result, &own, now, &mut self.out);
        for address in back {
            self.cluster.announce_again(&address, now, &mut self.out);
        }
        self.cluster.reconciled(&result, now, &mut self.out);
        self.machinery.reconciled(&result, &self.config, now);
        self.cluster.set_warmth(self.machinery.warmth(&self.config));
        if let Ok(found) = &result.found {
            self.checks.observed(&self.config, found, now, &mut self.out);
        }
        if self.checks.is_draining() {
            self.kernel.look_by(now + COUNT_PAUSE);
        }
        self.unsettled = true;
        let clearing = matches!(self.phase, Phase::Clearing { .. });
        if clearing && result.number >= self.kernel.number() {
            self.exit();
        }
    }

    fn reload(&mut self, config: Arc<Config>, now: Instant) {
        if self.phase != Phase::Running || !config.nodes.contains_key(&self.node) {
            return;
        }
        self.cluster.reload(&config, now, &mut self.out);
        self.checks.reload(&self.config, &config, now, &mut self.out);
        self.machinery.adopt(&config);
        self.cluster.set_warmth(self.machinery.warmth(&config));
        self.config = config;
        self.alerts.reload(&self.config);
        self.orders.retain(&self.config);
        self.use_orders(now);
        self.out.reports.push_back(Report::Reloaded);
        if let Some(found) = self.kernel.found() {
            self.out.reports.extend(rerouted::reports(found, &self.config));
        }
    }

    fn stop(&mut self) {
        if self.phase == Phase::Running {
            self.phase = Phase::Releasing;
            self.out.reports.push_back(Report::Stopping);
            self.checks.stop(&mut self.out);
            self.cluster.stop();
        }
    }

    fn exit(&mut self) {
        self.phase = Phase::Over;
        self.out.reports.push_back(Report::Stopped { left: self.kernel.held() });
        self.out.effects.push_back(Effect::Exit);
    }

    /// Brings everything into line with what has happened.
    fn settle(&mut self, now: Instant) {
        self.settle_state(now);
        self.raise_alerts(now);
        self.due = self.reckon();
    }

    /// Tells the channels of alerts what is being told since they were told last.
    fn raise_alerts(&mut self, now: Instant) {
        if self.noted == self.out.reports.len() {
            return;
        }
        let new: Vec<Report> = self.out.reports.iter().skip(self.noted).cloned().collect();
        for report in new {
            self.alerts.note(&report, &self.config, now, &mut self.out);
        }
        self.noted = self.out.reports.len();
    }

    /// Brings roles, desired state and what was asked of the kernel into line.
    fn settle_state(&mut self, now: Instant) {
        if self.phase == Phase::Over {
            return;
        }
        self.unsettled |= self.cluster.settle(now, &mut self.out);
        if self.phase == Phase::Releasing && self.cluster.is_stopped() {
            // The peers take over now; whether our table is already empty does not matter to them.
            self.cluster.say_goodbye(&mut self.out);
            let until = now + self.config.cluster.deadtime;
            self.phase = Phase::Clearing { until, again: SLEEPS };
            self.unsettled = true;
        }
        if self.phase == Phase::Running {
            self.reweighed |= self.checks.weigh(&self.config, now, &mut self.out);
            let changed = self.reweighed || self.unsettled;
            let unserved = changed.then(|| self.checks.unserved(&self.config));
            if unserved.is_some_and(|it| self.cluster.set_unserved(&it, now, &mut self.out)) {
                self.unsettled |= self.cluster.settle(now, &mut self.out);
            }
        }
        // No pass begins before the running one is over. What the states of servers change until
        // then is stated once: of fifty thousand servers that come up, not fifty thousand times.
        let reweighed = self.reweighed && !self.kernel.is_busy();
        if !self.unsettled && !reweighed && !self.kernel.is_due(now) {
            return;
        }
        (self.unsettled, self.reweighed) = (false, false);
        let desired = self.desired();
        let resync = self.config.cluster.resync;
        if let Settled::Ask { number } = self.kernel.want(desired, resync, now, &mut self.out) {
            self.cluster.requested(number);
        }
    }

    fn desired(&self) -> DesiredState {
        let addresses: BTreeMap<_, _> =
            self.cluster.presences().map(|(address, held)| (address.clone(), held)).collect();
        if matches!(self.phase, Phase::Clearing { .. } | Phase::Over) {
            return DesiredState {
                addresses,
                services: BTreeMap::new(),
                sysctls: self.machinery.sysctls_before(),
                sync: self.machinery.no_sync(),
                closed: self.machinery.none_closed(),
                marks: self.machinery.no_marks(),
                check_marks: self.config.cluster.check_marks,
                lease: None,
                drains: BTreeMap::new(),
            };
        }
        let mut services = self.checks.desired(&self.config);
        circle::cut(&mut services, &self.config, &self.node, &addresses);
        let bare = (planted(Bug::StandbyTableFlushed)
            && !addresses.values().any(|held| *held == Presence::Held))
            || (planted(Bug::TableFlushedFirst) && self.phase == Phase::Releasing);
        if bare {
            services.clear();
        }
        let drain = |service: &Service| (service.key, service.drain);
        DesiredState {
            services,
            drains: self.config.services.values().map(drain).collect(),
            sysctls: self.machinery.sysctls(),
            sync: self.machinery.sync(&self.config, addresses.values().copied()),
            closed: self.machinery.closed(&self.config, &self.node),
            marks: self.machinery.marks(&self.config),
            check_marks: self.config.cluster.check_marks,
            addresses,
            lease: self.config.cluster.lease,
        }
    }
}
