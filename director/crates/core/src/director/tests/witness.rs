//! Who is cut off gives way and takes nothing.

use super::*;

fn witnessed() -> Config {
    let mut config = config();
    config.cluster.witnesses = [address("10.0.0.254")].into();
    config
}

/// A pair of which d1 owns the group, after ten quiet seconds.
fn pair() -> Lab {
    let mut lab = Lab::new(witnessed());
    lab.run(ms(10_000));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Active, Role::Standby));
    lab.owners_max = 0;
    lab
}

#[test]
fn a_standby_that_is_cut_off_takes_nothing() {
    let mut lab = pair();
    lab.cut_all("d1", "d2");
    lab.isolated.push(node("d2"));
    lab.run(ms(60_000));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Active, Role::Standby));
    assert_eq!(lab.owners_max, 1);
    let witness = lab.hosts[&node("d2")].director.as_ref().unwrap().view(lab.now).witness;
    assert_eq!(witness, Some(false));
}

#[test]
fn a_standby_that_comes_back_hears_its_peer_before_it_believes_it_dead() {
    // However short the isolation was, and wherever in an interval it began.
    for start in (0..100).step_by(7) {
        for length in (50..700).step_by(25) {
            let mut lab = pair();
            lab.run(ms(start));
            lab.cut_all("d1", "d2");
            lab.isolated.push(node("d2"));
            lab.run(ms(length));
            lab.cut.clear();
            lab.isolated.clear();
            lab.run(ms(5_000));
            assert_eq!(lab.owners_max, 1, "cut {start} ms later for {length} ms");
            assert_eq!(lab.role("d1"), Role::Active);
        }
    }
}

#[test]
fn an_owner_that_is_cut_off_gives_way() {
    let mut lab = pair();
    lab.cut_all("d1", "d2");
    lab.isolated.push(node("d1"));
    lab.run(ms(1_000));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Standby, Role::Active));
    assert!(!lab.holds("d1"));
    let isolated = (Role::Releasing, RoleCause::Isolated);
    assert!(lab.roles("d1").contains(&isolated), "{:?}", lab.roles("d1"));
    lab.run(ms(60_000));
    assert_eq!(lab.role("d1"), Role::Standby, "nothing proves that its peer is dead");
}

#[test]
fn an_owner_that_serves_nobody_moves_its_group_over_the_link_that_is_left() {
    let mut lab = pair();
    lab.cut.push((node("d1"), node("d2"), 0));
    lab.cut.push((node("d2"), node("d1"), 0));
    lab.isolated.push(node("d1"));
    lab.run(ms(1_000));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Standby, Role::Active));
    assert_eq!(lab.owners_max, 1, "it released before the other took");
    lab.cut.clear();
    lab.isolated.clear();
    lab.run(ms(5_000));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Active, Role::Standby), "it fails back");
}

#[test]
fn a_group_without_any_witness_keeps_its_owner() {
    let mut lab = pair();
    lab.isolated = vec![node("d1"), node("d2")];
    lab.run(ms(60_000));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Active, Role::Standby));
    // And gets another when its owner says that it goes.
    lab.input(&node("d1"), Input::Stop);
    lab.run(ms(2_000));
    assert_eq!(lab.role("d2"), Role::Active);
}

#[test]
fn a_pair_that_boots_without_a_witness_has_an_owner() {
    let mut lab = Lab::new(witnessed());
    lab.isolated = vec![node("d1"), node("d2")];
    lab.run(ms(10_000));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Active, Role::Standby));
}

#[test]
fn a_crash_is_noticed_as_fast_as_without_witnesses() {
    let mut lab = pair();
    lab.power_off("d1");
    let died = lab.now;
    lab.run(ms(1_000));
    let taken = lab.hosts[&node("d2")].reports.iter().find_map(|(at, report)| {
        matches!(report, Report::Role { to: Role::Active, .. }).then_some(*at)
    });
    assert!(taken.unwrap().since(died) < ms(230), "{:?}", taken.unwrap().since(died));
}

#[test]
fn an_interface_without_carrier_moves_the_group() {
    let mut lab = pair();
    let changed = |up| Input::LinkChanged { interface: interface("lan"), up };
    lab.input(&node("d1"), changed(false));
    lab.run(ms(100));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Standby, Role::Active));
    assert_eq!(lab.owners_max, 1);
    let why = RoleCause::NoCarrier { interface: interface("lan") };
    assert!(lab.roles("d1").contains(&(Role::Releasing, why)));
    lab.input(&node("d1"), changed(true));
    lab.run(ms(1_000));
    assert_eq!(lab.role("d1"), Role::Active, "it fails back");
}

#[test]
fn an_interface_of_a_link_alone_moves_nothing() {
    let mut lab = pair();
    lab.input(&node("d1"), Input::LinkChanged { interface: interface("hb"), up: false });
    lab.run(ms(1_000));
    assert_eq!(lab.role("d1"), Role::Active);
}

#[test]
fn an_owner_without_carrier_stays_when_nobody_is_ready() {
    let mut lab = pair();
    lab.power_off("d2");
    lab.run(ms(1_000));
    lab.input(&node("d1"), Input::LinkChanged { interface: interface("lan"), up: false });
    lab.run(ms(1_000));
    assert_eq!(lab.role("d1"), Role::Active);
}

/// Answers that nobody asked for, and answers that come too late, prove nothing.
#[test]
fn only_an_answer_to_a_question_counts() {
    let mut lab = pair();
    lab.cut_all("d1", "d2");
    lab.isolated.push(node("d2"));
    for _ in 0..200 {
        lab.run(ms(10));
        for question in [0, 1, u64::MAX] {
            let witness = address("10.0.0.254");
            lab.input(&node("d2"), Input::WitnessAnswered { witness, question });
        }
    }
    assert_eq!(lab.role("d2"), Role::Standby);
    assert_eq!(lab.owners_max, 1);
}
