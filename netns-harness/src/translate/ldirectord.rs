//! The configuration of ldirectord and Heartbeat: who holds what, and what is balanced there.
//!
//! The arrangement is Ultra Monkey's: each group of addresses is one line of `haresources`, with
//! the `ldirectord` of its services before its addresses.

mod notes;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::time::Duration;

use super::source::{
    Address, Check, Cluster, Failback, Forward, Group, Kind, Node, OnFailure, Service, Source,
};
use super::{ConfigText, Translation, literal};
use crate::guest::RUN;

/// Where Heartbeat looks for everything.
pub(crate) const DIRECTORY: &str = "/etc/ha.d";
/// Heartbeat's port.
const PORT: u16 = 694;

/// `ha.cf`, `haresources`, `authkeys`, and one file for each group's services.
pub(super) fn translate(config: &str, node: &str) -> Result<Translation, String> {
    let source: Source = toml::from_str(config).map_err(|error| error.to_string())?;
    if !source.nodes.contains_key(node) {
        return Err(format!("there is no [nodes.{node}]"));
    }
    let notes = notes::of(&source);
    let file = |name: &str, text: String| ConfigText::open(format!("{DIRECTORY}/{name}"), text);
    let ha = ha_cf(&source, node, &notes).map_err(|error| error.to_string())?;
    let resources = haresources(&source).map_err(|error| error.to_string())?;
    let mut keys = file("authkeys", "auth 1\n1 sha1 director-lab\n".to_owned());
    keys.secret = true;
    let mut files = vec![file("ha.cf", ha), file("haresources", resources), keys];
    for (name, group) in &source.groups {
        let text = services(&source, group, node).map_err(|error| error.to_string())?;
        files.push(file(&services_file(name), text));
    }
    Ok(Translation { files, notes })
}

fn services_file(group: &str) -> String {
    format!("ldirectord-{group}.cf")
}

fn ha_cf(source: &Source, node: &str, notes: &[String]) -> Result<String, fmt::Error> {
    let mut out = String::new();
    let Cluster { keepalive, failback, port, .. } = &source.cluster;
    writeln!(out, "# The director's configuration, as Heartbeat and ldirectord can be told it.")?;
    for note in notes {
        writeln!(out, "# * {note}")?;
    }
    writeln!(out, "\nlogfile {RUN}/logs/{node}.heartbeat.log")?;
    writeln!(out, "keepalive {}", millis(keepalive.0))?;
    writeln!(out, "deadtime {}", millis(source.cluster.deadtime()))?;
    writeln!(out, "initdead {}", millis(source.cluster.initdead()))?;
    writeln!(out, "udpport {}", port.unwrap_or(PORT))?;
    let port = port.unwrap_or(PORT);
    for link in &source.cluster.links {
        if let Some(group) = link.multicast {
            writeln!(out, "{}", multicast(&link.interface, group, port))?;
            continue;
        }
        let addresses =
            source.nodes.values().filter_map(|node| node.addresses.get(&link.interface));
        for address in addresses {
            let kind = if address.is_ipv4() { "ucast" } else { "ucast6" };
            writeln!(out, "{kind} {} {address}", link.interface)?;
        }
    }
    let back = if *failback == Failback::Auto { "on" } else { "off" };
    writeln!(out, "auto_failback {back}")?;
    for name in source.nodes.keys() {
        writeln!(out, "node {name}")?;
    }
    Ok(out)
}

/// Interface, group, port, and the bounds of the group's packets: how many routers they pass, and
/// whether the sender hears them itself.
fn multicast(interface: &str, group: IpAddr, port: u16) -> String {
    let kind = if group.is_ipv4() { "mcast" } else { "mcast6" };
    format!("{kind} {interface} {group} {port} 1 0")
}

/// Whole milliseconds, not less than the time; Heartbeat reads no finer unit well.
fn millis(value: Duration) -> String {
    format!("{}ms", value.as_micros().div_ceil(1_000))
}

