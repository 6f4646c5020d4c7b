//! VRRP instances and their groups: who holds which addresses, and how the directors hear each
//! other.

use super::table;
use super::tree::Statement;
use super::values::{address, number, seconds, text};
use crate::draft::{Draft, Group, Sync, Virtual};
use crate::log::Log;
use crate::place::{At, Place};
use director_config::Code;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

const SECTION: &str = "vrrp_instance";
const DEFAULT_PRIORITY: u32 = 100;

/// What a file says of its node.
#[derive(Default)]
pub(super) struct Vrrp {
    pub(super) priority: Option<At<u8>>,
    /// Its own addresses, by interface.
    pub(super) own: BTreeMap<String, At<IpAddr>>,
    /// Its peers' addresses, with their interface.
    pub(super) peers: Vec<(String, At<IpAddr>)>,
    /// Where the first instance is, if there is one.
    pub(super) place: Option<Place>,
}

pub(super) fn read(
    statements: &[Statement],
    default_interface: Option<At<String>>,
    draft: &mut Draft,
    log: &mut Log,
) -> Vrrp {
    let sync = sync_groups(statements, log);
    let mut vrrp = Vrrp::default();
    for block in statements.iter().filter(|it| it.name() == SECTION) {
        table::note(SECTION, block.children(), log);
        let Some(name) = block.value(0) else {
            let help = "write vrrp_instance NAME {";
            log.wrong(Code::MissingKey, block.place(), "this instance has no name", help);
            continue;
        };
        let interface = text(block, "interface").or_else(|| default_interface.clone());
        let interface = interface.unwrap_or_else(|| {
            let text = "the instance names no interface; eth0 stands in its place";
            log.left_out(name.place, &name.value, text);
            At::new("eth0".to_owned(), name.place)
        });
        instance(block, name, &interface, &mut vrrp, draft, log);
        let group = sync.get(&name.value).cloned();
        let group = group.unwrap_or_else(|| name.clone()).map(|name| super::valid_name(&name));
        addresses(block, &interface, group, draft, log);
    }
    vrrp
}

/// The sync group of each instance that is in one.
fn sync_groups(statements: &[Statement], log: &mut Log) -> BTreeMap<String, At<String>> {
    let mut groups = BTreeMap::new();
    for block in statements.iter().filter(|it| it.name() == "vrrp_sync_group") {
        table::note("vrrp_sync_group", block.children(), log);
        let (Some(name), Some(members)) = (block.value(0), block.last("group")) else { continue };
        let members = members.children().iter().flat_map(|member| &member.words);
        groups.extend(members.map(|member| (member.value.clone(), name.clone())));
    }
    groups
}

fn instance(
    block: &Statement,
    name: &At<String>,
    interface: &At<String>,
    vrrp: &mut Vrrp,
    draft: &mut Draft,
    log: &mut Log,
) {
    let place = block.place();
    vrrp.place.get_or_insert(place);
    let written = number(block, "priority", log).unwrap_or(At::new(DEFAULT_PRIORITY, place));
    let highest = u8::try_from(written.value.clamp(1, 254)).unwrap_or(254);
    if u32::from(highest) != written.value {
        let text = format!("{highest} stands in its place");
        log.changed(written.place, "priority", text);
    }
    match &vrrp.priority {
        None => vrrp.priority = Some(At::new(highest, written.place)),
        Some(first) if first.value != highest => {
            let text = format!(
                "{} has the priority of the node's first instance, {}: a node has one for all",
                name.value, first.value
            );
            log.left_out(written.place, "priority", text);
        }
        Some(_) => {}
    }
    let links = &mut draft.cluster.links;
    if !links.iter().any(|link| link.value == interface.value) {
        links.push(interface.clone());
    }
    for name in ["unicast_src_ip", "mcast_src_ip"] {
        if let Some(at) = text(block, name)
            && let Some(own) = address(&at, log)
        {
            vrrp.own.entry(interface.value.clone()).or_insert(At::new(own, at.place));
        }
    }
    let peers = block.last("unicast_peer").map_or(&[][..], Statement::children);
    for peer in peers.iter().filter_map(|peer| peer.words.first()) {
        if let Some(found) = address(peer, log) {
            vrrp.peers.push((interface.value.clone(), At::new(found, peer.place)));
        }
    }
    times(block, draft, log);
}

