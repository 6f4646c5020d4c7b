//! Each rule catches what it is for, and nothing in a run without a fault.

use super::rule::Rule;
use crate::World;
use crate::kernel::Change;
use crate::net::packet::NodeId;
use director_core::beat::Incarnation;
use director_core::name::{GroupName, NodeName, ServiceName};
use director_core::probe::Failure;
use director_core::report::{Health, ServerCause};
use director_core::vote::{Answer, Question};
use director_core::{Effect, Report};
use director_engine::ports::IpvsTable;
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
    world.announce(other, ADDRESS, 0, None);
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
    // That it goes down without a failure breaks another rule.
    let got_one = |world: &World| violated(world).contains(&(Rule::DownGetsNothing as usize));
    world.run_until(Duration::from_millis(5_900));
    assert!(!got_one(&world), "the table has some time to follow");
    world.run_until(Duration::from_secs(7));
    assert!(got_one(&world));
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

fn announced(world: &mut World, name: &str) -> Vec<usize> {
    let who = node(world, name);
    let config = world.hosts[who.index()].director().unwrap().config.clone();
    let address = config.groups.values().next().unwrap().addresses.first().unwrap().clone();
    world.guard_effect(who, &Effect::Announce { address });
    violated(world)
}

#[test]
fn who_announces_without_owning_or_without_a_cause_is_noticed() {
    assert!(announced(&mut world(), "d2").contains(&(Rule::OwnerAnnounces as usize)));
    // Its burst is over, and the refresh not due.
    assert_eq!(announced(&mut world(), "d1"), [Rule::AnnouncedInBounds as usize]);
}

#[test]
fn who_ends_and_leaves_an_address_is_noticed() {
    let mut world = world();
    let (owner, standby) = (node(&world, "d1"), node(&world, "d2"));
    world.guard_exit(standby);
    assert_eq!(violated(&world), [0; 0]);
    world.guard_exit(owner);
    assert_eq!(violated(&world), [Rule::AddressesFirst as usize]);
}

#[test]
fn an_address_that_nobody_holds_is_noticed_in_time() {
    let mut world = world();
    let owner = node(&world, "d1");
    let address = world.virtuals[0];
    world.hosts[owner.index()].director_mut().unwrap().kernel.reset();
    world.guard.expect(world.now + Duration::from_micros(1), super::Pending::Owner(address));
    world.guard_due(world.now + Duration::from_micros(2));
    assert_eq!(violated(&world), [Rule::SomebodyOwns as usize]);
}

#[test]
fn a_packet_to_a_director_and_a_foreign_change_when_all_is_calm_are_noticed() {
    let mut world = world();
    let owner = node(&world, "d1");
    world.guard_loop(owner, "10.0.0.21:80".parse().unwrap());
    assert_eq!(violated(&world), [0; 0]);
    world.guard_loop(owner, "10.0.0.12:80".parse().unwrap());
    assert_eq!(violated(&world), [Rule::NoLoop as usize]);
    world.run_until(Duration::from_secs(600));
    world.guard_calm(owner, || "changes".to_owned());
    assert_eq!(violated(&world), [Rule::CalmStaysCalm as usize, Rule::NoLoop as usize]);
}

#[test]
fn a_table_that_stays_as_somebody_else_has_left_it_is_noticed() {
    let mut world = world();
    world.run_until(Duration::from_secs(60));
    let owner = node(&world, "d1");
    assert_eq!(violated(&world), [0; 0]);
    let kernel = &mut world.hosts[owner.index()].director_mut().unwrap().kernel;
    let gone = kernel.observe_all(world.now).services.into_keys().next().unwrap();
    kernel.remove_service(gone).unwrap();
    assert_eq!(violated(&world), [Rule::AsDesired as usize]);
}

#[test]
fn weight_for_a_server_that_has_passed_no_check_is_noticed() {
    let mut world = world();
    let owner = node(&world, "d1");
    let service = std::net::SocketAddrV4::new(ADDRESS, 80);
    let change = |server: [u8; 4], weight| Change::Destination {
        service,
        server: SocketAddr::from((server, 80)),
        weight: Some(weight),
    };
    world.guard_pass(owner, &[change([10, 0, 0, 21], 5), change([10, 0, 0, 66], 0)]);
    assert_eq!(violated(&world), [0; 0]);
    world.guard_pass(owner, &[change([10, 0, 0, 66], 5)]);
    assert_eq!(violated(&world), [Rule::CheckedBeforeWeight as usize]);
}

/// The voter grants a group again, to another, so long after its holder asked.
fn granted_again(after: Duration, other: &str, holds: bool) -> Vec<usize> {
    let group = GroupName::new("web").unwrap();
    let term = Duration::from_millis(125);
    let (mut world, mut asked) = (world(), 0);
    for (name, names_it) in [("d1", true), ("d1", holds), (other, true)] {
        let node = NodeName::new(name).unwrap();
        let (incarnation, number) = (Incarnation(1), 1);
        let wanted = if names_it { [group.clone()].into() } else { [].into() };
        let question = Question {
            node: node.clone(),
            incarnation,
            voter: Some(Incarnation(7)),
            number,
            term,
            holds: wanted,
            wants: [].into(),
        };
        let answer = Answer {
            node,
            incarnation,
            number,
            voter: Incarnation(7),
            granted: question.holds.clone(),
            refused: [].into(),
        };
        world.guard_vote(&question, &answer);
        asked += 1;
        if asked == 2 {
            world.run_until(Duration::from_secs(5) + after);
        }
    }
    violated(&world)
}

#[test]
fn a_voter_that_grants_twice_is_noticed() {
    let (soon, late) = (Duration::from_millis(50), Duration::from_millis(126));
    assert_eq!(granted_again(soon, "d2", true), [Rule::GrantedOnce as usize]);
    assert_eq!(granted_again(soon, "d1", true), [0; 0], "it asks again");
    assert_eq!(granted_again(soon, "d2", false), [0; 0], "its holder let go of it");
    assert_eq!(granted_again(late, "d2", true), [0; 0], "its term is over");
}

/// The table in `docs/hunting.md`: every invariant about ownership has a rule and a planted bug.
#[test]
fn every_invariant_about_ownership_has_a_rule_and_a_bug() {
    let read = |path: &str| {
        std::fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let (doc, bugs) = (read("docs/hunting.md"), read("director/crates/core/src/planted.rs"));
    let rows = doc.lines().skip_while(|line| !line.starts_with("| invariant |")).skip(2);
    let mut numbers = Vec::new();
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [invariant, rule, bug] = cells[..] else { panic!("{row}") };
        numbers.push(invariant.split(' ').next().unwrap().parse::<u32>().unwrap());
        let known = Rule::ALL.iter().any(|known| known.name() == rule);
        assert!(known || rule.starts_with('('), "there is no rule {rule}");
        assert!(bugs.contains(&format!("\"{bug}\"")), "there is no bug {bug}");
    }
    let wanted = (1..=7).chain(17..=24).chain([29]).chain(33..=36).chain([38]);
    assert_eq!(numbers, wanted.collect::<Vec<u32>>());
}
