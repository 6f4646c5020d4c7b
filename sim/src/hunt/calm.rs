//! What must be true when every fault has ended: the phase of liveness.
//!
//! Each rule is an expectation of the scenario, so that a failing case says itself what it demands,
//! and `director-sim run` judges it the same.

use super::case::{Case, Unit};
use super::settings::Settings;
use scenario::{Action, Node, NodeKind, Port, Scenario, show_duration};
use std::net::IpAddr;
use std::time::Duration;

/// How long it must stay right.
const CALM: Duration = Duration::from_secs(8);
/// So that the last connections of the calm end before the run does.
const TAIL: Duration = Duration::from_secs(2);
/// One case in so many goes on for as long as nothing at all may change any more.
const LONG: u128 = 16;

/// The case with these faults.
pub(super) fn case(mut frame: Scenario, settings: &Settings, units: Vec<Unit>) -> Case {
    let lines = units.iter().flat_map(|unit| &unit.lines).map(|line| line.at);
    let last = lines.max().unwrap_or_default().max(settings.ready);
    // Whole seconds read better in the file.
    let settle = settings.settle + settings.more(&units);
    let from = Duration::from_secs((last + settle).as_secs() + 1);
    let to = from + CALM;
    let patience = frame.clients.iter().map(|client| client.timeout).max().unwrap_or_default();
    frame.length = to + TAIL.max(patience + Duration::from_secs(1));
    if is_watched_for_long(last) {
        // From then on the guard lets nothing change at all.
        frame.length = frame.length.max(last + settings.calm + CALM);
    }
    let preferred = settings.preferred.as_ref().filter(|_| !settings.overworks(&units));
    let mut expect = owners(&frame, settings, preferred, (from, to));
    expect.extend(tables(settings, from, to));
    for client in &frame.clients {
        // The services are whole, the router knows the owner: no connection may fail, whatever
        // happened before.
        let (name, from, to) = (&client.name, show_duration(from), show_duration(to));
        expect.push(format!("failed({name}) = 0 between {from} and {to}"));
        // Of one connection every packet reaches the same server, also across a failover: a server
        // that does not know it resets it, and never answers in another's place.
        expect.push(format!("pinned({name})"));
    }
    if let [unit] = units.as_slice()
        && let Some(Action::PowerOff { node }) = unit.lines.first().map(|line| &line.action)
        && settings.directors.contains(node)
    {
        let most = show_duration(settings.takeover());
        expect.extend(frame.clients.iter().map(|one| format!("outage({}) <= {most}", one.name)));
    }
    frame.timeline.clear();
    Case { frame, units, reactions: Vec::new(), expect }
}

/// Whether this is such a case, by the moment of its last fault, which is drawn.
fn is_watched_for_long(last: Duration) -> bool {
    last.as_millis().is_multiple_of(LONG)
}

/// Exactly one owner: two would answer ARP in turns, without one nobody is served. Every director
/// runs and hears every other then, so neither cuts nor orphans excuse it. With automatic failback
/// it is the preferred one. Whoever has a neighbour entry for the address has the owner's: it has
/// had the announcements after the last change, and the last heal.
fn owners(
    frame: &Scenario,
    settings: &Settings,
    preferred: Option<&String>,
    (from, to): (Duration, Duration),
) -> Vec<String> {
    let loads = |name: &str| frame.clients.iter().any(|client| client.from == name);
    // Clients on the address's network, and servers that answer by it.
    let observes = |node: &Node, address: IpAddr| match node.kind {
        NodeKind::Router | NodeKind::Client => loads(&node.name) && is_near(node, address),
        NodeKind::Server { .. } => node.gateway == Some(address),
        NodeKind::Director { .. } | NodeKind::Voter { .. } => false,
    };
    let mut expect = Vec::new();
    for at in [from, to].map(show_duration) {
        for (group, addresses) in &settings.groups {
            for address in addresses {
                expect.push(format!("at {at} owners({address}) = 1"));
                if let Some(preferred) = preferred {
                    expect.push(format!("at {at} owner({address}) = {preferred}"));
                }
                let agree = |node: &Node| {
                    let one = settings.directors.iter().map(|director| {
                        let knows = knows(node, *address, director, &settings.directors);
                        format!(
                            "(owner({address}) = {director} and \
                             role({director}, {group}) = active and {knows})"
                        )
                    });
                    format!("at {at} {}", one.collect::<Vec<_>>().join(" or "))
                };
                let observers = frame.nodes.iter().filter(|node| observes(node, *address));
                expect.extend(observers.map(agree));
            }
        }
    }
    expect
}

/// Clients are there all the time, and so are the routers' entries. A server that has begun anew
/// may not have been asked anything yet.
fn knows(node: &Node, address: IpAddr, director: &str, all: &[String]) -> String {
    let observer = &node.name;
    if !matches!(node.kind, NodeKind::Server { .. }) {
        return format!("arp({observer}, {address}) = {director}");
    }
    let others = all.iter().filter(|other| *other != director);
    let not = others.map(|other| format!("not arp({observer}, {address}) = {other}"));
    not.collect::<Vec<_>>().join(" and ")
}

/// Whether a node has an interface on the address's network.
fn is_near(node: &Node, address: IpAddr) -> bool {
    node.ports.iter().flat_map(Port::cidrs).any(|cidr| cidr.contains(address))
}

/// Desired is actual on every director, not on the owner alone: a standby with another table would
/// show it only in the next failover. Every server answers rightly then, and has had the time for
/// enough checks: all have their weight, and no fallback is there.
fn tables(settings: &Settings, from: Duration, to: Duration) -> Vec<String> {
    let mut expect = Vec::new();
    for at in [from, to].map(show_duration) {
        for director in &settings.directors {
            let weights: Vec<String> = settings
                .servers
                .iter()
                .map(|wanted| {
                    let (service, node) = (&wanted.service, &wanted.node);
                    format!("weight({director}, {service}, {node}) = {}", wanted.weight)
                })
                .collect();
            if !weights.is_empty() {
                expect.push(format!("at {at} {}", weights.join(" and ")));
                for service in &settings.fallbacks {
                    expect.push(format!("at {at} not fallback({director}, {service})"));
                }
            }
        }
    }
    expect
}
