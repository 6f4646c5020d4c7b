//! Taking, giving and keeping.

use super::*;

fn pair() -> Segment {
    let mut segment = Segment::new(with(v3()));
    segment.start("d1");
    segment.start("d2");
    segment
}

/// d1 has priority 200, d2 100.
fn settled() -> Segment {
    let mut segment = pair();
    segment.run(Duration::from_secs(10));
    assert_eq!(segment.owners(), ["d1"]);
    segment
}

#[test]
fn the_better_router_is_active_after_its_own_down_interval() {
    let mut segment = pair();
    segment.run(Duration::from_millis(3_218));
    assert!(segment.owners().is_empty(), "3 s + 56/256 s");
    segment.run(MS * 2);
    assert_eq!(segment.owners(), ["d1"]);
    assert!(segment.holds("d1") && !segment.holds("d2"));
    segment.run(Duration::from_secs(60));
    assert_eq!(segment.owners(), ["d1"]);
    assert_eq!(segment.hosts[&node("d2")].roles, [Role::Standby]);
}

#[test]
fn a_power_loss_is_noticed_after_three_intervals_and_the_skew() {
    let mut segment = settled();
    segment.kill("d1");
    segment.run(Duration::from_millis(2_600));
    assert_eq!(segment.role("d2"), Role::Standby);
    segment.run(Duration::from_millis(1_020));
    assert_eq!(segment.role("d2"), Role::Active);
    let said = &segment.hosts[&node("d2")].said;
    assert!(said.iter().any(|it| it.to_string().contains("10.0.0.11 has been silent for 3609 ms")));
}

#[test]
fn a_stop_gives_the_address_up_first_and_is_followed_within_the_skew() {
    let mut segment = settled();
    segment.tell("d1", Input::Stop);
    assert_eq!(segment.role("d1"), Role::Stopped);
    assert!(!segment.holds("d1"));
    segment.run(Duration::from_millis(605));
    assert_eq!(segment.role("d2"), Role::Standby, "156/256 s");
    segment.run(MS * 10);
    assert_eq!(segment.role("d2"), Role::Active);
}

#[test]
fn a_better_router_returns_to_the_address_and_one_without_preemption_does_not() {
    for (preempt, owner) in [(Some(Duration::ZERO), "d1"), (None, "d2")] {
        let mut segment = Segment::new(with(Vrrp { preempt, ..v3() }));
        segment.start("d2");
        segment.run(Duration::from_secs(10));
        segment.start("d1");
        segment.run(Duration::from_secs(10));
        assert_eq!(segment.owners(), [owner]);
        assert!(segment.holds(owner));
        let said = segment.hosts[&node("d1")].said.iter().map(ToString::to_string);
        let preempts = said.filter(|it| it.contains("comes before 10.0.0.12")).count();
        assert_eq!(preempts, usize::from(owner == "d1"));
    }
}

#[test]
fn two_never_hold_the_address_while_one_preempts() {
    let mut segment = Segment::new(with(v3()));
    segment.start("d2");
    segment.run(Duration::from_secs(10));
    segment.start("d1");
    segment.run(MS * 3_200);
    let (mut nobody, mut moved) = (0, false);
    for _ in 0..2_000 {
        segment.run(MS / 50);
        let holders = [segment.holds("d1"), segment.holds("d2")];
        assert_ne!(holders, [true; 2]);
        nobody += u32::from(holders == [false; 2]);
        moved |= holders[0];
    }
    assert!(moved && nobody <= 11, "a fifth of a millisecond is the way of the last word");
    // One that says no last word has its time.
    let mut segment = Segment::new(with(v3()));
    segment.start("d1");
    for _ in 0..4 {
        segment.arrive("d1", "10.0.0.12".parse().unwrap(), Ok(faults::advert(7)));
        segment.run(Duration::from_millis(805));
    }
    assert_eq!(segment.role("d1"), Role::Taking);
    segment.run(MS * 20);
    assert_eq!(segment.role("d1"), Role::Active);
}

#[test]
fn preemption_waits_as_long_as_it_was_told() {
    let mut segment = Segment::new(with(Vrrp { preempt: Some(Duration::from_secs(20)), ..v3() }));
    segment.start("d2");
    segment.run(Duration::from_secs(10));
    segment.start("d1");
    segment.run(Duration::from_secs(20));
    assert_eq!(segment.owners(), ["d2"]);
    segment.run(Duration::from_secs(6));
    assert_eq!(segment.owners(), ["d1"]);
}

#[test]
fn peers_are_told_one_by_one() {
    let peers = ["10.0.0.11", "10.0.0.12"].map(|it| it.parse().unwrap()).into();
    let mut segment = Segment::new(with(Vrrp { peers, ..v3() }));
    segment.start("d1");
    segment.start("d2");
    segment.run(Duration::from_secs(10));
    assert_eq!(segment.owners(), ["d1"]);
    assert!(segment.flying.iter().all(|it| it.3.to_string() == "10.0.0.12"));
}

