//! What the timeline does on turmoil.

use super::{Play, address_of};
use crate::build::Refusal;
use crate::order::Told;
use director_core::Input;
use director_core::config::Config;
use director_core::name::InterfaceName;
use director_core::order::Order;
use scenario::{Action, Event, OperatorOrder, Scheduled};
use std::time::Duration;

/// Why an action cannot be carried out here.
pub(super) fn lacking(action: &Action) -> Option<&'static str> {
    match action {
        Action::Impair(_) => Some("its links do not lose, double or damage single packets"),
        Action::Freeze { .. } | Action::Thaw { .. } | Action::Pause { .. } => {
            Some("its hosts cannot stand still")
        }
        Action::Resume { .. } | Action::Slow { .. } => Some("its hosts are all equally fast"),
        Action::Netlink { .. } => Some("a pass over the kernel takes no time there"),
        Action::Tamper { .. } => Some("nobody else is on its hosts"),
        Action::Exhaust { .. } | Action::Replenish { .. } => Some("its hosts run out of nothing"),
        Action::Forget { .. } => Some("its links have no switch"),
        Action::Skew { .. } => Some("its hosts have one clock"),
        Action::Clock(_) => Some("its hosts have no wall clock"),
        Action::Order {
            order: OperatorOrder::Add { .. } | OperatorOrder::Remove { .. }, ..
        } => Some("servers come and go there by reloads alone"),
        Action::ReloadRefused { .. } => Some("configurations are read before the run"),
        _ => None,
    }
}

/// Whether a director with this configuration can run here.
pub(super) fn runnable(config: &Config) -> Result<(), Refusal> {
    let command = config.cluster.fence.is_some() || config.cluster.notify.is_some();
    if command {
        let reason = "turmoil's hosts run no commands (fence, notify)".to_owned();
        return Err(Refusal::NotModelled(reason));
    }
    Ok(())
}

impl Play {
    pub(super) fn carry_out(&mut self, deed: &Scheduled, now: Duration) {
        let Scheduled { index, action, .. } = deed;
        self.ground.apply(action);
        self.note(now, Event::Statement { index: *index, text: action.to_string() });
        match action {
            Action::PowerOff { node } => self.power_off(node),
            Action::PowerOn { node } => self.power_on(node, now),
            Action::Stop { node } => self.with_seat(node, super::seat::Seat::stop),
            Action::Handover { node } => self.with_seat(node, |seat| {
                seat.tell(Input::Order(Order::Handover { group: None }));
            }),
            Action::Order { node, order } => {
                let server = order.server();
                let address = server.and_then(|it| self.scenario.server_address(node, it));
                if let Some(Told::Order(order)) = crate::order::told(order, address) {
                    self.with_seat(node, |seat| seat.tell(Input::Order(order)));
                }
            }
            Action::Start { node } => self.with_seat(node, super::seat::Seat::start),
            Action::Kill { node } => self.with_seat(node, super::seat::Seat::kill),
            Action::Serve { node, behaviour } => {
                let server = self.servers.iter().find(|server| server.node == *node);
                server.into_iter().for_each(|server| server.set(*behaviour));
            }
            Action::Reload { node, config } => {
                // It was read before the run began.
                if let Ok(config) = self.configs.of(config) {
                    self.with_seat(node, |seat| seat.reload(config));
                }
            }
            Action::Unplug { segment, node } => self.carrier(node, segment, false),
            Action::Plug { segment, node } => self.carrier(node, segment, true),
            _ => {}
        }
        self.rewire();
    }

    fn with_seat(&self, node: &str, deed: impl FnOnce(&super::seat::Seat)) {
        if let Some(seat) = self.seats.iter().find(|seat| seat.node == *node) {
            deed(seat);
        }
    }

    fn carrier(&self, node: &str, segment: &str, up: bool) {
        if let Ok(interface) = InterfaceName::new(segment) {
            self.with_seat(node, |seat| seat.tell(Input::LinkChanged { interface, up }));
        }
    }

    fn power_off(&mut self, node: &str) {
        self.ground.set_power(node, false);
        // Its connections end, and nobody must hear that: the paths are held first.
        self.rewire();
        if self.is_host(node) {
            self.sim.crash(address_of(&self.scenario, node));
        }
        self.with_seat(node, super::seat::Seat::lose_power);
    }

    fn power_on(&mut self, node: &str, now: Duration) {
        if self.ground.has_power(node) {
            return;
        }
        self.ground.set_power(node, true);
        let text = "has booted".to_owned();
        self.note(now, Event::Note { node: Some(node.to_owned()), text });
        if self.is_host(node) {
            self.sim.bounce(address_of(&self.scenario, node));
        }
        self.rewire();
    }

    fn is_host(&self, node: &str) -> bool {
        let seat = self.seats.iter().any(|seat| seat.node == node);
        seat || self.servers.iter().any(|server| server.node == node)
    }

    /// Holds the paths between directors and servers that carry nothing now, and opens the others.
    ///
    /// What was sent over a held path is gone when it opens: nobody on a real network would still
    /// be waiting for its answer.
    fn rewire(&mut self) {
        let scenario = &self.scenario;
        for seat in &self.seats {
            for server in &self.servers {
                let (one, other) = (seat.node.as_str(), server.node.as_str());
                let place = address_of(scenario, other);
                let open = self.ground.answers(one, place) && self.ground.has_power(one);
                let pair = (one.to_owned(), other.to_owned());
                let from = address_of(scenario, one);
                if !open && self.held.insert(pair.clone()) {
                    self.sim.hold(from, place);
                } else if open && self.held.remove(&pair) {
                    self.sim.partition(from, place);
                    self.sim.repair(from, place);
                }
            }
        }
    }
}
