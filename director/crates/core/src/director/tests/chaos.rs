//! Any faults, then none: exactly one owner, whom the neighbours heard last.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Fault {
    Cut { from: bool, link: u8 },
    HealAll,
    Kill(bool),
    PowerOff(bool),
    Start(bool),
    Stop(bool),
    Freeze { first: bool, millis: u64 },
    Wait(u64),
}

fn faults() -> impl Strategy<Value = Fault> {
    prop_oneof![
        (any::<bool>(), 0_u8..2).prop_map(|(from, link)| Fault::Cut { from, link }),
        Just(Fault::HealAll),
        any::<bool>().prop_map(Fault::Kill),
        any::<bool>().prop_map(Fault::PowerOff),
        any::<bool>().prop_map(Fault::Start),
        any::<bool>().prop_map(Fault::Stop),
        (any::<bool>(), 0_u64..2000).prop_map(|(first, millis)| Fault::Freeze { first, millis }),
        (0_u64..1500).prop_map(Fault::Wait),
        (0_u64..30).prop_map(Fault::Wait),
    ]
}

fn name(first: bool) -> NodeName {
    node(if first { "d1" } else { "d2" })
}

fn inflict(lab: &mut Lab, fault: &Fault) {
    match fault {
        Fault::Cut { from, link } => lab.cut.push((name(*from), name(!*from), *link)),
        Fault::HealAll => lab.cut.clear(),
        Fault::Kill(first) => lab.kill(name(*first).as_str()),
        Fault::PowerOff(first) => lab.power_off(name(*first).as_str()),
        Fault::Start(first) => start_if_down(lab, &name(*first)),
        Fault::Stop(first) => lab.input(&name(*first), Input::Stop),
        Fault::Freeze { first, millis } => {
            let until = lab.now + ms(*millis);
            lab.host(name(*first).as_str()).frozen_until = until;
        }
        Fault::Wait(millis) => lab.run(ms(*millis)),
    }
}

fn start_if_down(lab: &mut Lab, name: &NodeName) {
    let host = &lab.hosts[name];
    if host.director.is_none() || host.exited {
        lab.start(name);
    }
}

fn survive(config: Config, faults: &[Fault]) -> Lab {
    let mut lab = Lab::new(config);
    for fault in faults {
        inflict(&mut lab, fault);
    }
    lab.cut.clear();
    // A director that was told to stop stops first, once it is awake.
    lab.run(ms(3500));
    start_if_down(&mut lab, &node("d1"));
    start_if_down(&mut lab, &node("d2"));
    lab.run(ms(8000));
    lab
}

fn assert_one_owner(lab: &Lab) {
    assert!(lab.holds("d1") ^ lab.holds("d2"), "d1 {} d2 {}", lab.role("d1"), lab.role("d2"));
    let (owner, other) = if lab.holds("d1") { ("d1", "d2") } else { ("d2", "d1") };
    assert_eq!((lab.role(owner), lab.role(other)), (Role::Active, Role::Standby));
    let last = |name: &str| lab.hosts[&node(name)].announced.last().copied();
    assert!(last(owner) > last(other), "the neighbours believe {other}");
}

/// A hundred cases take some seconds; `PROPTEST_CASES` asks for more.
fn settings() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(100), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn after_any_faults_there_is_one_owner(faults in prop::collection::vec(faults(), 0..25)) {
        let lab = survive(config(), &faults);
        assert_one_owner(&lab);
        assert!(lab.holds("d1"), "failback is automatic");
    }

    #[test]
    fn after_any_faults_there_is_one_owner_without_failback(
        faults in prop::collection::vec(faults(), 0..25),
    ) {
        let mut config = config();
        config.cluster.failback = Failback::Manual;
        assert_one_owner(&survive(config, &faults));
    }

    /// As long as no heartbeat is lost and nobody dies with its addresses, nobody sees two owners.
    #[test]
    fn without_cuts_and_kills_there_are_never_two_owners(
        faults in prop::collection::vec(faults(), 0..25),
    ) {
        let mut lab = Lab::new(config());
        let harmless = |fault: &&Fault| {
            !matches!(fault, Fault::Cut { .. } | Fault::Kill(_) | Fault::Freeze { .. })
        };
        for fault in faults.iter().filter(harmless) {
            inflict(&mut lab, fault);
        }
        lab.run(ms(3000));
        prop_assert!(lab.owners_max <= 1);
    }
}

/// The hunt found it: whom it had doubted and not needed, it never believed again.
#[test]
fn a_doubt_ends_with_the_listening() {
    let faults = [
        Fault::Wait(1),
        Fault::Stop(true),
        Fault::Wait(1),
        Fault::Freeze { first: false, millis: 126 },
        Fault::Kill(true),
    ];
    let lab = survive(config(), &faults);
    assert_one_owner(&lab);
    assert!(lab.holds("d1"), "failback is automatic");
}

/// A sleep in the middle of a conflict left a deadline in the past.
#[test]
fn time_goes_on_when_an_owner_with_a_rival_falls_asleep() {
    let faults = [
        Fault::Wait(443),
        Fault::Freeze { first: true, millis: 1458 },
        Fault::Cut { from: true, link: 1 },
        Fault::Wait(594),
        Fault::Cut { from: true, link: 0 },
        Fault::Wait(1264),
        Fault::Freeze { first: true, millis: 299 },
    ];
    assert_one_owner(&survive(config(), &faults));
}
