use super::*;
use crate::config::{Dialogue, Pace, Via};
use crate::probe::Passed;
use core::num::NonZeroU16;
use proptest::prelude::*;

fn limits(fall: u8, rise: u8, initial: Initial, damping: Option<Damping>) -> Limits {
    let pace = Pace { initial, ..Pace::default() };
    let check = Check {
        dialogue: Dialogue::Tcp,
        via: Via::Server,
        port: NonZeroU16::new(80),
        interval: Duration::from_secs(1),
        timeout: Duration::from_secs(1),
        fall: NonZeroU8::new(fall).unwrap(),
        rise: NonZeroU8::new(rise).unwrap(),
        pace,
    };
    Limits::of(&check, damping)
}

fn at(seconds: u64) -> Instant {
    Instant::from_nanos(seconds * 1_000_000_000)
}

fn outcome(good: bool) -> Outcome {
    if good { Ok(Passed::default()) } else { Err(Failure::Refused) }
}

/// What the rules say in one line each: the run of equal answers at the end decides.
fn expected(answers: &[bool], fall: u8, rise: u8, initial: Initial) -> Health {
    let mut state = Health::Unknown;
    for end in 1..=answers.len() {
        let last = answers[end - 1];
        let run = answers[..end].iter().rev().take_while(|answer| **answer == last).count();
        let needed = match (last, state, initial) {
            (false, ..) => usize::from(fall),
            (true, Health::Unknown, Initial::Unknown) => 1,
            (true, ..) => usize::from(rise),
        };
        if run >= needed {
            state = if last { Health::Up } else { Health::Down };
        }
    }
    state
}

#[test]
fn every_row_of_answers_leads_where_the_rules_say() {
    for length in 0..10_u32 {
        for bits in 0..1_u32 << length {
            let answers: Vec<bool> = (0..length).map(|bit| bits >> bit & 1 == 1).collect();
            for (fall, rise) in [(1, 1), (1, 3), (2, 2), (3, 1), (3, 2)] {
                for initial in [Initial::Unknown, Initial::Down] {
                    let mut record = Record::new(limits(fall, rise, initial, None), at(0));
                    for (second, good) in (1..).zip(&answers) {
                        record.judge(&outcome(*good), at(second));
                    }
                    let wanted = expected(&answers, fall, rise, initial);
                    assert_eq!(record.state(), wanted, "{answers:?} {fall} {rise} {initial:?}");
                    let proven = answers.iter().any(|good| *good);
                    assert!(proven || !record.proven, "proven without a success");
                }
            }
        }
    }
}

#[test]
fn what_this_host_cannot_do_is_not_the_servers_fault() {
    let unable = || Err(Failure::Local { what: "too many open files".into() });
    for before in 0..2_u32 {
        let mut record = Record::new(limits(2, 2, Initial::Unknown, None), at(0));
        record.judge(&outcome(true), at(1));
        for _ in 0..before {
            record.judge(&outcome(false), at(2));
        }
        let told = record.judge(&unable(), at(3));
        assert!(matches!(told, Change::Failing { failures, .. } if failures == before));
        for second in 4..100 {
            assert_eq!(record.judge(&unable(), at(second)), Change::None);
        }
        assert_eq!((record.state(), record.failures), (Health::Up, before));
        // What counts is what the server answers, before and after.
        (before..2).for_each(|_| drop(record.judge(&outcome(false), at(100))));
        assert_eq!(record.state(), Health::Down);
    }
    // Nobody is up who was never asked.
    let mut record = Record::new(limits(2, 2, Initial::Unknown, None), at(0));
    (1..9).for_each(|second| drop(record.judge(&unable(), at(second))));
    assert_eq!((record.state(), record.proven), (Health::Down, false));
}

#[test]
fn the_tempo_follows_the_state() {
    let mut record = Record::new(limits(2, 2, Initial::Unknown, None), at(0));
    let mut tempos = vec![record.tempo()];
    for (second, good) in (1..).zip([true, true, false, true, false, false, false, true, true]) {
        record.judge(&outcome(good), at(second));
        tempos.push(record.tempo());
    }
    use Tempo::{Changing, Down, Stable};
    let wanted =
        [Changing, Stable, Stable, Changing, Stable, Changing, Down, Down, Changing, Stable];
    assert_eq!(tempos, wanted);
}

fn damping(changes: u8) -> Option<Damping> {
    Some(Damping {
        changes: NonZeroU8::new(changes).unwrap(),
        within: Duration::from_secs(60),
        hold: Duration::from_secs(30),
    })
}

#[test]
fn a_server_that_flaps_stays_out_until_it_has_been_calm() {
    let mut record = Record::new(limits(1, 1, Initial::Unknown, damping(3)), at(0));
    for second in 1..=5 {
        record.judge(&outcome(second % 2 == 1), at(second));
    }
    let change = record.judge(&outcome(false), at(6));
    assert!(matches!(change, Change::Damped { falls: 3, .. }), "{change:?}");
    for second in 7..20 {
        assert_eq!(record.judge(&outcome(true), at(second)), Change::None);
    }
    // One more failure begins the time anew.
    record.judge(&outcome(false), at(20));
    record.judge(&outcome(true), at(49));
    assert_eq!((record.state(), record.held_until()), (Health::Down, Some(at(50))));
    record.judge(&outcome(true), at(50));
    assert_eq!((record.state(), record.held_until()), (Health::Up, None));
}

#[test]
fn falls_that_are_far_apart_are_not_counted_together() {
    let mut record = Record::new(limits(1, 1, Initial::Unknown, damping(2)), at(0));
    for second in [0, 100, 200, 300] {
        record.judge(&outcome(true), at(second));
        let change = record.judge(&outcome(false), at(second + 1));
        assert!(matches!(change, Change::Became(Health::Down, _)), "{change:?}");
    }
}

proptest! {
    /// Whatever the answers: while it is damped it is down, and it comes up only after the hold.
    #[test]
    fn a_damped_server_is_never_up_before_its_time(
        answers in prop::collection::vec((any::<bool>(), 1..20_u64), 0..200), changes in 1..4_u8,
    ) {
        let mut record = Record::new(limits(1, 1, Initial::Unknown, damping(changes)), at(0));
        let (mut now, mut held, mut last_failure) = (0, false, 0);
        for (good, pause) in answers {
            now += pause;
            let change = record.judge(&outcome(good), at(now));
            held |= matches!(change, Change::Damped { .. });
            if !good {
                last_failure = now;
            }
            if record.state() == Health::Up && held {
                prop_assert!(now >= last_failure + 30, "up {now} after {last_failure}");
                held = false;
            }
        }
    }
}
