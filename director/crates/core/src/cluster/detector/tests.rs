use super::*;
use proptest::prelude::*;

const KEEPALIVE: Duration = Duration::from_millis(100);

fn limits(detection: Detection) -> Limits {
    Limits { detection, deadtime: KEEPALIVE * 3 }
}

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

/// Jumps from deadline to deadline until `end`; the actions with their times in milliseconds.
fn run(detector: &mut Detector, limits: Limits, end: Instant) -> Vec<(u64, Action)> {
    let mut actions = Vec::new();
    while let Some(deadline) = detector.next_deadline(limits).filter(|next| next.at <= end) {
        while let Some(action) = detector.due(limits, deadline.at) {
            actions.push((deadline.at.as_nanos() / 1_000_000, action));
        }
        assert!(actions.len() < 100, "the detector does not come to rest");
    }
    actions
}

#[test]
fn a_silent_peer_is_suspected_asked_and_given_up() {
    let mut detector = Detector::new();
    detector.heard(at(1000));
    let actions = run(&mut detector, limits(Detection::ask(KEEPALIVE)), at(5000));
    let suspect = Action::Became(PeerState::Suspect, PeerCause::Late { silent_ms: 150 });
    let dead = Action::Became(PeerState::Dead, PeerCause::Unanswered { silent_ms: 208, asks: 5 });
    let ask = Action::Ask;
    assert_eq!(
        actions,
        [
            (1150, suspect),
            (1150, ask),
            (1152, ask),
            (1154, ask),
            (1156, ask),
            (1158, ask),
            (1208, dead)
        ]
    );
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
                detector.due(limits, at(150)).unwrap();
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
        let deadline = detector.next_deadline(limits).unwrap();
        let now = at(early).min(Instant::from_nanos(deadline.at.as_nanos() - 1));
        let before = detector;
        prop_assert_eq!(detector.due(limits, now), None);
        prop_assert_eq!(detector, before);
    }

    /// One lost beat, or an interval of any length below the deadtime that ends in an answer, is
    /// never taken for a death.
    #[test]
    fn an_answered_question_clears_the_suspicion(answer_after in 0_u64..57) {
        let limits = limits(Detection::ask(KEEPALIVE));
        let mut detector = Detector::new();
        detector.heard(at(0));
        let answer = at(150 + answer_after);
        run(&mut detector, limits, answer);
        prop_assert_eq!(detector.state(), PeerState::Suspect);
        detector.heard(answer);
        prop_assert_eq!(detector.state(), PeerState::Alive);
    }
}
