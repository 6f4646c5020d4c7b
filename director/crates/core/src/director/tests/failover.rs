use super::*;

fn pair() -> Lab {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    assert!(lab.holds("d1") && !lab.holds("d2"));
    lab
}

fn manual() -> Lab {
    let mut config = config();
    config.cluster.failback = Failback::Manual;
    let mut lab = Lab::new(config);
    lab.run(ms(3000));
    lab
}

#[test]
fn the_better_ranked_of_two_that_start_together_takes_the_addresses() {
    let lab = pair();
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Active, Role::Standby));
    assert_eq!(lab.owners_max, 1);
    let first = lab.hosts[&node("d1")].announced[0];
    assert!(first < Instant::from_nanos(1_100_000_000), "two that hear each other need no waiting");
}

#[test]
fn a_lone_director_waits_for_its_peer_and_then_takes_the_addresses() {
    let mut lab = Lab::new(config());
    lab.kill("d1");
    lab.run(ms(1900));
    assert_eq!(lab.role("d2"), Role::Waiting);
    lab.run(ms(200));
    assert_eq!(lab.role("d2"), Role::Active);
}

#[test]
fn the_standby_takes_over_when_the_active_loses_power() {
    let mut lab = pair();
    lab.power_off("d1");
    let lost = lab.now;
    lab.run(ms(2000));
    assert!(lab.holds("d2"));
    let taken = lab.hosts[&node("d2")].announced[0].since(lost);
    assert!(taken <= ms(210), "taken after {taken:?}");
    assert_eq!(lab.host("d2").announced.len(), 3, "announced three times");
    let why = lab.roles("d2").into_iter().find(|(role, _)| *role == Role::Taking).unwrap().1;
    assert_eq!(why, RoleCause::OwnerDied { peer: node("d1") });
    assert_eq!(lab.owners_max, 1);
}

#[test]
fn a_graceful_stop_hands_over_at_once_and_leaves_nothing_behind() {
    let mut lab = pair();
    let start = lab.now;
    lab.input(&node("d1"), Input::Stop);
    lab.run(ms(1000));
    assert!(lab.host("d1").exited && lab.holds("d2"));
    let taken = lab.hosts[&node("d2")].announced[0].since(start);
    assert!(taken <= ms(2), "taken after {taken:?}");
    assert_eq!(lab.owners_max, 1);
    let kernel = &lab.hosts[&node("d1")].kernel;
    assert!(kernel.addresses.is_empty() && kernel.services.is_empty());
}

#[test]
fn a_stop_of_the_standby_disturbs_nobody() {
    let mut lab = pair();
    let announced = lab.host("d1").announced.len();
    lab.input(&node("d2"), Input::Stop);
    lab.run(ms(1000));
    assert!(lab.host("d2").exited && lab.holds("d1"));
    assert_eq!(lab.host("d1").announced.len(), announced);
}

#[test]
fn with_automatic_failback_the_returning_node_takes_back() {
    let mut lab = pair();
    lab.power_off("d1");
    lab.run(ms(2000));
    lab.start(&node("d1"));
    lab.run(ms(1000));
    assert!(lab.holds("d1") && !lab.holds("d2"));
    assert_eq!(lab.owners_max, 1);
    let last = lab.roles("d2").into_iter().rev().take(2).collect::<Vec<_>>();
    assert_eq!(last[0], (Role::Standby, RoleCause::AddressesReleased));
    assert_eq!(last[1], (Role::Releasing, RoleCause::Failback { peer: node("d1") }));
}

#[test]
fn a_failback_delay_is_waited_out() {
    let mut config = config();
    config.cluster.failback = Failback::Auto { delay: ms(5000) };
    let mut lab = Lab::new(config);
    lab.run(ms(3000));
    lab.power_off("d1");
    lab.run(ms(2000));
    lab.start(&node("d1"));
    lab.run(ms(4500));
    assert!(lab.holds("d2"));
    lab.run(ms(1000));
    assert!(lab.holds("d1"));
}

#[test]
fn with_manual_failback_the_returning_node_stays_standby() {
    let mut lab = manual();
    lab.power_off("d1");
    lab.run(ms(2000));
    lab.start(&node("d1"));
    lab.run(ms(10_000));
    assert!(lab.holds("d2") && !lab.holds("d1"));
    assert_eq!(lab.role("d1"), Role::Standby);
}

#[test]
fn one_of_two_links_can_be_cut_without_consequence() {
    let mut lab = pair();
    lab.cut.push((node("d1"), node("d2"), 1));
    lab.cut.push((node("d2"), node("d1"), 1));
    lab.run(ms(10_000));
    assert!(lab.holds("d1") && !lab.holds("d2"));
    let lost = lab.host("d2").reports.iter().find_map(|(_, report)| match report {
        Report::Link { interface, up: false, .. } => Some(interface.to_string()),
        _ => None,
    });
    assert_eq!(lost.as_deref(), Some("hb"));
}

#[test]
fn after_a_split_the_winner_announces_itself_again() {
    let mut lab = pair();
    lab.cut_all("d1", "d2");
    lab.run(ms(2000));
    assert!(lab.holds("d1") && lab.holds("d2"));
    let before = lab.host("d1").announced.len();
    lab.cut.clear();
    lab.run(ms(1000));
    assert!(lab.holds("d1") && !lab.holds("d2"));
    let loser = *lab.host("d2").announced.last().unwrap();
    let winner = *lab.host("d1").announced.last().unwrap();
    assert!(lab.host("d1").announced.len() > before && winner > loser);
}

