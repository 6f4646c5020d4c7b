//! Every state against every event, row for row of RFC 9568 §6.4, then the times of §6.1.

use super::*;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

fn parameters(version: VrrpVersion, priority: u8) -> Parameters {
    Parameters { version, priority, interval: SECOND, preempt: Some(Duration::ZERO) }
}

fn at(milliseconds: u64) -> Instant {
    Instant::from_nanos(milliseconds * 1_000_000)
}

fn heard(priority: u8, greater: bool) -> Event {
    Event::Heard(Heard { priority, interval: SECOND / 2, greater })
}

/// A router with priority 100 in a state; its timer would fire at 5 s.
fn in_state(parameters: Parameters, state: &str) -> Machine {
    let mut machine = Machine::new(parameters);
    machine.state = match state {
        "backup" => State::Backup { down_at: at(5_000) },
        "active" => State::Active { advert_at: at(5_000) },
        _ => State::Initialize,
    };
    machine
}

/// What becomes of it at 1 s, in words: the state, when its timer fires in milliseconds, the
/// priority of the advert that it sends.
fn becomes(mut machine: Machine, event: Event, now: Instant) -> String {
    let deed = machine.handle(event, now);
    let state = match machine.state {
        State::Initialize => "initialize".to_owned(),
        State::Backup { down_at } => format!("backup until {}", down_at.as_nanos() / 1_000),
        State::Active { advert_at } => format!("active until {}", advert_at.as_nanos() / 1_000),
    };
    match deed.send {
        Some(priority) => format!("{state}, sends {priority}"),
        None => state,
    }
}

/// 3 × 1 s + 156/256 s at a priority of 100.
const DOWN_US: u64 = 3_609_375;

#[test]
fn every_state_against_every_event() {
    let backup = |us: u64| format!("backup until {us}");
    let stays = "backup until 5000000".to_owned();
    let asserts = "active until 5000000, sends 100".to_owned();
    let active = "active until 5000000".to_owned();
    // At half a second: 3 × 0.5 s + 156/512 s.
    let learnt = 1_000_000 + 1_500_000 + 304_687;
    let rows: Vec<(&str, Event, u64, String)> = vec![
        ("initialize", Event::Startup, 1_000, backup(1_000_000 + DOWN_US)),
        ("initialize", Event::Shutdown, 1_000, "initialize".to_owned()),
        ("initialize", Event::Time, 9_000, "initialize".to_owned()),
        ("initialize", heard(0, false), 1_000, "initialize".to_owned()),
        ("initialize", heard(200, false), 1_000, "initialize".to_owned()),
        // §6.4.2
        ("backup", Event::Startup, 1_000, stays.clone()),
        ("backup", Event::Shutdown, 1_000, "initialize".to_owned()),
        ("backup", Event::Time, 4_999, stays.clone()),
        ("backup", Event::Time, 5_000, "active until 6000000, sends 100".to_owned()),
        ("backup", heard(0, false), 1_000, backup(1_000_000 + 609_375)),
        ("backup", heard(100, false), 1_000, backup(learnt)),
        ("backup", heard(200, false), 1_000, backup(learnt)),
        ("backup", heard(255, true), 1_000, backup(learnt)),
        ("backup", heard(99, true), 1_000, stays.clone()),
        // §6.4.3
        ("active", Event::Startup, 1_000, active.clone()),
        ("active", Event::Shutdown, 1_000, "initialize, sends 0".to_owned()),
        ("active", Event::Time, 4_999, active.clone()),
        ("active", Event::Time, 5_000, "active until 6000000, sends 100".to_owned()),
        ("active", heard(0, false), 1_000, "active until 2000000, sends 100".to_owned()),
        ("active", heard(101, false), 1_000, backup(learnt) + ", sends 100"),
        ("active", heard(100, true), 1_000, backup(learnt) + ", sends 100"),
        ("active", heard(100, false), 1_000, asserts.clone()),
        ("active", heard(99, true), 1_000, asserts.clone()),
    ];
    for (state, event, now, wanted) in rows {
        let machine = in_state(parameters(VrrpVersion::V3, 100), state);
        assert_eq!(becomes(machine, event, at(now)), wanted, "{state} {event:?}");
    }
}

