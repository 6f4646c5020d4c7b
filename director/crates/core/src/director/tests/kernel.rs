//! What leaves the kernel slowly, what is put back, and what goes with the roles.

use super::*;
use crate::config::{
    Forward, Protocol, ServiceSettings, SyncDaemon, SyncRole, SyncSettings, Traffic,
};
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
fn a_server_that_is_to_be_reached_directly_and_has_connections_by_nat_is_told_of() {
    let by = |method: Forward| {
        move |config: &mut Config| config.services.values_mut().next().unwrap().forward = method
    };
    for (active, told) in [(3, 1), (0, 0)] {
        let mut lab = ready();
        reload(&mut lab, by(Forward::Nat));
        lab.run(ms(3000));
        connections(&mut lab, active);
        lab.input(&node("d1"), Input::KernelChanged);
        lab.run(ms(1000));
        let count = |lab: &mut Lab| {
            let reports = lab.host("d1").reports.iter();
            reports.filter(|(_, report)| matches!(report, Report::Rerouted { .. })).count()
        };
        assert_eq!(count(&mut lab), 0, "from direct routing to NAT nothing is lost");
        reload(&mut lab, by(Forward::Direct));
        assert_eq!(count(&mut lab), told);
        reload(&mut lab, by(Forward::Direct));
        lab.run(ms(3000));
        reload(&mut lab, by(Forward::Direct));
        assert_eq!(count(&mut lab), told * 2, "once for each reload, and only while it is so");
    }
}

/// The service of the tests under another key, with its second server on its way out and so many
/// active and inactive connections there.
fn leaving(key: ServiceKey, counts: (u32, u32)) -> Lab {
    let keyed = |config: &mut Config| {
        let service = config.services.values_mut().next().unwrap();
        service.key = key;
    };
    let mut whole = config();
    keyed(&mut whole);
    let mut lab = Lab::new(whole);
    lab.run(ms(3000));
    let services = &mut lab.host("d1").kernel.services;
    let present = services.get_mut(&key).unwrap().servers.get_mut(&server()).unwrap();
    (present.active, present.inactive) = counts;
    reload(&mut lab, |config| {
        keyed(config);
        without_server(config);
    });
    lab.run(ms(2500));
    lab
}

/// Weight of the leaving server, and the connections that count.
fn still_there(lab: &mut Lab, key: ServiceKey) -> Option<(u16, u32)> {
    let now = lab.now;
    let view = lab.host("d1").director.as_ref().unwrap().view(now);
    let present = lab.host("d1").kernel.services.get(&key)?.servers.get(&server())?;
    Some((present.weight.0, view.draining.first()?.connections))
}

#[test]
fn of_tcp_and_sctp_only_active_connections_hold_a_leaving_server() {
    let at = socket("10.0.0.100:80");
    for key in [ServiceKey::Tcp(at), ServiceKey::Sctp(at)] {
        assert_eq!(still_there(&mut leaving(key, (2, 5)), key), Some((0, 2)));
        assert_eq!(still_there(&mut leaving(key, (0, 5)), key), None, "closing ones do not count");
    }
}

