use super::*;
use crate::config::{Forward, Weight};
use crate::desired::{DesiredService, DesiredState, Presence};
use crate::name::InterfaceName;
use crate::observed::{Lifetime, ObservedServer, ObservedService, Snapshot};
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn addresses() -> impl Strategy<Value = VirtualAddress> {
    (0_u8..4).prop_map(|last| VirtualAddress {
        address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)),
        prefix: 24,
        interface: InterfaceName::new("lan").unwrap(),
    })
}

fn keys() -> impl Strategy<Value = ServiceKey> {
    (80_u16..83).prop_map(|port| ServiceKey::Tcp(([10, 0, 0, 100], port).into()))
}

fn servers() -> impl Strategy<Value = SocketAddr> {
    (1_u8..5).prop_map(|last| ([10, 0, 1, last], 80).into())
}

fn server() -> impl Strategy<Value = DesiredServer> {
    (0_u16..3).prop_map(|weight| DesiredServer { forward: Forward::Direct, weight: Weight(weight) })
}

fn schedulers() -> impl Strategy<Value = Scheduler> {
    prop::sample::select(Scheduler::ALL)
}

fn desired() -> impl Strategy<Value = DesiredState> {
    let presence =
        prop_oneof![Just(Presence::Held), Just(Presence::Released), Just(Presence::AsFound)];
    let service = (
        schedulers(),
        prop::collection::btree_map(servers(), server(), 0..4),
        prop::collection::btree_set(servers(), 0..2),
    )
        .prop_map(|(scheduler, servers, mut absent)| {
            absent.retain(|server| !servers.contains_key(server));
            DesiredService { scheduler, servers, absent }
        });
    let sysctl = Sysctl::ExpireNodestConn;
    (
        prop::collection::btree_map(keys(), service, 0..3),
        prop::collection::btree_map(addresses(), presence, 0..4),
        prop::option::of(Just(Duration::from_secs(10))),
        prop::collection::btree_map(Just(sysctl), 0_i64..2, 0..2),
    )
        .prop_map(|(services, addresses, lease, sysctls)| DesiredState {
            services,
            addresses,
            lease,
            sysctls,
        })
}

fn lives() -> impl Strategy<Value = Lifetime> {
    let left = (0_u64..=10).prop_map(|seconds| Lifetime::For(Duration::from_secs(seconds)));
    prop_oneof![Just(Lifetime::Forever), left]
}

fn found() -> impl Strategy<Value = Snapshot> {
    let observed = server().prop_map(|server| ObservedServer {
        forward: server.forward,
        weight: server.weight,
        active: 0,
        inactive: 0,
    });
    let service = (schedulers(), prop::collection::btree_map(servers(), observed, 0..4)).prop_map(
        |(scheduler, servers)| ObservedService { scheduler: scheduler.name().into(), servers },
    );
    (
        prop::collection::btree_map(keys(), service, 0..3),
        prop::collection::btree_map(addresses(), lives(), 0..4),
    )
        .prop_map(|(services, addresses)| Snapshot {
            services,
            addresses,
            sysctls: BTreeMap::new(),
        })
}

/// What the kernel would make of a step; panics on what it would refuse.
fn apply(kernel: &mut Snapshot, step: &Step) {
    let observed = |to: &DesiredServer| ObservedServer {
        forward: to.forward,
        weight: to.weight,
        active: 0,
        inactive: 0,
    };
    match step {
        Step::RemoveAddress(address) => assert!(kernel.addresses.remove(address).is_some()),
        Step::RenewAddress(address, life) => {
            assert!(kernel.addresses.insert(address.clone(), *life).is_some());
        }
        Step::AddAddress(address, life) => {
            assert!(kernel.addresses.insert(address.clone(), *life).is_none());
        }
        Step::SetSysctl(key, value) => {
            kernel.sysctls.insert(key.clone(), *value);
        }
        Step::AddService(key, scheduler) => {
            let scheduler = scheduler.name().into();
            let service = ObservedService { scheduler, servers: BTreeMap::new() };
            assert!(kernel.services.insert(*key, service).is_none());
        }
        Step::EditService(key, scheduler) => {
            kernel.services.get_mut(key).unwrap().scheduler = scheduler.name().into();
        }
        Step::AddServer(key, server, to) => {
            let servers = &mut kernel.services.get_mut(key).unwrap().servers;
            assert!(servers.insert(*server, observed(to)).is_none());
        }
        Step::EditServer(key, server, to) => {
            let servers = &mut kernel.services.get_mut(key).unwrap().servers;
            assert!(servers.insert(*server, observed(to)).is_some());
        }
        Step::RemoveServer(key, server) => {
            kernel.services.get_mut(key).unwrap().servers.remove(server).unwrap();
        }
        Step::RemoveService(key) => {
            kernel.services.remove(key).unwrap();
        }
    }
}

