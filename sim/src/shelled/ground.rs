//! What all hosts of a run have in common: the cables, and who has power.

use scenario::{Action, Faults, Scenario};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The ground under the hosts.
pub(super) struct Ground {
    pub(super) scenario: Arc<Scenario>,
    state: Mutex<State>,
}

struct State {
    faults: Faults,
    /// Nodes without power.
    off: BTreeSet<String>,
}

impl Ground {
    pub(super) fn new(scenario: Arc<Scenario>) -> Self {
        let state = State { faults: Faults::default(), off: BTreeSet::new() };
        Self { scenario, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn apply(&self, action: &Action) {
        self.state().faults.apply(&self.scenario, action);
    }

    pub(super) fn set_power(&self, node: &str, on: bool) {
        let mut state = self.state();
        if on {
            state.off.remove(node)
        } else {
            state.off.insert(node.to_owned())
        };
    }

    pub(super) fn has_power(&self, node: &str) -> bool {
        !self.state().off.contains(node)
    }

    /// Whether a frame gets from one node to the other over this segment.
    pub(super) fn passes(&self, segment: &str, from: &str, to: &str) -> bool {
        self.state().faults.passes(segment, from, to)
    }

    /// The node at an address, and the segment on which it has it.
    pub(super) fn at(&self, address: IpAddr) -> Option<(&str, &str)> {
        let node = self.scenario.node_at(address)?;
        let port = node.ports.iter().find(|port| port.cidr.address == address)?;
        Some((&node.name, &port.segment))
    }

    /// Whether a node has power and is reached, and reaches, from another at this address of its.
    pub(super) fn answers(&self, from: &str, address: IpAddr) -> bool {
        let Some((node, segment)) = self.at(address) else { return false };
        self.has_power(node) && self.passes(segment, from, node) && self.passes(segment, node, from)
    }
}
