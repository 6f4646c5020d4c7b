//! Services against the virtual addresses and against each other.

use super::via;
use crate::address::Endpoint;
use crate::code::Code;
use crate::document::Draft;
use crate::found::{At, Found};
use crate::service::{self, servers::ServerDraft};
use crate::suggest::nearest;
use director_core::config::{Forward, ServiceKey};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU16;

/// Every virtual address that could be read, with the group that holds it.
type Virtual = BTreeMap<IpAddr, String>;

pub(super) fn check(draft: &Draft, found: &mut Found<'_>) {
    let groups = &draft.groups;
    if groups.complete && groups.list.is_empty() {
        if draft.services.list.iter().any(|service| !is_mark_alone(service)) {
            let message = "there are services but no group that holds their addresses";
            let help = r#"add [groups.web] with addresses = ["10.0.0.100/24 on eth0"]"#;
            found.add(Code::NoGroups, &draft.services.span, message, help);
        }
    } else if groups.complete && groups.list.iter().all(|group| group.complete) {
        held(draft, &virtuals(draft), found);
    }
    duplicates(draft, found);
    let virtuals = virtuals(draft);
    for service in &draft.services.list {
        servers(service, &virtuals, found);
        via::check(service, found);
    }
    via::marks(draft, found);
    synchronised(draft, found);
}

/// Whether a service has nothing but a firewall mark: what leads to it may be another's.
fn is_mark_alone(service: &service::Draft) -> bool {
    let key = service.listen.key.as_ref();
    service.listen.sockets.is_empty() && key.is_some_and(|key| key.value.mark().is_some())
}

/// The kernel synchronises nothing while an IPv6 service has an IPv4 server, or the other way
/// round (`ip_vs_add_dest` and `start_sync_thread`).
fn synchronised(draft: &Draft, found: &mut Found<'_>) {
    let sync = draft.cluster.as_ref().and_then(|cluster| cluster.sync.as_ref());
    if !matches!(sync, Some(Some(_))) {
        return;
    }
    for service in &draft.services.list {
        let (Some(key), Some(servers)) = (&service.listen.key, &service.servers) else { continue };
        let fallback = service.fallback.iter().flatten();
        let endpoints = servers.value.list.iter().map(|server| &server.endpoint).chain(fallback);
        for endpoint in endpoints {
            let address = endpoint.value.address;
            if address.is_ipv6() == key.value.is_ipv6() {
                continue;
            }
            let message = format!(
                "with `sync`, the kernel takes no server of another family than its service's: \
                 {address}"
            );
            let help = "leave `sync` out, or name a server of the service's family";
            found.add(Code::MixedFamily, &endpoint.span, message, help);
        }
    }
}

fn virtuals(draft: &Draft) -> Virtual {
    let groups = draft.groups.list.iter();
    let address = |(group, address): (&str, &At<director_core::config::VirtualAddress>)| {
        (address.value.address, group.to_owned())
    };
    groups
        .flat_map(|group| group.addresses.iter().map(|it| (group.name.as_str(), it)))
        .map(address)
        .collect()
}

fn held(draft: &Draft, virtuals: &Virtual, found: &mut Found<'_>) {
    for service in &draft.services.list {
        for listen in &service.listen.sockets {
            if !virtuals.contains_key(&listen.value.ip()) {
                not_held(service, listen, virtuals, found);
            }
        }
    }
}

fn not_held(
    service: &service::Draft,
    listen: &At<SocketAddr>,
    virtuals: &Virtual,
    found: &mut Found<'_>,
) {
    let address = listen.value.ip().to_string();
    let message =
        format!("no group holds {address}, so service {} would never be reached", service.name);
    let known: Vec<String> = virtuals.keys().map(ToString::to_string).collect();
    let help = match nearest(&address, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None => {
            let prefix = if listen.value.is_ipv4() { 24 } else { 64 };
            format!("add \"{address}/{prefix} on INTERFACE\" to the addresses of a group")
        }
    };
    found.add(Code::NotHeld, &listen.span, message, help);
}

/// One place, one service: an address and port, or a mark.
fn duplicates(draft: &Draft, found: &mut Found<'_>) {
    let mut places: BTreeMap<ServiceKey, (&service::Draft, String)> = BTreeMap::new();
    for service in &draft.services.list {
        for At { value: key, span } in claims(service) {
            let line = found.spoken(&span);
            let Some((other, line)) = places.get(&key) else {
                places.insert(key, (service, line));
                continue;
            };
            let what = match (key.address(), key.mark()) {
                (Some(address), _) => format!("listens on {address}"),
                (None, mark) => format!("has firewall mark {}", mark.unwrap_or(0)),
            };
            let message =
                format!("service {} {what} like service {} ({line})", service.name, other.name);
            let help = "give one of them another place, or put their servers together";
            found.add(Code::DuplicateService, &span, message, help);
        }
    }
}

