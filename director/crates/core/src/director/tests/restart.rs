use super::*;

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
