//! What is in the list, in which order, and what the cursor stands on.

use crate::status::{Server, Service, Status};
use std::collections::BTreeSet;

/// A line of the list; numbers are places in the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    Title(Title),
    Group(usize),
    Peer(usize),
    Service(usize),
    Server(usize, usize),
    Leaving(usize),
    Refused(usize),
    Foreign(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Title {
    Groups,
    Peers,
    Services,
    Leaving,
    Kernel,
}

/// A thing by its name, which stays when its place in the list changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    Group(String),
    Peer(String),
    Service(String),
    Server { service: String, address: String },
    Other(String),
}

impl Thing {
    /// The name by which `explain` knows it.
    pub(crate) fn subject(&self) -> Option<String> {
        match self {
            Self::Group(name) | Self::Peer(name) | Self::Service(name) => Some(name.clone()),
            Self::Server { service, address } => Some(format!("{service}/{address}")),
            Self::Other(_) => None,
        }
    }
}

/// What is to be seen of the list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    /// Only what has this in its name, state or reason; small letters.
    pub(crate) filter: String,
    /// Only what is not in order.
    pub(crate) problems: bool,
    /// Services whose servers are not shown.
    pub(crate) folded: BTreeSet<String>,
}

impl Choice {
    fn is_open(&self) -> bool {
        self.filter.is_empty() && !self.problems
    }

    fn takes(&self, problem: bool, texts: &[&str]) -> bool {
        let found = |text: &&str| text.to_lowercase().contains(&self.filter);
        (problem || !self.problems) && (self.filter.is_empty() || texts.iter().any(found))
    }
}

/// The list.
pub(crate) fn rows(status: &Status, choice: &Choice) -> Vec<Row> {
    let mut rows = Vec::new();
    let groups = status.groups.iter().enumerate().filter(|(_, group)| {
        let problem = group.owner.is_none() || group.resting;
        let owner = group.owner.as_deref().unwrap_or_default();
        choice.takes(problem, &[&group.name, &group.role, &group.why, owner])
    });
    section(&mut rows, Title::Groups, groups.map(|(number, _)| Row::Group(number)));
    let peers = status.peers.iter().enumerate().filter(|(_, peer)| {
        let problem = peer.state != "alive"
            || peer.same_config == Some(false)
            || peer.links.iter().any(|link| !link.up);
        choice.takes(problem, &[&peer.name, &peer.state])
    });
    section(&mut rows, Title::Peers, peers.map(|(number, _)| Row::Peer(number)));
    let services = status.services.iter().enumerate();
    let services = services.flat_map(|(number, service)| of_service(number, service, choice));
    section(&mut rows, Title::Services, services);
    let leaving = status.draining.iter().enumerate();
    let leaving = leaving.filter(|(_, leaving)| choice.takes(false, &[&leaving.address]));
    section(&mut rows, Title::Leaving, leaving.map(|(number, _)| Row::Leaving(number)));
    let refused = status.kernel.refused.iter().enumerate();
    let refused = refused.filter(|(_, text)| choice.takes(true, &[text]));
    let refused = refused.map(|(number, _)| Row::Refused(number));
    let foreign = status.kernel.foreign.iter().enumerate();
    let foreign = foreign.filter(|(_, text)| choice.takes(false, &[text]));
    let foreign = foreign.map(|(number, _)| Row::Foreign(number));
    section(&mut rows, Title::Kernel, refused.chain(foreign));
    rows
}

fn section(rows: &mut Vec<Row>, title: Title, found: impl Iterator<Item = Row>) {
    let before = rows.len();
    rows.push(Row::Title(title));
    rows.extend(found);
    if rows.len() == before + 1 {
        rows.pop();
    }
}

/// A service is shown when it is looked for, or one of its servers is.
fn of_service(number: usize, service: &Service, choice: &Choice) -> Vec<Row> {
    let key = service.key.to_string();
    let own = choice.takes(service_problem(service), &[&service.name, &key]);
    let servers: Vec<Row> = (service.servers.iter().enumerate())
        .filter(|(_, server)| {
            let problem = server_problem(server);
            let itself = choice.takes(problem, &[&server.address, &server.why, state(server)]);
            itself || (own && !choice.problems)
        })
        .map(|(place, _)| Row::Server(number, place))
        .collect();
    if !own && servers.is_empty() {
        return Vec::new();
    }
    // Who looks for something wants to see it.
    let folded = choice.is_open() && choice.folded.contains(&service.name);
    let servers = if folded { Vec::new() } else { servers };
    std::iter::once(Row::Service(number)).chain(servers).collect()
}

/// Whether somebody should look at a service itself.
pub(crate) fn service_problem(service: &Service) -> bool {
    let serves = service.servers.iter().any(|server| server.desired_weight.is_some_and(|w| w > 0));
    service.fallback_serving || !service.quorate || service.panicking || !serves
}

/// Whether somebody should look at a server.
pub(crate) fn server_problem(server: &Server) -> bool {
    state(server) != "up" || server.kernel_weight != server.desired_weight
}

/// A server's state in one word.
pub(crate) fn state(server: &Server) -> &str {
    match server.duty.as_str() {
        "drain" => "drains",
        "maintenance" => "maint",
        _ if server.damped_ms.is_some() => "flaps",
        _ => &server.health,
    }
}

/// What a row is about; titles are about nothing.
pub(crate) fn thing(status: &Status, row: Row) -> Option<Thing> {
    Some(match row {
        Row::Title(_) => return None,
        Row::Group(number) => Thing::Group(status.groups.get(number)?.name.clone()),
        Row::Peer(number) => Thing::Peer(status.peers.get(number)?.name.clone()),
        Row::Service(number) => Thing::Service(status.services.get(number)?.name.clone()),
        Row::Server(number, place) => {
            let service = status.services.get(number)?;
            let address = service.servers.get(place)?.address.clone();
            Thing::Server { service: service.name.clone(), address }
        }
        Row::Leaving(number) => Thing::Other(status.draining.get(number)?.address.clone()),
        Row::Refused(number) => Thing::Other(status.kernel.refused.get(number)?.clone()),
        Row::Foreign(number) => Thing::Other(status.kernel.foreign.get(number)?.clone()),
    })
}
