//! Looking at what has changed finds what looking at everything finds: [`Bench::take`] compares
//! after every step.

use super::*;
use crate::config::Dialogue;
use crate::config::dialogue::Agent;
use crate::order::Author;
use crate::probe::Admission;
use crate::standing::{Duty, Entry, Standing, StandingOrders};

/// Something that changes shares.
#[derive(Clone, Debug)]
enum Deed {
    Sick(u8),
    Well(u8),
    Advise(Option<u16>, Option<Admission>),
    Order { service: usize, server: u8, duty: Duty, weight: Option<u16> },
    Reload { servers: u8, policy: Policy, fallback: bool, remove: bool },
}

fn duty() -> impl Strategy<Value = Duty> {
    let deadline = prop::option::of((1..5000_u64).prop_map(ms));
    prop_oneof![
        Just(Duty::Serve),
        deadline.prop_map(|deadline| Duty::Drain { deadline }),
        Just(Duty::Maintenance),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    use prop::option::of;
    let admission =
        prop_oneof![Just(Admission::Ready), Just(Admission::Drain), Just(Admission::Maintenance)];
    prop_oneof![
        3 => (1..=4_u8).prop_map(Deed::Sick),
        3 => (1..=4_u8).prop_map(Deed::Well),
        1 => (of(0..200_u16), of(admission)).prop_map(|(it, that)| Deed::Advise(it, that)),
        2 => (0..3_usize, 1..=4_u8, duty(), of(0..50_u16)).prop_map(
            |(service, server, duty, weight)| Deed::Order { service, server, duty, weight }
        ),
        1 => (0..=4_u8, policy(), any::<bool>(), any::<bool>()).prop_map(
            |(servers, policy, fallback, remove)| Deed::Reload { servers, policy, fallback, remove }
        ),
    ]
}

/// Three services: one with checks by agents, one with the same servers and another policy, and
/// one without servers.
fn services(servers: u8, policy: Policy, fallback: bool, remove: bool) -> Config {
    let mut config = with(servers, |service| {
        service.policy = policy;
        service.on_failure = if remove { OnFailure::Remove } else { OnFailure::Quiesce };
        service.fallback = service.fallback.filter(|_| fallback);
        service.check.dialogue = Dialogue::Agent(Agent::default().into());
    });
    let first = config.services.values().next().unwrap().clone();
    for (name, port) in [("a", 81), ("empty", 82)] {
        let mut service = first.clone();
        service.key = ServiceKey::Tcp(SocketAddr::new([10, 0, 0, 100].into(), port));
        service.policy.panic = Percent::new(60);
        if name == "empty" {
            service.servers.clear();
        }
        config.services.insert(ServiceName::new(name).unwrap(), service);
    }
    config
}

proptest! {
    #[test]
    fn what_was_found_step_by_step_is_what_looking_at_everything_finds(
        policy in policy(),
        story in prop::collection::vec((deed(), 0..5000_u64), 1..25),
    ) {
        let mut bench = Bench::new(services(4, policy, true, false));
        let mut orders = StandingOrders::default();
        for (version, (deed, pause)) in (1..).zip(story) {
            match deed {
                Deed::Sick(number) => drop(bench.sick.insert(server(number))),
                Deed::Well(number) => drop(bench.sick.remove(&server(number))),
                Deed::Advise(weight_percent, admission) => {
                    bench.advice = Advice { weight_percent, admission };
                }
                Deed::Order { service, server: number, duty, weight } => {
                    let service = bench.config.services.keys().nth(service).unwrap().clone();
                    let seat = Seat { service, server: server(number) };
                    let standing = Standing { version, duty, weight: weight.map(Weight) };
                    orders.take(&Entry { seat, standing }, Author::default(), bench.now);
                    bench.checks.obey(&orders, bench.now);
                    bench.take(Out::default());
                }
                Deed::Reload { servers, policy, fallback, remove } => {
                    bench.reload(services(servers, policy, fallback, remove));
                }
            }
            bench.run(ms(pause));
        }
    }
}
