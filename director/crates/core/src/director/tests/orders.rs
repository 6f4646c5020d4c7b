//! Orders for real servers: here, on the peer, over a takeover, a restart and a reload.

use super::*;
use crate::order::{Order, Refusal};
use crate::standing::{Duty, Subject};

fn subject(text: &str) -> Subject {
    text.parse().unwrap()
}

fn drain(text: &str) -> Order {
    Order::Drain { server: subject(text), deadline: None, force: false }
}

fn ordered(lab: &mut Lab, name: &str, order: &Order) -> Result<(), Refusal> {
    let now = lab.now;
    let by = Author { who: "root".into(), why: "a new disk".into() };
    let answer = lab.host(name).director.as_mut().unwrap().order(order, &by, now);
    lab.drain(&node(name));
    answer
}

fn pair() -> Lab {
    let mut lab = Lab::new(config());
    lab.run(ms(4000));
    lab
}

fn first(lab: &Lab, name: &str) -> u16 {
    lab.weights(name)[0].1
}

/// Connections of the first server in the kernel of a node.
fn connect(lab: &mut Lab, name: &str, active: u32) {
    let table = lab.host(name).kernel.services.get_mut(&key()).unwrap();
    table.servers.get_mut(&socket("10.0.0.21:80")).unwrap().active = active;
}

fn drained(lab: &Lab, name: &str) -> Vec<u32> {
    let reports = lab.hosts[&node(name)].reports.iter();
    let left = reports.filter_map(|(_, report)| match report {
        Report::Drained { left, .. } => Some(*left),
        _ => None,
    });
    left.collect()
}

#[test]
fn an_order_to_either_director_holds_on_both_and_over_a_takeover() {
    for asked in ["d1", "d2"] {
        let mut lab = pair();
        ordered(&mut lab, asked, &drain("10.0.0.21")).unwrap();
        lab.run(ms(2));
        assert_eq!((first(&lab, "d1"), first(&lab, "d2")), (0, 0), "both within a moment");
        lab.power_off("d1");
        lab.run(ms(1000));
        assert!(lab.holds("d2"));
        assert_eq!(first(&lab, "d2"), 0, "a takeover keeps it");
        lab.start(&node("d1"));
        lab.run(ms(6000));
        assert!(lab.holds("d1"), "it is back");
        assert_eq!(first(&lab, "d1"), 0, "and has heard of the order");
        ordered(&mut lab, asked, &Order::Undrain { server: subject("10.0.0.21") }).unwrap();
        lab.run(ms(2));
        assert_eq!((first(&lab, "d1"), first(&lab, "d2")), (10, 10));
    }
}

#[test]
fn an_order_survives_a_reload_for_as_long_as_the_server_does() {
    let mut lab = pair();
    ordered(&mut lab, "d1", &drain("10.0.0.21")).unwrap();
    lab.run(ms(1000));
    let reload = |lab: &mut Lab, wanted: Config| {
        lab.config = Arc::new(wanted);
        for name in ["d1", "d2"] {
            let config = lab.config.clone();
            lab.input(&node(name), Input::Reload(config));
        }
        lab.run(ms(3000));
    };
    let mut other = config();
    other.services.values_mut().for_each(|service| service.settings.scheduler = Scheduler::Rr);
    reload(&mut lab, other);
    assert_eq!((first(&lab, "d1"), first(&lab, "d2")), (0, 0));
    let mut without = config();
    let service = without.services.values_mut().next().unwrap();
    service.servers.remove(&socket("10.0.0.21:80"));
    reload(&mut lab, without);
    reload(&mut lab, config());
    assert_eq!((first(&lab, "d1"), first(&lab, "d2")), (10, 10), "a new server has no orders");
}

#[test]
fn a_drain_ends_when_no_connection_is_left() {
    let mut lab = pair();
    connect(&mut lab, "d1", 3);
    ordered(&mut lab, "d1", &drain("10.0.0.21")).unwrap();
    lab.run(ms(10_000));
    assert_eq!(drained(&lab, "d1"), []);
    connect(&mut lab, "d1", 0);
    lab.run(ms(1100));
    assert_eq!(drained(&lab, "d1"), [0], "seen within a second");
    lab.run(ms(10_000));
    assert_eq!(drained(&lab, "d1").len(), 1, "and told once");
    assert_eq!(first(&lab, "d1"), 0, "it stays in the table");
}

#[test]
fn a_deadline_takes_the_server_from_the_table_on_both() {
    let mut lab = pair();
    connect(&mut lab, "d1", 3);
    let order =
        Order::Drain { server: subject("10.0.0.21"), deadline: Some(ms(5000)), force: false };
    ordered(&mut lab, "d1", &order).unwrap();
    lab.run(ms(4900));
    assert_eq!(first(&lab, "d1"), 0);
    lab.run(ms(200));
    for name in ["d1", "d2"] {
        assert_eq!(lab.weights(name), [("10.0.0.22:80".into(), 10)], "{name}");
    }
    assert_eq!(drained(&lab, "d1"), [3]);
    ordered(&mut lab, "d2", &Order::Undrain { server: subject("10.0.0.21") }).unwrap();
    lab.run(ms(100));
    assert_eq!((first(&lab, "d1"), first(&lab, "d2")), (10, 10));
}