/// RFC 3768 differs in these rows alone.
#[test]
fn version_2_keeps_its_interval_and_is_silent_to_a_worse_router() {
    let two = || parameters(VrrpVersion::V2, 100);
    let row = |state, event| becomes(in_state(two(), state), event, at(1_000));
    let follows = format!("backup until {}", 1_000_000 + DOWN_US);
    assert_eq!(row("backup", heard(200, false)), follows);
    assert_eq!(row("active", heard(200, false)), follows + ", sends 100");
    assert_eq!(row("active", heard(99, false)), "active until 5000000");
    // Its skew is a part of a second, whatever the interval.
    let slow = Machine::new(Parameters { interval: SECOND * 10, ..two() });
    assert_eq!(slow.down_interval(), SECOND * 30 + Duration::from_micros(609_375));
}

#[test]
fn an_owner_is_active_at_once() {
    let machine = in_state(parameters(VrrpVersion::V3, OWNER), "initialize");
    let wanted = "active until 2000000, sends 255";
    assert_eq!(becomes(machine, Event::Startup, at(1_000)), wanted);
}

#[test]
fn without_preemption_a_worse_active_router_is_followed() {
    let parameters = Parameters { preempt: None, ..parameters(VrrpVersion::V3, 100) };
    let row = becomes(in_state(parameters, "backup"), heard(1, false), at(1_000));
    assert_eq!(row, "backup until 2804687");
}

#[test]
fn preemption_waits_from_the_first_worse_advert_and_forgets_it_after_a_better_one() {
    let delay = Some(SECOND * 3);
    let mut machine =
        Machine::new(Parameters { preempt: delay, ..parameters(VrrpVersion::V3, 100) });
    machine.handle(Event::Startup, at(0));
    let mut obeys = |ms, priority| {
        let before = machine.state;
        machine.handle(heard(priority, false), at(ms));
        machine.state != before
    };
    assert!(obeys(1_000, 50) && obeys(3_999, 50), "patient");
    assert!(!obeys(4_000, 50), "its patience is over");
    assert!(obeys(4_100, 150));
    assert!(obeys(4_200, 50) && obeys(7_199, 50), "patient anew");
    assert!(!obeys(7_200, 50));
}

#[test]
fn one_that_was_handed_over_pushes_nobody_aside() {
    let mut machine = in_state(parameters(VrrpVersion::V3, 100), "backup");
    machine.resting = true;
    assert_eq!(becomes(machine, heard(1, false), at(1_000)), "backup until 2804687");
}

#[test]
fn a_late_advert_is_sent_once() {
    let mut machine = in_state(parameters(VrrpVersion::V3, 100), "active");
    assert_eq!(machine.handle(Event::Time, at(60_000)).send, Some(100));
    assert_eq!(machine.handle(Event::Time, at(60_000)).send, None);
    assert_eq!(machine.due(), Some(at(61_000)));
}

proptest! {
    /// §6.1, exactly: 256 × Active_Down_Interval = (3 × 256 + 256 - priority) × interval.
    #[test]
    fn times_are_exact(priority in 1..=255_u8, centiseconds in 1..=4095_u32) {
        let interval = Duration::from_millis(10) * centiseconds;
        let parameters = Parameters { interval, ..parameters(VrrpVersion::V3, priority) };
        let machine = Machine::new(parameters);
        let exact = interval.as_nanos() * (3 * 256 + 256 - u128::from(priority)) / 256;
        prop_assert_eq!(machine.down_interval().as_nanos(), exact);
    }

    /// Whatever happens: a timer runs in every state but one, and lies ahead once it has been met.
    #[test]
    fn a_met_timer_lies_ahead(
        priority in 1..=254_u8,
        events in proptest::collection::vec(
            (0..5_u8, any::<u8>(), any::<bool>(), 0..4000_u64),
            1..200,
        ),
    ) {
        let mut machine = Machine::new(parameters(VrrpVersion::V3, priority));
        let mut now = at(0);
        for (kind, number, greater, later) in events {
            now = now + Duration::from_millis(later);
            let event = match kind {
                0 => Event::Startup,
                1 if number < 20 => Event::Shutdown,
                2 | 3 => heard(number, greater),
                _ => Event::Time,
            };
            machine.handle(event, now);
            machine.handle(Event::Time, now);
            prop_assert_eq!(machine.due().is_none(), machine.state == State::Initialize);
            prop_assert!(machine.due().is_none_or(|due| due > now));
        }
    }
}
