//! What leaves the kernel slowly, what is put back, and what goes with the roles.

use super::*;
use crate::config::{Protocol, ServiceSettings, SyncDaemon, SyncRole, SyncSettings, Traffic};
use crate::desired::{Marks, Sysctl, SysctlValue};

fn server() -> SocketAddr {
    socket("10.0.0.22:80")
}

fn connections(lab: &mut Lab, active: u32) {
    let services = &mut lab.host("d1").kernel.services;
    services.get_mut(&key()).unwrap().servers.get_mut(&server()).unwrap().active = active;
}

fn reload(lab: &mut Lab, change: impl Fn(&mut Config)) {
    let mut config = config();
    change(&mut config);
    lab.input(&node("d1"), Input::Reload(Arc::new(config)));
}

fn without_server(config: &mut Config) {
    let service = config.services.values_mut().next().unwrap();
    service.servers.remove(&server());
}

fn in_table(lab: &mut Lab) -> Option<u16> {
    let services = &lab.host("d1").kernel.services;
    Some(services.get(&key())?.servers.get(&server())?.weight.0)
}

fn ready() -> Lab {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    connections(&mut lab, 3);
    assert_eq!(in_table(&mut lab), Some(10));
    lab
}

#[test]
fn a_server_that_leaves_keeps_its_connections_until_the_deadline() {
    let mut lab = ready();
    reload(&mut lab, without_server);
    lab.run(ms(4900));
    assert_eq!(in_table(&mut lab), Some(0), "no new connections, and the old ones go on");
    let now = lab.now;
    let view = lab.host("d1").director.as_ref().unwrap().view(now);
    assert_eq!((view.draining.len(), view.draining[0].connections), (1, 3));
    lab.run(ms(300));
    assert_eq!(in_table(&mut lab), None);
    let told = |report: &Report| matches!(report, Report::Drained { left: 3, .. });
    assert!(lab.host("d1").reports.iter().any(|(_, report)| told(report)));
}

#[test]
fn a_server_that_leaves_goes_when_its_last_connection_has_ended() {
    let mut lab = ready();
    reload(&mut lab, without_server);
    lab.run(ms(1000));
    connections(&mut lab, 0);
    lab.input(&node("d1"), Input::KernelChanged);
    lab.run(ms(200));
    assert_eq!(in_table(&mut lab), None);
}

#[test]
fn a_service_that_leaves_waits_for_its_servers() {
    let mut lab = ready();
    reload(&mut lab, |config| config.services.clear());
    lab.run(ms(1000));
    assert_eq!(in_table(&mut lab), Some(0));
    lab.run(ms(5000));
    assert!(lab.host("d1").kernel.services.is_empty());
}

#[test]
fn without_time_to_drain_a_server_goes_at_once() {
    let mut lab = ready();
    reload(&mut lab, |config| config.services.values_mut().for_each(|it| it.drain = ms(0)));
    lab.run(ms(100));
    reload(&mut lab, without_server);
    lab.run(ms(100));
    assert_eq!(in_table(&mut lab), None);
}

#[test]
fn a_server_that_comes_back_while_it_leaves_never_left_the_table() {
    let mut lab = ready();
    reload(&mut lab, without_server);
    lab.run(ms(1000));
    reload(&mut lab, |_| {});
    lab.run(ms(2000));
    assert_eq!(in_table(&mut lab), Some(10));
    let services = &lab.host("d1").kernel.services;
    assert_eq!(services[&key()].servers[&server()].active, 3);
    lab.run(ms(6000));
    assert_eq!(in_table(&mut lab), Some(10), "the deadline is forgotten");
}

#[test]
fn settings_are_as_found_after_a_stop_and_after_a_reload_that_needs_them_no_more() {
    let mut lab = Lab::new(config());
    let found = BTreeMap::from([
        (Sysctl::ExpireNodestConn, SysctlValue::One(0)),
        (Sysctl::ConnReuseMode, SysctlValue::One(7)),
        (Sysctl::Forwarding, SysctlValue::One(0)),
    ]);
    lab.host("d1").kernel.sysctls = found.clone();
    lab.run(ms(3000));
    let value = |lab: &mut Lab, key| lab.host("d1").kernel.sysctls[key];
    assert_eq!(value(&mut lab, &Sysctl::ConnReuseMode), SysctlValue::One(1));
    assert_eq!(value(&mut lab, &Sysctl::Forwarding), SysctlValue::One(0));
    let nat = |config: &mut Config| {
        config.services.values_mut().for_each(|service| service.forward = Forward::Nat);
    };
    reload(&mut lab, nat);
    lab.run(ms(100));
    assert_eq!(value(&mut lab, &Sysctl::Forwarding), SysctlValue::One(1));
    reload(&mut lab, |_| {});
    lab.run(ms(100));
    assert_eq!(value(&mut lab, &Sysctl::Forwarding), SysctlValue::One(0));
    lab.input(&node("d1"), Input::Stop);
    lab.run(ms(1000));
    for (key, before) in &found {
        assert_eq!(value(&mut lab, key), *before, "{key}");
    }
}

fn synchronised(config: &mut Config) {
    let daemon = SyncDaemon {
        interface: interface("hb"),
        id: 1,
        group: address("224.0.0.81"),
        port: NonZeroU16::new(8848).unwrap(),
        ttl: count(1),
        max_payload: None,
    };
    let sync = SyncSettings { daemon, threshold: 3, period: 50, refresh: None, retries: 0 };
    config.cluster.sync = Some(sync);
}

#[test]
fn who_owns_tells_of_its_connections_and_who_does_not_listens() {
    let mut shared = config();
    synchronised(&mut shared);
    let mut lab = Lab::new(shared);
    lab.run(ms(3000));
    let roles =
        |lab: &mut Lab, name| lab.host(name).kernel.sync.keys().copied().collect::<Vec<_>>();
    assert_eq!(roles(&mut lab, "d1"), [SyncRole::Master]);
    assert_eq!(roles(&mut lab, "d2"), [SyncRole::Backup]);
    lab.input(&node("d1"), Input::Stop);
    lab.run(ms(2000));
    assert_eq!(roles(&mut lab, "d1"), []);
    assert_eq!(roles(&mut lab, "d2"), [SyncRole::Master]);
    // Drift is repaired, as everything else is.
    lab.host("d2").kernel.sync.clear();
    lab.input(&node("d2"), Input::KernelChanged);
    lab.run(ms(200));
    assert_eq!(roles(&mut lab, "d2"), [SyncRole::Master]);
}

#[test]
fn marks_are_set_repaired_and_taken_away() {
    let traffic = Traffic { protocol: Protocol::Tcp, to: socket("10.0.0.100:80") };
    let marked = |config: &mut Config| {
        let service = config.services.values_mut().next().unwrap();
        service.key = ServiceKey::FwMark(7);
        service.marked = [traffic].into();
        service.settings = ServiceSettings { one_packet: true, ..service.settings };
    };
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    assert_eq!(lab.host("d1").kernel.marks, None, "nobody asked");
    reload(&mut lab, marked);
    lab.run(ms(100));
    let wanted = Some(Marks::from([(traffic, 7)]));
    assert_eq!(lab.host("d1").kernel.marks, wanted);
    lab.host("d1").kernel.marks = None;
    lab.input(&node("d1"), Input::KernelChanged);
    lab.run(ms(200));
    assert_eq!(lab.host("d1").kernel.marks, wanted);
    reload(&mut lab, |_| {});
    lab.run(ms(100));
    assert_eq!(lab.host("d1").kernel.marks, Some(Marks::new()));
}
