//! Each rule catches what it is for, and nothing in a run without a fault.

use crate::World;
use crate::net::packet::NodeId;
use director_core::Report;
use director_core::name::ServiceName;
use director_core::probe::Failure;
use director_core::report::{Health, ServerCause};
use scenario::{Ruling, Scenario};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 100);

/// The pair of the measurement, five seconds old, under load; d1 is the owner.
fn world() -> World {
    let text = format!("{}{}", crate::bench::PAIR, crate::bench::LOAD);
    let scenario = Scenario::parse("test", &text, &|_| Ok(crate::bench::CONFIG.to_owned()));
    let mut world = World::new(Arc::new(scenario.unwrap()), 1).unwrap();
    world.run_until(Duration::from_secs(5));
    world
}

/// The rules that are violated, by their place.
fn violated(world: &World) -> Vec<usize> {
    let rulings = world.invariants().into_iter().map(|judged| judged.ruling);
    let places = rulings.enumerate();
    places.filter(|(_, r)| matches!(r, Ruling::Violated { .. })).map(|(place, _)| place).collect()
}

fn node(world: &World, name: &str) -> NodeId {
    world.find(name).unwrap()
}

#[test]
fn a_quiet_run_violates_nothing() {
    let mut world = world();
    world.run_until(Duration::from_secs(120));
    assert_eq!(violated(&world), [0; 0]);
}

#[test]
fn a_router_that_goes_on_believing_in_another_is_noticed() {
    let mut world = world();
    let other = node(&world, "d2");
    world.announce(other, ADDRESS, 0);
    world.run_until(Duration::from_secs(6));
    assert_eq!(violated(&world), [0; 0], "it has some time");
    world.run_until(Duration::from_secs(9));
    assert_eq!(violated(&world), [0]);
}

#[test]
fn a_connection_to_a_server_that_is_down_is_noticed_after_a_while() {
    let mut world = world();
    let owner = node(&world, "d1");
    let server = SocketAddr::from(([10, 0, 0, 21], 80));
    let report = Report::Server {
        service: ServiceName::new("http").unwrap(),
        server,
        state: Health::Down,
        why: ServerCause::Failed { checks: 2, failure: Failure::Refused },
    };
    world.guard_report(owner, &report);
    world.run_until(Duration::from_millis(5_900));
    assert_eq!(violated(&world), [0; 0], "the table has some time to follow");
    world.run_until(Duration::from_secs(7));
    assert_eq!(violated(&world), [1]);
}

#[test]
fn a_server_that_answers_arp_for_a_virtual_address_is_noticed() {
    let mut world = world();
    let (owner, server) = (node(&world, "d1"), node(&world, "s1"));
    world.guard_arp_answer(owner, ADDRESS);
    assert_eq!(violated(&world), [0; 0]);
    world.guard_arp_answer(server, ADDRESS);
    assert_eq!(violated(&world), [2]);
}
