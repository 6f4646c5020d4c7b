//! The rows of the timeline: what happened, and what was the case after it.

use crate::judge::{Disturbance, disturbances};
use crate::{Event, History, Names, NodeKind, Scenario, State, show_duration};
use std::net::IpAddr;
use std::time::Duration;

/// One event and the columns after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) at: Duration,
    pub(super) event: String,
    /// One for each column of [`Story::columns`].
    pub(super) cells: Vec<String>,
}

pub(super) struct Story {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// What a column shows.
enum Column {
    Director(String, Vec<String>),
    Server(String),
    Owner(IpAddr),
    Neighbour(String, IpAddr),
    Outage(Vec<Disturbance>),
}

pub(super) fn story(scenario: &Scenario, history: &History) -> Story {
    let names = Names::of(scenario);
    let columns = columns(scenario, history, &names);
    let mut state = State::start(scenario);
    let mut rows = Vec::new();
    let mut add = |at: Duration, event: String, state: &State| {
        let cells = columns.iter().map(|(_, column)| cell(column, state, at)).collect();
        rows.push(Row { at, event, cells });
    };
    add(Duration::ZERO, "start".to_owned(), &state);
    let mut load = load(scenario, history).into_iter().peekable();
    for record in history.records() {
        while let Some((at, event)) = load.next_if(|(at, _)| *at < record.at) {
            add(at, event, &state);
        }
        state.apply(&names, &record.event);
        if let Some(event) = sentence(&names, &record.event) {
            add(record.at, event, &state);
        }
    }
    load.for_each(|(at, event)| add(at, event, &state));
    add(history.end, "end".to_owned(), &state);
    Story { columns: columns.into_iter().map(|(name, _)| name).collect(), rows }
}

fn columns(scenario: &Scenario, history: &History, names: &Names<'_>) -> Vec<(String, Column)> {
    let facts = names.facts();
    let groups: Vec<String> = facts.groups.iter().cloned().collect();
    let mut found = Vec::new();
    for node in &scenario.nodes {
        let name = node.name.clone();
        match node.kind {
            NodeKind::Director { .. } => {
                found.push((name.clone(), Column::Director(name, groups.clone())));
            }
            NodeKind::Server { .. } => found.push((name.clone(), Column::Server(name))),
            NodeKind::Router | NodeKind::Client | NodeKind::Voter { .. } => {}
        }
    }
    for address in &facts.addresses {
        found.push((format!("{address} at"), Column::Owner(*address)));
        let routers = scenario.nodes.iter().filter(|node| node.kind == NodeKind::Router);
        for router in routers {
            let name = router.name.clone();
            found.push((format!("arp of {name}"), Column::Neighbour(name, *address)));
        }
    }
    for client in &scenario.clients {
        let column = Column::Outage(disturbances(history, &client.name));
        found.push((format!("outage of {}", client.name), column));
    }
    found
}

fn cell(column: &Column, state: &State, at: Duration) -> String {
    match column {
        Column::Director(node, groups) => director(state, node, groups),
        Column::Server(node) if !state.is_on(node) => "off".to_owned(),
        Column::Server(node) => {
            state.behaviour(node).map_or_else(String::new, |behaviour| behaviour.to_string())
        }
        Column::Owner(address) => {
            let owners: Vec<&str> = state.owners(*address).collect();
            if owners.is_empty() { "nobody".to_owned() } else { owners.join("+") }
        }
        Column::Neighbour(observer, address) => {
            state.neighbour(observer, *address).unwrap_or("-").to_owned()
        }
        Column::Outage(disturbances) => outage(disturbances, at),
    }
}

fn director(state: &State, node: &str, groups: &[String]) -> String {
    if !state.is_on(node) {
        return "off".to_owned();
    }
    if state.is_killed(node) {
        return "killed".to_owned();
    }
    let role = |group: &String| state.role(node, group).unwrap_or("-").to_owned();
    match groups {
        [group] => role(group),
        groups => {
            let roles = groups.iter().map(|group| format!("{group}:{}", role(group)));
            roles.collect::<Vec<_>>().join(" ")
        }
    }
}

/// The longest outage of the disturbances that are over, or how long the present one has lasted.
fn outage(disturbances: &[Disturbance], at: Duration) -> String {
    let now = disturbances.iter().find(|one| one.from <= at && at < one.to);
    if let Some(now) = now {
        return format!("{}...", millis(at.saturating_sub(now.from)));
    }
    let over = disturbances.iter().filter(|one| one.to <= at).map(|one| one.outage);
    millis(over.max().unwrap_or_default())
}

/// Whole milliseconds.
pub(super) fn millis(value: Duration) -> String {
    format!("{}ms", value.as_millis())
}

/// What the clients noticed, in time order and in words.
pub fn noticed(scenario: &Scenario, history: &History) -> Vec<(Duration, String)> {
    load(scenario, history)
}

pub(super) fn load(scenario: &Scenario, history: &History) -> Vec<(Duration, String)> {
    let mut found = Vec::new();
    for client in &scenario.clients {
        let name = &client.name;
        for one in disturbances(history, name) {
            found.push((one.from, format!("{name}: connections begin to fail")));
            let over = if one.to < history.end { "all served again" } else { "still failing" };
            let event = format!(
                "{name}: {over}; {} of {} connections were not served in time, longest outage {}",
                one.bad,
                one.connections,
                show_duration(one.outage)
            );
            found.push((one.to, event));
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found
}

/// The event in words; connections have none of their own.
pub(super) fn sentence(names: &Names<'_>, event: &Event) -> Option<String> {
    Some(match event {
        Event::Connection { .. } => return None,
        Event::Statement { text, .. } => format!("▶ {text}"),
        Event::Address { node, address, held: true } => format!("{node} holds {address}"),
        Event::Address { node, address, held: false } => format!("{node} releases {address}"),
        Event::Neighbour { observer, address, owner: Some(owner) } => {
            format!("{observer} sends {address} to {owner}")
        }
        Event::Neighbour { observer, address, owner: None } => {
            format!("{observer} forgets who has {address}")
        }
        Event::Table { node, service, server, weight, fallback } => {
            let service = names.service(service);
            let server = if *fallback { "the fallback" } else { names.server(server) };
            match weight {
                Some(weight) => format!("{node} has {server} in {service} with weight {weight}"),
                None => format!("{node} has {server} in {service} no longer"),
            }
        }
        Event::Role { node, group, role, why } => {
            because(format!("{node} is {role} for {group}"), why)
        }
        Event::Server { node, service, server, state, why } => {
            let (service, server) = (names.service(service), names.server(server));
            because(format!("{node} finds {server} {state} in {service}"), why)
        }
        Event::Fallback { node, service, serving } => {
            let service = names.service(service);
            let what = if *serving { "needs" } else { "no longer needs" };
            format!("{node} {what} the fallback in {service}")
        }
        Event::Peer { node, peer, state, why } => {
            because(format!("{node} finds {peer} {state}"), why)
        }
        Event::Returned { node, packets } => {
            format!("{node}: {packets} packets came through on their way back to clients")
        }
        Event::Sent { node, peers, servers, others } => {
            let rest = format!("{servers} to real servers, {others} to others");
            format!("{node} sent {peers} packets to directors, {rest}")
        }
        Event::Computed { node, time } => format!("{node} computed for {}", show_duration(*time)),
        Event::Note { node: Some(node), text } => format!("{node}: {text}"),
        Event::Note { node: None, text } => text.clone(),
    })
}

fn because(what: String, why: &str) -> String {
    if why.is_empty() { what } else { format!("{what}: {why}") }
}
