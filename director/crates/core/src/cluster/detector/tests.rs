use super::*;
use proptest::prelude::*;

const KEEPALIVE: Duration = Duration::from_millis(100);

fn limits(detection: Detection) -> Limits {
    Limits { keepalive: KEEPALIVE, detection, deadtime: KEEPALIVE * 3 }
}

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

/// When a peer that was met at the beginning is trusted.
const TRUSTED: u64 = 1_600;

/// A detector of a peer that has been heard for long, and last at `last` milliseconds.
fn trusting(last: u64) -> Detector {
    assert!(last >= TRUSTED, "it is not trusted yet");
    let mut detector = Detector::new();
    detector.heard(at(0));
    detector.heard(at(last));
    detector
}

/// Jumps from deadline to deadline until `end`; the actions with their times in milliseconds.
fn run(detector: &mut Detector, limits: Limits, end: Instant) -> Vec<(u64, Action)> {
    let mut actions = Vec::new();
    while let Some(deadline) = detector.next_deadline(&limits).filter(|next| next.at <= end) {
        while let Some(action) = detector.due(limits, deadline.at) {
            actions.push((deadline.at.as_nanos() / 1_000_000, action));
        }
        assert!(actions.len() < 100, "the detector does not come to rest");
    }
    actions
}

#[test]
fn a_silent_peer_is_suspected_asked_and_given_up() {
    let mut detector = trusting(2000);
    let actions = run(&mut detector, limits(Detection::ask(KEEPALIVE)), at(5000));
    let suspect = Action::Became(PeerState::Suspect, PeerCause::Late { silent_ms: 125 });
    let dead = Action::Became(PeerState::Dead, PeerCause::Unanswered { silent_ms: 169, asks: 5 });
    let ask = Action::Ask;
    assert_eq!(
        actions,
        [
            (2125, suspect),
            (2125, ask),
            (2126, ask),
            (2127, ask),
            (2128, ask),
            (2129, ask),
            (2169, dead)
        ]
    );
}

#[test]
fn after_a_false_alarm_it_asks_in_rounds_until_the_line_is_trusted_again() {
    let limits = limits(Detection::ask(KEEPALIVE));
    let given_up = |mut detector: Detector| run(&mut detector, limits, at(20_000)).pop().unwrap();
    let mut detector = trusting(2000);
    run(&mut detector, limits, at(2130));
    assert_eq!(detector.state(), PeerState::Suspect);
    detector.heard(at(2131));
    let dead = Action::Became(PeerState::Dead, PeerCause::Deadtime { silent_ms: 300 });
    assert_eq!(given_up(detector), (2431, dead));
    // However many packets come: they may be answers to one burst of questions.
    (0..1000).for_each(|_| assert!(detector.heard(at(2131)).is_none()));
    assert_eq!(given_up(detector), (2431, dead));
    // The suspicion falls into the time of distrust, or just after it.
    let end = 2131 + 64 * 100;
    detector.heard(at(end - 126));
    assert_eq!(given_up(detector), (end - 126 + 300, dead));
    detector.heard(at(end - 125));
    assert_eq!(given_up(detector).0, end - 125 + 169);
}

#[test]
fn a_death_that_was_none_is_remembered_for_long() {
    let limits = limits(Detection::ask(KEEPALIVE));
    let mut detector = trusting(2000);
    assert_eq!(run(&mut detector, limits, at(5000)).pop().unwrap().0, 2169);
    detector.regained(at(3000));
    detector.heard(at(3000));
    let end = 3000 + 1024 * 100;
    let given_up = |mut detector: Detector| run(&mut detector, limits, at(end + 5000)).pop();
    detector.heard(at(end - 126));
    assert_eq!(given_up(detector).unwrap().0, end - 126 + 300);
    detector.heard(at(end - 125));
    assert_eq!(given_up(detector).unwrap().0, end - 125 + 169);
}

