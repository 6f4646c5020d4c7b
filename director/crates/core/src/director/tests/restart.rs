use super::*;
use crate::desired::{Sysctl, SysctlValue};
use crate::observed::{Lifetime, ObservedService};

#[test]
fn a_restart_adopts_what_is_in_the_kernel_without_touching_it() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    let before = lab.host("d1").kernel.clone();
    lab.kill("d1");
    lab.run(ms(50));
    lab.start(&node("d1"));
    for _ in 0..400 {
        lab.run(ms(10));
        assert_eq!(lab.host("d1").kernel, before);
        assert!(!lab.holds("d2"));
    }
    assert_eq!(lab.role("d1"), Role::Active);
    assert_eq!(lab.roles("d1").iter().filter(|(role, _)| *role == Role::Active).count(), 2);
}

#[test]
fn a_restart_does_not_expose_a_server_that_was_quiesced() {
    let mut lab = Lab::new(config());
    lab.sick = vec![socket("10.0.0.22:80")];
    lab.run(ms(4000));
    lab.kill("d1");
    lab.start(&node("d1"));
    for _ in 0..300 {
        lab.run(ms(10));
        let weights = lab.weights("d1");
        assert_eq!(weights[1], ("10.0.0.22:80".into(), 0));
        assert_eq!(weights[0], ("10.0.0.21:80".into(), 10));
    }
}

#[test]
fn addresses_left_by_a_dead_daemon_are_released_when_another_owns_the_group() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    lab.kill("d1");
    lab.run(ms(3000));
    assert!(lab.holds("d1") && lab.holds("d2"), "nobody is there to release them");
    lab.config = {
        let mut config = config();
        config.cluster.failback = Failback::Manual;
        Arc::new(config)
    };
    lab.start(&node("d1"));
    lab.run(ms(1000));
    assert!(!lab.holds("d1") && lab.holds("d2"));
}

#[test]
fn what_is_foreign_is_left_alone_and_told_of() {
    let mut lab = Lab::new(config());
    let foreign = ServiceKey::Tcp(socket("10.0.0.99:25"));
    let service = ObservedService::new(&Scheduler::Rr.into());
    lab.host("d1").kernel.services.insert(foreign, service.clone());
    lab.run(ms(3000));
    lab.input(&node("d1"), Input::Stop);
    lab.run(ms(1000));
    assert_eq!(lab.host("d1").kernel.services, BTreeMap::from([(foreign, service)]));
    let told = lab.host("d1").reports.iter().filter(|(_, report)| {
        matches!(report, Report::Foreign { service, server: None } if *service == foreign)
    });
    assert_eq!(told.count(), 1, "told once");
}

