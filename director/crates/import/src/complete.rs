//! What no file said and a `director.toml` needs: nodes, interfaces, addresses of their own.

use crate::draft::{Draft, Group, Node, Virtual};
use crate::log::Log;
use crate::place::{At, Place};
use crate::surroundings::{Interface, Options, Surroundings};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The group of addresses that no file puts into one.
const GROUP: &str = "services";

pub(crate) fn complete(
    draft: &mut Draft,
    options: &Options,
    around: &dyn Surroundings,
    log: &mut Log,
) {
    nodes(draft, around);
    virtual_addresses(draft, log);
    let interfaces = around.interfaces();
    for at in draft.groups.iter_mut().flat_map(|group| &mut group.addresses) {
        interface(at, &draft.cluster.links, &interfaces, options, log);
    }
    draft.groups.iter_mut().for_each(|group| {
        let mut seen = BTreeSet::new();
        group.addresses.retain(|at| seen.insert(at.value.address));
    });
    draft.groups.retain(|group| !group.addresses.is_empty());
    links(draft, log);
    own_addresses(draft, options, around, log);
}

fn nodes(draft: &mut Draft, around: &dyn Surroundings) {
    if !draft.nodes.is_empty() {
        return;
    }
    let host = around.host_name();
    let name = host.split('.').next().filter(|name| !name.is_empty()).unwrap_or("director");
    draft.nodes.push(Node {
        name: At::new(name.to_owned(), Place::default()),
        addresses: std::collections::BTreeMap::new(),
        priority: At::new(100, Place::default()),
    });
}

/// Every address that a service listens on is in a group.
fn virtual_addresses(draft: &mut Draft, log: &mut Log) {
    let held: BTreeSet<IpAddr> = draft
        .groups
        .iter()
        .flat_map(|group| group.addresses.iter().map(|at| at.value.address))
        .collect();
    let mut missing: Vec<At<Virtual>> = Vec::new();
    for service in &draft.services {
        let Some(address) = service.key.value.address().map(|it| it.ip()) else { continue };
        if held.contains(&address) || missing.iter().any(|at| at.value.address == address) {
            continue;
        }
        let place = service.key.place;
        let text = "no file says who holds it: the active director does from now on";
        log.changed(place, &address.to_string(), text);
        missing.push(At::new(Virtual { address, prefix: None, interface: None }, place));
    }
    if let Some(first) = missing.first() {
        let name = At::new(GROUP.to_owned(), first.place);
        draft.groups.push(Group { name, addresses: missing });
    }
}

/// The interface and the prefix of a virtual address.
fn interface(
    at: &mut At<Virtual>,
    links: &[At<String>],
    interfaces: &[Interface],
    options: &Options,
    log: &mut Log,
) {
    let (place, address) = (at.place, at.value.address);
    let reaching = interfaces.iter().find(|it| match &at.value.interface {
        Some(name) => it.name == *name && it.reaches(address),
        None => it.reaches(address),
    });
    if at.value.interface.is_none() {
        let only = links.first().filter(|_| links.len() == 1).map(|link| link.value.clone());
        let known = options.interface.clone().or_else(|| reaching.map(|it| it.name.clone()));
        at.value.interface = known.or(only);
    }
    if at.value.interface.is_none() {
        at.value.interface = Some("eth0".to_owned());
        let text = "no file and no network of this host says its interface; eth0 stands in its \
                    place: say it with --interface";
        log.left_out(place, &address.to_string(), text);
    }
    at.value.prefix = at.value.prefix.or_else(|| reaching.map(|it| it.prefix));
}

/// Two directors need a link to hear each other on.
fn links(draft: &mut Draft, log: &mut Log) {
    if draft.nodes.len() < 2 || !draft.cluster.links.is_empty() {
        return;
    }
    let mut seen = BTreeSet::new();
    for at in draft.groups.iter().flat_map(|group| &group.addresses) {
        let interface = at.value.interface.clone().unwrap_or_default();
        if seen.insert(interface.clone()) {
            let text = "heartbeats go over the interfaces of the virtual addresses: a second link \
                        of another kind would make a split less likely";
            log.changed(at.place, &format!("link {interface}"), text);
            draft.cluster.links.push(At::new(interface, at.place));
        }
    }
}

/// Every node has an address on every link and on every interface of virtual addresses, and no
/// others.
fn own_addresses(draft: &mut Draft, options: &Options, around: &dyn Surroundings, log: &mut Log) {
    let virtuals = draft.groups.iter().flat_map(|group| &group.addresses);
    let mut needed: Vec<(String, bool, Place)> = Vec::new();
    for at in virtuals {
        let interface = at.value.interface.clone().unwrap_or_default();
        if !needed.iter().any(|(name, ..)| *name == interface) {
            needed.push((interface, at.value.address.is_ipv4(), at.place));
        }
    }
    for link in &draft.cluster.links {
        if !needed.iter().any(|(name, ..)| *name == link.value) {
            let group = draft.cluster.multicast.get(&link.value);
            let is_v4 = group.is_none_or(IpAddr::is_ipv4);
            needed.push((link.value.clone(), is_v4, link.place));
        }
    }
    if let Some(sync) = &draft.cluster.sync
        && !needed.iter().any(|(name, ..)| *name == sync.value.interface)
    {
        needed.push((sync.value.interface.clone(), true, sync.place));
    }
    let host = around.host_name();
    let mut stand_in = 0;
    for node in &mut draft.nodes {
        node.addresses.retain(|interface, _| needed.iter().any(|(name, ..)| name == interface));
        for (interface, is_v4, place) in &needed {
            let said = options.addresses.get(&(node.name.value.clone(), interface.clone()));
            if let Some(address) = said {
                let at = At::new(*address, Place { file: usize::MAX, line: 0, column: 0 });
                node.addresses.insert(interface.clone(), at);
                continue;
            }
            if node.addresses.contains_key(interface) {
                continue;
            }
            let is_host = is_same(&node.name.value, &host);
            let own = around.interfaces();
            let own = own.iter().find(|it| is_host && it.name == *interface);
            let address = own.map(|it| it.address).unwrap_or_else(|| {
                stand_in += 1;
                let text = format!(
                    "no file says its address on {interface}; one that nobody has stands in its \
                     place: say it with --address {}:{interface}=ADDRESS",
                    node.name.value
                );
                log.left_out(node.name.place, &format!("node {}", node.name.value), text);
                nobodys(stand_in, *is_v4)
            });
            node.addresses.insert(interface.clone(), At::new(address, *place));
        }
    }
}

fn is_same(node: &str, host: &str) -> bool {
    node == host || host.split('.').next() == Some(node)
}

/// An address of the networks for documentation (RFC 5737, RFC 3849).
fn nobodys(number: u8, is_v4: bool) -> IpAddr {
    if is_v4 {
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, number))
    } else {
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(number)))
    }
}
