//! When something was true.

use super::{Case, replay};
use crate::{Condition, Except, State};
use std::time::Duration;

/// The moments at which an answer changed; the first is the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Truth {
    changes: Vec<(Duration, bool)>,
    end: Duration,
}

/// From, and until (exclusive).
pub(super) type Interval = (Duration, Duration);

impl Truth {
    /// Asks at every moment of the run.
    pub(super) fn of(case: &Case<'_>, question: impl Fn(&State) -> bool) -> Self {
        let mut truth = Self { changes: Vec::new(), end: case.history.end };
        replay(case.history, &case.names, |moment, state| truth.note(moment, question(state)));
        truth
    }

    /// As the case knows it, or else from the history.
    pub(super) fn of_condition(case: &Case<'_>, condition: &Condition) -> Self {
        match case.truths.iter().find(|(known, _)| known == condition) {
            Some((_, truth)) => truth.clone(),
            None => Self::of(case, |state| state.holds(condition)),
        }
    }

    /// Asks for all of them in one reading.
    pub(super) fn of_conditions(
        case: &Case<'_>,
        conditions: Vec<Condition>,
    ) -> Vec<(Condition, Self)> {
        let end = case.history.end;
        let unknown = |condition| (condition, Self { changes: Vec::new(), end });
        let mut truths: Vec<(Condition, Self)> = conditions.into_iter().map(unknown).collect();
        replay(case.history, &case.names, |moment, state| {
            for (condition, truth) in &mut truths {
                truth.note(moment, state.holds(condition));
            }
        });
        truths
    }

    /// The answer at a moment that is not earlier than the one before.
    fn note(&mut self, moment: Duration, answer: bool) {
        let is_news = self.changes.last().is_none_or(|(_, last)| *last != answer);
        if is_news && moment <= self.end {
            self.changes.push((moment, answer));
        }
    }

    /// The answer at a moment, and since when it has been that.
    pub(super) fn at(&self, moment: Duration) -> (bool, Duration) {
        let later = self.changes.partition_point(|(at, _)| *at <= moment);
        let found = later.checked_sub(1).and_then(|index| self.changes.get(index));
        found.map_or((false, Duration::ZERO), |(at, answer)| (*answer, *at))
    }

    /// The stretches with this answer. The last one reaches past the end, so that a change at the
    /// very end still counts.
    pub(super) fn stretches(&self, answer: bool) -> Vec<Interval> {
        let until = self.changes.iter().skip(1).map(|(at, _)| *at);
        let past = self.end + Duration::from_nanos(1);
        let ends = until.chain(std::iter::once(past));
        let both = self.changes.iter().zip(ends);
        both.filter(|((_, found), _)| *found == answer).map(|((at, _), end)| (*at, end)).collect()
    }
}

/// When an exception suspends its claim, in time order.
pub(super) fn suspended(case: &Case<'_>, except: Option<&Except>) -> Vec<Interval> {
    let (truth, grace) = match except {
        None => return Vec::new(),
        Some(Except::Segment { segment, grace }) => {
            (Truth::of(case, |state| state.faults().touches(segment)), *grace)
        }
        Some(Except::Pair { a, b, grace }) => {
            (Truth::of(case, |state| state.faults().separates(case.scenario, a, b)), *grace)
        }
    };
    truth.stretches(true).into_iter().map(|(from, to)| (from, to + grace)).collect()
}

/// The first moment that is in one of `wrong` and in none of `excused`; both are in time order.
pub(super) fn first_unexcused(wrong: &[Interval], excused: &[Interval]) -> Option<Duration> {
    wrong.iter().find_map(|(from, to)| {
        let free = excused.iter().fold(*from, |moment, (start, end)| {
            if *start <= moment && moment < *end { *end } else { moment }
        });
        (free < *to).then_some(free)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intervals(pairs: &[(u64, u64)]) -> Vec<Interval> {
        let of = Duration::from_secs;
        pairs.iter().map(|(from, to)| (of(*from), of(*to))).collect()
    }

    #[test]
    fn excuses_are_subtracted() {
        let first = |wrong: &[(u64, u64)], excused: &[(u64, u64)]| {
            first_unexcused(&intervals(wrong), &intervals(excused)).map(|at| at.as_secs())
        };
        assert_eq!(first(&[(3, 5)], &[]), Some(3));
        assert_eq!(first(&[(3, 5)], &[(2, 6)]), None);
        assert_eq!(first(&[(3, 5)], &[(3, 5)]), None);
        assert_eq!(first(&[(3, 5)], &[(3, 4)]), Some(4));
        assert_eq!(first(&[(3, 5)], &[(4, 9)]), Some(3));
        assert_eq!(first(&[(3, 5)], &[(1, 4), (4, 5)]), None);
        assert_eq!(first(&[(3, 5), (7, 8)], &[(1, 6)]), Some(7));
    }

    proptest::proptest! {
        #[test]
        fn excuses_agree_with_asking_every_second(
            wrong in proptest::collection::vec((0_u64..30, 1_u64..9), 0..4),
            excused in proptest::collection::vec((0_u64..30, 0_u64..9), 0..4),
        ) {
            let of = |pairs: &[(u64, u64)]| {
                let mut found: Vec<(u64, u64)> =
                    pairs.iter().map(|(from, length)| (*from, from + length)).collect();
                found.sort_unstable();
                found
            };
            let (wrong, excused) = (of(&wrong), of(&excused));
            let inside = |second: u64, all: &[(u64, u64)]| {
                all.iter().any(|(from, to)| (*from..*to).contains(&second))
            };
            let asked = (0..40).find(|at| inside(*at, &wrong) && !inside(*at, &excused));
            let found = first_unexcused(&intervals(&wrong), &intervals(&excused));
            proptest::prop_assert_eq!(found.map(|at| at.as_secs()), asked);
        }
    }

    #[test]
    fn answers_are_found_between_their_changes() {
        let of = Duration::from_secs;
        let changes = vec![(of(0), false), (of(3), true), (of(5), false)];
        let truth = Truth { changes, end: of(9) };
        assert_eq!(truth.at(of(2)), (false, of(0)));
        assert_eq!(truth.at(of(3)), (true, of(3)));
        assert_eq!(truth.at(of(8)), (false, of(5)));
        assert_eq!(truth.stretches(true), intervals(&[(3, 5)]));
        assert_eq!(truth.stretches(false).len(), 2);
    }
}
