//! `haresources`: who prefers which addresses.

use super::table::HARESOURCES;
use super::words;
use crate::draft::{Draft, Group, Node, Sync, Virtual};
use crate::log::Log;
use crate::place::{At, Place};
use director_config::Code;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

const SECTION: &str = "haresources";
/// What the preferred node has; the others have about 100.
const PREFERRED: u8 = 200;

/// Reads the file into the draft; nodes are those of `ha.cf`, which is read before.
pub(crate) fn read(name: &str, text: &str, draft: &mut Draft, log: &mut Log) {
    let file = log.file(name, text);
    let mut preferred: Option<At<String>> = None;
    for line in lines(file, text) {
        let Some((owner, resources)) = line.split_first() else { continue };
        let owner = At::new(owner.value.to_lowercase(), owner.place);
        prefer(&owner, &mut preferred, draft, log);
        let mut addresses = Vec::new();
        for resource in resources {
            addresses.extend(one(resource, draft, log));
        }
        if addresses.is_empty() {
            let text = "the line has no address; a director moves nothing else";
            log.left_out(owner.place, "a line of scripts only", text);
            continue;
        }
        let number = draft.groups.len();
        let group = if number == 0 { "vip".to_owned() } else { format!("vip-{}", number + 1) };
        draft.groups.push(Group { name: At::new(group, owner.place), addresses });
    }
}

/// Lines as words; a backslash at the end goes on in the next line.
fn lines(file: usize, text: &str) -> Vec<Vec<At<String>>> {
    let mut lines: Vec<Vec<At<String>>> = Vec::new();
    let mut goes_on = false;
    for (at, raw) in text.lines().enumerate() {
        let mut words = words(file, at + 1, raw, char::is_whitespace);
        let last = words.last().is_some_and(|word| word.value == "\\");
        if last {
            words.pop();
        }
        let stuck = words.last_mut().filter(|word| word.value.ends_with('\\'));
        let ends = stuck.is_some();
        stuck.into_iter().for_each(|word| {
            word.value.pop();
        });
        match lines.last_mut().filter(|_| goes_on) {
            Some(line) => line.extend(words),
            None => lines.push(words),
        }
        goes_on = last || ends;
    }
    lines
}

fn prefer(owner: &At<String>, first: &mut Option<At<String>>, draft: &mut Draft, log: &mut Log) {
    if let Some(first) = first {
        if first.value != owner.value {
            let text = format!(
                "{} is preferred for every group, as the first line says; a node's priority is \
                 the same for all groups",
                first.value
            );
            log.left_out(owner.place, &owner.value, text);
        }
        return;
    }
    *first = Some(owner.clone());
    let priority = At::new(PREFERRED, owner.place);
    let alone = draft.nodes.is_empty();
    match draft.nodes.iter_mut().find(|node| node.name.value == owner.value) {
        Some(node) => node.priority = priority,
        None if alone => {
            let name = owner.clone();
            draft.nodes.push(Node { name, addresses: BTreeMap::new(), priority });
        }
        None => {
            let message = format!("`{}` is no `node` of ha.cf", owner.value);
            log.wrong(Code::UnknownNode, owner.place, message, "write what `uname -n` says there");
        }
    }
}

/// The address that a resource is, when it is one.
fn one(resource: &At<String>, draft: &mut Draft, log: &mut Log) -> Option<At<Virtual>> {
    let place = resource.place;
    let (script, arguments) = match resource.value.split_once("::") {
        Some((script, arguments)) => (script, arguments),
        None => (resource.value.as_str(), ""),
    };
    let known = ["IPaddr", "IPaddr2", "IPv6addr"].contains(&script);
    let literal = arguments.is_empty().then(|| address(script, place)).flatten();
    if let Some(found) = literal {
        return Some(found);
    }
    if known {
        let found = address(arguments, place);
        if found.is_none() {
            let message = format!("`{arguments}` is no address");
            let help = "write ADDRESS/BITS/INTERFACE";
            log.wrong(Code::BadAddress, place, message, help);
        }
        return found;
    }
    let name = match script {
        "ldirectord" | "LVSSyncDaemonSwap" | "MailTo" => script,
        _ => "a script",
    };
    if name == "LVSSyncDaemonSwap" {
        // `master::SYNC_ID`, and the interface where heartbeats go.
        let interface = draft.cluster.links.first().map(|link| link.value.clone());
        let id = arguments.split("::").nth(1).and_then(|id| id.parse().ok());
        let sync = |interface| At::new(Sync { interface, id, ..Sync::default() }, place);
        draft.cluster.sync = interface.map(sync);
    }
    HARESOURCES.note(SECTION, name, place, log);
    None
}

/// `ADDRESS[/BITS[/INTERFACE[:LABEL]][/BROADCAST]]`.
fn address(text: &str, place: Place) -> Option<At<Virtual>> {
    let is_v6 =
        |text: &str| text.split('/').next().is_some_and(|it| it.parse::<Ipv6Addr>().is_ok());
    // An IPv6 address may have what separates arguments.
    let first = if is_v6(text) { text } else { text.split("::").next()? };
    let mut parts = first.split('/');
    let address: IpAddr = parts.next()?.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let prefix = parts.next().and_then(|bits| {
        let bits = bits.parse().ok().or_else(|| crate::ldirectord::prefix_of(bits))?;
        (bits <= most).then_some(bits)
    });
    let interface = parts.next().filter(|part| part.parse::<IpAddr>().is_err());
    let interface = interface.map(|name| name.split(':').next().unwrap_or(name).to_owned());
    Some(At::new(Virtual { address, prefix, interface }, place))
}
