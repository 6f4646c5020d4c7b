//! What there is a lane for, and what it is at a moment.

use super::lanes::{Lane, Moment, Tone};
use crate::{Behaviour, Event, History, Mood, Names, NodeKind, Scenario};
use std::collections::BTreeSet;
use std::net::IpAddr;

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Subject {
    Owner(IpAddr),
    Neighbour(String, IpAddr),
    Role(String, String),
    Machine(String),
    Peer(String, String),
    Server(String),
    /// Director, service, server.
    Destination(String, String, String),
    Segment(String),
}

pub(super) fn subjects(scenario: &Scenario, history: &History, names: &Names<'_>) -> Vec<Subject> {
    let facts = names.facts();
    let of_kind = |wanted: fn(&NodeKind) -> bool| {
        let nodes = scenario.nodes.iter().filter(move |node| wanted(&node.kind));
        nodes.map(|node| node.name.clone()).collect::<Vec<String>>()
    };
    let routers = of_kind(|kind| *kind == NodeKind::Router);
    let directors = of_kind(|kind| matches!(kind, NodeKind::Director { .. }));
    let destinations = destinations(history, names);
    let mut found = Vec::new();
    for address in &facts.addresses {
        found.push(Subject::Owner(*address));
        found.extend(routers.iter().map(|name| Subject::Neighbour(name.clone(), *address)));
    }
    for name in &directors {
        found.extend(facts.groups.iter().map(|group| Subject::Role(name.clone(), group.clone())));
        found.push(Subject::Machine(name.clone()));
        let others = directors.iter().filter(|other| *other != name);
        found.extend(others.map(|other| Subject::Peer(name.clone(), other.clone())));
        let own = destinations.iter().filter(|(node, _, _)| node == name).cloned();
        found
            .extend(own.map(|(node, service, server)| Subject::Destination(node, service, server)));
    }
    let servers = of_kind(|kind| matches!(kind, NodeKind::Server { .. }));
    found.extend(servers.into_iter().map(Subject::Server));
    found.extend(scenario.segments.keys().cloned().map(Subject::Segment));
    found
}

/// Director, service and server of everything that was ever in a table.
fn destinations(history: &History, names: &Names<'_>) -> BTreeSet<(String, String, String)> {
    let records = history.records().iter();
    let entries = records.filter_map(|record| match &record.event {
        Event::Table { node, service, server, .. }
        | Event::Server { node, service, server, .. } => {
            let (service, server) = (names.service(service), names.server(server));
            Some((node.clone(), service.to_owned(), server.to_owned()))
        }
        _ => None,
    });
    entries.collect()
}

impl Subject {
    pub(super) fn lane(&self) -> Lane {
        let (kind, node, key, label) = match self {
            Self::Owner(address) => {
                ("owner", None, vec![address.to_string()], format!("{address} held by"))
            }
            Self::Neighbour(node, address) => {
                let key = vec![node.clone(), address.to_string()];
                ("arp", None, key, format!("{node} sends {address} to"))
            }
            Self::Role(node, group) => {
                ("role", Some(node), vec![node.clone(), group.clone()], format!("role in {group}"))
            }
            Self::Machine(node) => ("machine", Some(node), vec![node.clone()], "machine".into()),
            Self::Peer(node, peer) => {
                ("peer", Some(node), vec![node.clone(), peer.clone()], format!("finds {peer}"))
            }
            Self::Server(node) => ("server", Some(node), vec![node.clone()], "answers".into()),
            Self::Destination(node, service, server) => {
                let key = vec![node.clone(), service.clone(), server.clone()];
                ("table", Some(node), key, format!("{server} in {service}"))
            }
            Self::Segment(name) => ("segment", None, vec![name.clone()], format!("segment {name}")),
        };
        Lane { kind, node: node.cloned(), key, label, spans: Vec::new() }
    }

    /// Whether the lane says nothing as long as all is well.
    pub(super) fn only_when_troubled(&self) -> bool {
        matches!(self, Self::Machine(_) | Self::Segment(_))
    }

    pub(super) fn now(&self, moment: &Moment<'_>) -> (String, Tone) {
        let state = &moment.state;
        match self {
            Self::Owner(address) => owner(&state.owners(*address).collect::<Vec<_>>()),
            Self::Neighbour(node, address) => {
                let owners: Vec<&str> = state.owners(*address).collect();
                match state.neighbour(node, *address) {
                    None => ("nobody".to_owned(), Tone::Idle),
                    Some(owner) if owners == [owner] => (owner.to_owned(), Tone::Good),
                    Some(owner) if owners.contains(&owner) => (owner.to_owned(), Tone::Passing),
                    Some(owner) => (owner.to_owned(), Tone::Bad),
                }
            }
            Self::Role(node, group) => role(moment, node, group),
            Self::Machine(node) => machine(moment, node),
            Self::Peer(node, peer) => {
                let known = moment.peers.get(&(node.clone(), peer.clone()));
                let word = known.map_or("not heard yet", String::as_str);
                let tone = match word {
                    "alive" => Tone::Good,
                    "dead" => Tone::Bad,
                    "not heard yet" => Tone::Off,
                    _ => Tone::Passing,
                };
                (word.to_owned(), tone)
            }
            Self::Server(node) => server(moment, node),
            Self::Destination(node, service, server) => destination(moment, node, service, server),
            Self::Segment(name) => segment(moment, name),
        }
    }
}

