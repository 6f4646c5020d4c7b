//! The laws of the IPVS table.

use super::{Check, Checks};
use crate::ports::{IpvsTable, KernelError};
use director_core::config::{Forward, Scheduler, ServiceKey, ServiceSettings, Weight};
use director_core::desired::DesiredServer;
use director_core::observed::{ObservedServer, ObservedService};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

type Servers = Vec<(SocketAddr, DesiredServer)>;

/// The laws of [`IpvsTable`].
///
/// The services that are tried have addresses for documentation (RFC 5737, RFC 3849) and firewall
/// marks from 77,001 on. They must not be in the table, and are not afterwards; others are left
/// alone.
pub fn ipvs_table(table: &mut impl IpvsTable) -> Vec<Check> {
    let mut checks = Checks::default();
    let before = table.services();
    checks.equal("the table can be read", &before.as_ref().map(|_| ()), &Ok(()));
    if before.is_err() {
        return checks.0;
    }
    nothing_there(table, &mut checks);
    services(table, &mut checks);
    servers(table, &mut checks);
    side_by_side(table, &mut checks);
    schedulers(table, &mut checks);
    checks.equal("other services were left alone", &table.services(), &before);
    checks.0
}

pub(super) fn v4(last: u8, port: u16) -> SocketAddr {
    (Ipv4Addr::new(192, 0, 2, last), port).into()
}

pub(super) fn v6(last: u16, port: u16) -> SocketAddr {
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last), port).into()
}

fn key() -> ServiceKey {
    ServiceKey::Tcp(v4(100, 80))
}

fn to(forward: Forward, weight: u16) -> DesiredServer {
    DesiredServer::new(forward, Weight(weight))
}

/// The service as the table should show it, without connections.
pub(super) fn shown(
    settings: impl Into<ServiceSettings>,
    servers: &Servers,
) -> Option<ObservedService> {
    let servers = servers.iter().map(|(at, to)| (*at, ObservedServer::idle(to))).collect();
    Some(ObservedService { servers, ..ObservedService::new(&settings.into()) })
}

pub(super) fn found(table: &mut impl IpvsTable, key: ServiceKey) -> Option<ObservedService> {
    table.services().ok()?.remove(&key)
}

fn nothing_there(table: &mut impl IpvsTable, checks: &mut Checks) {
    let (key, at, one) = (key(), v4(21, 80), to(Forward::Direct, 1));
    let missing = KernelError::Missing;
    let law = "a service that is not there is not changed";
    checks.refused(law, table.edit_service(key, Scheduler::Rr.into()), missing.clone());
    let law = "a service that is not there is not removed";
    checks.refused(law, table.remove_service(key), missing.clone());
    let law = "a service that is not there gets no server";
    checks.refused(law, table.add_server(key, at, one), missing.clone());
    let law = "a server of a service that is not there is not changed";
    checks.refused(law, table.edit_server(key, at, one), missing.clone());
    let law = "a server of a service that is not there is not removed";
    checks.refused(law, table.remove_server(key, at), missing);
    checks.equal("what was refused made no service", &found(table, key), &None);
}

fn services(table: &mut impl IpvsTable, checks: &mut Checks) {
    let key = key();
    checks.done("a service is added", table.add_service(key, Scheduler::Wlc.into()));
    let law = "a new service has its scheduler and no servers";
    checks.equal(law, &found(table, key), &shown(Scheduler::Wlc, &Servers::new()));
    let law = "a service is added once";
    checks.refused(law, table.add_service(key, Scheduler::Rr.into()), KernelError::Exists);
    let law = "adding it again does not change a service";
    checks.equal(law, &found(table, key), &shown(Scheduler::Wlc, &Servers::new()));
    checks.done("a scheduler is changed", table.edit_service(key, Scheduler::Rr.into()));
    let law = "a service has its new scheduler";
    checks.equal(law, &found(table, key), &shown(Scheduler::Rr, &Servers::new()));
    checks.done("a service is removed", table.remove_service(key));
    checks.equal("a removed service is gone", &found(table, key), &None);
    checks.refused("a service is removed once", table.remove_service(key), KernelError::Missing);
}

