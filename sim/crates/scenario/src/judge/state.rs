//! What is the case at a moment, rebuilt from the records.

use crate::{
    Action, Behaviour, Compare, Condition, Event, Facts, Faults, History, Holder, NodeKind,
    Scenario, Tampering,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The scenario's names for what runners may name by address.
#[derive(Debug, Clone)]
pub struct Names<'a> {
    scenario: &'a Scenario,
    facts: Cow<'a, Facts>,
}

impl<'a> Names<'a> {
    /// Those of a scenario.
    pub fn of(scenario: &'a Scenario) -> Self {
        Self { scenario, facts: Cow::Owned(scenario.facts()) }
    }

    /// The same, when what the configurations name is known already.
    pub(crate) fn with(scenario: &'a Scenario, facts: &'a Facts) -> Self {
        Self { scenario, facts: Cow::Borrowed(facts) }
    }

    /// What the configurations name.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The name of a service that is given by name or by what it listens on.
    pub fn service<'s>(&'s self, given: &'s str) -> &'s str {
        self.facts.service(given)
    }

    /// The node that is given by name, address, or address and port; else what was given.
    pub fn server<'s>(&'s self, given: &'s str) -> &'s str {
        let address = given
            .parse::<SocketAddr>()
            .map(|socket| socket.ip())
            .or_else(|_| given.parse::<IpAddr>());
        let node = address.ok().and_then(|address| self.scenario.node_at(address));
        node.map_or(given, |node| &node.name)
    }
}

/// A destination in a director's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destination {
    /// Its weight.
    pub weight: u32,
    /// Whether it is there as the fallback.
    pub fallback: bool,
}

/// What is the case at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    owners: BTreeMap<IpAddr, BTreeSet<String>>,
    neighbours: BTreeMap<(String, IpAddr), String>,
    table: BTreeMap<(String, String, String), Destination>,
    roles: BTreeMap<(String, String), String>,
    servers: BTreeMap<(String, String, String), String>,
    off: BTreeSet<String>,
    killed: BTreeSet<String>,
    /// Directors that cannot take off what their kernel has: they were not running when somebody
    /// else gave them a virtual address, or were stopped while it refused.
    burdened: BTreeSet<String>,
    behaviours: BTreeMap<String, Behaviour>,
    faults: Faults,
}