fn owner(owners: &[&str]) -> (String, Tone) {
    match owners {
        [] => ("nobody".to_owned(), Tone::Bad),
        [owner] => ((*owner).to_owned(), Tone::Good),
        owners => (owners.join(" + "), Tone::Bad),
    }
}

fn role(moment: &Moment<'_>, node: &str, group: &str) -> (String, Tone) {
    let state = &moment.state;
    if !state.is_on(node) {
        return ("off".to_owned(), Tone::Off);
    }
    if state.is_killed(node) {
        return ("killed".to_owned(), Tone::Off);
    }
    let word = state.role(node, group).unwrap_or("starting");
    let tone = match word {
        "active" => Tone::Good,
        "standby" => Tone::Idle,
        "stopped" | "off" => Tone::Off,
        _ => Tone::Passing,
    };
    (word.to_owned(), tone)
}

fn machine(moment: &Moment<'_>, node: &str) -> (String, Tone) {
    let (state, faults) = (&moment.state, moment.state.faults());
    if !state.is_on(node) {
        return ("no power".to_owned(), Tone::Off);
    }
    if state.is_killed(node) {
        return ("process killed".to_owned(), Tone::Bad);
    }
    if faults.stands_still(node) {
        return ("stands still".to_owned(), Tone::Bad);
    }
    match faults.mood(node) {
        Mood::Ok if faults.hampers(node) => ("slow".to_owned(), Tone::Passing),
        Mood::Ok => ("runs".to_owned(), Tone::Good),
        mood => (format!("netlink {mood}"), Tone::Passing),
    }
}

fn server(moment: &Moment<'_>, node: &str) -> (String, Tone) {
    if !moment.state.is_on(node) {
        return ("no power".to_owned(), Tone::Off);
    }
    match moment.state.behaviour(node) {
        None => ("nothing".to_owned(), Tone::Off),
        Some(Behaviour::Ok) => ("ok".to_owned(), Tone::Good),
        Some(other) => (other.to_string(), Tone::Bad),
    }
}

fn destination(moment: &Moment<'_>, node: &str, service: &str, server: &str) -> (String, Tone) {
    let mut known = moment.state.servers(node);
    let word = known.find(|(at, name, _)| *at == service && *name == server);
    let word = word.map(|(_, _, word)| word);
    let entry = moment.state.destination(node, service, server);
    let Some(entry) = entry else {
        return match word {
            Some(word @ "up") => (format!("{word}, not in the table"), Tone::Passing),
            Some(word) => (format!("{word}, not in the table"), Tone::Bad),
            None => ("not in the table".to_owned(), Tone::Off),
        };
    };
    let what = if entry.fallback { "fallback" } else { word.unwrap_or("unknown") };
    let tone = match (entry.weight, entry.fallback) {
        (0, _) => Tone::Bad,
        (_, true) => Tone::Passing,
        (_, false) => Tone::Good,
    };
    (format!("{what}, weight {}", entry.weight), tone)
}

fn segment(moment: &Moment<'_>, name: &str) -> (String, Tone) {
    let faults = moment.state.faults();
    let members: Vec<&str> = moment.scenario.members(name).collect();
    let loose = members.iter().filter(|node| faults.is_unplugged(name, node));
    let mut parts: Vec<String> = loose.map(|node| format!("{node} unplugged")).collect();
    let cut: Vec<(&str, &str)> = faults
        .blocked()
        .filter(|(segment, _, _)| *segment == name)
        .map(|(_, from, to)| (from, to))
        .collect();
    if cut.len() == members.len() * members.len().saturating_sub(1) && !cut.is_empty() {
        parts.push("cut".to_owned());
    } else if !cut.is_empty() {
        parts.push(format!("cut {}", pairs(&cut)));
    }
    let is_cut = !parts.is_empty();
    let impaired: Vec<(&str, &str)> = faults
        .impaired()
        .filter(|(segment, _, _, effect)| *segment == name && !effect.is_none())
        .map(|(_, from, to, _)| (from, to))
        .collect();
    if !impaired.is_empty() {
        parts.push(format!("impaired {}", pairs(&impaired)));
    }
    match (is_cut, parts.is_empty()) {
        (true, _) => (parts.join(", "), Tone::Bad),
        (false, false) => (parts.join(", "), Tone::Passing),
        (false, true) => ("whole".to_owned(), Tone::Good),
    }
}

/// `d1<->d2 d1->gw`.
fn pairs(found: &[(&str, &str)]) -> String {
    let mut words = Vec::new();
    for (from, to) in found {
        let both = found.contains(&(*to, *from));
        match both {
            true if from < to => words.push(format!("{from}<->{to}")),
            true => {}
            false => words.push(format!("{from}->{to}")),
        }
    }
    words.join(" ")
}
