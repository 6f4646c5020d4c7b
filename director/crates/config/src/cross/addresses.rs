//! Links, nodes and virtual addresses.

use crate::code::Code;
use crate::document::Draft;
use crate::found::{At, Found};
use crate::node;
use crate::suggest::{nearest, quote};
use director_core::name::InterfaceName;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

pub(super) fn check(draft: &Draft, found: &mut Found<'_>) {
    numbers(draft, found);
    links(draft, found);
    interfaces(draft, found);
    synchronised(draft, found);
    families(draft, found);
    unused(draft, found);
    duplicates(draft, found);
}

fn numbers(draft: &Draft, found: &mut Found<'_>) {
    if draft.nodes.list.is_empty() && draft.nodes.complete {
        let help = "describe each director: [nodes.d1] with its addresses and priority";
        found.add(Code::NoNodes, &draft.nodes.span, "there are no nodes", help);
    }
    let Some(cluster) = &draft.cluster else { return };
    if draft.nodes.list.len() >= 2 && cluster.links.as_ref().is_some_and(Vec::is_empty) {
        let message = format!(
            "{} nodes have no link on which to hear each other: each would take the addresses",
            draft.nodes.list.len()
        );
        let help = r#"name the interfaces of the heartbeat: links = [{ interface = "eth0" }]"#;
        found.add(Code::NoLinks, &cluster.span, message, help);
    }
}

/// Every node needs an address on every link.
fn links(draft: &Draft, found: &mut Found<'_>) {
    let links = draft.cluster.as_ref().and_then(|cluster| cluster.links.as_ref());
    let nodes = &draft.nodes;
    for link in links.into_iter().flatten().map(|link| &link.interface) {
        let nobody = !nodes.list.iter().any(|node| node.has(&link.value));
        if nobody && nodes.complete && nodes.list.iter().all(|node| node.complete) {
            unknown_interface(draft, link, "no node has an address on link", found);
            continue;
        }
        for node in nodes.list.iter().filter(|node| node.complete && !node.has(&link.value)) {
            let message = format!(
                "node {} has no address on link {}: its peers could not hear it there",
                node.name, link.value
            );
            missing(node, &link.value, message, found);
        }
    }
}

/// Every node needs an address on every interface that holds virtual addresses.
fn interfaces(draft: &Draft, found: &mut Found<'_>) {
    let links = draft.cluster.as_ref().and_then(|cluster| cluster.links.as_ref());
    let reported: BTreeSet<&InterfaceName> =
        links.into_iter().flatten().map(|link| &link.interface.value).collect();
    let nodes = &draft.nodes;
    let mut seen = BTreeSet::new();
    for group in &draft.groups.list {
        for address in &group.addresses {
            let interface = &address.value.interface;
            let nobody = !nodes.list.iter().any(|node| node.has(interface));
            if nobody {
                if nodes.complete
                    && !nodes.list.is_empty()
                    && nodes.list.iter().all(|node| node.complete)
                    && !reported.contains(interface)
                {
                    let at = At::new(interface.clone(), address.span.clone());
                    unknown_interface(draft, &at, "no node has an address on", found);
                }
                continue;
            }
            if reported.contains(interface) || !seen.insert(interface) {
                continue;
            }
            for node in nodes.list.iter().filter(|node| node.complete && !node.has(interface)) {
                let message = format!(
                    "node {} has no address on {interface}: it could not take over group {}",
                    node.name, group.name
                );
                missing(node, interface, message, found);
            }
        }
    }
}

fn missing(node: &node::Draft, interface: &InterfaceName, message: String, found: &mut Found<'_>) {
    let help = format!("add {interface} = \"ADDRESS\" to its addresses");
    found.add(Code::MissingAddress, &node.span, message, help);
}

fn unknown_interface(
    draft: &Draft,
    interface: &At<InterfaceName>,
    sentence: &str,
    found: &mut Found<'_>,
) {
    if draft.nodes.list.is_empty() {
        return;
    }
    let addresses = draft.nodes.list.iter().flat_map(|node| &node.addresses);
    let known = addresses.map(|address| address.interface.value.as_str());
    let help = match nearest(interface.value.as_str(), known) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("add {} = \"ADDRESS\" to the addresses of each node", interface.value),
    };
    let message = format!("{sentence} {}", interface.value);
    found.add(Code::UnknownInterface, &interface.span, message, help);
}

fn sync(draft: &Draft) -> Option<&At<InterfaceName>> {
    Some(&draft.cluster.as_ref()?.sync.as_ref()?.as_ref()?.interface)
}

/// Every node needs an address on the interface of the synchronisation: the kernel sends from it.
fn synchronised(draft: &Draft, found: &mut Found<'_>) {
    let nodes = &draft.nodes;
    let Some(interface) = sync(draft) else { return };
    if !nodes.complete || !nodes.list.iter().all(|node| node.complete) {
        return;
    }
    if !nodes.list.iter().any(|node| node.has(&interface.value)) {
        unknown_interface(draft, interface, "no node has an address on", found);
        return;
    }
    for node in nodes.list.iter().filter(|node| !node.has(&interface.value)) {
        let message = format!(
            "node {} has no address on {}: it could not tell of its connections",
            node.name, interface.value
        );
        missing(node, &interface.value, message, found);
    }
}