#[test]
fn a_backup_learns_the_interval_of_the_active_router() {
    let slow = AdvertInterval::new(VrrpVersion::V3, 300).unwrap();
    let mut segment = Segment::new(with(Vrrp { interval: slow, ..v3() }));
    segment.start("d1");
    segment.run(Duration::from_secs(12));
    segment.config = with(v3());
    segment.start("d2");
    segment.run(Duration::from_secs(60));
    assert_eq!(segment.owners(), ["d1"]);
    segment.kill("d1");
    segment.run(Duration::from_secs(7));
    assert_eq!(segment.role("d2"), Role::Standby, "3 × 3 s and the skew, from the last advert");
    segment.run(Duration::from_secs(4));
    assert_eq!(segment.role("d2"), Role::Active);
}

#[test]
fn a_handover_rests_until_the_operator_is_ready() {
    let mut segment = settled();
    segment.order("d1", &Order::Handover { group: None });
    segment.run(Duration::from_secs(30));
    assert_eq!(segment.owners(), ["d2"]);
    segment.order("d1", &Order::Ready { group: Some(group()) });
    segment.run(Duration::from_secs(5));
    assert_eq!(segment.owners(), ["d1"]);
}

#[test]
fn without_carrier_it_is_in_initialize() {
    let mut segment = settled();
    let interface = InterfaceName::new("lan").unwrap();
    segment.tell("d1", Input::LinkChanged { interface: interface.clone(), up: false });
    assert_eq!(segment.role("d1"), Role::Waiting);
    assert!(!segment.holds("d1"));
    segment.run(Duration::from_secs(10));
    assert_eq!(segment.owners(), ["d2"]);
    segment.tell("d1", Input::LinkChanged { interface, up: true });
    assert_eq!(segment.role("d1"), Role::Standby);
    segment.run(Duration::from_secs(5));
    assert_eq!(segment.owners(), ["d1"]);
}

#[test]
fn found_addresses_stay_until_somebody_is_heard() {
    let mut segment = settled();
    let held = segment.kill("d1");
    segment.start_with("d1", held.clone());
    segment.run(Duration::from_secs(1));
    assert!(segment.holds("d1"), "nobody has spoken yet");
    segment.run(Duration::from_secs(10));
    assert_eq!(segment.owners(), ["d1"]);
    segment.kill("d1");
    segment.run(Duration::from_secs(10));
    segment.start_with("d1", held);
    segment.run(Duration::from_millis(1_100));
    assert!(!segment.holds("d1"), "d2 has spoken");
}

/// The kernel may have taken the addresses off, though no other router has missed it.
#[test]
fn one_that_slept_past_its_lease_says_nothing_before_it_has_looked() {
    let rare = AdvertInterval::new(VrrpVersion::V3, 1000).unwrap();
    let mut segment = Segment::new(with(Vrrp { interval: rare, ..v3() }));
    segment.start("d1");
    segment.run(Duration::from_secs(45));
    assert_eq!(segment.role("d1"), Role::Active);
    let now = segment.now + Duration::from_secs(15);
    let director = &mut segment.hosts.get_mut(&node("d1")).unwrap().director;
    director.handle(Input::Deadline, now);
    let effects: Vec<Effect> = std::iter::from_fn(|| director.next_effect()).collect();
    let speaks = |it: &&Effect| matches!(it, Effect::Advertise { .. } | Effect::Announce { .. });
    assert_eq!(effects.iter().find(speaks), None);
    assert!(effects.iter().any(|it| matches!(it, Effect::Reconcile { .. })), "it looks");
}

/// It waits for no other router, and for its kernel all the same.
#[test]
fn the_owner_of_the_addresses_looks_at_its_kernel_after_a_sleep() {
    let own = Vrrp { owner: Some(node("d1")), ..v3() };
    let mut segment = Segment::new(with(own));
    segment.start("d1");
    segment.run(Duration::from_secs(5));
    assert_eq!(segment.role("d1"), Role::Active);
    segment.now = segment.now + Duration::from_secs(10);
    segment.hosts.get_mut(&node("d1")).unwrap().said.clear();
    segment.tell("d1", Input::Deadline);
    let place = |wanted: fn(&Report) -> bool| {
        segment.hosts[&node("d1")].said.iter().position(wanted).unwrap()
    };
    let taking = place(|it| matches!(it, Report::Role { to: Role::Taking, .. }));
    let active = place(|it| matches!(it, Report::Role { to: Role::Active, .. }));
    let announcing = place(|it| matches!(it, Report::Announcing { .. }));
    assert!(taking < active && active < announcing);
}

