//! No takeover before the peer is known to be off.

use super::*;
use crate::config::Hook;
use crate::order::Order;

fn pair() -> Lab {
    let mut config = config();
    config.cluster.fence = Some(Hook { command: vec!["/fence".into()], timeout: ms(1000) });
    let mut lab = Lab::new(config);
    lab.run(ms(10_000));
    assert_eq!((lab.role("d1"), lab.role("d2")), (Role::Active, Role::Standby));
    lab.owners_max = 0;
    lab
}

fn whom(lab: &Lab) -> Vec<(String, String)> {
    lab.fences.iter().map(|(_, who, whom)| (who.to_string(), whom.to_string())).collect()
}

fn ended(lab: &mut Lab, who: &str, peer: &str, result: Result<(), String>) {
    lab.input(&node(who), Input::Fenced { peer: node(peer), result });
}

#[test]
fn a_silent_owner_is_fenced_before_its_group_is_taken() {
    let mut lab = pair();
    lab.power_off("d1");
    lab.run(ms(60_000));
    assert_eq!(whom(&lab), [("d2".to_owned(), "d1".to_owned())], "asked once");
    assert_eq!(lab.role("d2"), Role::Standby, "as long as it has not succeeded");
    ended(&mut lab, "d2", "d1", Ok(()));
    lab.run(ms(10));
    assert_eq!(lab.role("d2"), Role::Active);
}

#[test]
fn a_failure_is_tried_again_and_takes_nothing() {
    let mut lab = pair();
    lab.power_off("d1");
    lab.run(ms(1_000));
    for attempt in 1..=3 {
        assert_eq!(lab.fences.len(), attempt);
        ended(&mut lab, "d2", "d1", Err("no answer of the power switch".into()));
        lab.run(ms(4_900));
        assert_eq!(lab.fences.len(), attempt, "not at once");
        lab.run(ms(200));
    }
    assert_eq!(lab.role("d2"), Role::Standby);
}

#[test]
fn an_owner_that_says_goodbye_is_not_fenced() {
    let mut lab = pair();
    lab.input(&node("d1"), Input::Stop);
    lab.run(ms(1_000));
    assert_eq!((lab.role("d2"), lab.fences.len()), (Role::Active, 0));
}

#[test]
fn a_handover_needs_no_fence() {
    let mut lab = pair();
    lab.input(&node("d1"), Input::Order(Order::Handover { group: None }));
    lab.run(ms(1_000));
    assert_eq!((lab.role("d2"), lab.fences.len()), (Role::Active, 0));
}

/// In a split both want to; the one that comes first shoots first, and the other is gone then.
#[test]
fn two_that_lost_each_other_do_not_shoot_at_once() {
    let mut lab = pair();
    lab.cut_all("d1", "d2");
    lab.run(ms(2_000));
    // The owner has what it wants and shoots nobody.
    assert_eq!(whom(&lab), [("d2".to_owned(), "d1".to_owned())]);
    assert_eq!(lab.owners_max, 1, "the fence has not succeeded");
    let mut unowned = Lab::new(Config::clone(&lab.config));
    unowned.cut_all("d1", "d2");
    unowned.run(ms(3_000));
    let order = [("d1".to_owned(), "d2".to_owned()), ("d2".to_owned(), "d1".to_owned())];
    assert_eq!(whom(&unowned), order);
    assert!(unowned.fences[1].0.since(unowned.fences[0].0) >= ms(250), "a deadtime later");
}

#[test]
fn whoever_is_heard_again_is_not_off() {
    let mut lab = pair();
    lab.cut_all("d1", "d2");
    lab.run(ms(1_000));
    lab.cut.clear();
    lab.run(ms(1_000));
    ended(&mut lab, "d2", "d1", Ok(()));
    lab.run(ms(100));
    assert_eq!(lab.role("d2"), Role::Standby, "d1 owns it");
    lab.cut_all("d1", "d2");
    lab.run(ms(1_000));
    assert_eq!(lab.fences.len(), 2, "what succeeded before is over");
    assert_eq!(lab.role("d2"), Role::Standby);
}

/// Who is cut off must not shoot the one that serves.
#[test]
fn without_a_witness_nobody_is_shot() {
    let mut config = Config::clone(&pair().config);
    config.cluster.witnesses = [address("10.0.0.254")].into();
    let mut lab = Lab::new(config);
    lab.run(ms(10_000));
    lab.cut_all("d1", "d2");
    lab.isolated.push(node("d2"));
    lab.run(ms(60_000));
    assert_eq!(lab.fences.len(), 0);
    assert_eq!(lab.role("d1"), Role::Active);
}
