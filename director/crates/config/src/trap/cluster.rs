//! Traps of nodes, links and times.

use super::{Found, Trap};
use crate::duration::format_duration;
use director_core::config::{Config, Detection};
use std::net::IpAddr;
use std::time::Duration;

/// A director that is dead should be noticed within this.
const SLOW: Duration = Duration::from_secs(10);
/// Heartbeats more frequent than this need a machine that is never busy.
const TIGHT: Duration = Duration::from_millis(5);

pub(super) fn check(config: &Config, found: &mut Found<'_>) {
    nodes(config, found);
    times(config, found);
    for (name, node) in &config.nodes {
        for (interface, address) in &node.addresses {
            if is_stand_in(*address) {
                let path = ["nodes", name.as_str(), "addresses", interface.as_str()];
                let message = format!("nobody has the address {address} of node {name}");
                found.add(Trap::StandInAddress, &path, message);
            }
        }
    }
}

fn nodes(config: &Config, found: &mut Found<'_>) {
    if config.nodes.len() == 1 {
        if !config.groups.is_empty() {
            let message = "when this director fails, nobody takes its addresses";
            found.add(Trap::CannotFailOver, &["nodes"], message);
        }
        return;
    }
    if let [link] = config.cluster.links.as_slice() {
        let message = format!("all heartbeats go over {link}");
        found.add(Trap::OneLink, &["cluster", "links"], message);
    }
    if config.nodes.len() == 2 && !config.cluster.is_witnessed() {
        let message = "when all links are cut, both directors take the addresses";
        found.add(Trap::NoWitness, &["nodes"], message);
    }
    let mut seen: Vec<(&str, u8)> = Vec::new();
    for (name, node) in &config.nodes {
        let priority = node.priority.get();
        if let Some((other, _)) = seen.iter().find(|(_, known)| *known == priority) {
            let message = format!("{name} and {other} both have priority {priority}");
            found.add(Trap::EqualPriorities, &["nodes", name.as_str(), "priority"], message);
        }
        seen.push((name.as_str(), priority));
    }
}

fn times(config: &Config, found: &mut Found<'_>) {
    let cluster = &config.cluster;
    if config.nodes.len() > 1 {
        let noticed = match cluster.detection {
            Detection::Deadtime => cluster.deadtime,
            Detection::Ask { late, asks, spacing, patience } => {
                late + spacing * u32::from(asks.get().saturating_sub(1)) + patience
            }
        };
        if noticed > SLOW {
            let message = format!("a dead director is noticed after {}", format_duration(noticed));
            let key = match cluster.detection {
                Detection::Deadtime => "deadtime",
                Detection::Ask { .. } => "keepalive",
            };
            found.add(Trap::SlowTakeover, &["cluster", key], message);
        }
        if cluster.keepalive < TIGHT {
            let message = format!("a heartbeat every {}", format_duration(cluster.keepalive));
            found.add(Trap::TightKeepalive, &["cluster", "keepalive"], message);
        }
    }
    if cluster.announce.refresh.is_none() {
        let message = "addresses are announced at a takeover only";
        found.add(Trap::NoRefresh, &["cluster", "announce", "refresh"], message);
    }
}

/// RFC 5737 and RFC 3849.
pub(super) fn is_stand_in(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            matches!([a, b, c], [192, 0, 2] | [198, 51, 100] | [203, 0, 113])
        }
        IpAddr::V6(address) => {
            let [a, b, ..] = address.segments();
            (a, b) == (0x2001, 0xdb8)
        }
    }
}