/// Everything that only one service may have.
fn claims(service: &service::Draft) -> Vec<At<ServiceKey>> {
    let Some(protocol) = service.listen.protocol else { return Vec::new() };
    let socket =
        |at: &At<SocketAddr>| At::new(ServiceKey::new(protocol, at.value), at.span.clone());
    let mark = service.listen.key.iter().filter(|key| key.value.mark().is_some()).cloned();
    service.listen.sockets.iter().map(socket).chain(mark).collect()
}

fn servers(service: &service::Draft, virtuals: &Virtual, found: &mut Found<'_>) {
    let listen = service.listen.port();
    let list = service.servers.as_ref().map_or(&[][..], |servers| &servers.value.list);
    let mut places: BTreeMap<(IpAddr, Option<u16>), String> = BTreeMap::new();
    for server in list {
        let endpoint = &server.endpoint;
        let forward = server.forward.and_then(|own| own.or(service.forward));
        one(service, "real server", endpoint, virtuals, found);
        fits(service, "real server", endpoint, forward, found);
        let port = endpoint.value.port.map(NonZeroU16::get).or(listen);
        let line = found.spoken(&endpoint.span);
        if let Some(line) = places.insert((endpoint.value.address, port), line) {
            let address = endpoint.value.address;
            let message =
                format!("service {} already has the real server {address} ({line})", service.name);
            let help = "list each real server once; a larger share is a larger weight";
            found.add(Code::DuplicateServer, &endpoint.span, message, help);
        }
    }
    check_port(service, list, found);
    let Some(Some(fallback)) = &service.fallback else { return };
    one(service, "fallback", fallback, virtuals, found);
    // This machine itself is reached without any method.
    let local = fallback.value.address.is_loopback();
    let forward = if local { Some(Forward::Direct) } else { service.forward };
    fits(service, "fallback", fallback, forward, found);
    let port = fallback.value.port.map(NonZeroU16::get).or(listen);
    if let Some(line) = places.get(&(fallback.value.address, port)) {
        let address = fallback.value.address;
        let message = format!("the fallback {address} is also a real server ({line})");
        let help = "the fallback serves when no real server can: name another host, or none";
        found.add(Code::DuplicateServer, &fallback.span, message, help);
    }
}

fn one(
    service: &service::Draft,
    what: &str,
    endpoint: &At<Endpoint>,
    virtuals: &Virtual,
    found: &mut Found<'_>,
) {
    let address = endpoint.value.address;
    if let Some(group) = virtuals.get(&address) {
        let message = format!(
            "{what} {address} of service {} is a virtual address of group {group}: \
             packets would come back to the director",
            service.name
        );
        let help = format!("write the {what}'s own address");
        found.add(Code::ServerIsVirtual, &endpoint.span, message, help);
    }
}

/// Whether the method can bring the service's packets to the server.
fn fits(
    service: &service::Draft,
    what: &str,
    endpoint: &At<Endpoint>,
    forward: Option<Forward>,
    found: &mut Found<'_>,
) {
    let (Some(forward), Some(key)) = (forward, &service.listen.key) else { return };
    let address = endpoint.value.address;
    if address.is_ipv6() != key.value.is_ipv6() && !matches!(forward, Forward::Tunnel(_)) {
        let (clients, server) = if address.is_ipv6() { ("IPv4", "IPv6") } else { ("IPv6", "IPv4") };
        let message = format!(
            "{what} {address} has an {server} address, but {clients} packets reach it by \
             tunnelling alone"
        );
        let help = "write forward = \"tunnel\", or an address of the service's family";
        found.add(Code::MixedFamily, &endpoint.span, message, help);
    }
    let (Some(port), Some(listen)) = (endpoint.value.port, service.listen.port()) else { return };
    if forward == Forward::Nat || port.get() == listen {
        return;
    }
    let message = match listen {
        0 => format!("{what} {address} has a port, but only NAT can change that of a packet"),
        _ => format!(
            "{what} {address} has port {port}, but {} cannot change the port {listen}",
            if forward == Forward::Direct { "direct routing" } else { "tunnelling" }
        ),
    };
    let help = match listen {
        0 => format!("write \"{address}\", or forward = \"nat\""),
        _ => format!("write \"{address}\", and let it listen on port {listen}"),
    };
    found.add(Code::PortChange, &endpoint.span, message, help);
}

/// A check of a server without a port needs one of its own.
fn check_port(service: &service::Draft, list: &[ServerDraft], found: &mut Found<'_>) {
    let (Some(0), Some(check)) = (service.listen.port(), &service.check) else { return };
    if check.value.port.is_some() || list.iter().all(|it| it.endpoint.value.port.is_some()) {
        return;
    }
    // A program gets 0 for the port, which tells it that there is none.
    if !check.value.dialogue.has_port() {
        return;
    }
    let message = format!("the check of service {} does not know which port to ask", service.name);
    let help = "a firewall mark has no port: write port = 80, or another, in the check";
    found.add(Code::NoCheckPort, &check.span, message, help);
}
