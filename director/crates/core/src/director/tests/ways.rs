//! Checks that go to their servers through the service.

use super::*;
use crate::config::ServiceKey;
use crate::observed::{Lifetime, ObservedServer, ObservedService};
use crate::probe::{Failure, Probe};
use crate::report::Health;

const FIRST: u32 = CheckMarks::USUAL;

/// Whom a probe reaches: the server that the kernel has for its mark.
pub(super) fn leads_to(kernel: &Snapshot, probe: &Probe) -> SocketAddr {
    let Some(way) = probe.way else { return probe.target };
    let table = kernel.services.get(&ServiceKey::FwMark(way.mark));
    let table = table.expect("asked without a way");
    let (server, _) = table.servers.first_key_value().expect("a way to nobody");
    assert_eq!(table.servers.len(), 1);
    SocketAddr::new(server.ip(), probe.target.port())
}

fn through(config: &mut Config) {
    config.services.values_mut().for_each(|service| service.check.via = Via::Service);
}

fn through_the_service() -> Config {
    let mut config = config();
    through(&mut config);
    config
}

fn marks(lab: &mut Lab) -> Vec<(u32, String)> {
    let services = lab.host("d1").kernel.services.iter();
    let way = |(key, table): (&ServiceKey, &ObservedService)| {
        let servers: Vec<_> =
            table.servers.iter().map(|(at, it)| format!("{at} {}", it.weight)).collect();
        Some((key.mark()? - FIRST, servers.join(", ")))
    };
    services.filter_map(way).collect()
}

fn states(lab: &mut Lab) -> Vec<Health> {
    let now = lab.now;
    let view = lab.host("d1").director.as_ref().unwrap().view(now);
    view.services[0].servers.iter().map(|server| server.health).collect()
}

#[test]
fn each_server_has_a_way_of_its_own_and_is_judged_by_what_comes_there() {
    let mut lab = Lab::new(through_the_service());
    lab.run(ms(3000));
    let ways = [(0, "10.0.0.21:0 1".into()), (1, "10.0.0.22:0 1".into())];
    assert_eq!(marks(&mut lab), ways);
    assert_eq!(states(&mut lab), [Health::Up, Health::Up]);
    lab.sick.push(socket("10.0.0.22:80"));
    lab.run(ms(3000));
    assert_eq!(states(&mut lab), [Health::Up, Health::Down]);
    assert_eq!(marks(&mut lab), ways, "a server that is down is asked by its way as before");
    let now = lab.now;
    let view = lab.host("d1").director.as_ref().unwrap().view(now);
    let server = &view.services[0].servers[1];
    assert_eq!((server.checked_at, server.check_mark), (socket("10.0.0.100:80"), Some(FIRST + 1)));
    assert!(view.kernel.foreign.is_empty());
}

#[test]
fn a_way_keeps_its_mark_through_a_reload_and_a_server_that_goes_takes_its_away() {
    let mut lab = Lab::new(through_the_service());
    lab.run(ms(3000));
    let mut fewer = through_the_service();
    let servers = &mut fewer.services.values_mut().next().unwrap().servers;
    servers.remove(&socket("10.0.0.21:80"));
    servers.insert(socket("10.0.0.9:80"), Server::from(Weight(1)));
    lab.input(&node("d1"), Input::Reload(Arc::new(fewer)));
    lab.run(ms(3000));
    let ways = [(0, "10.0.0.9:0 1".into()), (1, "10.0.0.22:0 1".into())];
    assert_eq!(marks(&mut lab), ways);
    lab.input(&node("d1"), Input::Reload(Arc::new(config())));
    lab.run(ms(3000));
    assert_eq!(marks(&mut lab), [], "nobody needs them any more");
}

