use super::*;
use alloc::collections::BTreeSet;
use core::time::Duration;
use proptest::prelude::*;

const LIFE: Incarnation = Incarnation(77);
const TERM: Duration = Duration::from_millis(125);

fn at(ms: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(ms)
}

fn node(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

fn group(name: &str) -> GroupName {
    GroupName::new(name).unwrap()
}

fn groups(names: &[&str]) -> BTreeSet<GroupName> {
    names.iter().map(|name| group(name)).collect()
}

fn question(name: &str, number: u64, holds: &[&str], wants: &[&str]) -> Question {
    Question {
        node: node(name),
        incarnation: Incarnation(name.bytes().map(u64::from).sum()),
        voter: Some(LIFE),
        number,
        term: TERM,
        holds: groups(holds),
        wants: groups(wants),
    }
}

/// A voter that has run for longer than a term.
fn voter() -> Voter {
    Voter::new(LIFE, Instant::ZERO)
}

#[test]
fn the_owner_keeps_what_it_asks_for_and_the_other_is_told_whose_it_is() {
    let mut voter = voter();
    let first = voter.answer(&question("d1", 1, &["web"], &[]), at(1_000)).unwrap();
    assert_eq!(first.granted, groups(&["web"]));
    let other = voter.answer(&question("d2", 1, &[], &["web"]), at(1_100)).unwrap();
    assert_eq!(other.granted, groups(&[]));
    assert_eq!(other.refused.get(&group("web")), Some(&node("d1")));
}

#[test]
fn a_term_after_the_owner_s_last_question_another_gets_the_group() {
    let mut voter = voter();
    voter.answer(&question("d1", 1, &["web"], &[]), at(1_000)).unwrap();
    let early = voter.answer(&question("d2", 1, &[], &["web"]), at(1_124)).unwrap();
    assert!(early.granted.is_empty());
    let late = voter.answer(&question("d2", 2, &[], &["web"]), at(1_125)).unwrap();
    assert_eq!(late.granted, groups(&["web"]));
    let back = voter.answer(&question("d1", 2, &["web"], &[]), at(1_130)).unwrap();
    assert_eq!(back.refused.get(&group("web")), Some(&node("d2")));
}

#[test]
fn what_the_holder_does_not_name_any_more_is_free_at_once() {
    let mut voter = voter();
    voter.answer(&question("d1", 1, &["web"], &[]), at(1_000)).unwrap();
    voter.answer(&question("d1", 2, &[], &[]), at(1_010)).unwrap();
    let other = voter.answer(&question("d2", 1, &[], &["web"]), at(1_011)).unwrap();
    assert_eq!(other.granted, groups(&["web"]));
}

#[test]
fn a_voter_that_has_just_started_grants_nothing_to_those_who_do_not_hold_it() {
    let mut voter = Voter::new(LIFE, at(1_000));
    let eager = voter.answer(&question("d2", 1, &[], &["web"]), at(1_010)).unwrap();
    assert_eq!((eager.granted.len(), eager.refused.len()), (0, 0));
    let owner = voter.answer(&question("d1", 1, &["web"], &[]), at(1_020)).unwrap();
    assert_eq!(owner.granted, groups(&["web"]));
    let eager = voter.answer(&question("d2", 2, &[], &["web"]), at(1_130)).unwrap();
    assert_eq!(eager.refused.get(&group("web")), Some(&node("d1")));
}

#[test]
fn recordings_change_nothing() {
    let mut voter = voter();
    let mut stranger = question("d1", 1, &["web"], &[]);
    stranger.voter = Some(Incarnation(LIFE.0 + 1));
    let answer = voter.answer(&stranger, at(1_000)).unwrap();
    assert!(answer.granted.is_empty(), "of an earlier life of the voter's");
    assert_eq!(answer.voter, LIFE);
    let said = question("d1", 5, &["web"], &[]);
    assert!(voter.answer(&said, at(1_000)).is_some());
    assert!(voter.answer(&said, at(1_010)).is_none(), "seen");
    assert!(voter.answer(&question("d1", 4, &["web"], &[]), at(1_010)).is_none(), "overtaken");
    let mut next = question("d1", 1, &[], &[]);
    next.incarnation = Incarnation(4_711);
    assert!(voter.answer(&next, at(1_020)).is_some(), "a new life begins with any number");
    assert!(voter.answer(&question("d1", 9, &["web"], &[]), at(1_030)).is_none(), "it is over");
    assert_eq!(voter.holder(&group("web"), at(1_030)), None);
}

#[test]
fn groups_are_granted_one_by_one() {
    let mut voter = voter();
    voter.answer(&question("d1", 1, &["web"], &[]), at(1_000)).unwrap();
    let other = voter.answer(&question("d2", 1, &["mail"], &["web"]), at(1_001)).unwrap();
    assert_eq!(other.granted, groups(&["mail"]));
    assert_eq!(other.refused.get(&group("web")), Some(&node("d1")));
}

proptest! {
    /// Whatever is asked in whatever order: what one was granted nobody else is granted before the
    /// term is over or the holder has given it back.
    #[test]
    fn a_group_is_granted_to_one_at_a_time(
        asked in prop::collection::vec((0..3_usize, 0..200_u64, 0..4_u8, 0..4_u8), 1..200)
    ) {
        let names = ["d1", "d2", "d3"];
        let all = ["web", "mail"];
        let some = |bits: u8| -> Vec<&str> {
            (0..2).filter(|bit| bits & 1 << bit != 0).map(|bit| all[bit]).collect()
        };
        let mut voter = voter();
        let mut now = 1_000;
        let mut holders: BTreeMap<GroupName, (NodeName, Instant)> = BTreeMap::new();
        for (number, (who, pause, holds, wants)) in (1..).zip(asked) {
            now += pause;
            let question = question(names[who], number, &some(holds), &some(wants));
            let answer = voter.answer(&question, at(now)).unwrap();
            let named = |group: &GroupName| {
                question.holds.contains(group) || question.wants.contains(group)
            };
            holders.retain(|group, (node, until)| {
                at(now) < *until && (*node != question.node || named(group))
            });
            for group in &answer.granted {
                prop_assert!(named(group) && !answer.refused.contains_key(group));
                let holder = holders.get(group).map(|(node, _)| node.clone());
                prop_assert!(holder.is_none_or(|node| node == question.node), "two have {group}");
                holders.insert(group.clone(), (question.node.clone(), at(now) + TERM));
            }
            for (group, node) in &answer.refused {
                prop_assert_eq!(holders.get(group).map(|(node, _)| node), Some(node));
            }
        }
    }
}
