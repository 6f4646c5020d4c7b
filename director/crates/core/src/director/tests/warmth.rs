//! A failback waits until the returning node knows the owner's connections.

use super::kernel::synchronised;
use super::*;
use crate::config::SyncRole;

/// Both run, d2 owns; d1 came back just now, and listens from now on.
fn returned(change: impl Fn(&mut Config)) -> Lab {
    let mut config = config();
    synchronised(&mut config);
    change(&mut config);
    let mut lab = Lab::new(config);
    lab.run(ms(3000));
    lab.power_off("d1");
    lab.run(ms(2000));
    assert_eq!(lab.role("d2"), Role::Active);
    lab.start(&node("d1"));
    lab
}

fn failback_ms(lab: &Lab) -> Option<u64> {
    let director = lab.hosts[&node("d1")].director.as_ref().unwrap();
    director.view(lab.now).groups[0].failback_ms
}

#[test]
fn a_failback_waits_for_connections_and_says_so() {
    let mut lab = returned(|_| {});
    lab.run(ms(23_900));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Standby, Role::Active));
    assert!(failback_ms(&lab).is_some_and(|left| left < 200), "{:?}", failback_ms(&lab));
    lab.run(ms(400));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Active, Role::Standby));
    assert_eq!(failback_ms(&lab), None);
    let told = |report: &Report| matches!(report, Report::Warming { wait_ms: 23_000..=24_000, .. });
    let told = lab.hosts[&node("d1")].reports.iter().filter(|(_, report)| told(report));
    assert_eq!(told.count(), 1);
}

#[test]
fn the_longer_of_both_waits_counts() {
    let delay = |config: &mut Config| {
        config.cluster.failback = Failback::Auto { delay: ms(30_000) };
    };
    let mut lab = returned(delay);
    lab.run(ms(29_800));
    assert_eq!(lab.role("d1"), Role::Standby);
    lab.run(ms(600));
    assert_eq!(lab.role("d1"), Role::Active);
}

#[test]
fn what_was_not_heard_counts_anew() {
    let mut lab = returned(|_| {});
    lab.run(ms(20_000));
    // Somebody stops the daemon; the next comparison starts it again.
    lab.host("d1").kernel.sync.clear();
    lab.input(&node("d1"), Input::KernelChanged);
    lab.run(ms(23_800));
    assert_eq!(lab.role("d1"), Role::Standby);
    lab.run(ms(600));
    assert_eq!(lab.role("d1"), Role::Active);
}

#[test]
fn an_owner_that_was_not_heard_meanwhile_counts_anew() {
    let mut lab = returned(|_| {});
    lab.run(ms(20_000));
    lab.cut_all("d1", "d2");
    lab.run(ms(2000));
    lab.cut.clear();
    // Both held the address; the better-ranked one stays: a conflict is no failback.
    lab.run(ms(1000));
    assert_eq!(lab.role("d1"), Role::Active);
}

#[test]
fn without_synchronisation_or_with_no_time_for_it_nothing_is_waited_for() {
    let cold = |config: &mut Config| config.cluster.sync.as_mut().unwrap().warm = ms(0);
    let without = |config: &mut Config| config.cluster.sync = None;
    for mut lab in [returned(cold), returned(without)] {
        lab.run(ms(2500));
        assert_eq!(lab.role("d1"), Role::Active);
    }
}

#[test]
fn a_dead_owner_is_not_waited_for_however_little_is_known() {
    let mut lab = returned(|_| {});
    lab.run(ms(3000));
    lab.power_off("d2");
    lab.run(ms(1000));
    assert_eq!(lab.role("d1"), Role::Active);
}

#[test]
fn a_daemon_that_cannot_run_keeps_the_failback_away() {
    let mut lab = returned(|_| {});
    for _ in 0..400 {
        lab.run(ms(100));
        if lab.host("d1").kernel.sync.remove(&SyncRole::Backup).is_some() {
            lab.input(&node("d1"), Input::KernelChanged);
        }
    }
    assert_eq!((lab.role("d1"), failback_ms(&lab).is_some()), (Role::Standby, true));
}
