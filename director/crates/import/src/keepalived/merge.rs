//! The nodes of several files, or of one that names its peers.

use super::vrrp::Vrrp;
use crate::draft::{Draft, Node};
use crate::log::Log;
use crate::place::At;
use std::collections::{BTreeMap, BTreeSet};

/// What one file says.
pub(super) struct Read {
    pub(super) node: Node,
    pub(super) vrrp: Vrrp,
}

pub(super) fn nodes(reads: Vec<Read>, draft: &mut Draft, log: &mut Log) {
    if reads.iter().all(|read| read.vrrp.place.is_none()) {
        // Virtual servers only: who holds their addresses is said by other files, or by none.
        return;
    }
    let is_alone = reads.len() == 1;
    let mut nodes: Vec<Node> = Vec::new();
    for Read { mut node, vrrp } in reads {
        node.addresses = vrrp.own.clone();
        let taken: BTreeSet<&str> = nodes.iter().map(|it| it.name.value.as_str()).collect();
        if taken.contains(node.name.value.as_str()) {
            let mut free = (2..=taken.len() + 2).map(|n| format!("{}-{n}", node.name.value));
            let name = free.find(|name| !taken.contains(name.as_str()));
            let name = name.unwrap_or_else(|| node.name.value.clone());
            let text = format!("another node has this name; {name} stands in its place");
            log.left_out(node.name.place, "router_id", text);
            node.name.value = name;
        }
        nodes.push(node);
        if is_alone {
            peers(&vrrp, &mut nodes, log);
        }
    }
    draft.nodes.extend(nodes);
}

/// The peers of the only file: what they are called, and who is preferred, is not in it.
fn peers(vrrp: &Vrrp, nodes: &mut Vec<Node>, log: &mut Log) {
    let Some(place) = vrrp.place else { return };
    let own = nodes.first().map_or(100, |node| node.priority.value);
    let mut peers: BTreeMap<usize, Node> = BTreeMap::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (interface, at) in &vrrp.peers {
        let known = |node: &Node| node.addresses.values().any(|it| it.value == at.value);
        if nodes.iter().any(known) || peers.values().any(known) {
            continue;
        }
        let number = counts.entry(interface).or_default();
        *number += 1;
        let peer = peers.entry(*number).or_insert_with(|| {
            let step = u8::try_from(*number).unwrap_or(u8::MAX);
            // Below, unless this one is a backup by its number.
            let priority = if own < 100 { own.saturating_add(step).min(254) } else { own - 1 };
            Node {
                name: At::new(format!("peer-{number}"), at.place),
                addresses: BTreeMap::new(),
                priority: At::new(priority.max(1), at.place),
            }
        });
        peer.addresses.insert(interface.clone(), at.clone());
    }
    let text = if peers.is_empty() {
        "the file says nothing of the other directors: import their files with it"
    } else {
        "the file says neither the names nor the priorities of its peers: import theirs with it"
    };
    log.left_out(place, "the other directors", text);
    nodes.extend(peers.into_values());
}