#[test]
fn a_foreign_address_is_left_alone_and_told_of() {
    let mut lab = Lab::new(config());
    let at = |text: &str| VirtualAddress {
        address: address(text),
        prefix: 24,
        interface: interface("lan"),
        mac: None,
    };
    let bounded = Lifetime::For(ms(60_000));
    let theirs = BTreeMap::from([
        (at("10.0.0.11"), Lifetime::Forever),
        (at("10.0.0.77"), Lifetime::Forever),
        (at("10.0.0.78"), bounded),
        (at("fe80::1"), Lifetime::Forever),
    ]);
    lab.host("d1").kernel.addresses = theirs.clone();
    lab.run(ms(3000));
    assert!(lab.holds("d1"));
    let now = lab.now;
    let view = lab.host("d1").director.as_ref().unwrap().view(now);
    assert_eq!(view.kernel.foreign.len(), 1);
    lab.input(&node("d1"), Input::Stop);
    lab.run(ms(1000));
    assert_eq!(lab.host("d1").kernel.addresses, theirs);
    let told: Vec<_> = lab
        .host("d1")
        .reports
        .iter()
        .filter_map(|(_, report)| match report {
            Report::ForeignAddress { address } => Some(address.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(told, [at("10.0.0.77")], "told once, and neither its own nor what came by itself");
}

#[test]
fn drift_is_repaired_and_an_address_that_comes_back_is_announced() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    let announced = lab.host("d1").announced.len();
    lab.host("d1").kernel.addresses.clear();
    lab.host("d1").kernel.services.clear();
    lab.input(&node("d1"), Input::KernelChanged);
    lab.run(ms(100));
    assert!(lab.holds("d1"));
    assert_eq!(lab.weights("d1").len(), 2);
    assert!(lab.host("d1").announced.len() > announced);
    let drift = lab.host("d1").reports.iter().filter(|r| matches!(r.1, Report::Drift { .. }));
    assert!(drift.count() >= 2);
}

#[test]
fn what_left_the_configuration_while_no_director_ran_leaves_the_kernel() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    let other = socket("10.0.0.22:80");
    let foreign = socket("10.0.0.66:80");
    let idle = lab.host("d1").kernel.services[&key()].servers[&other];
    lab.kill("d1");
    let kernel = &mut lab.host("d1").kernel;
    let servers = &mut kernel.services.get_mut(&key()).unwrap().servers;
    servers.insert(foreign, idle);
    servers.get_mut(&other).unwrap().active = 3;
    lab.config = {
        let mut config = config();
        config.services.values_mut().for_each(|it| it.servers.retain(|server, _| *server != other));
        Arc::new(config)
    };
    lab.start(&node("d1"));
    lab.run(ms(1000));
    let weight = |lab: &mut Lab, server| {
        let servers = &lab.host("d1").kernel.services[&key()].servers;
        servers.get(&server).map(|server| server.weight.0)
    };
    assert_eq!(weight(&mut lab, other), Some(0), "it keeps its connections");
    lab.run(ms(5000));
    assert_eq!(weight(&mut lab, other), None);
    assert_eq!(weight(&mut lab, foreign), Some(10), "nobody of ours made it");
}

#[test]
fn a_service_that_left_the_configuration_while_no_director_ran_drains() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    let (one, other) = (socket("10.0.0.21:80"), socket("10.0.0.22:80"));
    lab.kill("d1");
    let kernel = &mut lab.host("d1").kernel;
    let servers = &mut kernel.services.get_mut(&key()).unwrap().servers;
    servers.get_mut(&other).unwrap().active = 3;
    lab.config = {
        let mut config = config();
        config.services.clear();
        Arc::new(config)
    };
    lab.start(&node("d1"));
    lab.run(ms(1000));
    let weight = |lab: &mut Lab, server| {
        let service = lab.host("d1").kernel.services.get(&key());
        service.and_then(|it| Some(it.servers.get(&server)?.weight.0))
    };
    assert_eq!(weight(&mut lab, one), None, "nothing counts there");
    assert_eq!(weight(&mut lab, other), Some(0), "it keeps its connections");
    // One that is killed while it drains leaves it to the next, with the time that it had.
    lab.kill("d1");
    lab.start(&node("d1"));
    lab.run(ms(1000));
    assert_eq!(weight(&mut lab, other), Some(0));
    lab.run(ms(5000));
    assert!(lab.host("d1").kernel.services.is_empty(), "the time that the service had is over");
}

#[test]
fn settings_that_a_killed_director_changed_are_put_back_by_the_next() {
    let mut lab = Lab::new(config());
    lab.host("d1").kernel.sysctls = [(Sysctl::ExpireNodestConn, SysctlValue::One(0))].into();
    lab.run(ms(3000));
    assert_eq!(lab.host("d1").kernel.sysctls[&Sysctl::ExpireNodestConn], SysctlValue::One(1));
    lab.kill("d1");
    lab.start(&node("d1"));
    lab.run(ms(3000));
    lab.input(&node("d1"), Input::Stop);
    lab.run(ms(1000));
    assert_eq!(lab.host("d1").kernel.sysctls[&Sysctl::ExpireNodestConn], SysctlValue::One(0));
}

#[test]
fn a_service_with_a_foreign_server_stays_for_it_when_ours_leave() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    let foreign = socket("10.0.0.66:80");
    let services = &mut lab.host("d1").kernel.services;
    let servers = &mut services.get_mut(&key()).unwrap().servers;
    let theirs = servers[&socket("10.0.0.22:80")];
    servers.insert(foreign, theirs);
    lab.input(&node("d1"), Input::Stop);
    lab.run(ms(1000));
    let left = &lab.host("d1").kernel.services[&key()];
    assert_eq!(left.servers, BTreeMap::from([(foreign, theirs)]));
}

/// The time that a sleep gives the last pass again is counted: a process that is late at every
/// turn, and whose kernel does not answer, would never end.
#[test]
fn a_stop_ends_though_every_turn_is_late_and_no_pass_is_over() {
    let (mut now, found) = (Instant::ZERO, Snapshot::default());
    let mut director = Director::new(Arc::new(config()), node("d1"), 7, &found, now);
    director.handle(Input::Stop, now);
    for turn in 0..20 {
        let effects = std::iter::from_fn(|| director.next_effect()).collect::<Vec<_>>();
        if effects.contains(&Effect::Exit) {
            assert!(turn > 3, "it was asleep, and the last pass had no time");
            return;
        }
        let due = director.next_deadline().expect("it waits for something").at;
        now = due.max(now) + ms(1000);
        director.handle(Input::Deadline, now);
    }
    panic!("it is still there after twenty turns");
}
