//! The servers of one service taken together: quorum, panic, slow start, and each one's share.

use super::{Checked, Checks, ramp};
use crate::cluster::Out;
use crate::config::{Config, OnFailure, Service, Weight};
use crate::name::ServiceName;
use crate::report::{Health, Report};
use crate::time::Instant;
use core::ops::Range;

/// One service's servers, and what was made of them last.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(crate) name: ServiceName,
    pub(super) members: Range<usize>,
    /// Whether its own servers serve.
    served: bool,
    /// Whether enough of them are usable.
    pub(crate) quorate: bool,
    /// Whether checks are not believed, because too few servers pass theirs.
    pub(crate) panicking: bool,
    told: Told,
}

/// What has been told of a service, so that only changes are.
#[derive(Clone, Copy, Debug)]
struct Told {
    /// The fallback serves, or nobody does where there is none.
    unserved: bool,
    quorate: bool,
    panicking: bool,
}

/// What the states of a service's servers add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    /// Weight of all servers.
    all: u64,
    /// Weight of those that are up.
    up: u64,
    /// Whether every server's state is known.
    known: bool,
}

impl Pool {
    pub(super) fn new(name: ServiceName, members: Range<usize>) -> Self {
        let told = Told { unserved: false, quorate: true, panicking: false };
        Self { name, members, served: false, quorate: true, panicking: false, told }
    }

    /// Takes over what was made of the same service's servers before a reload.
    pub(super) fn keep(&mut self, former: &Self) {
        let (name, members) = (self.name.clone(), self.members.clone());
        *self = Self { name, members, ..former.clone() };
    }

    /// Whether its own servers serve, and the fallback is not needed.
    pub(super) fn is_served(&self) -> bool {
        self.served
    }

    /// Draws the conclusions from the sum: is the service itself in order?
    fn conclude(&mut self, service: &Service, sum: Sum) {
        let policy = &service.policy;
        let up = u32::try_from(sum.up).unwrap_or(u32::MAX);
        self.quorate = policy.quorum.is_none_or(|quorum| quorum.holds(self.quorate, up));
        // With a fallback at hand nothing forces us to believe in servers when none passes.
        let hopeless = sum.up == 0 && service.fallback.is_some();
        let few = policy.panic.is_some_and(|share| share.exceeds(sum.up, sum.all));
        self.panicking = few && sum.known && !hopeless;
    }

    /// Tells what has changed since it was told last.
    fn tell(&mut self, service: &Service, known: bool, out: &mut Out) {
        // Right after the start nothing is known; that is no event.
        if !self.served && !known {
            return;
        }
        let now = Told {
            unserved: !self.served,
            quorate: self.quorate || !known,
            panicking: self.panicking,
        };
        let before = core::mem::replace(&mut self.told, now);
        let name = || self.name.clone();
        if before.quorate != now.quorate {
            let report = Report::Quorum { service: name(), reached: now.quorate };
            out.reports.push_back(report);
        }
        if before.panicking != now.panicking {
            let report = Report::Panic { service: name(), begun: now.panicking };
            out.reports.push_back(report);
        }
        if before.unserved != now.unserved {
            out.reports.push_back(if service.fallback.is_some() {
                Report::Fallback { service: name(), serving: now.unserved }
            } else {
                Report::Unserved { service: name(), unserved: now.unserved }
            });
        }
    }
}

impl Checks {
    /// Gives every server its share at `now`, and tells what that means for the services.
    pub(crate) fn weigh(&mut self, config: &Config, now: Instant, out: &mut Out) {
        self.step_at = None;
        for (pool, service) in self.pools.iter_mut().zip(config.services.values()) {
            let members = self.servers.get_mut(pool.members.clone()).unwrap_or_default();
            let sum = sum(members, service);
            pool.conclude(service, sum);
            let suspended = !pool.quorate && service.fallback.is_some();
            pool.served = false;
            for entry in members {
                let share = entry.share_in(service, pool.panicking, now);
                entry.share = share.map(|weight| if suspended { Weight::ZERO } else { weight });
                pool.served |= entry.share.is_some_and(|weight| weight > Weight::ZERO);
                let step = entry.ramp.and_then(|since| entry.next_step(service, since, now));
                let end = entry.ordered.ends_at().filter(|at| *at > now);
                self.step_at = [self.step_at, step, end].into_iter().flatten().min();
            }
            pool.tell(service, sum.known, out);
        }
    }
}

fn sum(members: &[Checked], service: &Service) -> Sum {
    let mut sum = Sum { known: true, ..Sum::default() };
    for entry in members.iter().filter(|entry| !entry.is_withdrawn()) {
        let weight = u64::from(entry.whole(service).0);
        sum.all += weight;
        match entry.record.state() {
            Health::Up => sum.up += weight,
            Health::Down => {}
            Health::Unknown => sum.known = false,
        }
    }
    sum
}

impl Checked {
    /// Its weight when it is in order.
    pub(crate) fn whole(&self, service: &Service) -> Weight {
        let configured = service.servers.get(&self.server).map(|server| server.weight);
        self.ordered.weight.or(configured).unwrap_or(Weight::ZERO)
    }

    /// The weight that the kernel should have; `None` when the server should not be in the table.
    ///
    /// A server that has never passed a check is not in the table, unless it was there when the
    /// director started with weight 0: then it stays there without new connections.
    fn share_in(&self, service: &Service, panicking: bool, now: Instant) -> Option<Weight> {
        let whole = self.whole(service);
        if self.ordered.ends_at().is_some_and(|at| at <= now) {
            return None;
        }
        if self.is_withdrawn() {
            // It keeps its place in the table, if it has one, and its connections.
            return self.share.or(self.found.then_some(Weight::ZERO)).map(|_| Weight::ZERO);
        }
        match (self.record.state(), service.on_failure) {
            (Health::Up, _) => Some(self.ramped(service, whole, now)),
            (Health::Down, _) if panicking && self.record.proven => Some(whole),
            (Health::Down, OnFailure::Quiesce) => Some(Weight::ZERO),
            (Health::Down, OnFailure::Remove) => None,
            (Health::Unknown, _) => self.found.then_some(Weight::ZERO),
        }
    }

    fn ramped(&self, service: &Service, whole: Weight, now: Instant) -> Weight {
        match (self.ramp, service.policy.slow_start) {
            (Some(since), Some(length)) => ramp::share(whole, now.since(since), length).0,
            _ => whole,
        }
    }

    /// When it gets more of its weight.
    fn next_step(&self, service: &Service, since: Instant, now: Instant) -> Option<Instant> {
        let length = service.policy.slow_start.filter(|_| self.record.state() == Health::Up)?;
        let (_, next) = ramp::share(self.whole(service), now.since(since), length);
        next.map(|next| since + next)
    }
}
