//! The servers of one service taken together: quorum, panic, slow start, and each one's share.

use super::{Checked, Checks, ramp};
use crate::cluster::Out;
use crate::config::{Config, OnFailure, Service, Weight};
use crate::name::ServiceName;
use crate::planted::{Bug, planted};
use crate::report::{Health, Report};
use crate::time::Instant;
use alloc::collections::BTreeSet;
use core::ops::Range;

/// One service's servers, and what was made of them last.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(crate) name: ServiceName,
    pub(super) members: Range<usize>,
    /// The parts of its servers, as counted last.
    sum: Part,
    /// Whether enough of them are usable.
    pub(crate) quorate: bool,
    /// Whether checks are not believed, because too few servers pass theirs.
    pub(crate) panicking: bool,
    /// Whether its servers get nothing, because too few are usable and the fallback serves.
    suspended: bool,
    /// Servers that were down and passed their last check; kept until the service is served.
    answering: BTreeSet<usize>,
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

/// What a server adds to its service, or what all of them add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// Weight, in whatever state.
    all: u64,
    /// Weight that is up.
    up: u64,
    /// Servers whose state is not known yet.
    unknown: usize,
    /// Servers that get connections.
    serving: usize,
}

impl Part {
    /// Takes one server's part for another in the sum.
    const fn replace(&mut self, old: Self, new: Self) {
        self.all = self.all + new.all - old.all;
        self.up = self.up + new.up - old.up;
        self.unknown = self.unknown + new.unknown - old.unknown;
        self.serving = self.serving + new.serving - old.serving;
    }
}

impl Pool {
    pub(super) fn new(name: ServiceName, members: Range<usize>) -> Self {
        let told = Told { unserved: false, quorate: true, panicking: false };
        let sum = Part::default();
        let answering = BTreeSet::new();
        let (quorate, panicking, suspended) = (true, false, false);
        Self { name, members, sum, quorate, panicking, suspended, answering, told }
    }

    /// Takes over what was made of the same service's servers before a reload.
    pub(super) fn keep(&mut self, former: &Self) {
        let (name, members) = (self.name.clone(), self.members.clone());
        // Places are others now; who answers still does so at its next check.
        let (sum, answering) = (Part::default(), BTreeSet::new());
        *self = Self { name, members, sum, answering, ..former.clone() };
    }

    /// Whether its own servers serve, and the fallback is not needed.
    pub(super) fn is_served(&self) -> bool {
        self.sum.serving > 0
    }

    /// Whether a server answers of which all were down.
    pub(super) fn is_answering(&self) -> bool {
        !self.answering.is_empty()
    }

    /// A server has been checked; `passed` one that was down, or one that fails. Whether the first
    /// answers now, or none any more.
    pub(super) fn note_answer(&mut self, member: usize, passed: bool) -> bool {
        let before = self.is_answering();
        if passed {
            self.answering.insert(member);
        } else {
            self.answering.remove(&member);
        }
        before != self.is_answering()
    }

    /// Whether every server's state is known.
    fn is_known(&self) -> bool {
        self.sum.unknown == 0
    }

    /// Whether it has servers, and each of them is known to be down.
    pub(super) fn is_down(&self) -> bool {
        self.is_known() && self.sum.all > 0 && self.sum.up == 0
    }

    /// Draws the conclusions from the sum: is the service itself in order? Returns whether they
    /// are others than before.
    fn conclude(&mut self, service: &Service) -> bool {
        let (sum, policy) = (self.sum, &service.policy);
        let before = (self.panicking, self.suspended);
        let up = u32::try_from(sum.up).unwrap_or(u32::MAX);
        self.quorate = policy.quorum.is_none_or(|quorum| quorum.holds(self.quorate, up));
        // With a fallback at hand nothing forces us to believe in servers when none passes.
        let hopeless = sum.up == 0 && service.fallback.is_some();
        let few = policy.panic.is_some_and(|share| share.exceeds(sum.up, sum.all));
        self.panicking = few && self.is_known() && !hopeless;
        self.suspended = !self.quorate && service.fallback.is_some();
        before != (self.panicking, self.suspended)
    }