/// Position of a step in the order laws.
fn rank(step: &Step, found: &Snapshot) -> u8 {
    match step {
        Step::RemoveAddress(_) => 0,
        Step::RenewAddress(..) => 1,
        Step::SetSysctl(..) => 2,
        Step::AddService(..) | Step::EditService(..) | Step::AddServer(..) => 3,
        Step::EditServer(key, server, to) => {
            let before = found.services.get(key).and_then(|s| s.servers.get(server));
            if before.is_some_and(|before| before.weight < to.weight) { 3 } else { 4 }
        }
        Step::RemoveServer(..) | Step::RemoveService(_) => 5,
        Step::AddAddress(..) => 6,
    }
}

proptest! {
    #[test]
    fn a_plan_applied_leaves_nothing_to_do(desired in desired(), found in found()) {
        let mut ledger = Ledger::default();
        ledger.note(&desired);
        let mut kernel = found;
        for step in diff(&desired, &kernel.clone(), &ledger) {
            apply(&mut kernel, &step);
        }
        prop_assert_eq!(diff(&desired, &kernel, &ledger), []);
    }

    /// A crash between any two steps leaves a state from which the next plan converges.
    #[test]
    fn a_plan_that_was_broken_off_can_be_taken_up(
        desired in desired(), found in found(), stop in 0_usize..20,
    ) {
        let mut ledger = Ledger::default();
        ledger.note(&desired);
        let mut kernel = found;
        for step in diff(&desired, &kernel.clone(), &ledger).into_iter().take(stop) {
            apply(&mut kernel, &step);
        }
        for step in diff(&desired, &kernel.clone(), &ledger) {
            apply(&mut kernel, &step);
        }
        prop_assert_eq!(diff(&desired, &kernel, &ledger), []);
    }

    #[test]
    fn the_order_laws_hold(desired in desired(), found in found()) {
        let mut ledger = Ledger::default();
        ledger.note(&desired);
        let steps = diff(&desired, &found, &ledger);
        let ranks: Vec<u8> = steps.iter().map(|step| rank(step, &found)).collect();
        prop_assert!(ranks.is_sorted(), "{:?}", steps);
    }

    #[test]
    fn what_is_foreign_is_not_touched(desired in desired(), found in found()) {
        let mut ledger = Ledger::default();
        ledger.note(&desired);
        let foreign: BTreeSet<_> = ledger.foreign(&found).collect();
        for step in diff(&desired, &found, &ledger) {
            match step {
                Step::RemoveService(key) => prop_assert!(!foreign.contains(&(key, None))),
                Step::RemoveServer(key, server) => {
                    prop_assert!(!foreign.contains(&(key, Some(server))));
                }
                Step::RemoveAddress(address) | Step::RenewAddress(address, _) => {
                    prop_assert!(desired.addresses.contains_key(&address));
                }
                _ => {}
            }
        }
    }
}

/// What is left of a life, of a lease of 10 s, and whether it is renewed.
#[test]
fn a_life_is_renewed_when_an_eighth_of_it_is_over() {
    let address = VirtualAddress {
        address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
        prefix: 24,
        interface: InterfaceName::new("lan").unwrap(),
    };
    let lease = Duration::from_secs(10);
    let steps = |presence, lease, life| {
        let addresses = BTreeMap::from([(address.clone(), presence)]);
        let desired = DesiredState { addresses, lease, ..DesiredState::default() };
        let addresses = BTreeMap::from([(address.clone(), life)]);
        diff(&desired, &Snapshot { addresses, ..Snapshot::default() }, &Ledger::default())
    };
    let left = |millis| Lifetime::For(Duration::from_millis(millis));
    let renewed = [Step::RenewAddress(address.clone(), Lifetime::For(lease))];
    for presence in [Presence::Held, Presence::AsFound] {
        assert_eq!(steps(presence, Some(lease), left(10_000)), []);
        assert_eq!(steps(presence, Some(lease), left(8_751)), []);
        assert_eq!(steps(presence, Some(lease), left(8_750)), renewed);
        assert_eq!(steps(presence, Some(lease), left(0)), renewed);
        assert_eq!(steps(presence, Some(lease), Lifetime::Forever), renewed);
        assert_eq!(steps(presence, None, Lifetime::Forever), []);
        let unbounded = [Step::RenewAddress(address.clone(), Lifetime::Forever)];
        assert_eq!(steps(presence, None, left(9_000)), unbounded);
    }
    let gone = [Step::RemoveAddress(address.clone())];
    assert_eq!(steps(Presence::Released, Some(lease), left(0)), gone);
}
