use super::*;
use crate::order::Order;

/// What the checks of `config` take at most: two failures, a second and a half each.
const NOTICED: u64 = 3_000;

/// Servers that one node alone does not reach.
fn blind(lab: &mut Lab, name: &str) {
    let servers = ["10.0.0.21:80", "10.0.0.22:80"].map(socket);
    lab.blind = servers.iter().map(|server| (node(name), *server)).collect();
}

#[test]
fn an_owner_that_reaches_no_server_gives_way_to_a_peer_that_does() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    assert!(lab.holds("d1"));
    blind(&mut lab, "d1");
    lab.run(ms(2 * NOTICED + 2000));
    assert!(lab.holds("d2") && !lab.holds("d1"));
    let why = lab.roles("d1").into_iter().map(|(_, why)| why);
    assert!(why.into_iter().any(|why| why == RoleCause::Unserved));
    lab.blind.clear();
    lab.run(ms(4000));
    assert!(lab.holds("d1"), "it comes first and serves again");
    assert_eq!(lab.owners_max, 1);
}

#[test]
fn servers_that_are_down_for_everybody_move_nothing() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    let before = (lab.roles("d1").len(), lab.roles("d2").len());
    lab.sick = ["10.0.0.21:80", "10.0.0.22:80"].map(socket).into();
    lab.run(ms(20_000));
    lab.sick.clear();
    lab.run(ms(10_000));
    assert_eq!((lab.roles("d1").len(), lab.roles("d2").len()), before);
    assert!(lab.holds("d1"));
}

#[test]
fn who_comes_first_and_reaches_no_server_does_not_ask_for_the_group() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    lab.power_off("d1");
    lab.run(ms(1000));
    blind(&mut lab, "d1");
    lab.start(&node("d1"));
    lab.run(ms(1000));
    lab.run(ms(10_000));
    assert!(lab.holds("d2"), "{:?}", lab.roles("d1"));
    lab.power_off("d2");
    lab.run(ms(1000));
    assert!(lab.holds("d1"), "when nobody else is there it is better than none");
}

/// Of two that reach no server neither is better: the operator decides.
#[test]
fn a_group_that_nobody_serves_can_be_handed_over() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    lab.sick = ["10.0.0.21:80", "10.0.0.22:80"].map(socket).into();
    lab.run(ms(NOTICED + 1000));
    let start = lab.now;
    lab.input(&node("d1"), Input::Order(Order::Handover { group: None }));
    lab.run(ms(10_000));
    assert!(lab.holds("d2") && !lab.holds("d1"));
    assert!(lab.hosts[&node("d2")].announced[0].since(start) <= ms(2), "at once");
    lab.sick.clear();
    lab.run(ms(10_000));
    assert!(lab.holds("d2"), "the one that handed over rests, served or not");
    assert_eq!(lab.owners_max, 1);
}

#[test]
fn a_group_that_is_served_is_not_handed_to_one_that_reaches_no_server() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    blind(&mut lab, "d2");
    lab.run(ms(NOTICED + 1000));
    lab.input(&node("d1"), Input::Order(Order::Handover { group: None }));
    lab.run(ms(1000));
    assert!(lab.holds("d1") && lab.roles("d1").len() == 3, "{:?}", lab.roles("d1"));
}

/// To be reached and not served is better than not to be reached.
#[test]
fn an_owner_without_carrier_gives_way_though_nobody_serves() {
    let mut lab = Lab::new(config());
    lab.run(ms(3000));
    lab.sick = ["10.0.0.21:80", "10.0.0.22:80"].map(socket).into();
    lab.run(ms(NOTICED + 1000));
    lab.input(&node("d1"), Input::LinkChanged { interface: interface("lan"), up: false });
    lab.run(ms(1000));
    assert!(lab.holds("d2") && !lab.holds("d1"));
    lab.input(&node("d1"), Input::LinkChanged { interface: interface("lan"), up: true });
    lab.run(ms(5000));
    assert!(lab.holds("d2"), "neither is better, so nothing moves");
    lab.sick.clear();
    lab.run(ms(10_000));
    assert!(lab.holds("d1"), "it comes first and serves again");
    assert_eq!(lab.owners_max, 1);
}