    /// Tells what has changed since it was told last.
    fn tell(&mut self, service: &Service, out: &mut Out) {
        let (known, served) = (self.is_known(), self.is_served());
        // Right after the start nothing is known; that is no event.
        if !served && !known {
            return;
        }
        let now =
            Told { unserved: !served, quorate: self.quorate || !known, panicking: self.panicking };
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
    /// Every share is to be found anew: nothing of what was counted holds any more.
    pub(super) fn forget_shares(&mut self) {
        for entry in &mut self.servers {
            entry.counted = Part::default();
        }
        for pool in &mut self.pools {
            pool.sum = Part::default();
        }
        let pools = self.pools.iter().enumerate();
        self.stale = pools.map(|(place, pool)| (place, pool.members.clone().collect())).collect();
    }

    /// Whether every server has its share as far as it can be found at `now`.
    pub(crate) fn is_weighed(&self, now: Instant) -> bool {
        self.stale.is_empty() && self.steps.first().is_none_or(|(at, _)| now < at)
    }

    /// Gives every server its share at `now`, and tells what that means for the services. Returns
    /// whether there was anything to be done.
    ///
    /// Only servers of which something has changed are looked at, and all of a service's when what
    /// follows from their sum has.
    pub(crate) fn weigh(&mut self, config: &Config, now: Instant, out: &mut Out) -> bool {
        while let Some(place) = self.steps.take_due(now) {
            let pool = self.servers[place].pool;
            self.stale.entry(pool).or_default().insert(place);
        }
        let stale = core::mem::take(&mut self.stale);
        let any = !stale.is_empty();
        for (pool, places) in stale {
            let service = self.pools.get(pool).and_then(|pool| config.services.get(&pool.name));
            if let Some(service) = service {
                self.weigh_pool(pool, &places, (service, now), out);
            }
        }
        any
    }

    fn weigh_pool(
        &mut self,
        pool: usize,
        places: &BTreeSet<usize>,
        (service, now): (&Service, Instant),
        out: &mut Out,
    ) {
        let Self { servers, pools, steps, .. } = self;
        let pool = &mut pools[pool];
        for place in places {
            let entry = &mut servers[*place];
            let part = entry.part(service);
            pool.sum.replace(core::mem::replace(&mut entry.counted, part), part);
        }
        let mut share = |pool: &mut Pool, place: usize| {
            let entry = &mut servers[place];
            let part = entry.take_share(service, pool, now);
            pool.sum.replace(core::mem::replace(&mut entry.counted, part), part);
            match entry.next_change(service, now) {
                Some(at) => steps.set(place, at),
                None => steps.clear(place),
            }
        };
        if pool.conclude(service) {
            pool.members.clone().for_each(|place| share(pool, place));
        } else {
            places.iter().for_each(|place| share(pool, *place));
        }
        if !pool.is_down() {
            pool.answering.clear();
        }
        pool.tell(service, out);
    }
}

impl Checked {
    /// Its weight when it is in order: what the operator has ordered, or else the part of the
    /// configured one that its agent wants.
    pub(crate) fn whole(&self, service: &Service) -> Weight {
        let configured = service.servers.get(&self.server).map(|server| server.weight);
        self.ordered.weight.unwrap_or_else(|| self.advised(configured.unwrap_or(Weight::ZERO)))
    }

    /// What it adds to its service, beside whether it serves: that is as it was.
    fn part(&self, service: &Service) -> Part {
        let serving = self.counted.serving;
        if self.is_withdrawn() {
            return Part { serving, ..Part::default() };
        }
        let all = u64::from(self.whole(service).0);
        match self.record.state() {
            Health::Up => Part { all, up: all, unknown: 0, serving },
            Health::Down => Part { all, up: 0, unknown: 0, serving },
            Health::Unknown => Part { all, up: 0, unknown: 1, serving },
        }
    }

    /// Takes its share. Returns what it adds to its service with that.
    fn take_share(&mut self, service: &Service, pool: &Pool, now: Instant) -> Part {
        let share = self.share_in(service, pool.panicking, now);
        self.share = share.map(|weight| if pool.suspended { Weight::ZERO } else { weight });
        let serves = self.share.is_some_and(|weight| weight > Weight::ZERO);
        Part { serving: usize::from(serves), ..self.counted }
    }

    /// When its share changes by time alone.
    fn next_change(&self, service: &Service, now: Instant) -> Option<Instant> {
        let step = self.ramp.and_then(|since| self.next_step(service, since, now));
        let end = self.ordered.ends_at().filter(|at| *at > now);
        [step, end].into_iter().flatten().min()
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
            (Health::Down, _) if planted(Bug::DownKeepsWeight) => Some(whole),
            (Health::Unknown, _) if planted(Bug::WeightBeforeCheck) => Some(whole),
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
