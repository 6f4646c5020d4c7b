//! The laws of what the table keeps of services and servers.

use super::table::{found, shown, v4, v6};
use super::{Check, Checks};
use crate::ports::{IpvsTable, KernelError};
use director_core::config::{
    Checksum, Forward, Persistence, PersistenceEngine, Scheduler, SchedulerFlags, ServiceKey,
    ServiceSettings, Thresholds, Tunnel, Weight,
};
use director_core::desired::DesiredServer;
use std::num::NonZeroU16;
use std::time::Duration;

/// The laws of settings in an [`IpvsTable`], on services like those of
/// [`ipvs_table`](super::ipvs_table).
pub fn settings(table: &mut impl IpvsTable) -> Vec<Check> {
    let mut checks = Checks::default();
    services(table, &mut checks);
    engine(table, &mut checks);
    servers(table, &mut checks);
    across(table, &mut checks);
    checks.0
}

fn persistent(seconds: u64, prefix: u8) -> Option<Persistence> {
    Some(Persistence { timeout: Duration::from_secs(seconds), prefix, engine: None })
}

/// Everything that may be said of a service, with one change between one and the next.
fn variants(key: ServiceKey) -> Vec<ServiceSettings> {
    let whole = if key.is_ipv6() { 128 } else { 32 };
    let plain = ServiceSettings::from(Scheduler::Sh);
    let flags = |flags| ServiceSettings { flags, ..plain };
    let persistence = |persistence| ServiceSettings { persistence, ..plain };
    vec![
        plain,
        flags(SchedulerFlags::PORT),
        flags(SchedulerFlags::PORT | SchedulerFlags::FALLBACK),
        flags(SchedulerFlags::THIRD),
        persistence(persistent(300, whole)),
        persistence(persistent(1, whole)),
        persistence(persistent(1, 24)),
        ServiceSettings { one_packet: true, ..persistence(persistent(1, 1)) },
        ServiceSettings { one_packet: true, ..plain },
        plain,
    ]
}

fn services(table: &mut impl IpvsTable, checks: &mut Checks) {
    let keys = [ServiceKey::Udp(v4(100, 53)), ServiceKey::Udp(v6(100, 53)), ServiceKey::FwMark(77)];
    for key in keys {
        for to in variants(key) {
            let law = format!("{key} can be made with {to}");
            checks.equal(law.clone(), &table.add_service(key, to), &Ok(()));
            checks.equal(law, &found(table, key), &shown(to, &Vec::new()));
            checks.done("and taken away", table.remove_service(key));
        }
        let add = table.add_service(key, Scheduler::Sh.into());
        checks.done("a service is made to be changed", add);
        for to in variants(key) {
            let law = format!("{key} can be changed to {to}");
            checks.equal(law.clone(), &table.edit_service(key, to), &Ok(()));
            checks.equal(law, &found(table, key), &shown(to, &Vec::new()));
        }
        checks.done("a changed service is removed", table.remove_service(key));
    }
}

/// A persistence engine can be used, or the kernel says that it does not have it.
fn engine(table: &mut impl IpvsTable, checks: &mut Checks) {
    let key = ServiceKey::Udp(v4(100, 5060));
    let timeout = Duration::from_secs(60);
    let engine = Some(PersistenceEngine::Sip);
    let persistence = Some(Persistence { timeout, prefix: 32, engine });
    let to = ServiceSettings { persistence, ..Scheduler::Rr.into() };
    match table.add_service(key, to) {
        Err(KernelError::Unsupported { .. }) => {
            checks.equal("without the engine nothing is made", &found(table, key), &None);
        }
        added => {
            checks.equal("an engine can be used", &added, &Ok(()));
            checks.equal("the engine is shown", &found(table, key), &shown(to, &Vec::new()));
            checks.done("a service goes with its engine", table.remove_service(key));
        }
    }
}

fn methods() -> Vec<Forward> {
    let port = NonZeroU16::new(6080).unwrap_or(NonZeroU16::MIN);
    let gue = |checksum| Forward::Tunnel(Tunnel::Gue { port, checksum });
    let gre = |checksum| Forward::Tunnel(Tunnel::Gre { checksum });
    let kinds = [Checksum::Off, Checksum::Outer, Checksum::Remote].map(gue);
    let plain = [Forward::Direct, Forward::Nat, Forward::IPIP, gre(false), gre(true)];
    plain.into_iter().chain(kinds).chain([Forward::Direct]).collect()
}

fn servers(table: &mut impl IpvsTable, checks: &mut Checks) {
    let (key, at) = (ServiceKey::Tcp(v4(100, 80)), v4(21, 80));
    checks.done("a service is made for servers", table.add_service(key, Scheduler::Wlc.into()));
    for forward in methods() {
        let to = DesiredServer::new(forward, Weight(1));
        let law = format!("a server can be reached by {forward}");
        checks.equal(law.clone(), &table.add_server(key, at, to), &Ok(()));
        checks.equal(law, &found(table, key), &shown(Scheduler::Wlc, &vec![(at, to)]));
        checks.done("and taken away", table.remove_server(key, at));
    }
    let first = DesiredServer::new(Forward::Nat, Weight(1));
    checks.done("a server is made to be changed", table.add_server(key, at, first));
    for (forward, upper, lower) in
        methods().into_iter().zip([0, 10, 10, 0]).map(|(f, upper)| (f, upper, upper / 2))
    {
        let thresholds = Thresholds { upper, lower };
        let to = DesiredServer { forward, weight: Weight(2), thresholds };
        let law = format!("a server can be changed to {to}");
        checks.equal(law.clone(), &table.edit_server(key, at, to), &Ok(()));
        checks.equal(law, &found(table, key), &shown(Scheduler::Wlc, &vec![(at, to)]));
    }
    checks.done("a service goes with its servers", table.remove_service(key));
}

/// The two families meet in a tunnel.
fn across(table: &mut impl IpvsTable, checks: &mut Checks) {
    let pairs =
        [(ServiceKey::Tcp(v4(100, 80)), v6(21, 80)), (ServiceKey::Tcp(v6(100, 80)), v4(21, 80))];
    for (key, at) in pairs {
        checks
            .done("a service is made to be crossed", table.add_service(key, Scheduler::Rr.into()));
        let to = DesiredServer::new(Forward::IPIP, Weight(1));
        let law = format!("{key} reaches {at} by a tunnel");
        checks.equal(law.clone(), &table.add_server(key, at, to), &Ok(()));
        checks.equal(law, &found(table, key), &shown(Scheduler::Rr, &vec![(at, to)]));
        checks.done("a crossed service is removed", table.remove_service(key));
    }
}
