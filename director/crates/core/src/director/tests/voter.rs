//! A voter that both reach tells those who have lost each other whose a group is.

use super::*;

fn voted() -> Config {
    let mut config = config();
    config.cluster.voter = Some(socket("10.0.0.5:695"));
    config
}

/// A pair of which d1 owns the group, after ten quiet seconds.
fn pair(config: Config) -> Lab {
    let mut lab = Lab::new(config);
    lab.run(ms(10_000));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Active, Role::Standby));
    lab.owners_max = 0;
    lab
}

#[test]
fn those_who_lose_each_other_and_reach_the_voter_have_one_owner() {
    for start in (0..100).step_by(9) {
        let mut lab = pair(voted());
        lab.run(ms(start));
        lab.cut_all("d1", "d2");
        lab.run(ms(20_000));
        assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Active, Role::Standby), "{start}");
        lab.cut.clear();
        lab.run(ms(5_000));
        assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Active, Role::Standby));
        assert_eq!(lab.owners_max, 1, "cut {start} ms later");
    }
}

#[test]
fn a_death_during_the_split_is_noticed_by_the_voter() {
    let mut lab = pair(voted());
    lab.cut_all("d1", "d2");
    lab.run(ms(5_000));
    lab.power_off("d1");
    lab.run(ms(400));
    assert_eq!(lab.role("d2"), Role::Active);
    assert_eq!(lab.owners_max, 1);
}

#[test]
fn a_crash_is_noticed_as_fast_as_without_a_voter() {
    for start in (0..100).step_by(9) {
        let mut lab = pair(voted());
        lab.run(ms(start));
        lab.power_off("d1");
        let died = lab.now;
        lab.run(ms(1_000));
        let taken = lab.hosts[&node("d2")].reports.iter().find_map(|(at, report)| {
            matches!(report, Report::Role { to: Role::Active, .. }).then_some(*at)
        });
        assert!(taken.unwrap().since(died) < ms(230), "{:?}", taken.unwrap().since(died));
    }
}

#[test]
fn an_owner_that_is_cut_off_from_the_voter_too_gives_way() {
    let mut lab = pair(voted());
    lab.cut_all("d1", "d2");
    lab.isolated.push(node("d1"));
    lab.run(ms(1_000));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Standby, Role::Active));
    // It reaches the voter again, and is told whose the group is.
    lab.owners_max = 0;
    lab.isolated.clear();
    lab.run(ms(20_000));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Standby, Role::Active));
    assert_eq!(lab.owners_max, 1);
}

#[test]
fn an_owner_that_stood_still_is_told_whose_the_group_is() {
    let mut lab = pair(voted());
    lab.cut_all("d1", "d2");
    let until = lab.now + ms(2_000);
    lab.host("d1").frozen_until = until;
    lab.run(ms(1_900));
    assert_eq!(lab.role("d2"), Role::Active);
    lab.run(ms(400));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Standby, Role::Active));
    let outvoted = (Role::Releasing, RoleCause::Outvoted { peer: node("d2") });
    assert!(lab.roles("d1").contains(&outvoted), "{:?}", lab.roles("d1"));
}

#[test]
fn without_its_voter_a_pair_goes_on_and_takes_nothing() {
    let mut lab = pair(voted());
    lab.isolated = vec![node("d1"), node("d2")];
    lab.run(ms(20_000));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Active, Role::Standby));
    lab.power_off("d1");
    lab.run(ms(20_000));
    assert_eq!(lab.role("d2"), Role::Standby, "nothing proves that its peer is dead");
    lab.isolated.clear();
    lab.run(ms(2_000));
    assert_eq!(lab.role("d2"), Role::Active);
}

#[test]
fn a_handover_and_a_stop_need_no_vote() {
    let mut lab = pair(voted());
    lab.isolated = vec![node("d1"), node("d2")];
    lab.input(&node("d1"), Input::Stop);
    lab.run(ms(1_000));
    assert_eq!(lab.role("d2"), Role::Active);
}

#[test]
fn a_voter_that_begins_anew_changes_nothing() {
    let mut lab = pair(voted());
    lab.voter = Voter::new(Incarnation(4_712), lab.now);
    lab.cut_all("d1", "d2");
    lab.run(ms(20_000));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Active, Role::Standby));
    assert_eq!(lab.owners_max, 1);
}