/// Nodes hear each other in one family.
fn families(draft: &Draft, found: &mut Found<'_>) {
    let links = draft.cluster.as_ref().and_then(|cluster| cluster.links.as_ref());
    for link in links.into_iter().flatten() {
        let addresses = draft.nodes.list.iter().flat_map(|node| &node.addresses);
        let name = &link.interface.value;
        let mut on_link = addresses.filter(|address| address.interface.value == *name);
        let Some(first) = on_link.next() else { continue };
        let ipv6 = first.address.value.is_ipv6();
        if let Some(group) = link.multicast.as_ref().filter(|it| it.value.is_ipv6() != ipv6) {
            let line = found.spoken(&first.address.span);
            let (group_address, address) = (group.value, first.address.value);
            let message = format!("{address} ({line}) cannot send to {group_address}");
            let help = "give the group of a link the family of the nodes' addresses on it";
            found.add(Code::MixedFamily, &group.span, message, help);
        }
        for other in on_link.filter(|other| other.address.value.is_ipv6() != ipv6) {
            let line = found.spoken(&first.address.span);
            let message = format!(
                "{} and {} ({line}) cannot hear each other on link {}",
                other.address.value, first.address.value, name
            );
            let help = "give all nodes addresses of the same family on a link";
            found.add(Code::MixedFamily, &other.address.span, message, help);
        }
    }
}

/// An address on an interface that is neither a link nor holds virtual addresses is a slip.
fn unused(draft: &Draft, found: &mut Found<'_>) {
    let links = draft.cluster.as_ref().and_then(|cluster| cluster.links.as_ref());
    let (Some(links), true) = (links, draft.groups.complete) else { return };
    if !draft.groups.list.iter().all(|group| group.complete) {
        return;
    }
    let groups = draft.groups.list.iter().flat_map(|group| &group.addresses);
    let used: BTreeSet<&str> = (links.iter().map(|link| link.interface.value.as_str()))
        .chain(groups.map(|address| address.value.interface.as_str()))
        .chain(sync(draft).map(|interface| interface.value.as_str()))
        .chain(adverts(draft))
        .collect();
    for address in draft.nodes.list.iter().flat_map(|node| &node.addresses) {
        let interface = address.interface.value.as_str();
        if used.contains(interface) {
            continue;
        }
        let message = format!("{interface} is neither a link nor has virtual addresses");
        let help = match nearest(interface, used.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("leave it out, or add {{ interface = \"{interface}\" }} to the links"),
        };
        found.add(Code::NoEffect, &address.interface.span, message, help);
    }
}

/// The interfaces by which adverts of VRRP leave.
fn adverts(draft: &Draft) -> impl Iterator<Item = &str> {
    let vrrp = draft.groups.list.iter().filter_map(|group| group.vrrp.as_ref()?.as_ref());
    vrrp.filter_map(|vrrp| Some(vrrp.interface.as_ref()?.value.as_str()))
}

/// One address, one place.
fn duplicates(draft: &Draft, found: &mut Found<'_>) {
    let mut places: BTreeMap<IpAddr, (String, String)> = BTreeMap::new();
    for node in &draft.nodes.list {
        for address in &node.addresses {
            let owner = format!("node {} on {}", node.name, address.interface.value);
            one_place(&mut places, &address.address, owner, found);
        }
    }
    let witnesses = draft.cluster.iter().flat_map(|cluster| cluster.witnesses.iter().flatten());
    for witness in witnesses {
        one_place(&mut places, witness, "the witnesses".to_owned(), found);
    }
    let voter = draft.cluster.iter().filter_map(|cluster| cluster.voter.as_ref()?.as_ref());
    for voter in voter {
        let at = At::new(voter.value.address, voter.span.clone());
        one_place(&mut places, &at, "the voter".to_owned(), found);
    }
    for group in &draft.groups.list {
        // These are a node's own.
        let owned = |vrrp: &crate::group::vrrp::Draft| !matches!(vrrp.owner, Some(None));
        if group.vrrp.as_ref().and_then(Option::as_ref).is_some_and(owned) {
            continue;
        }
        for address in &group.addresses {
            let owner = format!("group {}", group.name);
            let at = At::new(address.value.address, address.span.clone());
            one_place(&mut places, &at, owner, found);
        }
    }
}

fn one_place(
    places: &mut BTreeMap<IpAddr, (String, String)>,
    address: &At<IpAddr>,
    owner: String,
    found: &mut Found<'_>,
) {
    let line = found.spoken(&address.span);
    let Some((other, line)) = places.get(&address.value) else {
        places.insert(address.value, (owner, line));
        return;
    };
    let text = quote(&address.value.to_string());
    let message = format!("{text} of {owner} is already the address of {other} ({line})");
    let help = "give each node and each group addresses of its own";
    found.add(Code::DuplicateAddress, &address.span, message, help);
}