fn servers(table: &mut impl IpvsTable, checks: &mut Checks) {
    let (key, rr) = (key(), Scheduler::Rr);
    checks.done("a service is added after it was removed", table.add_service(key, rr.into()));
    let mut servers: Servers = vec![
        (v4(21, 80), to(Forward::Direct, 1)),
        (v4(22, 80), to(Forward::IPIP, 65_535)),
        (v4(23, 8080), to(Forward::Nat, 0)),
        (v4(23, 8081), to(Forward::Nat, 7)),
    ];
    for (at, to) in &servers {
        checks.done("a server is added", table.add_server(key, *at, *to));
    }
    let law = "servers have their forwarding methods and weights";
    checks.equal(law, &found(table, key), &shown(rr, &servers));
    let (first, other) = (v4(21, 80), to(Forward::Nat, 9));
    let law = "a server is added once";
    checks.refused(law, table.add_server(key, first, other), KernelError::Exists);
    let law = "adding it again does not change a server";
    checks.equal(law, &found(table, key), &shown(rr, &servers));

    for changed in [to(Forward::Direct, 0), to(Forward::IPIP, 3), to(Forward::Nat, 3)] {
        servers[0].1 = changed;
        checks.done("a server is changed", table.edit_server(key, first, changed));
        let law = "a changed server is the only one that changed";
        checks.equal(law, &found(table, key), &shown(rr, &servers));
    }
    let law = "changing the scheduler leaves the servers";
    checks.done(law, table.edit_service(key, Scheduler::Wrr.into()));
    checks.equal(law, &found(table, key), &shown(Scheduler::Wrr, &servers));

    let absent = v4(21, 81);
    let law = "a server that is not there is not changed";
    checks.refused(law, table.edit_server(key, absent, other), KernelError::Missing);
    let law = "a server that is not there is not removed";
    checks.refused(law, table.remove_server(key, absent), KernelError::Missing);
    checks.done("a server is removed", table.remove_server(key, first));
    servers.remove(0);
    let law = "only the removed server is gone";
    checks.equal(law, &found(table, key), &shown(Scheduler::Wrr, &servers));
    let law = "a server is removed once";
    checks.refused(law, table.remove_server(key, first), KernelError::Missing);
    checks.done("a server comes back", table.add_server(key, first, other));
    servers.push((first, other));
    let law = "a server that came back has its new settings";
    checks.equal(law, &found(table, key), &shown(Scheduler::Wrr, &servers));
    checks.done("a service is removed with its servers", table.remove_service(key));
    checks.done("a service is made anew", table.add_service(key, rr.into()));
    let law = "a service that is made anew has no servers";
    checks.equal(law, &found(table, key), &shown(rr, &Servers::new()));
    checks.done("a service without servers is removed", table.remove_service(key));
}

/// Services that have an address, a port or a mark in common are still different services.
fn side_by_side(table: &mut impl IpvsTable, checks: &mut Checks) {
    let services: BTreeMap<ServiceKey, SocketAddr> = [
        (ServiceKey::Tcp(v4(100, 80)), v4(21, 80)),
        (ServiceKey::Tcp(v4(100, 443)), v4(21, 443)),
        (ServiceKey::Udp(v4(100, 80)), v4(22, 80)),
        (ServiceKey::Sctp(v4(100, 80)), v4(23, 80)),
        (ServiceKey::Tcp(v6(100, 80)), v6(21, 80)),
        (ServiceKey::Udp(v6(100, 80)), v6(22, 80)),
        (ServiceKey::FwMark(77_001), v4(24, 0)),
        (ServiceKey::FwMark6(77_001), v6(24, 0)),
        (ServiceKey::FwMark(u32::MAX), v4(25, 0)),
    ]
    .into();
    let one = to(Forward::Direct, 1);
    for (key, server) in &services {
        let law = format!("{key} is added beside the others");
        let added = table.add_service(*key, Scheduler::Wlc.into());
        checks.equal(law, &added, &Ok(()));
        let law = format!("{key} gets a server");
        checks.equal(law, &table.add_server(*key, *server, one), &Ok(()));
    }
    for (key, server) in &services {
        let law = format!("{key} has its own server");
        checks.equal(law, &found(table, *key), &shown(Scheduler::Wlc, &vec![(*server, one)]));
    }
    for key in services.keys() {
        let law = format!("{key} is removed alone");
        let others = table.services().map(|table| table.len().saturating_sub(1));
        let removed = table.remove_service(*key);
        checks.equal(law.clone(), &removed, &Ok(()));
        checks.equal(law, &table.services().map(|table| table.len()), &others);
    }
}

/// Every scheduler can be used, or the kernel says that it does not have it and makes nothing.
fn schedulers(table: &mut impl IpvsTable, checks: &mut Checks) {
    let key = key();
    for scheduler in Scheduler::ALL {
        match table.add_service(key, (*scheduler).into()) {
            Err(KernelError::Unsupported { .. }) => {
                let law = format!("without scheduler {scheduler} nothing is made");
                checks.equal(law, &found(table, key), &None);
            }
            added => {
                checks.equal(format!("scheduler {scheduler} can be used"), &added, &Ok(()));
                let law = format!("the table names scheduler {scheduler}");
                checks.equal(law, &found(table, key), &shown(*scheduler, &Servers::new()));
                let law = "a service goes with its scheduler";
                checks.done(law, table.remove_service(key));
            }
        }
    }
}
