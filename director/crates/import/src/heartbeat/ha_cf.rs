//! `ha.cf`: nodes, media and times.

use super::table::HA_CF;
use super::words;
use crate::draft::{Draft, Node};
use crate::log::Log;
use crate::place::{At, Place};
use crate::surroundings::Surroundings;
use director_config::Code;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

const SECTION: &str = "ha.cf";

/// Reads the file into the draft.
pub(crate) fn read(
    name: &str,
    text: &str,
    draft: &mut Draft,
    around: &dyn Surroundings,
    log: &mut Log,
) {
    let file = log.file(name, text);
    let mut peers: Vec<(String, At<IpAddr>)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let words = words(file, at + 1, line, |c| c.is_whitespace() || c == ',');
        let Some((directive, values)) = words.split_first() else { continue };
        one(directive, values, draft, &mut peers, log);
    }
    let end = Place { file, line: 0, column: 0 };
    if draft.nodes.is_empty() {
        let message = "there is no `node`: Heartbeat does not start without one";
        log.wrong(Code::NoNodes, end, message, "write node d1 d2, as `uname -n` says it");
    }
    own_addresses(draft, &peers, around);
    times(draft, end, log);
}

fn one(
    directive: &At<String>,
    values: &[At<String>],
    draft: &mut Draft,
    peers: &mut Vec<(String, At<IpAddr>)>,
    log: &mut Log,
) {
    let (name, place) = (directive.value.as_str(), directive.place);
    if HA_CF.find(SECTION, name).is_none() {
        let names = HA_CF.names(SECTION);
        let help = director_config::nearest(name, names.iter().copied()).map_or_else(
            || "see ha.cf(5) for the directives that there are".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("Heartbeat has no directive `{name}`");
        log.wrong(Code::UnknownKey, place, message, help);
        return;
    }
    HA_CF.note(SECTION, name, place, log);
    let Some(first) = values.first() else {
        let message = format!("`{name}` has no value");
        log.wrong(Code::MissingKey, place, message, "write one after it, with a blank before");
        return;
    };
    let cluster = &mut draft.cluster;
    match name {
        "node" => values.iter().for_each(|value| node(value, &mut draft.nodes)),
        "keepalive" => cluster.keepalive = time(first, log),
        "deadtime" => cluster.deadtime = time(first, log),
        "initdead" => cluster.initdead = time(first, log),
        "udpport" => match first.value.parse() {
            Ok(port) if port > 0 => cluster.port = Some(At::new(port, first.place)),
            _ => log.wrong(Code::OutOfRange, first.place, "this is no port", "write 1 to 65535"),
        },
        "cluster" => cluster.name = Some(first.clone()),
        "bcast" => values.iter().for_each(|value| link(value, draft)),
        "mcast" | "mcast6" => multicast(first, values.get(1), draft, log),
        "ucast" => {
            link(first, draft);
            match values.get(1).map(|peer| (peer, peer.value.parse::<IpAddr>())) {
                Some((peer, Ok(address))) => {
                    peers.push((first.value.clone(), At::new(address, peer.place)));
                }
                Some((peer, Err(_))) => {
                    let text = "the peer is not written as an address: say it with --address";
                    log.changed(peer.place, "ucast", text);
                }
                None => {
                    let help = "write ucast eth0 10.0.0.12";
                    log.wrong(Code::MissingAddress, place, "`ucast` names no peer", help);
                }
            }
        }
        "auto_failback" => failback(first, draft, log),
        "ping" | "ping6" | "ping_group" => {
            for value in values {
                if let Ok(address) = value.value.parse() {
                    cluster.witnesses.push(At::new(address, value.place));
                }
            }
        }
        _ => {}
    }
}

fn node(name: &At<String>, nodes: &mut Vec<Node>) {
    let name = At::new(name.value.to_lowercase(), name.place);
    if nodes.iter().any(|node| node.name.value == name.value) {
        return;
    }
    let step = u8::try_from(nodes.len()).unwrap_or(u8::MAX);
    let priority = At::new(100_u8.saturating_sub(step).max(1), name.place);
    nodes.push(Node { name, addresses: BTreeMap::new(), priority });
}

fn link(device: &At<String>, draft: &mut Draft) {
    let links = &mut draft.cluster.links;
    if !links.iter().any(|link| link.value == device.value) {
        links.push(device.clone());
    }
}

/// A link over which one packet goes to all. The first line that names an interface is its link.
fn multicast(device: &At<String>, group: Option<&At<String>>, draft: &mut Draft, log: &mut Log) {
    let is_new = !draft.cluster.links.iter().any(|link| link.value == device.value);
    link(device, draft);
    let address = group.and_then(|group| group.value.parse::<IpAddr>().ok());
    let Some(address) = address.filter(IpAddr::is_multicast) else {
        let place = group.map_or(device.place, |group| group.place);
        let help =
            "write the multicast address after the interface: mcast eth0 239.255.0.94 694 1 0";
        log.wrong(Code::BadAddress, place, "this is not a multicast address", help);
        return;
    };
    if is_new {
        draft.cluster.multicast.insert(device.value.clone(), address);
    } else {
        let text = "an interface is one link: how an earlier line has it counts";
        log.changed(device.place, &format!("link {}", device.value), text);
    }
}

fn failback(word: &At<String>, draft: &mut Draft, log: &mut Log) {
    let on = match word.value.to_lowercase().as_str() {
        "on" | "true" | "yes" | "y" | "1" | "legacy" => true,
        "off" | "false" | "no" | "n" | "0" => false,
        _ => {
            let message = "`auto_failback` is on, off or legacy";
            log.wrong(Code::UnknownValue, word.place, message, "write one of them");
            return;
        }
    };
    draft.cluster.failback = Some(At::new(on, word.place));
}

/// Seconds, also with a fraction, or a number with `ms` or `us`.
fn time(word: &At<String>, log: &mut Log) -> Option<At<Duration>> {
    let text = word.value.as_str();
    let (number, unit) = match text.find(|c: char| !(c.is_ascii_digit() || c == '.')) {
        Some(end) => text.split_at(end),
        None => (text, ""),
    };
    let parsed = match unit {
        "" | "s" => director_config::parse_duration(&format!("{number}s")),
        "ms" => director_config::parse_duration(&format!("{number}ms")),
        "us" => number.parse().ok().map(Duration::from_micros),
        _ => None,
    };
    if parsed.is_none() {
        let help = "write seconds, or a number with ms, such as 2 or 500ms";
        log.wrong(Code::BadDuration, word.place, format!("`{text}` is no time"), help);
    }
    parsed.map(|duration| At::new(duration, word.place))
}

/// `ucast` lists the addresses of all nodes, and of none which is whose: names say that, or
/// elimination.
fn own_addresses(draft: &mut Draft, peers: &[(String, At<IpAddr>)], around: &dyn Surroundings) {
    let host = around.host_name().to_lowercase();
    let own: Vec<IpAddr> = around.interfaces().iter().map(|it| it.address).collect();
    for (device, address) in peers {
        let by_name = draft.nodes.iter().position(|node| {
            let is_host = node.name.value == host && own.contains(&address.value);
            is_host || around.resolve(&node.name.value).contains(&address.value)
        });
        if let Some(node) = by_name.and_then(|at| draft.nodes.get_mut(at)) {
            node.addresses.insert(device.clone(), address.clone());
        }
    }
    if draft.nodes.len() != 2 {
        return;
    }
    for (device, address) in peers {
        let is_known = |node: &Node| node.addresses.get(device).map(|at| at.value);
        let known: Vec<Option<IpAddr>> = draft.nodes.iter().map(is_known).collect();
        let others = known.iter().flatten().any(|it| *it == address.value);
        let open = known.iter().position(Option::is_none);
        let single = known.iter().flatten().count() == 1;
        if let Some(node) = open.filter(|_| single && !others) {
            draft.nodes[node].addresses.insert(device.clone(), address.clone());
        }
    }
}

/// Heartbeat's own defaults where the file is silent, so that nothing becomes faster unasked.
fn times(draft: &mut Draft, end: Place, log: &mut Log) {
    let cluster = &mut draft.cluster;
    let keepalive = cluster.keepalive.get_or_insert(At::new(Duration::from_secs(1), end)).value;
    let deadtime = cluster.deadtime.get_or_insert(At::new(Duration::from_secs(30), end)).clone();
    if deadtime.value <= keepalive * 2 {
        let message = "Heartbeat takes no `deadtime` of twice `keepalive` or less";
        log.wrong(Code::DeadtimeTooShort, deadtime.place, message, "write a longer one");
    }
    let default = match deadtime.value.as_secs() {
        0..6 => Duration::from_secs(12),
        6..=10 => deadtime.value * 2,
        _ => deadtime.value,
    };
    let initdead = cluster.initdead.get_or_insert(At::new(default, end));
    if initdead.value < deadtime.value {
        let message = "Heartbeat takes no `initdead` shorter than `deadtime`";
        log.wrong(Code::InitdeadTooShort, initdead.place, message, "write a longer one");
    }
}
