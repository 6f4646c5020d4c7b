//! Any faults, then none: exactly one owner, whom the neighbours heard last.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Fault {
    Cut { from: u8, to: u8, link: u8 },
    HealAll,
    Kill(u8),
    PowerOff(u8),
    Start(u8),
    Stop(u8),
    Freeze { who: u8, millis: u64 },
    Wait(u64),
}

/// Faults of a cluster with so many directors.
fn faults(directors: u8) -> impl Strategy<Value = Fault> {
    let who = move || 0..directors;
    prop_oneof![
        (who(), 1..directors, 0_u8..2).prop_map(move |(from, on, link)| {
            Fault::Cut { from, to: (from + on) % directors, link }
        }),
        Just(Fault::HealAll),
        who().prop_map(Fault::Kill),
        who().prop_map(Fault::PowerOff),
        who().prop_map(Fault::Start),
        who().prop_map(Fault::Stop),
        (who(), 0_u64..2000).prop_map(|(who, millis)| Fault::Freeze { who, millis }),
        (0_u64..1500).prop_map(Fault::Wait),
        (0_u64..30).prop_map(Fault::Wait),
    ]
}

fn name(who: u8) -> NodeName {
    node(&format!("d{}", who + 1))
}

fn inflict(lab: &mut Lab, fault: &Fault) {
    match fault {
        Fault::Cut { from, to, link } => lab.cut.push((name(*from), name(*to), *link)),
        Fault::HealAll => lab.cut.clear(),
        Fault::Kill(who) => lab.kill(name(*who).as_str()),
        Fault::PowerOff(who) => lab.power_off(name(*who).as_str()),
        Fault::Start(who) => start_if_down(lab, &name(*who)),
        Fault::Stop(who) => lab.input(&name(*who), Input::Stop),
        Fault::Freeze { who, millis } => {
            let until = lab.now + ms(*millis);
            lab.host(name(*who).as_str()).frozen_until = until;
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

pub(super) fn other_vip() -> VirtualAddress {
    VirtualAddress { address: address("10.0.0.101"), ..vip() }
}

/// A third director; a second group that prefers the second.
pub(super) fn three() -> Config {
    let mut config = config();
    let addresses = [(interface("lan"), "10.0.0.13"), (interface("hb"), "10.1.0.13")];
    let addresses = addresses.map(|(interface, text)| (interface, address(text)));
    let priority = Priority::new(50).unwrap();
    let overrides = crate::config::Overrides::default();
    let third = Node { addresses: addresses.into(), priority, overrides };
    config.nodes.insert(node("d3"), third);
    let priorities = [(node("d2"), Priority::new(250).unwrap())].into();
    let mail = Group { addresses: [other_vip()].into(), priorities, vrrp: None };
    config.groups.insert(GroupName::new("mail").unwrap(), mail);
    config
}

fn survive(config: Config, faults: &[Fault]) -> Lab {
    let mut lab = Lab::new(config);
    for fault in faults {
        inflict(&mut lab, fault);
    }
    lab.cut.clear();
    // A director that was told to stop stops first, once it is awake.
    lab.run(ms(3500));
    for name in lab.hosts.keys().cloned().collect::<Vec<_>>() {
        start_if_down(&mut lab, &name);
    }
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
    fn after_any_faults_there_is_one_owner(faults in prop::collection::vec(faults(2), 0..25)) {
        let lab = survive(config(), &faults);
        assert_one_owner(&lab);
        assert!(lab.holds("d1"), "failback is automatic");
    }

    #[test]
    fn after_any_faults_there_is_one_owner_without_failback(
        faults in prop::collection::vec(faults(2), 0..25),
    ) {
        let mut config = config();
        config.cluster.failback = Failback::Manual;
        assert_one_owner(&survive(config, &faults));
    }

    /// Three directors, two groups that prefer different ones.
    #[test]
    fn after_any_faults_each_group_has_the_owner_that_it_prefers(
        faults in prop::collection::vec(faults(3), 0..25),
    ) {
        let lab = survive(three(), &faults);
        for (address, owner) in [(vip(), "d1"), (other_vip(), "d2")] {
            let held = |host: &Host| host.kernel.addresses.contains_key(&address);
            let holds = lab.hosts.iter().filter(|(_, host)| held(host));
            let owners: Vec<_> = holds.map(|(name, _)| name).collect();
            prop_assert_eq!(owners, [&node(owner)], "{}", address);
        }
    }

    /// As long as no heartbeat is lost and nobody dies with its addresses, nobody sees two owners.
    #[test]
    fn without_cuts_and_kills_there_are_never_two_owners(
        faults in prop::collection::vec(faults(2), 0..25),
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
        Fault::Stop(0),
        Fault::Wait(1),
        Fault::Freeze { who: 1, millis: 126 },
        Fault::Kill(0),
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
        Fault::Freeze { who: 0, millis: 1458 },
        Fault::Cut { from: 0, to: 1, link: 1 },
        Fault::Wait(594),
        Fault::Cut { from: 0, to: 1, link: 0 },
        Fault::Wait(1264),
        Fault::Freeze { who: 0, millis: 299 },
    ];
    assert_one_owner(&survive(config(), &faults));
}
