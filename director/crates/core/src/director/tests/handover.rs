use super::*;
use crate::order::{Order, Refusal};

fn hand_over(lab: &mut Lab, name: &str) -> Result<(), Refusal> {
    order(lab, name, &Order::Handover { group: None })
}

fn order(lab: &mut Lab, name: &str, order: &Order) -> Result<(), Refusal> {
    let now = lab.now;
    let answer = lab.host(name).director.as_mut().unwrap().order(order, &Author::default(), now);
    lab.drain(&node(name));
    answer
}

fn pair() -> Lab {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    lab
}

#[test]
fn a_handover_moves_the_group_at_once_and_it_stays_there() {
    let mut lab = pair();
    let start = lab.now;
    assert_eq!(hand_over(&mut lab, "d1"), Ok(()));
    lab.run(ms(20_000));
    assert!(lab.holds("d2") && !lab.holds("d1"), "failback does not undo what was ordered");
    assert_eq!(lab.owners_max, 1);
    assert!(lab.hosts[&node("d2")].announced[0].since(start) <= ms(2));
}

#[test]
fn ready_lets_failback_happen_again() {
    let mut lab = pair();
    hand_over(&mut lab, "d1").unwrap();
    lab.run(ms(3000));
    order(&mut lab, "d1", &Order::Ready { group: Some(group()) }).unwrap();
    lab.run(ms(3000));
    assert!(lab.holds("d1"));
}

#[test]
fn one_that_rests_takes_over_when_nobody_else_can() {
    let mut lab = pair();
    hand_over(&mut lab, "d1").unwrap();
    lab.run(ms(3000));
    lab.power_off("d2");
    lab.run(ms(1000));
    assert!(lab.holds("d1"));
}

fn nobody_ready(resting: Vec<NodeName>) -> Refusal {
    Refusal::NobodyReady { group: group(), resting }
}

#[test]
fn both_may_rest_and_there_is_still_an_owner() {
    let mut lab = pair();
    hand_over(&mut lab, "d1").unwrap();
    lab.run(ms(1000));
    assert_eq!(hand_over(&mut lab, "d2"), Err(nobody_ready(vec![node("d1")])));
    lab.run(ms(1000));
    assert!(lab.holds("d2"));
}

#[test]
fn standby_hands_over_what_is_owned_and_rests_where_nothing_is() {
    let mut lab = pair();
    let standby = Order::Standby { group: None };
    assert_eq!(order(&mut lab, "d2", &standby), Ok(()));
    // d2 rests: it is not ready, so the owner keeps what nobody would take.
    lab.run(ms(1000));
    assert_eq!(order(&mut lab, "d1", &standby), Err(nobody_ready(vec![node("d2")])));
    order(&mut lab, "d2", &Order::Ready { group: None }).unwrap();
    lab.run(ms(1000));
    assert_eq!(order(&mut lab, "d1", &standby), Ok(()));
    lab.run(ms(20_000));
    assert!(lab.holds("d2") && !lab.holds("d1"), "failback does not undo it");
    assert_eq!(lab.owners_max, 1);
    lab.power_off("d2");
    lab.run(ms(1000));
    assert!(lab.holds("d1"), "nobody else could");
}

#[test]
fn standby_of_an_unknown_group_is_refused() {
    let mut lab = pair();
    let mail = GroupName::new("mail").unwrap();
    let wrong = Order::Standby { group: Some(mail.clone()) };
    assert_eq!(order(&mut lab, "d1", &wrong), Err(Refusal::NoGroup { group: mail }));
}

#[test]
fn what_cannot_be_done_is_refused_and_changes_nothing() {
    let mut lab = pair();
    assert_eq!(hand_over(&mut lab, "d2"), Err(Refusal::OwnsNothing));
    let web = Order::Handover { group: Some(group()) };
    let owner = Some(node("d1"));
    assert_eq!(order(&mut lab, "d2", &web), Err(Refusal::NotOwner { group: group(), owner }));
    let other = GroupName::new("mail").unwrap();
    let wrong = Order::Ready { group: Some(other.clone()) };
    assert_eq!(order(&mut lab, "d1", &wrong), Err(Refusal::NoGroup { group: other }));
    lab.power_off("d2");
    lab.run(ms(1000));
    assert_eq!(hand_over(&mut lab, "d1"), Err(nobody_ready(vec![])));
    lab.run(ms(1000));
    assert!(lab.holds("d1"));
}
