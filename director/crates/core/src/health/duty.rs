//! Servers that the operator has taken out: drained, in maintenance, or with another weight.

use super::drain::connections;
use super::verdict::Record;
use super::{Checked, Checks};
use crate::cluster::Out;
use crate::config::Weight;
use crate::name::ServiceName;
use crate::observed::Snapshot;
use crate::report::Report;
use crate::standing::{Duty, Seat, StandingOrders};
use crate::time::Instant;
use alloc::collections::BTreeSet;
use core::mem::discriminant;

/// What stands for one server, and how far it has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ordered {
    pub(super) duty: Duty,
    pub(super) since: Instant,
    /// Its weight, when it is not the configuration's.
    pub(super) weight: Option<Weight>,
    /// Connections when the kernel was asked last.
    connections: u32,
    /// Whether it has been told that none are left.
    drained: bool,
}

impl Ordered {
    /// When a draining server leaves the table.
    pub(super) fn ends_at(&self) -> Option<Instant> {
        match self.duty {
            Duty::Drain { deadline: Some(deadline) } => Some(self.since + deadline),
            _ => None,
        }
    }

    /// Whether connections are still to be waited for.
    pub(super) fn is_draining(&self) -> bool {
        matches!(self.duty, Duty::Drain { .. }) && !self.drained
    }
}

impl Checks {
    /// Every server does from now on what stands for it.
    pub(crate) fn obey(&mut self, orders: &StandingOrders, now: Instant) {
        for (place, entry) in self.servers.iter_mut().enumerate() {
            let seat = entry.seat();
            let kept = orders.of(&seat);
            let weight = kept.and_then(|kept| kept.standing.weight);
            let duty = orders.duty(&seat);
            let other = duty != entry.ordered.duty;
            if other {
                entry.take_up(duty, kept.map_or(now, |kept| kept.since), now);
            }
            if core::mem::replace(&mut entry.ordered.weight, weight) != weight || other {
                self.stale.entry(entry.pool).or_default().insert(place);
            }
        }
    }

    /// A service whose own servers serve now, and would not without these.
    pub(crate) fn starved_without(&self, seats: &BTreeSet<&Seat>) -> Option<ServiceName> {
        let starved = self.pools.iter().find(|pool| {
            let serving = |entry: &&Checked| entry.share.is_some_and(|share| share > Weight::ZERO);
            let mut serving = self.members(pool).iter().filter(serving).peekable();
            serving.peek().is_some() && serving.all(|entry| seats.contains(&entry.seat()))
        });
        starved.map(|pool| pool.name.clone())
    }

    /// Tells of servers that are drained by order, now that the kernel has been asked.
    pub(super) fn count(&mut self, found: &Snapshot, out: &mut Out) {
        for entry in self.servers.iter_mut().filter(|entry| entry.ordered.is_draining()) {
            let ordered = &mut entry.ordered;
            let present = found.services.get(&entry.key);
            let present = present.and_then(|table| table.servers.get(&entry.server));
            match present {
                // The kernel has not been told yet.
                Some(present) if present.weight > Weight::ZERO => continue,
                Some(present) => ordered.connections = connections(entry.key, present),
                // Taken from the table at the deadline: those that were left have ended.
                None => {}
            }
            if present.is_none() || ordered.connections == 0 {
                ordered.drained = true;
                let (service, server, left) = (entry.key, entry.server, ordered.connections);
                out.reports.push_back(Report::Drained { service, server, left });
            }
        }
    }

    /// Whether nobody waits for the answers of a check.
    pub(super) fn is_idle(&self, shared: usize) -> bool {
        let members = &self.shared[shared].members;
        members.iter().all(|member| self.servers[*member].ordered.duty == Duty::Maintenance)
    }
}

impl Checked {
    pub(crate) fn seat(&self) -> Seat {
        Seat { service: self.service.clone(), server: self.server }
    }

    pub(crate) fn duty_since(&self) -> Instant {
        self.ordered.since
    }

    /// Whether the service does not count on it.
    pub(super) fn is_withdrawn(&self) -> bool {
        self.ordered.duty != Duty::Serve || self.declines()
    }

    fn take_up(&mut self, duty: Duty, since: Instant, now: Instant) {
        let before = core::mem::replace(&mut self.ordered.duty, duty);
        self.ordered.since = since;
        if discriminant(&before) == discriminant(&duty) {
            return;
        }
        self.ordered.drained = false;
        if before == Duty::Maintenance || duty == Duty::Maintenance {
            // Whatever it was before, nobody knows what it is after somebody has worked on it.
            self.record = Record::new(self.record.limits(), now);
            self.found = self.share.is_some();
        } else if duty == Duty::Serve {
            self.ramp = Some(now);
        }
    }
}
