//! Traps of services, servers and checks.

use super::cluster::is_stand_in;
use super::{Found, Trap};
use crate::duration::format_duration;
use director_core::config::{
    Check, Config, Dialogue, Forward, OnFailure, Protocol, Service, Weight,
};
use std::net::SocketAddr;
use std::time::Duration;

/// A dead server should be out within this.
const SLOW: Duration = Duration::from_secs(60);

/// Ports at which HTTP is spoken.
const HTTP: [u16; 3] = [80, 8000, 8080];

pub(super) fn check(config: &Config, found: &mut Found<'_>) {
    for (name, service) in &config.services {
        let name = name.as_str();
        servers(config, name, service, found);
        one_check(name, service, found);
        number(name, service, found);
        flows(name, service, found);
        if let Some(persistence) = service.settings.persistence
            && persistence.timeout < service.check.interval
        {
            let timeout = format_duration(persistence.timeout);
            let message = format!("clients of {name} stay for {timeout} only");
            found.add(Trap::ShortPersistence, &["services", name, "persistence"], message);
        }
    }
}

fn servers(config: &Config, name: &str, service: &Service, found: &mut Found<'_>) {
    let own = |server: &SocketAddr| {
        config.nodes.iter().find(|(_, node)| node.addresses.values().any(|it| *it == server.ip()))
    };
    for server in service.servers.keys() {
        let path = ["services", name, "servers"];
        if let Some((node, _)) = own(server) {
            let message = format!("real server {} of {name} is the director {node}", server.ip());
            found.add(Trap::ServerIsDirector, &path, message);
        }
        if is_stand_in(server.ip()) {
            let message = format!("nobody has the address {} of {name}", server.ip());
            found.add(Trap::StandInAddress, &path, message);
        }
    }
}

fn number(name: &str, service: &Service, found: &mut Found<'_>) {
    if service.fallback.is_some() || service.servers.is_empty() {
        return;
    }
    let path = ["services", name, "servers"];
    if service.servers.values().all(|server| server.weight == Weight::ZERO) {
        found.add(Trap::NobodyServes, &path, format!("no server of {name} has a weight"));
    } else if service.servers.len() == 1 {
        found.add(Trap::OneServer, &path, format!("{name} has one server, and no fallback"));
    }
}

/// The kernel ends a flow of a server that has left its table, not of one with weight 0.
fn flows(name: &str, service: &Service, found: &mut Found<'_>) {
    let keys = service.marked.iter().map(|traffic| Some(traffic.protocol));
    let udp = keys.chain([service.key.protocol()]).any(|it| it == Some(Protocol::Udp));
    if udp && service.on_failure == OnFailure::Quiesce && !service.settings.one_packet {
        let message = format!("a failed server of {name} keeps the flows that it has");
        found.add(Trap::FlowsStay, &["services", name, "on-failure"], message);
    }
}

fn one_check(name: &str, service: &Service, found: &mut Found<'_>) {
    let Check { dialogue, port, interval, timeout, fall, rise, .. } = &service.check;
    if (fall.get(), rise.get()) == (1, 1) && service.policy.damping.is_none() {
        let message = format!("one check of {name} is enough, both ways");
        found.add(Trap::Flaps, &["services", name, "check", "fall"], message);
    }
    let longest = *interval * u32::from(fall.get()) + *timeout;
    if longest > SLOW {
        let message =
            format!("a dead server of {name} gets clients for {}", format_duration(longest));
        found.add(Trap::SlowDetection, &["services", name, "check", "interval"], message);
    }
    if timeout >= interval {
        let message = format!("a check of {name} may last {}", format_duration(*timeout));
        found.add(Trap::LongTimeout, &["services", name, "check", "timeout"], message);
    }
    let listen = service.key.address().map(|address| address.port());
    if let (Some(port), Some(listen)) = (port, listen)
        && port.get() != listen
        && service.forward != Forward::Nat
    {
        let message = format!("the check asks port {port}, and clients are sent to {listen}");
        found.add(Trap::OtherPort, &["services", name, "check", "port"], message);
    }
    if is_connection(dialogue) && listen.is_some_and(|port| HTTP.contains(&port)) {
        let message = format!("{name} is healthy when it accepts a connection");
        found.add(Trap::HollowCheck, &["services", name, "check", "type"], message);
    }
}

/// Whether nothing is said over the connection.
fn is_connection(dialogue: &Dialogue) -> bool {
    *dialogue == Dialogue::Tcp
}