fn haresources(source: &Source) -> Result<String, fmt::Error> {
    let mut out = String::new();
    let Some(owner) = preferred(&source.nodes) else { return Ok(out) };
    for (name, group) in &source.groups {
        write!(out, "{owner} ldirectord::{}", services_file(name))?;
        for Address { address, prefix, interface } in &group.addresses {
            match address {
                IpAddr::V4(address) => write!(out, " IPaddr2::{address}/{prefix}/{interface}")?,
                // Two colons divide arguments, so that none may be left out.
                IpAddr::V6(address) => {
                    let parts = address.segments().map(|part| format!("{part:x}"));
                    write!(out, " IPv6addr::{}/{prefix}/{interface}", parts.join(":"))?;
                }
            }
        }
        writeln!(out)?;
    }
    Ok(out)
}

/// The highest priority; of equals, the first name.
fn preferred(nodes: &BTreeMap<String, Node>) -> Option<&str> {
    let mut best: Option<(&str, u8)> = None;
    for (name, node) in nodes {
        if best.is_none_or(|(_, priority)| node.priority > priority) {
            best = Some((name, node.priority));
        }
    }
    best.map(|(name, _)| name)
}

/// The services on a group's addresses.
fn services(source: &Source, group: &Group, node: &str) -> Result<String, fmt::Error> {
    let mut out = String::new();
    let here = |service: &&Service| {
        group.addresses.iter().any(|address| address.address == service.listen.ip())
    };
    let services: Vec<&Service> = source.services.values().filter(here).collect();
    // A round is over all services: the most impatient sets the pace.
    let intervals = services.iter().map(|service| service.check.interval.0);
    let interval = intervals.min().unwrap_or(Duration::from_secs(1));
    writeln!(out, "logfile=\"{RUN}/logs/{node}.ldirectord.log\"")?;
    writeln!(out, "checkinterval={}\nautoreload=no\ncleanstop=yes", whole_seconds(interval))?;
    for service in services {
        virtual_service(&mut out, service)?;
    }
    Ok(out)
}

/// ldirectord counts in whole seconds.
fn whole_seconds(value: Duration) -> u128 {
    value.as_millis().div_ceil(1_000).max(1)
}

fn virtual_service(out: &mut String, service: &Service) -> fmt::Result {
    let Service { listen, check, .. } = service;
    let six = if listen.is_ipv6() { "6" } else { "" };
    writeln!(out, "\nvirtual{six}={listen}")?;
    let method = match service.forward {
        Forward::Direct => "gate",
        Forward::Tunnel => "ipip",
        Forward::Nat => "masq",
    };
    for server in &service.servers {
        let (address, port) = server.address.with_port(listen.port());
        let real = std::net::SocketAddr::new(address, port);
        writeln!(out, "    real{six}={real} {method} {}", server.weight)?;
    }
    if let Some(fallback) = service.fallback {
        let (address, port) = fallback.with_port(listen.port());
        let real = std::net::SocketAddr::new(address, port);
        writeln!(out, "    fallback{six}={real} gate")?;
    }
    writeln!(out, "    scheduler={}\n    protocol=tcp", service.scheduler)?;
    let quiescent = if service.on_failure == OnFailure::Quiesce { "yes" } else { "no" };
    writeln!(out, "    quiescent={quiescent}")?;
    checker(out, check)
}

fn checker(out: &mut String, check: &Check) -> fmt::Result {
    match check.kind {
        Kind::Tcp => writeln!(out, "    checktype=connect")?,
        Kind::Http => {
            writeln!(out, "    checktype=negotiate\n    service=http")?;
            writeln!(out, "    request=\"{}\"", check.path.as_deref().unwrap_or("/"))?;
            if let Some(host) = &check.host {
                writeln!(out, "    virtualhost=\"{host}\"")?;
            }
            if let Some(expect) = &check.expect {
                writeln!(out, "    receive=\"{}\"", literal(expect))?;
            }
        }
    }
    if let Some(port) = check.port {
        writeln!(out, "    checkport={port}")?;
    }
    let timeout = whole_seconds(check.timeout.0);
    writeln!(out, "    checktimeout={timeout}\n    negotiatetimeout={timeout}")?;
    writeln!(out, "    failurecount={}", check.fall)
}

#[cfg(test)]
mod tests;
