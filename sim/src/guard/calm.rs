//! Rules about time: what is put off, and what must not happen when nothing has for long.

use super::{Guard, Pending, Rule};
use crate::net::packet::NodeId;
use crate::world::World;
use director_core::config::{Config, Failback};
use director_core::input::Reconciled;
use director_core::plan::{Step, diff};
use director_core::time::Instant;
use director_engine::reconcile::observe;
use scenario::Mood;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Boot, start and the steps of passes.
const SLACK: Duration = Duration::from_secs(6);
/// What the kernel refused is tried again after a second and the steps of a pass.
const RETRY: Duration = Duration::from_millis(1_100);

/// From the last disturbance on everything is as it will be after this time.
pub(crate) fn calm_after(config: &Config) -> Duration {
    let cluster = &config.cluster;
    let back = match cluster.failback {
        Failback::Auto { delay } => delay,
        Failback::Manual => Duration::ZERO,
    };
    let services = config.services.values().map(|service| {
        let check = &service.check;
        let rows = u32::from(check.rise.get()) + u32::from(check.fall.get()) + 2;
        let held = service.policy.damping.map(|one| one.hold + one.within).unwrap_or_default();
        let slow = service.policy.slow_start.unwrap_or_default();
        (check.interval + check.timeout) * rows + held + slow + service.drain
    });
    let refused = cluster.deadtime * 12;
    cluster.initdead + refused + back + cluster.resync + services.max().unwrap_or_default() + SLACK
}

impl Guard {
    pub(super) fn expect(&mut self, at: Instant, what: Pending) {
        self.pending.push((at, what));
        self.next = self.pending.iter().map(|(at, _)| *at).min();
    }

    pub(super) fn take_due(&mut self, upto: Instant) -> Option<(Instant, Pending)> {
        let due = self.pending.iter().position(|(at, _)| *at < upto);
        let taken = due.map(|place| self.pending.swap_remove(place));
        self.next = self.pending.iter().map(|(at, _)| *at).min();
        taken
    }

    /// Since when an address has had so many owners.
    pub(super) fn since(&mut self, address: Ipv4Addr, owners: usize, now: Instant) -> Instant {
        let many = owners.min(2);
        match self.owners.iter_mut().find(|(one, ..)| *one == address) {
            Some((_, count, since)) if *count == many => *since,
            Some(entry) => {
                *entry = (address, many, now);
                now
            }
            None => {
                self.owners.push((address, many, now));
                now
            }
        }
    }
}

impl World {
    /// Something changes. Nothing has happened for long enough when it must not.
    pub(super) fn guard_calm(&mut self, node: NodeId, what: impl FnOnce() -> String) {
        let Some(last) = self.guard.last_fault else { return };
        let now = self.now;
        if now.since(last) < self.guard.calm_after
            || !self.faults.is_empty()
            || self.faults.impaired().next().is_some()
        {
            return;
        }
        let facts = format!("{} {}", self.host_name(node), what());
        self.guard.violations.note(Rule::CalmStaysCalm, now, || facts);
    }

    /// A pass has ended.
    pub(super) fn guard_result(&mut self, node: NodeId, result: &Reconciled) {
        let now = self.now;
        let host = self.hosts.get(node.index()).and_then(|host| host.director());
        let foreign = host.is_some_and(|host| {
            host.foreign.iter().any(|(key, left)| host.kernel.service(*key).as_ref() != Some(left))
        });
        if foreign {
            let facts = format!("{} has changed a foreign service", self.host_name(node));
            self.guard.violations.note(Rule::ForeignUntouched, now, || facts);
        }
        let failed = !result.failed.is_empty() || host.is_some_and(|host| host.kernel.refused > 0);
        if let Some(host) = self.director(node) {
            host.kernel.refused = 0;
        }
        if let Some(watch) = self.guard.watch(node) {
            let last = result.number >= watch.pass && !watch.stopping;
            watch.retry_by = (failed && last).then_some(now + RETRY);
        }
    }

    /// A pass is asked for; too late, when the last one failed.
    pub(super) fn guard_asks(&mut self, node: NodeId, number: u64) {
        let now = self.now;
        let sound = self.is_sound_but_moody(node);
        let Some(watch) = self.guard.watch(node) else { return };
        watch.pass = number;
        let late = watch.retry_by.take().is_some_and(|by| now > by);
        if late && sound {
            let facts = format!("{} tried again too late", self.host_name(node));
            self.guard.violations.note(Rule::RefusedRetried, now, || facts);
        }
    }

    /// At the end of a run: where nothing has happened for long enough, the kernel of every
    /// director that runs is as it wants it.
    pub(super) fn guard_desired(&mut self) {
        let now = self.now;
        let clean = self.faults.is_empty() && self.faults.impaired().next().is_none();
        let mut wrong = None;
        for host in self.hosts.iter_mut().filter(|_| clean) {
            let stands = host.paused.is_some();
            let Some(host) = host.director_mut().filter(|_| !stands) else { continue };
            let Some(desired) = host.settled().cloned() else { continue };
            let patience = host.config.cluster.resync + RETRY * 2;
            let calm = self.guard.last_fault.is_none_or(|last| now.since(last) > patience);
            if !calm || host.kernel.moody.mood != Mood::Ok || !host.gait.is_sound() {
                continue;
            }
            host.kernel.now = now;
            let Ok(found) = observe(&mut host.kernel, &desired) else { continue };
            let left = diff(&desired, &found, &host.ledger);
            // A renewal is no difference.
            let left = left.iter().find(|step| !matches!(step, Step::RenewAddress(..)));
            wrong = wrong.or(left.map(|left| format!("{} has yet to {left}", host.name)));
        }
        if let Some(facts) = wrong {
            self.guard.violations.note(Rule::AsDesired, now, || facts);
        }
    }

    /// Its kernel may refuse or delay, but the process itself is run.
    fn is_sound_but_moody(&self, node: NodeId) -> bool {
        let steady = self.guard.watches.get(node.index());
        let steady = steady.is_some_and(|one| self.now >= one.uneven);
        let name = self.host_name(node);
        let gait = self.hosts.get(node.index()).and_then(|host| host.director());
        steady && !self.faults.stands_still(name) && gait.is_some_and(|one| one.gait.is_sound())
    }
}