#[test]
fn what_an_earlier_life_has_left_is_put_right_before_anybody_is_asked() {
    let mut lab = Lab::new(through_the_service());
    lab.run(ms(3000));
    lab.kill("d1");
    let services = &mut lab.host("d1").kernel.services;
    let one = services.remove(&ServiceKey::FwMark(FIRST)).unwrap();
    let other = services.insert(ServiceKey::FwMark(FIRST + 1), one).unwrap();
    services.insert(ServiceKey::FwMark(FIRST), other.clone());
    services.insert(ServiceKey::FwMark(FIRST + 5), other);
    lab.sick.push(socket("10.0.0.22:80"));
    lab.start(&node("d1"));
    lab.run(ms(5000));
    assert_eq!(marks(&mut lab).len(), 2);
    assert_eq!(states(&mut lab), [Health::Up, Health::Down]);
}

#[test]
fn without_a_way_nobody_is_asked_and_the_check_fails() {
    let config = Arc::new(through_the_service());
    let mut now = Instant::from_nanos(1);
    let mut director = Director::new(config, node("d1"), 7, &Snapshot::default(), now);
    let mut told = 0;
    for _ in 0..500 {
        while let Some(effect) = director.next_effect() {
            assert!(!matches!(effect, Effect::StartProbe { .. }), "asked without a way");
        }
        while let Some(report) = director.next_report() {
            let Report::CheckFailed { failure: Failure::Local { what }, .. } = report else {
                continue;
            };
            told += usize::from(what.contains("does not hold the way"));
        }
        now = director.next_deadline().unwrap().at.max(now);
        director.handle(Input::Deadline, now);
    }
    assert_eq!(told, 2, "one for each server, the second takes it down");
    let view = director.view(now);
    assert!(view.services[0].servers.iter().all(|server| server.health == Health::Down));
}

/// The source of the first check of a server at `target`, with this address on the interface.
fn source(target: &str, present: &str) -> Option<IpAddr> {
    let mut config = through_the_service();
    let mut service = config.services.pop_first().unwrap();
    service.1.key = ServiceKey::Tcp(socket(target));
    let held = |address: &str| VirtualAddress { address: address.parse().unwrap(), ..vip() };
    config.groups.values_mut().next().unwrap().addresses =
        [held(&service.1.key.address().unwrap().ip().to_string())].into();
    config.services.insert(service.0, service.1);
    let found = [held(present), held("fe80::1"), vip()];
    let now = Instant::from_nanos(1);
    let mut director = Director::new(Arc::new(config), node("d1"), 7, &Snapshot::default(), now);
    let desired = loop {
        if let Effect::Reconcile { desired, .. } = director.next_effect().unwrap() {
            break desired;
        }
    };
    let mut kernel = Snapshot::default();
    for (key, service) in &desired.services {
        let mut table = ObservedService::new(&service.settings);
        let server = |(at, to): (&SocketAddr, &crate::desired::DesiredServer)| {
            (*at, ObservedServer::idle(to))
        };
        table.servers = service.servers.iter().map(server).collect();
        kernel.services.insert(*key, table);
    }
    kernel.addresses = found.into_iter().map(|it| (it, Lifetime::Forever)).collect();
    let result =
        Reconciled { number: 1, done: [].into(), failed: [].into(), found: Ok(Arc::new(kernel)) };
    director.handle(Input::Reconciled(result), now);
    director.handle(Input::Deadline, now + ms(200));
    while let Some(effect) = director.next_effect() {
        if let Effect::StartProbe { probe, .. } = effect {
            return Some(probe.way.unwrap().source.unwrap());
        }
    }
    None
}

#[test]
fn packets_come_from_an_address_of_the_directors_own() {
    let own = |text: &str| Some(text.parse().unwrap());
    assert_eq!(source("10.0.0.100:80", "10.0.0.77"), own("10.0.0.11"), "the node's, as configured");
    assert_eq!(source("[2001:db8::100]:80", "2001:db8::7"), own("2001:db8::7"));
    assert_eq!(source("[2001:db8::100]:80", "2001:db8::100"), None, "never the virtual one");
}