impl State {
    /// Before the first record.
    pub(crate) fn start(scenario: &Scenario) -> Self {
        let behaviours = scenario.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Server { serve, .. } => {
                serve.first().map(|serve| (node.name.clone(), serve.behaviour))
            }
            _ => None,
        });
        Self { behaviours: behaviours.collect(), ..Self::default() }
    }

    /// How a real server answers while it has power.
    pub fn behaviour(&self, server: &str) -> Option<Behaviour> {
        self.behaviours.get(server).copied()
    }

    /// Whether the director was killed and neither started again nor lost power since.
    pub fn is_killed(&self, node: &str) -> bool {
        self.killed.contains(node)
    }

    /// Who holds the address, in the order of their names.
    pub fn owners(&self, address: IpAddr) -> impl Iterator<Item = &str> {
        self.owners.get(&address).into_iter().flatten().map(String::as_str)
    }

    /// Whose hardware address the observer has for the address.
    pub fn neighbour(&self, observer: &str, address: IpAddr) -> Option<&str> {
        self.neighbours.get(&(observer.to_owned(), address)).map(String::as_str)
    }

    /// A server in a director's table.
    pub fn destination(&self, node: &str, service: &str, server: &str) -> Option<Destination> {
        self.table.get(&(node.to_owned(), service.to_owned(), server.to_owned())).copied()
    }

    /// Whether the fallback is in a director's table.
    pub fn has_fallback(&self, node: &str, service: &str) -> bool {
        self.table
            .iter()
            .any(|((at, of, _), destination)| at == node && of == service && destination.fallback)
    }

    /// A director's role in a group; `off` while it has no power.
    pub fn role(&self, node: &str, group: &str) -> Option<&str> {
        if self.off.contains(node) {
            return Some("off");
        }
        self.roles.get(&(node.to_owned(), group.to_owned())).map(String::as_str)
    }

    /// The states that a director last gave its servers, as (service, server, state).
    pub fn servers<'a>(
        &'a self,
        node: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
        let of_node = self.servers.iter().filter(move |((at, _, _), _)| at == node);
        of_node.map(|((_, service, server), state)| (&**service, &**server, &**state))
    }

    /// Whether the node has power.
    pub fn is_on(&self, node: &str) -> bool {
        !self.off.contains(node)
    }

    /// The frames that are cut.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Whether the kernel of a director that was killed, was stopped while that kernel refused, or
    /// was given an address while it did not run, and that neither started again nor lost power
    /// since, still holds an address.
    pub fn has_orphan(&self) -> bool {
        let left = |owners: &BTreeSet<String>| {
            !owners.is_disjoint(&self.killed) || !owners.is_disjoint(&self.burdened)
        };
        self.owners.values().any(left)
    }

    fn runs(&self, node: &str) -> bool {
        let stopped = self.roles.iter().any(|((at, _), role)| at == node && role == "stopped");
        !stopped && !self.killed.contains(node) && !self.off.contains(node)
    }

    /// Whether the condition is true.
    pub fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::And(left, right) => self.holds(left) && self.holds(right),
            Condition::Or(left, right) => self.holds(left) || self.holds(right),
            Condition::Not(inner) => !self.holds(inner),
            Condition::Owner { address, holder } => {
                let mut owners = self.owners(*address);
                let only = (owners.next(), owners.next());
                match holder {
                    Holder::Nobody => only == (None, None),
                    Holder::Node(node) => only == (Some(node), None),
                }
            }
            Condition::Owners { address, compare, count } => {
                let owners = u64::try_from(self.owners(*address).count()).unwrap_or(u64::MAX);
                compare.holds(&owners, count)
            }
            Condition::Arp { observer, address, holder } => {
                let wanted = match holder {
                    Holder::Nobody => None,
                    Holder::Node(node) => Some(node.as_str()),
                };
                self.neighbour(observer, *address) == wanted
            }
            Condition::Weight { node, service, server, compare, weight } => {
                let found = self.destination(node, service, server);
                found
                    .is_some_and(|found| Compare::holds(*compare, &u64::from(found.weight), weight))
            }
            Condition::Absent { node, service, server } => {
                self.destination(node, service, server).is_none()
            }
            Condition::Fallback { node, service } => self.has_fallback(node, service),
            Condition::Role { node, group, role } => self.role(node, group) == Some(role),
        }
    }

    /// Takes note of a record; says whether anything that conditions can ask for may have changed.
    pub(crate) fn apply(&mut self, names: &Names<'_>, event: &Event) -> bool {
        match event {
            Event::Address { node, address, held: true } => {
                self.owners.entry(*address).or_default().insert(node.clone());
            }
            Event::Address { node, address, held: false } => {
                self.owners.entry(*address).or_default().remove(node);
            }
            Event::Neighbour { observer, address, owner } => {
                let key = (observer.clone(), *address);
                match owner {
                    Some(owner) => self.neighbours.insert(key, owner.clone()),
                    None => self.neighbours.remove(&key),
                };
            }
            Event::Table { node, service, server, weight, fallback } => {
                let key = entry(names, node, service, server);
                match *weight {
                    Some(weight) => {
                        self.table.insert(key, Destination { weight, fallback: *fallback })
                    }
                    None => self.table.remove(&key),
                };
            }
            Event::Role { node, group, role, .. } => {
                self.roles.insert((node.clone(), group.clone()), role.clone());
            }
            Event::Server { node, service, server, state, .. } => {
                self.servers.insert(entry(names, node, service, server), state.clone());
            }
            Event::Statement { index, .. } => {
                let statement = names.scenario.timeline.get(*index);
                statement.inspect(|statement| self.act(names, &statement.action));
            }
            Event::Connection { .. }
            | Event::Fallback { .. }
            | Event::Peer { .. }
            | Event::Returned { .. }
            | Event::Sent { .. }
            | Event::Computed { .. }
            | Event::Note { .. } => return false,
        }
        true
    }

    /// What a statement changes at once, without the runner having to say so.
    fn act(&mut self, names: &Names<'_>, action: &Action) {
        self.faults.apply(names.scenario, action);
        match action {
            Action::PowerOff { node } => {
                self.off.insert(node.clone());
                self.killed.remove(node);
                self.burdened.remove(node);
                self.owners.values_mut().for_each(|owners| {
                    owners.remove(node);
                });
                self.neighbours.retain(|(observer, _), _| observer != node);
                self.table.retain(|(at, _, _), _| at != node);
                self.servers.retain(|(at, _, _), _| at != node);
                self.roles.retain(|(at, _), _| at != node);
            }
            Action::Serve { node, behaviour } => {
                self.behaviours.insert(node.clone(), *behaviour);
            }
            Action::PowerOn { node } => {
                self.off.remove(node);
            }
            Action::Kill { node } => {
                self.killed.insert(node.clone());
                self.roles.retain(|(at, _), _| at != node);
            }
            Action::Start { node } => {
                self.killed.remove(node);
                self.burdened.remove(node);
            }
            Action::Tamper { node, deed: Tampering::AddAddress(_) } if !self.runs(node) => {
                self.burdened.insert(node.clone());
            }
            // It ends when it has tried for long enough; what its kernel kept goes with the lease.
            Action::Stop { node } if self.faults.hampers(node) => {
                self.burdened.insert(node.clone());
            }
            _ => {}
        }
    }
}

fn entry(names: &Names<'_>, node: &str, service: &str, server: &str) -> (String, String, String) {
    (node.to_owned(), names.service(service).to_owned(), names.server(server).to_owned())
}

/// Visits the start and every later moment at which something changed, each once, after all its
/// records.
pub fn replay(history: &History, names: &Names<'_>, mut visit: impl FnMut(Duration, &State)) {
    let mut state = State::start(names.scenario);
    let mut records = history.records().iter().peekable();
    let mut moment = Duration::ZERO;
    let mut changed = true;
    loop {
        while let Some(record) = records.next_if(|record| record.at <= moment) {
            changed |= state.apply(names, &record.event);
        }
        if changed {
            visit(moment, &state);
        }
        changed = false;
        let Some(next) = records.peek() else { return };
        moment = next.at;
    }
}