#[test]
fn one_that_slept_for_too_long_says_nothing_as_owner() {
    let mut segment = settled();
    let asleep = segment.hosts.remove(&node("d1")).unwrap();
    segment.run(Duration::from_secs(20));
    assert_eq!(segment.owners(), ["d2"]);
    segment.hosts.insert(node("d1"), asleep);
    segment.flying.clear();
    segment.tell("d1", Input::Deadline);
    assert_eq!(segment.role("d1"), Role::Waiting);
    assert!(segment.flying.iter().all(|it| it.1 != node("d1")), "not a word");
    segment.run(Duration::from_secs(5));
    assert_eq!(segment.owners(), ["d1"], "it is better, and takes the group back");
}

#[test]
fn two_that_did_not_hear_each_other_settle_it_by_priority() {
    let mut segment = pair();
    segment.latency = Duration::from_secs(3600);
    segment.run(Duration::from_secs(10));
    assert_eq!(segment.owners(), ["d1", "d2"]);
    segment.flying.clear();
    segment.latency = MS / 5;
    segment.run(Duration::from_millis(1_100));
    assert_eq!(segment.owners(), ["d1"]);
    let said = &segment.hosts[&node("d1")].said;
    let heard = |why| said.iter().any(|it| *it == Report::Announcing { group: group(), why });
    assert!(heard(AnnounceCause::RivalHeard), "by its last word, although it gave way at once");
    assert!(!said.iter().any(|it| matches!(it, Report::TwoRouters { .. })));
    segment.run(Duration::from_secs(4));
    let said = &segment.hosts[&node("d1")].said;
    let why = AnnounceCause::RivalGaveWay;
    assert!(said.contains(&Report::Announcing { group: group(), why }));
}

#[test]
fn a_worse_router_that_stays_active_is_alarming() {
    let mut segment = Segment::new(with(v3()));
    segment.start("d1");
    segment.run(Duration::from_secs(8));
    for _ in 0..5 {
        let advert = faults::advert(7);
        segment.arrive("d1", "10.0.0.12".parse().unwrap(), Ok(advert));
        segment.run(Duration::from_secs(1));
    }
    let said = &segment.hosts[&node("d1")].said;
    let alarms = said.iter().filter(|it| matches!(it, Report::TwoRouters { priority: 7, .. }));
    assert_eq!(alarms.count(), 1);
    assert_eq!(segment.owners(), ["d1"]);
}

#[test]
fn priorities_change_while_it_runs() {
    let mut segment = settled();
    let mut config = Config::clone(&segment.config);
    let better = crate::config::Priority::new(250).unwrap();
    config.groups.get_mut(&group()).unwrap().priorities.insert(node("d2"), better);
    segment.config = Arc::new(config);
    for name in ["d1", "d2"] {
        let config = segment.config.clone();
        segment.tell(name, Input::Reload(config));
    }
    segment.run(Duration::from_secs(5));
    assert_eq!(segment.owners(), ["d2"]);
}

/// Of routers that all hear each other: at any time after the longest down interval somebody is
/// active, and two are never for longer than an advert is on its way.
fn law(kills: &[(u64, u8)], latency: Duration) -> Result<(), TestCaseError> {
    let mut segment = Segment::new(with(v3()));
    segment.latency = latency;
    let names = ["d1", "d2"];
    let mut since = BTreeMap::new();
    names.iter().for_each(|name| segment.start(name));
    // Since when nobody, or more than one, is active.
    let mut wrong: Option<(usize, Instant)> = None;
    let longest = Duration::from_millis(3_610) + latency;
    let mut kills = kills.iter().peekable();
    for step in 0..3_000_u64 {
        if let Some((_, kind)) = kills.next_if(|(at, _)| at * 20 <= step) {
            let name = names[usize::from(kind & 1)];
            match segment.hosts.contains_key(&node(name)) {
                true if kind & 2 == 0 => drop(segment.kill(name)),
                true => {
                    segment.tell(name, Input::Stop);
                    segment.run(latency);
                    segment.kill(name);
                }
                false => segment.start(name),
            }
            since.insert(name, segment.now);
            wrong = None;
        }
        segment.run(MS * 10);
        let owners = segment.owners().len();
        let alive = segment.hosts.len().min(1);
        if owners == alive {
            wrong = None;
            continue;
        }
        let (_, since) = *wrong.get_or_insert((owners, segment.now));
        let bound = if owners > 1 { latency + MS * 20 } else { longest };
        let lasted = segment.now.since(since);
        prop_assert!(lasted <= bound, "{owners} active for {lasted:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn one_is_active_and_never_two(
        mut kills in proptest::collection::vec((0..150_u64, 0..4_u8), 0..12),
        latency in 0..20_u32,
    ) {
        kills.sort_unstable();
        law(&kills, MS * latency)?;
    }
}