fn times(block: &Statement, draft: &mut Draft, log: &mut Log) {
    let default = At::new(Duration::from_secs(1), block.place());
    let advert = seconds(block, "advert_int", log).unwrap_or(default);
    let cluster = &mut draft.cluster;
    if cluster.keepalive.as_ref().is_none_or(|known| advert.value < known.value) {
        cluster.keepalive = Some(advert);
    }
    if let Some(statement) = block.last("nopreempt") {
        cluster.failback = Some(At::new(false, statement.place()));
    }
    let delay = seconds(block, "preempt_delay", log).filter(|delay| !delay.value.is_zero());
    if let Some(delay) = delay {
        if cluster.failback.as_ref().is_some_and(|failback| !failback.value) {
            let text = "it has no effect with `nopreempt`";
            log.changed(delay.place, "preempt_delay", text);
        } else {
            cluster.failback.get_or_insert(At::new(true, delay.place));
            cluster.failback_delay = Some(delay);
        }
    }
    if let Some(at) = number(block, "garp_master_repeat", log) {
        cluster.announce_count = Some(at.map(u64::from));
    }
    if let Some(at) = seconds(block, "garp_master_refresh", log) {
        cluster.announce_refresh = Some(at).filter(|at| !at.value.is_zero());
    }
    if let Some(interface) = text(block, "lvs_sync_daemon_interface") {
        let sync = Sync { interface: interface.value, ..Sync::default() };
        cluster.sync = Some(At::new(sync, interface.place));
    }
}

fn addresses(
    block: &Statement,
    interface: &At<String>,
    group: At<String>,
    draft: &mut Draft,
    log: &mut Log,
) {
    let mut found = Vec::new();
    for name in ["virtual_ipaddress", "virtual_ipaddress_excluded"] {
        let blocks = block.children().iter().filter(|it| it.name() == name);
        for line in blocks.flat_map(|block| block.children()) {
            found.extend(one(line, interface, log));
        }
    }
    match draft.groups.iter_mut().find(|known| known.name.value == group.value) {
        Some(known) => {
            for at in found {
                let same = |it: &At<Virtual>| it.value.address == at.value.address;
                if !known.addresses.iter().any(same) {
                    known.addresses.push(at);
                }
            }
        }
        None => draft.groups.push(Group { name: group, addresses: found }),
    }
}

/// `ADDRESS[/BITS] [dev NAME] …`.
fn one(line: &Statement, interface: &At<String>, log: &mut Log) -> Option<At<Virtual>> {
    let first = line.words.first()?;
    let (bare, prefix) = match first.value.split_once('/') {
        Some((bare, bits)) => (bare.to_owned(), Some(bits)),
        None => (first.value.clone(), None),
    };
    let address = address(&At::new(bare, first.place), log)?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let parsed = prefix.map(|bits| bits.parse::<u8>().ok().filter(|bits| *bits <= most));
    if parsed == Some(None) {
        let message = format!("`{}` has no prefix length that an address has", first.value);
        log.wrong(Code::BadAddress, first.place, message, "write ADDRESS/BITS");
    }
    let mut interface = interface.value.clone();
    let mut words = line.words.iter().skip(1);
    while let Some(word) = words.next() {
        match word.value.as_str() {
            "dev" => interface = words.next().map_or(interface, |name| name.value.clone()),
            "brd" | "broadcast" | "scope" | "label" | "home" | "-nodad" | "no_track" => {
                if !matches!(word.value.as_str(), "home" | "-nodad" | "no_track") {
                    let _value = words.next();
                }
            }
            other => {
                let text = "an address has an interface and a prefix, and nothing else";
                log.left_out(word.place, other, text);
                let _value = words.next();
            }
        }
    }
    let prefix = parsed.flatten().or(Some(most));
    Some(At::new(Virtual { address, prefix, interface: Some(interface) }, line.place()))
}