#[test]
fn a_peer_that_was_just_met_is_not_given_up_in_haste() {
    let limits = limits(Detection::ask(KEEPALIVE));
    let mut detector = Detector::new();
    detector.heard(at(0));
    detector.heard(at(TRUSTED - 126));
    let mut trusted = detector;
    assert_eq!(run(&mut detector, limits, at(5000)).pop().unwrap().0, TRUSTED - 126 + 300);
    trusted.heard(at(TRUSTED - 125));
    assert_eq!(run(&mut trusted, limits, at(5000)).pop().unwrap().0, TRUSTED - 125 + 169);
}

#[test]
fn without_questions_the_deadtime_decides() {
    let mut detector = Detector::new();
    detector.heard(at(1000));
    let actions = run(&mut detector, limits(Detection::Deadtime), at(5000));
    let dead = Action::Became(PeerState::Dead, PeerCause::Deadtime { silent_ms: 300 });
    assert_eq!(actions, [(1300, dead)]);
}

#[test]
fn the_deadtime_is_the_upper_bound_of_asking() {
    let detection = Detection::Ask {
        late: Duration::from_millis(250),
        asks: core::num::NonZeroU8::MIN,
        spacing: Duration::from_millis(1),
        patience: Duration::from_secs(60),
    };
    let mut detector = Detector::new();
    detector.heard(at(1000));
    let last = run(&mut detector, limits(detection), at(5000)).pop().unwrap();
    let dead = Action::Became(PeerState::Dead, PeerCause::Deadtime { silent_ms: 300 });
    assert_eq!(last, (1300, dead));
}

/// Every state against every event: the whole table.
#[test]
fn the_transition_table_is_complete() {
    use PeerState::{Alive, Dead, Left, Suspect, Unknown};
    let limits = limits(Detection::ask(KEEPALIVE));
    let in_state = |state: PeerState| {
        let mut detector = Detector::new();
        if state != Unknown {
            detector.heard(at(0));
        }
        match state {
            Unknown | Alive => {}
            Suspect => {
                detector.due(limits, at(125)).unwrap();
            }
            Dead => {
                run(&mut detector, limits, at(1000));
            }
            Left => {
                detector.left(at(0)).unwrap();
            }
        }
        assert_eq!(detector.state(), state);
        detector
    };
    let table = [
        // state, when heard, when it says goodbye, when the deadtime passes, when this node slept
        (Unknown, Alive, Left, Unknown, Unknown),
        (Alive, Alive, Left, Dead, Alive),
        (Suspect, Alive, Left, Dead, Alive),
        (Dead, Alive, Left, Dead, Dead),
        (Left, Alive, Left, Left, Left),
    ];
    for (state, heard, left, silent, slept) in table {
        let mut detector = in_state(state);
        detector.heard(at(2000));
        assert_eq!(detector.state(), heard, "{state} heard");
        let mut detector = in_state(state);
        detector.left(at(2000));
        assert_eq!(detector.state(), left, "{state} left");
        let mut detector = in_state(state);
        while detector.due(limits, at(2000)).is_some() {}
        assert_eq!(detector.state(), silent, "{state} silent");
        let mut detector = in_state(state);
        detector.forgive(Duration::from_secs(1), at(2000));
        assert_eq!(detector.state(), slept, "{state} slept");
    }
}

proptest! {
    #[test]
    fn waking_too_early_changes_nothing(heard in 0_u64..1000, early in 0_u64..1000) {
        let limits = limits(Detection::ask(KEEPALIVE));
        let mut detector = Detector::new();
        detector.heard(at(heard));
        let deadline = detector.next_deadline(&limits).unwrap();
        let now = at(early).min(Instant::from_nanos(deadline.at.as_nanos() - 1));
        let before = detector;
        prop_assert_eq!(detector.due(limits, now), None);
        prop_assert_eq!(detector, before);
    }

    /// One lost beat, or an interval of any length below the deadtime that ends in an answer, is
    /// never taken for a death.
    #[test]
    fn an_answered_question_clears_the_suspicion(answer_after in 0_u64..44) {
        let limits = limits(Detection::ask(KEEPALIVE));
        let mut detector = trusting(TRUSTED);
        let answer = at(TRUSTED + 125 + answer_after);
        run(&mut detector, limits, answer);
        prop_assert_eq!(detector.state(), PeerState::Suspect);
        detector.heard(answer);
        prop_assert_eq!(detector.state(), PeerState::Alive);
    }
}
