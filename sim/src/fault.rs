//! What the timeline does to the world.

use crate::host::{Kind, Power};
use crate::net::packet::NodeId;
use crate::record::Entry;
use crate::world::{Event, World};
use director_core::Input;
use director_core::name::InterfaceName;
use director_core::order::Order;
use director_core::plan::Ledger;
use director_core::time::Instant;
use scenario::{Action, Behaviour, Effect, Resource};
use std::sync::Arc;
use std::time::Duration;

/// From the order to start a director to its first breath; drawn for each start.
const LAUNCH: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));

impl World {
    /// Carries out a statement.
    pub(crate) fn statement(&mut self, place: usize) {
        let schedule = Arc::clone(&self.schedule);
        let Some(scheduled) = schedule.get(place) else { return };
        let node = scheduled.action.node().and_then(|name| self.find(name));
        let expected = match (&scheduled.action, node) {
            (Action::PowerOff { .. }, Some(node)) => self.survivors_of(node),
            _ => Vec::new(),
        };
        self.guard_fault();
        self.watch_strike(&scheduled.action);
        let scenario = Arc::clone(&self.scenario);
        self.faults.apply(&scenario, &scheduled.action);
        self.record(Entry::Statement { place });
        match (&scheduled.action, node) {
            (Action::PowerOff { .. }, Some(node)) => self.power_off(node),
            (Action::PowerOn { .. }, Some(node)) => self.power_on(node),
            (Action::Stop { .. }, Some(node)) => self.stop(node),
            (Action::Handover { .. }, Some(node)) => self.hand_over(node),
            (Action::Order { order, .. }, Some(node)) => self.order(node, order),
            (Action::Start { .. }, Some(node)) => self.start(node),
            (Action::Kill { .. }, Some(node)) => {
                if !self.end_process(node) {
                    self.note(node, "there is no director process to kill");
                }
            }
            (Action::Serve { behaviour, .. }, Some(node)) => self.serve(node, *behaviour),
            (Action::Reload { .. }, Some(node)) => self.reload(node, place),
            (Action::Cut(_) | Action::Heal(_) | Action::Impair(_), _) => self.rewire(),
            (Action::Unplug { segment, .. }, Some(node)) => self.plug(node, segment, false),
            (Action::Plug { segment, .. }, Some(node)) => self.plug(node, segment, true),
            (Action::Freeze { .. }, Some(node)) => self.freeze(node),
            (Action::Thaw { .. }, Some(node)) => self.thaw(node),
            (Action::Pause { .. }, Some(node)) => self.pause(node),
            (Action::Resume { .. }, Some(node)) => self.resume(node),
            (Action::Slow { by, .. }, Some(node)) => self.slow(node, *by),
            (Action::Skew { by, .. }, Some(node)) => self.skew(node, *by),
            (Action::Netlink { mood, .. }, Some(node)) => self.put_in_mood(node, *mood),
            (Action::Tamper { deed, .. }, Some(node)) => self.tamper(node, deed),
            (Action::ReloadRefused { .. }, Some(node)) => {
                self.note(node, "the configuration is refused, the one in force stays");
            }
            (Action::Exhaust { resource: Resource::Modules, .. }, Some(node)) => {
                self.let_modules(node, false);
            }
            (Action::Replenish { resource: Resource::Modules, .. }, Some(node)) => {
                self.let_modules(node, true);
            }
            // The decisions know no wall clock, and `lacking` has refused the others.
            (
                Action::Clock(_)
                | Action::Forget { .. }
                | Action::Exhaust { .. }
                | Action::Replenish { .. },
                _,
            ) => {}
            (_, None) => {}
        }
        self.guard_ownership();
        self.guard_survivors(expected);
    }

    pub(crate) fn find(&self, name: &str) -> Option<NodeId> {
        let place = self.hosts.iter().position(|host| host.name == name)?;
        u16::try_from(place).ok().map(NodeId)
    }

    pub(crate) fn power_off(&mut self, node: NodeId) {
        self.end_process(node);
        let Some(host) = self.host(node) else { return };
        host.power = Power::Off;
        host.paused = None;
        host.boots += 1;
        host.neighbours.clear();
        host.flows.clear();
        if let Some(director) = host.director_mut() {
            director.kernel.reset();
            director.foreign.clear();
            director.ledger = Ledger::default();
            director.expiry = None;
            director.syncs = None;
            director.gait.reset();
        }
        self.guard_neighbours();
        self.guard_ownership();
    }