/// The loser takes over, is heard again, and gives way with its first word: the winner has never
/// heard it claim the group.
#[test]
fn a_rival_that_is_heard_only_giving_way_is_answered_by_an_announcement() {
    for cut_ms in 150..400 {
        let mut lab = manual();
        for link in 0..2 {
            lab.cut.push((node("d1"), node("d2"), link));
        }
        lab.run(ms(100));
        lab.cut_all("d1", "d2");
        lab.run(ms(cut_ms - 100));
        lab.cut.clear();
        lab.run(ms(3000));
        assert!(lab.holds("d1") ^ lab.holds("d2"), "cut for {cut_ms} ms");
        let last = |name: &str| lab.hosts[&node(name)].announced.last().copied();
        let (owner, other) = if lab.holds("d1") { ("d1", "d2") } else { ("d2", "d1") };
        assert!(last(owner) > last(other), "cut for {cut_ms} ms: the neighbours believe {other}");
    }
}

#[test]
fn a_reboot_within_the_deadtime_leaves_no_group_without_owner() {
    for down in [1, 20, 50, 100, 149, 151, 200, 250, 299, 301, 400] {
        let mut lab = manual();
        lab.power_off("d1");
        lab.run(ms(down));
        lab.start(&node("d1"));
        lab.run(ms(3000));
        assert!(lab.holds("d1") ^ lab.holds("d2"), "down for {down} ms");
    }
}

#[test]
fn a_one_way_cut_ends_with_one_owner() {
    for (from, to) in [("d1", "d2"), ("d2", "d1")] {
        let mut lab = pair();
        for link in 0..2 {
            lab.cut.push((node(from), node(to), link));
        }
        lab.run(ms(5000));
        assert!(lab.holds("d1") ^ lab.holds("d2"), "{from} cannot reach {to}");
    }
}

#[test]
fn one_lost_beat_is_no_death() {
    let mut lab = pair();
    // For a little more than one interval nothing arrives: a beat is lost, the questions are not.
    lab.cut_all("d1", "d2");
    lab.run(ms(101));
    lab.cut.clear();
    lab.run(ms(5000));
    assert!(lab.holds("d1") && !lab.holds("d2"));
    assert!(!lab.roles("d2").iter().any(|(role, _)| *role == Role::Taking));
}

#[test]
fn the_steady_state_changes_nothing() {
    let mut lab = pair();
    let reports = lab.host("d1").reports.len() + lab.host("d2").reports.len();
    lab.run(ms(60_000));
    assert_eq!(lab.host("d1").reports.len() + lab.host("d2").reports.len(), reports);
}

#[test]
fn waking_too_early_changes_nothing() {
    let mut lab = pair();
    lab.run(ms(33));
    let before = lab.hosts[&node("d1")].director.as_ref().unwrap().view(lab.now);
    for _ in 0..5 {
        lab.input(&node("d1"), Input::Deadline);
    }
    let after = lab.hosts[&node("d1")].director.as_ref().unwrap().view(lab.now);
    assert_eq!(before, after);
}

#[test]
fn a_director_that_was_not_run_gives_its_peer_new_time() {
    let mut lab = pair();
    // d2 sleeps for a second; when it wakes, its timer comes before the packets that wait for it.
    lab.now = lab.now + ms(1000);
    lab.input(&node("d2"), Input::Deadline);
    lab.run(ms(2000));
    assert!(lab.holds("d1") && !lab.holds("d2"));
    let stalled = |entry: &(Instant, Report)| matches!(entry.1, Report::Stalled { .. });
    assert!(lab.host("d2").reports.iter().any(stalled));
}

/// Whatever its rank: it cannot know what happened while it slept.
#[test]
fn an_owner_that_slept_gives_way_before_it_says_anything_as_owner() {
    for slept in [400, 1000, 5000] {
        let mut lab = manual();
        let until = lab.now + ms(slept);
        lab.host("d1").frozen_until = until;
        lab.run(ms(slept - 1));
        assert!(lab.holds("d2"), "slept {slept} ms");
        let announced = lab.host("d1").announced.len();
        lab.run(ms(3000));
        assert!(lab.holds("d2") && !lab.holds("d1"), "slept {slept} ms");
        assert_eq!(lab.host("d1").announced.len(), announced);
        let d2 = lab.roles("d2");
        assert_eq!(d2.last().unwrap().0, Role::Active, "{d2:?}");
    }
}

#[test]
fn an_owner_that_slept_alone_stays_owner() {
    let mut lab = pair();
    lab.power_off("d2");
    lab.run(ms(1000));
    let until = lab.now + ms(5000);
    lab.host("d1").frozen_until = until;
    lab.run(ms(7000));
    assert!(lab.holds("d1"));
    assert_eq!(lab.role("d1"), Role::Active);
}

#[test]
fn two_that_sleep_together_wake_as_they_were() {
    let mut lab = pair();
    let until = lab.now + ms(5000);
    lab.host("d1").frozen_until = until;
    lab.host("d2").frozen_until = until;
    lab.run(ms(8000));
    assert!(lab.holds("d1") && !lab.holds("d2"));
}

#[test]
fn a_group_that_the_kernel_refuses_is_left_to_a_ready_peer() {
    let mut lab = Lab::new(config());
    lab.host("d1").refuses = true;
    lab.run(ms(10_000));
    assert!(lab.holds("d2"), "d1 {} d2 {}", lab.role("d1"), lab.role("d2"));
    lab.run(ms(30_000));
    assert!(lab.holds("d2"), "it does not try again by itself while somebody serves");
    // When nobody else is left it does.
    lab.host("d1").refuses = false;
    lab.power_off("d2");
    lab.run(ms(3000));
    assert!(lab.holds("d1"));
}
