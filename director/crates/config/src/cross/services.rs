//! Services against the virtual addresses and against each other.

use crate::address::Endpoint;
use crate::code::Code;
use crate::document::Draft;
use crate::found::{At, Found};
use crate::service;
use crate::suggest::nearest;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU16;

/// Every virtual address that could be read, with the group that holds it.
type Virtual = BTreeMap<IpAddr, String>;

pub(super) fn check(draft: &Draft, found: &mut Found<'_>) {
    let groups = &draft.groups;
    if groups.complete && groups.list.is_empty() {
        if !draft.services.list.is_empty() {
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
        let Some(listen) = &service.listen else { continue };
        if virtuals.contains_key(&listen.value.ip()) {
            continue;
        }
        let address = listen.value.ip().to_string();
        let message = format!(
            "no group holds {address}, so service {} would never be \
                               reached",
            service.name
        );
        let known: Vec<String> = virtuals.keys().map(ToString::to_string).collect();
        let help = match nearest(&address, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("add \"{address}/24 on INTERFACE\" to the addresses of a group"),
        };
        found.add(Code::NotHeld, &listen.span, message, help);
    }
}

fn duplicates(draft: &Draft, found: &mut Found<'_>) {
    let mut places: BTreeMap<SocketAddr, &service::Draft> = BTreeMap::new();
    for service in &draft.services.list {
        let Some(listen) = &service.listen else { continue };
        let Some(other) = places.get(&listen.value) else {
            places.insert(listen.value, service);
            continue;
        };
        let line = other.listen.as_ref().map_or(0, |listen| found.line(&listen.span));
        let message = format!(
            "service {} listens on {} like service {} (line {line})",
            service.name, listen.value, other.name
        );
        let help = "give one of them another port or address, or put their servers together";
        found.add(Code::DuplicateService, &listen.span, message, help);
    }
}

fn servers(service: &service::Draft, virtuals: &Virtual, found: &mut Found<'_>) {
    let listen = service.listen.as_ref().map(|listen| listen.value.port());
    let list = service.servers.as_ref().map_or(&[][..], |servers| &servers.value.list);
    let mut places: BTreeMap<(IpAddr, Option<u16>), usize> = BTreeMap::new();
    for server in list {
        let endpoint = &server.endpoint;
        one(service, "real server", endpoint, virtuals, found);
        let port = endpoint.value.port.map(NonZeroU16::get).or(listen);
        let line = found.line(&endpoint.span);
        if let Some(line) = places.insert((endpoint.value.address, port), line) {
            let address = endpoint.value.address;
            let message = format!(
                "service {} already has the real server {address} (line {line})",
                service.name
            );
            let help = "list each real server once; a larger share is a larger weight";
            found.add(Code::DuplicateServer, &endpoint.span, message, help);
        }
    }
    let Some(Some(fallback)) = &service.fallback else { return };
    one(service, "fallback", fallback, virtuals, found);
    let port = fallback.value.port.map(NonZeroU16::get).or(listen);
    if let Some(line) = places.get(&(fallback.value.address, port)) {
        let address = fallback.value.address;
        let message = format!("the fallback {address} is also a real server (line {line})");
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
            "{what} {address} is a virtual address of group {group}: \
             packets would come back to the director"
        );
        let help = format!("write the {what}'s own address");
        found.add(Code::ServerIsVirtual, &endpoint.span, message, help);
    }
    let (Some(port), Some(listen)) = (endpoint.value.port, &service.listen) else { return };
    if port.get() != listen.value.port() {
        let message = format!(
            "{what} {address} has port {port}, but direct routing cannot change the port {}",
            listen.value.port()
        );
        let help =
            format!("write \"{address}\", and let it listen on port {}", listen.value.port());
        found.add(Code::PortChange, &endpoint.span, message, help);
    }
}