#[test]
fn of_udp_and_firewall_marks_every_flow_holds_a_leaving_server_until_the_deadline() {
    let at = socket("10.0.0.100:80");
    for key in [ServiceKey::Udp(at), ServiceKey::FwMark(7), ServiceKey::FwMark6(7)] {
        let mut lab = leaving(key, (0, 5));
        assert_eq!(still_there(&mut lab, key), Some((0, 5)));
        lab.run(ms(3000));
        assert_eq!(still_there(&mut lab, key), None, "the deadline has come");
    }
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

/// What the director sets, what it finds, and what it wants.
fn settings() -> Vec<(Sysctl, SysctlValue, SysctlValue)> {
    let one = SysctlValue::One;
    let lan = || interface("lan");
    vec![
        (Sysctl::ArpIgnore(lan()), one(0), one(1)),
        (Sysctl::ArpAnnounce(lan()), one(0), one(2)),
        (Sysctl::ReversePathFilter(lan()), one(1), one(2)),
        (Sysctl::ExpireNodestConn, one(0), one(1)),
        (Sysctl::ExpireQuiescentTemplate, one(0), one(1)),
        (Sysctl::ConnReuseMode, one(0), one(1)),
        (Sysctl::DropEntry, one(0), one(1)),
        (Sysctl::SyncThreshold, SysctlValue::Two(7, 70), SysctlValue::Two(3, 0)),
        (Sysctl::SyncRefreshPeriod, one(0), one(10)),
        (Sysctl::SyncRetries, one(3), one(0)),
    ]
}

#[test]
fn every_setting_has_its_value_while_a_director_runs_and_its_old_one_afterwards() {
    let mut shared = config();
    synchronised(&mut shared);
    let mut lab = Lab::new(shared);
    let settings = settings();
    let found = settings.iter().map(|(key, found, _)| (key.clone(), *found)).collect();
    lab.host("d1").kernel.sysctls = found;
    lab.run(ms(3000));
    let now = lab.now;
    let wanted: Vec<_> = lab.host("d1").kernel.sysctls.keys().cloned().collect();
    let known: std::collections::BTreeSet<_> = settings.iter().map(|one| one.0.clone()).collect();
    assert_eq!(wanted, known.into_iter().collect::<Vec<_>>(), "a setting is not tested here");
    assert!(lab.host("d1").director.as_ref().unwrap().view(now).kernel.converged);
    for (key, _, wanted) in &settings {
        assert_eq!(lab.host("d1").kernel.sysctls[key], *wanted, "{key}");
        assert!(key.reason().len() > 10, "{key}");
    }
    // Somebody else's change is put right, as every drift is.
    let changed = settings.iter().map(|(key, found, _)| (key.clone(), *found)).collect();
    lab.host("d1").kernel.sysctls = changed;
    lab.run(ms(11_000));
    for (key, _, wanted) in &settings {
        assert_eq!(lab.host("d1").kernel.sysctls[key], *wanted, "{key}");
    }
    lab.input(&node("d1"), Input::Stop);
    lab.run(ms(1000));
    for (key, found, _) in &settings {
        assert_eq!(lab.host("d1").kernel.sysctls[key], *found, "{key}");
    }
}

#[test]
fn a_setting_that_was_right_at_first_is_so_afterwards_whoever_changed_it_meanwhile() {
    let mut lab = Lab::new(config());
    let key = Sysctl::ConnReuseMode;
    lab.host("d1").kernel.sysctls = [(key.clone(), SysctlValue::One(1))].into();
    lab.run(ms(3000));
    lab.host("d1").kernel.sysctls.insert(key.clone(), SysctlValue::One(0));
    lab.run(ms(11_000));
    assert_eq!(lab.host("d1").kernel.sysctls[&key], SysctlValue::One(1));
    // So says the ledger as well, which is all that the next one has.
    lab.kill("d1");
    lab.start(&node("d1"));
    lab.run(ms(3000));
    lab.input(&node("d1"), Input::Stop);
    lab.run(ms(1000));
    assert_eq!(lab.host("d1").kernel.sysctls[&key], SysctlValue::One(1));
}

#[test]
fn a_reverse_path_filter_that_is_off_stays_off() {
    let mut lab = Lab::new(config());
    let key = Sysctl::ReversePathFilter(interface("lan"));
    lab.host("d1").kernel.sysctls = [(key.clone(), SysctlValue::One(0))].into();
    lab.run(ms(3000));
    assert_eq!(lab.host("d1").kernel.sysctls[&key], SysctlValue::One(0));
}

pub(super) fn synchronised(config: &mut Config) {
    let daemon = SyncDaemon {
        interface: interface("hb"),
        id: 1,
        group: address("224.0.0.81"),
        port: NonZeroU16::new(8848).unwrap(),
        ttl: count(1),
        max_payload: None,
    };
    let (refresh, warm) = (Some(ms(10_000)), ms(24_000));
    let sync = SyncSettings { daemon, threshold: 3, period: 50, refresh, retries: 0, warm };
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