#[test]
fn the_last_usable_server_is_drained_only_by_force() {
    let mut lab = pair();
    ordered(&mut lab, "d1", &drain("10.0.0.21")).unwrap();
    lab.run(ms(10));
    let service = ServiceName::new("http").unwrap();
    let refusal = ordered(&mut lab, "d1", &drain("10.0.0.22")).unwrap_err();
    assert_eq!(refusal, Refusal::LastServer { service });
    lab.run(ms(10));
    assert_eq!(lab.weights("d1")[1].1, 10, "nothing was changed");
    let force = Order::Drain { server: subject("10.0.0.22"), deadline: None, force: true };
    ordered(&mut lab, "d1", &force).unwrap();
    lab.run(ms(10));
    assert_eq!(lab.weights("d1")[2], ("127.0.0.1:80".into(), 1), "the fallback serves");
}

#[test]
fn a_server_in_maintenance_is_not_asked_and_must_prove_itself_afterwards() {
    let mut lab = pair();
    let server = || subject("10.0.0.21");
    let on = Order::Maintenance { server: server(), on: true, force: false };
    ordered(&mut lab, "d1", &on).unwrap();
    lab.sick = vec![socket("10.0.0.21:80")];
    lab.run(ms(1000));
    let reports = lab.hosts[&node("d1")].reports.len();
    lab.run(ms(20_000));
    assert_eq!(lab.hosts[&node("d1")].reports.len(), reports, "nothing to tell of it");
    let asked = |lab: &Lab| {
        let probes = lab.hosts.values().flat_map(|host| host.probes.values());
        probes.filter(|(_, target)| *target == socket("10.0.0.21:80")).count()
    };
    assert_eq!(asked(&lab), 0);
    let off = Order::Maintenance { server: server(), on: false, force: false };
    ordered(&mut lab, "d1", &off).unwrap();
    lab.run(ms(5000));
    assert_eq!(first(&lab, "d1"), 0, "it is still sick");
    lab.sick.clear();
    lab.run(ms(3000));
    assert_eq!(first(&lab, "d1"), 10);
}

#[test]
fn a_maintenance_file_is_for_its_node_alone() {
    let mut lab = pair();
    let files =
        |list: &[&str]| Input::MaintenanceFiles(list.iter().map(|it| subject(it)).collect());
    lab.input(&node("d1"), files(&["10.0.0.21"]));
    lab.run(ms(100));
    assert_eq!((first(&lab, "d1"), first(&lab, "d2")), (0, 10));
    lab.input(&node("d1"), files(&[]));
    lab.run(ms(2000));
    assert_eq!(first(&lab, "d1"), 10);
}

#[test]
fn a_weight_is_changed_and_given_back() {
    let mut lab = pair();
    let weight = |weight| Order::Weight { server: subject("http/10.0.0.21"), weight };
    ordered(&mut lab, "d1", &weight(Some(Weight(3)))).unwrap();
    lab.run(ms(10));
    assert_eq!((first(&lab, "d1"), first(&lab, "d2")), (3, 3));
    let view = lab.hosts[&node("d1")].director.as_ref().unwrap().view(lab.now);
    let server = &view.services[0].servers[0];
    assert_eq!((server.weight, server.duty), (Weight(3), Duty::Serve));
    assert_eq!(server.by.as_ref().unwrap().to_string(), "root: a new disk");
    ordered(&mut lab, "d2", &weight(None)).unwrap();
    lab.run(ms(10));
    assert_eq!((first(&lab, "d1"), first(&lab, "d2")), (10, 10));
}

#[test]
fn a_director_that_has_just_started_takes_no_orders() {
    let mut lab = Lab::new(config());
    assert_eq!(ordered(&mut lab, "d1", &drain("10.0.0.21")), Err(Refusal::Listening));
    lab.run(ms(4000));
    assert_eq!(ordered(&mut lab, "d1", &drain("10.0.0.21")), Ok(()));
}

/// A busy machine runs a process late: whoever is on call must not be refused for that.
#[test]
fn an_owner_that_doubts_takes_orders() {
    let mut lab = pair();
    lab.now = lab.now + ms(400);
    lab.input(&node("d1"), Input::Deadline);
    assert_eq!(ordered(&mut lab, "d1", &drain("10.0.0.21")), Ok(()));
    lab.run(ms(2000));
    assert_eq!((first(&lab, "d1"), first(&lab, "d2")), (0, 0));
}

#[test]
fn more_orders_than_fit_into_a_packet_reach_the_peer_one_after_the_other() {
    let mut wanted = config();
    let service = wanted.services.values_mut().next().unwrap();
    for number in 23..=60 {
        service.servers.insert(socket(&format!("10.0.0.{number}:80")), Server::from(Weight(10)));
    }
    let mut lab = Lab::new(wanted);
    lab.run(ms(4000));
    lab.cut_all("d1", "d2");
    lab.run(ms(100));
    for number in 21..=59 {
        ordered(&mut lab, "d1", &drain(&format!("10.0.0.{number}"))).unwrap();
    }
    lab.cut.clear();
    let longest = lab.recorded.iter().map(|packet| packet.3.len()).max();
    assert!(longest.unwrap() < 1400, "{longest:?}");
    lab.run(ms(1500));
    let weights = lab.weights("d2");
    let quiet = weights.iter().filter(|(_, weight)| *weight == 0).count();
    assert_eq!(quiet, 39, "{weights:?}");
}
