//! What would bite on a real server.

use super::{Facts, Finding, Severity};
use crate::config::{Config, Forward, Service, ServiceKey};
use crate::realserver::{Change, Needs};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

/// What would bite on a host that is a real server: `missing` is what it lacks of what it needs.
#[must_use]
pub fn real_server(
    config: &Config,
    needs: &Needs,
    missing: &[Change],
    facts: &Facts,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = missing.iter().map(lack).collect();
    for name in needs.services.keys() {
        let Some(service) = config.services.get(name) else { continue };
        findings.extend(gateway(config, name.as_str(), service, facts));
        findings.extend(listener(name.as_str(), service, facts));
    }
    findings
}

fn lack(change: &Change) -> Finding {
    let consequence = match change {
        Change::Add(address) => {
            format!("packets for {} are not taken as its own, and are dropped", address.address)
        }
        Change::Raise(_) | Change::Open(_) => {
            "nothing unwraps what comes through the tunnel: it is refused".into()
        }
        Change::Set(key, _) if key.path().ends_with("rp_filter") => {
            "unwrapped packets of clients are dropped without a word".into()
        }
        _ => {
            "this host answers ARP for the virtual address: clients come past the directors".into()
        }
    };
    Finding {
        code: "unprepared",
        severity: Severity::Problem,
        what: format!("not done yet: {change}"),
        consequence,
        cure: "director realserver apply".into(),
    }
}

/// With NAT the answers must go through a director: the default gateway is a virtual address, which
/// moves with the group.
fn gateway(config: &Config, name: &str, service: &Service, facts: &Facts) -> Option<Finding> {
    if service.forward != Forward::Nat || facts.gateways.is_empty() {
        return None;
    }
    let is_virtual = |gateway: &IpAddr| {
        config.groups.values().flat_map(|group| &group.addresses).any(|a| a.address == *gateway)
    };
    if facts.gateways.iter().any(is_virtual) {
        return None;
    }
    let gateways: Vec<String> = facts.gateways.iter().map(ToString::to_string).collect();
    Some(Finding {
        code: "answers-pass-by",
        severity: Severity::Problem,
        what: format!("{name} uses NAT, and the default gateway is {}", gateways.join(", ")),
        consequence: "answers that do not come back through the active director are not \
                      translated, and clients drop them; after a takeover none are"
            .into(),
        cure: "make a virtual address of the directors the default gateway, one that moves with \
               the group"
            .into(),
    })
}

/// Where the packets arrive something must listen: on the virtual address, or with NAT on the
/// server's own.
fn listener(name: &str, service: &Service, facts: &Facts) -> Vec<Finding> {
    let ServiceKey::Tcp(virtual_address) = service.key else { return Vec::new() };
    let own = |server: &&SocketAddr| {
        facts.interfaces.values().any(|one| one.addresses.iter().any(|(a, _)| *a == server.ip()))
    };
    let arrives = |server: &SocketAddr| match service.forward_of(server) {
        Forward::Nat => *server,
        Forward::Direct | Forward::Tunnel(_) => virtual_address,
    };
    let unheard = |place: &SocketAddr| {
        // A socket on `::` takes IPv4 as well, unless told otherwise (ipv6(7), IPV6_V6ONLY).
        !facts.listeners.iter().any(|listener| {
            listener.port() == place.port()
                && (listener.ip() == place.ip()
                    || listener.ip().is_unspecified() && (listener.is_ipv6() || place.is_ipv4()))
        })
    };
    let places = service.servers.keys().filter(own).map(arrives).filter(unheard);
    places
        .map(|place| Finding {
            code: "nobody-listens",
            severity: Severity::Problem,
            what: format!("{name}: nothing on this host listens on {place}"),
            consequence: "every connection that is sent here is reset".into(),
            cure: format!(
                "start the server, or have it listen on {place} or on port {} of every address",
                place.port()
            ),
        })
        .collect()
}
