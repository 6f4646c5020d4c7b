//! What the operator orders, here or on a peer.

use super::{Director, Phase};
use crate::order::{Author, Order, Refusal};
use crate::report::Report;
use crate::standing::{Entry, Seat, Subject};
use crate::time::Instant;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;

impl Director {
    /// Carries out what the operator asks, wholly or not at all. Drain effects and reports
    /// afterwards.
    ///
    /// # Errors
    /// Why it is refused; then nothing was changed.
    pub fn order(&mut self, order: &Order, by: &Author, now: Instant) -> Result<(), Refusal> {
        self.notice_stall(now);
        let answer = self.obey(order, by, now);
        self.unsettled |= answer.is_ok();
        self.settle(now);
        answer
    }

    pub(super) fn obey(&mut self, order: &Order, by: &Author, now: Instant) -> Result<(), Refusal> {
        match order {
            Order::Handover { .. } | Order::Ready { .. } | Order::Standby { .. } => {
                self.cluster.order(order, now, &mut self.out)
            }
            Order::Drain { force, .. } | Order::Maintenance { on: true, force, .. } => {
                self.order_servers(order, *force, by, now)
            }
            Order::Undrain { .. } | Order::Maintenance { .. } | Order::Weight { .. } => {
                self.order_servers(order, true, by, now)
            }
        }
    }

    fn order_servers(
        &mut self,
        order: &Order,
        force: bool,
        by: &Author,
        now: Instant,
    ) -> Result<(), Refusal> {
        if self.phase != Phase::Running {
            return Err(Refusal::Stopping);
        }
        let changes = self.orders.changes(order, &self.config)?;
        if !self.cluster.has_listened() {
            return Err(Refusal::Listening);
        }
        let seats: BTreeSet<&Seat> = changes.iter().map(|entry| &entry.seat).collect();
        if !force && let Some(service) = self.checks.starved_without(&seats) {
            return Err(Refusal::LastServer { service });
        }
        for entry in &changes {
            self.let_stand(entry, by.clone(), now);
        }
        self.use_orders(now);
        Ok(())
    }

    fn let_stand(&mut self, entry: &Entry, by: Author, now: Instant) -> bool {
        let stands = self.orders.take(entry, by.clone(), now);
        if stands {
            self.out.reports.push_back(Report::Ordered {
                service: entry.seat.service.clone(),
                server: entry.seat.server,
                duty: entry.standing.duty,
                weight: entry.standing.weight,
                by,
            });
        }
        stands
    }

    /// Servers and peers get to know what stands now.
    pub(super) fn use_orders(&mut self, now: Instant) {
        self.checks.obey(&self.orders, now);
        self.cluster.tell_orders(self.orders.told());
        self.unsettled = true;
    }

    /// Takes in what peers have told.
    pub(super) fn hear_orders(&mut self, now: Instant) {
        if !self.cluster.has_orders() {
            return;
        }
        let mut changed = false;
        for (peer, entry) in self.cluster.take_orders() {
            // What this configuration does not have cannot be drained here.
            if entry.seat.is_in(&self.config) {
                let by = Author { who: format!("as {peer} tells"), why: String::new() };
                changed |= self.let_stand(&entry, by, now);
            }
        }
        if changed {
            self.use_orders(now);
        }
    }

    /// Uses the maintenance files that this node has now.
    pub(super) fn use_files(&mut self, files: BTreeSet<Subject>, now: Instant) {
        let before = self.orders.clone();
        if !self.orders.set_files(files) {
            return;
        }
        let by = Author { who: String::from("a maintenance file"), why: String::new() };
        for entry in self.checks.servers() {
            let seat = entry.seat();
            let (was, is) = (before.has_file(&seat), self.orders.has_file(&seat));
            if was != is {
                let duty = self.orders.duty(&seat);
                let weight = self.orders.of(&seat).and_then(|kept| kept.standing.weight);
                let (service, server, by) = (seat.service, seat.server, by.clone());
                self.out.reports.push_back(Report::Ordered { service, server, duty, weight, by });
            }
        }
        self.checks.obey(&self.orders, now);
        self.unsettled = true;
    }
}
