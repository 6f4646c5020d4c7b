//! Virtual routers: their numbers, families and owners.

use crate::code::Code;
use crate::document::Draft;
use crate::found::Found;
use crate::group;
use crate::suggest::{nearest, quote};
use director_core::config::{Coverage, VrrpVersion};
use director_core::name::InterfaceName;
use std::collections::BTreeMap;
use std::num::NonZeroU8;

pub(super) fn check(draft: &Draft, found: &mut Found<'_>) {
    let (mut seen, mut named) = (BTreeMap::new(), BTreeMap::new());
    for group in &draft.groups.list {
        let Some(Some(vrrp)) = &group.vrrp else { continue };
        families(group, vrrp, found);
        owner(draft, group, vrrp, found);
        interface(draft, group, vrrp, found);
        numbers(&mut seen, group, vrrp, found);
        devices(&mut named, group, vrrp, found);
    }
}

/// An advert has addresses of one family, and goes over that.
fn families(group: &group::Draft, vrrp: &group::vrrp::Draft, found: &mut Found<'_>) {
    let Some(first) = group.addresses.first() else { return };
    let ipv6 = first.value.address.is_ipv6();
    if let Some(other) = group.addresses.iter().find(|it| it.value.address.is_ipv6() != ipv6) {
        let message =
            format!("group {} has addresses of both families, a VRRP router has one", group.name);
        let help = "make a group of each family; both may have the same id";
        found.add(Code::MixedFamily, &other.span, message, help);
        return;
    }
    if ipv6 && vrrp.version == Some(VrrpVersion::V2) {
        let message = "VRRP version 2 knows IPv4 alone".to_owned();
        found.add(Code::MixedFamily, &first.span, message, "write version = 3");
    }
    if let Some(checksum) = vrrp.checksum.as_ref().filter(|_| ipv6)
        && checksum.value == Coverage::Message
    {
        let message = "over IPv6 the checksum always covers the pseudo-header".to_owned();
        found.add(Code::NoEffect, &checksum.span, message, "leave `checksum` out");
    }
    for peer in vrrp.peers.iter().flatten().filter(|peer| peer.value.is_ipv6() != ipv6) {
        let message = format!("{} is of another family than the addresses", peer.value);
        let help = "name addresses of the family of the virtual addresses";
        found.add(Code::MixedFamily, &peer.span, message, help);
    }
}

/// Priority 255 is for the node whose own addresses these are.
fn owner(draft: &Draft, group: &group::Draft, vrrp: &group::vrrp::Draft, found: &mut Found<'_>) {
    let Some(Some(owner)) = &vrrp.owner else { return };
    if !draft.nodes.complete || !group.complete {
        return;
    }
    let Some(node) = draft.nodes.list.iter().find(|node| node.name == owner.value) else {
        let known = draft.nodes.list.iter().map(|known| known.name.as_str());
        let help = match nearest(owner.value.as_str(), known) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("leave it out, or describe it: [nodes.{}]", owner.value),
        };
        let message = format!("there is no node {}", quote(owner.value.as_str()));
        found.add(Code::UnknownNode, &owner.span, message, help);
        return;
    };
    for address in &group.addresses {
        let own = node.addresses.iter().any(|own| {
            own.address.value == address.value.address
                && own.interface.value == address.value.interface
        });
        if node.complete && !own {
            let message = format!(
                "{} is not an address of node {}, which cannot be its owner (priority 255)",
                address.value.address, node.name
            );
            let help = "leave `owner` out, or name a node that has all addresses of the group";
            found.add(Code::NotTheOwner, &address.span, message, help);
        }
    }
}

/// Every node needs an address of its own as the source of its adverts.
fn interface(
    draft: &Draft,
    group: &group::Draft,
    vrrp: &group::vrrp::Draft,
    found: &mut Found<'_>,
) {
    let Some(interface) = &vrrp.interface else { return };
    if group.addresses.iter().any(|it| it.value.interface == interface.value) {
        return;
    }
    let complete = |node: &&crate::node::Draft| node.complete;
    for node in draft.nodes.list.iter().filter(complete) {
        if !node.has(&interface.value) {
            let message = format!(
                "node {} has no address on {}, from which it would send adverts",
                node.name, interface.value
            );
            let help = format!("add {} = \"ADDRESS\" to its addresses", interface.value);
            found.add(Code::MissingAddress, &node.span, message, help);
        }
    }
}

type Place = (InterfaceName, NonZeroU8, bool);

/// Two virtual routers of one number on one segment would be one.
fn numbers(
    seen: &mut BTreeMap<Place, (String, String)>,
    group: &group::Draft,
    vrrp: &group::vrrp::Draft,
    found: &mut Found<'_>,
) {
    let (Some(id), Some(interface)) = (&vrrp.id, &vrrp.interface) else { return };
    let Some(first) = group.addresses.first() else { return };
    let place = (interface.value.clone(), id.value, first.value.address.is_ipv6());
    let line = found.spoken(&id.span);
    if let Some((other, line)) = seen.get(&place) {
        let message = format!(
            "id {} on {} is already that of group {other} ({line})",
            id.value, interface.value
        );
        found.add(Code::DuplicateRouter, &id.span, message, "give each group its own id");
    } else {
        seen.insert(place, (group.name.to_string(), line));
    }
}

/// A device is called by the number of its virtual router, and holds the addresses on the interface
/// of its adverts; the owner's addresses are on that interface itself.
fn devices(
    named: &mut BTreeMap<(NonZeroU8, bool), (InterfaceName, String)>,
    group: &group::Draft,
    vrrp: &group::vrrp::Draft,
    found: &mut Found<'_>,
) {
    let Some(Some(mac)) = &vrrp.mac else { return };
    if let Some(Some(owner)) = &vrrp.owner {
        let message = format!(
            "the addresses of group {} are node {}'s own, which has them with its own MAC address",
            group.name, owner.value
        );
        let help = "leave `virtual-mac` or `owner` out";
        found.add(Code::NoEffect, &mac.span, message, help);
    }
    let (Some(id), Some(interface)) = (&vrrp.id, &vrrp.interface) else { return };
    let elsewhere =
        group.addresses.iter().find(|address| address.value.interface != interface.value);
    if let Some(address) = elsewhere {
        let message = format!(
            "{} is not on {}, from which the virtual MAC address is advertised",
            address.value.address, interface.value
        );
        let help = "put all addresses on that interface, or leave `virtual-mac` out";
        found.add(Code::DuplicateRouter, &address.span, message, help);
    }
    let Some(first) = group.addresses.first() else { return };
    let place = (id.value, first.value.address.is_ipv6());
    match named.get(&place) {
        Some((other, group)) if *other != interface.value => {
            let message = format!(
                "a virtual MAC address of id {} is already on {other}, for group {group}",
                id.value
            );
            let help = "its device is called by the id: give each group its own id";
            found.add(Code::DuplicateRouter, &id.span, message, help);
        }
        Some(_) => {}
        None => {
            named.insert(place, (interface.value.clone(), group.name.to_string()));
        }
    }
}