    fn power_on(&mut self, node: NodeId) {
        let Some(host) = self.host(node) else { return };
        if host.power != Power::Off {
            self.note(node, "it has power already");
            return;
        }
        // A scenario says when a machine runs again, not when its button is pressed.
        host.power = Power::On;
        let (name, boots) = (host.name.clone(), host.boots);
        let votes = matches!(host.kind, Kind::Voter(_));
        if votes {
            self.guard_voter_boots();
            let voter = self.new_voter(&name, boots);
            if let Some(host) = self.host(node) {
                host.kind = Kind::Voter(Box::new(voter));
            }
        }
        self.note(node, "has booted");
        self.start(node);
    }

    /// Plans the start of the node's director, if it is one.
    pub(crate) fn start(&mut self, node: NodeId) {
        let Some(host) = self.host(node) else { return };
        let boots = host.boots;
        if host.director().is_none() {
            return;
        }
        // Drawn in any case: what else comes of the stream shall not depend on when this is.
        let again = host.stream.duration(LAUNCH.0, LAUNCH.1);
        let first = self.now == Instant::ZERO;
        let took = if first { scenario::launch(self.seed, self.host_name(node)) } else { again };
        self.after(took, Event::Launch { node, boots });
    }

    fn stop(&mut self, node: NodeId) {
        if let Some(process) = self.process(node) {
            process.stopping = true;
            process.again = false;
            self.tell(node, Input::Stop);
        } else {
            self.note(node, "there is no director process to stop");
        }
    }

    fn hand_over(&mut self, node: NodeId) {
        if self.process(node).is_some() {
            let due = self.guard_handover(node);
            self.tell(node, Input::Order(Order::Handover { group: None }));
            if due {
                self.guard_handed_over(node);
            }
        } else {
            self.note(node, "there is no director process to give an order to");
        }
    }

    fn serve(&mut self, node: NodeId, behaviour: Behaviour) {
        let Some(host) = self.host(node) else { return };
        for serve in &mut host.serve {
            serve.behaviour = behaviour;
        }
    }

    fn reload(&mut self, node: NodeId, place: usize) {
        let Some(config) = self.reloads.get(place).cloned().flatten() else { return };
        let links = self.links_of(node, &config);
        let Some(director) = self.host(node).and_then(|host| host.director_mut()) else { return };
        let config = director.file.read(&config);
        let other = director.config != config;
        director.config = Arc::clone(&config);
        director.links = links;
        if other {
            self.guard_reconfigured(node);
        }
        self.tell(node, Input::Reload(config));
    }

    fn plug(&mut self, node: NodeId, segment: &str, up: bool) {
        self.rewire();
        let Some(place) = self.place_of(node, segment) else { return };
        if !up && let Some(host) = self.host(node) {
            // `neigh_carrier_down`: what was learnt there is forgotten.
            host.neighbours.forget(place);
        }
        if let Ok(interface) = InterfaceName::new(segment) {
            self.tell(node, Input::LinkChanged { interface, up });
        }
    }

    /// Whoever begins to watch its interfaces is told which of them have no carrier.
    pub(crate) fn tell_carriers(&mut self, node: NodeId) {
        let Some(host) = self.hosts.get(node.index()) else { return };
        let name = host.name.clone();
        let segments = host.ports.iter().filter_map(|port| {
            let switch = usize::from(self.ports.get(port.id.index())?.switch);
            self.switches.get(switch).map(|switch| switch.name.clone())
        });
        let dark: Vec<_> = segments.filter(|one| self.faults.is_unplugged(one, &name)).collect();
        for segment in dark {
            if let Ok(interface) = InterfaceName::new(&segment) {
                self.tell(node, Input::LinkChanged { interface, up: false });
            }
        }
    }

    fn rewire(&mut self) {
        let hosts = &self.hosts;
        let ports = &self.ports;
        let faults = &self.faults;
        let name = |port: crate::net::packet::PortId| {
            let place = ports.get(port.index())?;
            hosts.get(place.node.index()).map(|host| host.name.as_str())
        };
        for switch in &mut self.switches {
            let segment = switch.name.clone();
            switch.set_cuts(|from, to| match (name(from), name(to)) {
                (Some(from), Some(to)) => faults.passes(&segment, from, to),
                _ => true,
            });
            switch.set_effects(|from, to| match (name(from), name(to)) {
                (Some(from), Some(to)) => {
                    (faults.effect(&segment, from, to), format!("{from}->{to}"))
                }
                _ => (Effect::default(), String::new()),
            });
        }
    }
}
