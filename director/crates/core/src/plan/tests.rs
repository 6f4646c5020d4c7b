use super::*;
use crate::config::{Forward, Weight};
use crate::desired::{DesiredService, DesiredState, Presence};
use crate::name::InterfaceName;
use crate::observed::{ObservedServer, ObservedService, Snapshot};
use core::net::{IpAddr, Ipv4Addr};
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
        prop::collection::btree_map(Just(sysctl), 0_i64..2, 0..2),
    )
        .prop_map(|(services, addresses, sysctls)| DesiredState {
            services,
            addresses,
            sysctls,
        })
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
        prop::collection::btree_set(addresses(), 0..4),
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
        Step::RemoveAddress(address) => assert!(kernel.addresses.remove(address)),
        Step::AddAddress(address) => assert!(kernel.addresses.insert(address.clone())),
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
        Step::SetSysctl(..) => 1,
        Step::AddService(..) | Step::EditService(..) | Step::AddServer(..) => 2,
        Step::EditServer(key, server, to) => {
            let before = found.services.get(key).and_then(|s| s.servers.get(server));
            if before.is_some_and(|before| before.weight < to.weight) { 2 } else { 3 }
        }
        Step::RemoveServer(..) | Step::RemoveService(_) => 4,
        Step::AddAddress(_) => 5,
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
                Step::RemoveAddress(address) => {
                    prop_assert!(desired.addresses.contains_key(&address));
                }
                _ => {}
            }
        }
    }
}
