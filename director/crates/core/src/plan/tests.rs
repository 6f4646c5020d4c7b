use super::*;
use crate::config::{
    CheckMarks, Forward, Persistence, PersistenceEngine, Protocol, Scheduler, SchedulerFlags,
    Thresholds, Traffic, VirtualMac, Weight,
};
use crate::desired::{DesiredService, DesiredState, Presence};
use crate::name::InterfaceName;
use crate::observed::{Lifetime, ObservedServer, ObservedService, Snapshot};
use core::net::{IpAddr, Ipv4Addr};
use core::num::{NonZeroU8, NonZeroU16};
use core::time::Duration;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn addresses() -> impl Strategy<Value = VirtualAddress> {
    (0_u8..4).prop_map(|last| VirtualAddress {
        address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)),
        prefix: 24,
        interface: InterfaceName::new("lan").unwrap(),
        // One of them is a virtual router's.
        mac: NonZeroU8::new(last / 3).map(VirtualMac),
    })
}

/// The devices of those addresses that are there, and sometimes one without its address.
fn devices(held: &BTreeMap<VirtualAddress, Lifetime>, empty: bool) -> BTreeSet<VirtualDevice> {
    let (interface, mac) = (InterfaceName::new("lan").unwrap(), VirtualMac(NonZeroU8::MIN));
    let alone = empty.then_some(VirtualDevice { interface, mac, ipv6: false });
    held.keys().filter_map(VirtualAddress::device).chain(alone).collect()
}

fn keys() -> impl Strategy<Value = ServiceKey> {
    (80_u16..83).prop_map(|port| ServiceKey::Tcp(([10, 0, 0, 100], port).into()))
}

fn servers() -> impl Strategy<Value = SocketAddr> {
    (1_u8..5).prop_map(|last| ([10, 0, 1, last], 80).into())
}

fn server() -> impl Strategy<Value = DesiredServer> {
    let forward = prop::sample::select(&[Forward::Direct, Forward::IPIP, Forward::Nat][..]);
    (forward, 0_u16..3, 0_u32..2).prop_map(|(forward, weight, upper)| DesiredServer {
        forward,
        weight: Weight(weight),
        thresholds: Thresholds { upper, lower: 0 },
    })
}

fn settings() -> impl Strategy<Value = ServiceSettings> {
    let persistence = (1_u64..3, 31_u8..33, any::<bool>()).prop_map(|(timeout, prefix, sip)| {
        let engine = sip.then_some(PersistenceEngine::Sip);
        Persistence { timeout: Duration::from_secs(timeout), prefix, engine }
    });
    let persistence = prop::option::of(persistence);
    (prop::sample::select(Scheduler::ALL), 0_u8..4, persistence, any::<bool>()).prop_map(
        |(scheduler, flags, persistence, one_packet)| {
            let flags = SchedulerFlags::from_bits(flags);
            ServiceSettings { scheduler, flags, persistence, one_packet }
        },
    )
}

fn marks() -> impl Strategy<Value = Option<Marks>> {
    let traffic = prop::sample::select(Protocol::ALL)
        .prop_map(|protocol| Traffic { protocol, to: ([10, 0, 0, 100], 80).into() });
    prop::option::of(prop::collection::btree_map(traffic, 1_u32..3, 0..3))
}

fn sync() -> impl Strategy<Value = BTreeMap<SyncRole, SyncDaemon>> {
    let roles = prop::sample::select(&[SyncRole::Master, SyncRole::Backup][..]);
    let daemon = (0_u8..2).prop_map(|id| SyncDaemon {
        interface: InterfaceName::new("lan").unwrap(),
        id,
        group: Ipv4Addr::new(224, 0, 0, 81).into(),
        port: NonZeroU16::new(8848).unwrap(),
        ttl: NonZeroU8::MIN,
        max_payload: None,
    });
    prop::collection::btree_map(roles, daemon, 0..3)
}

fn desired() -> impl Strategy<Value = DesiredState> {
    let presence =
        prop_oneof![Just(Presence::Held), Just(Presence::Released), Just(Presence::AsFound)];
    let service = (
        settings(),
        prop::collection::btree_map(servers(), server(), 0..4),
        prop::collection::btree_set(servers(), 0..2),
    )
        .prop_map(|(settings, servers, mut absent)| {
            absent.retain(|server| !servers.contains_key(server));
            DesiredService { settings, servers, absent }
        });
    let sysctl = prop::collection::btree_map(Just(Sysctl::ExpireNodestConn), 0_i64..2, 0..2);
    (
        prop::collection::btree_map(keys(), service, 0..3),
        prop::collection::btree_map(addresses(), presence, 0..4),
        prop::option::of(Just(Duration::from_secs(10))),
        sysctl,
        prop::option::of(sync()),
        marks(),
    )
        .prop_map(|(services, addresses, lease, sysctls, sync, marks)| DesiredState {
            services,
            addresses,
            lease,
            sysctls: sysctls.into_iter().map(|(key, value)| (key, value.into())).collect(),
            sync,
            closed: None,
            marks,
            check_marks: CheckMarks::default(),
            drains: BTreeMap::new(),
        })
}

fn lives() -> impl Strategy<Value = Lifetime> {
    let left = (0_u64..=10).prop_map(|seconds| Lifetime::For(Duration::from_secs(seconds)));
    prop_oneof![Just(Lifetime::Forever), left]
}

fn found() -> impl Strategy<Value = Snapshot> {
    let observed = server().prop_map(|server| ObservedServer::idle(&server));
    let servers = prop::collection::btree_map(servers(), observed, 0..4);
    let service = (settings(), servers).prop_map(|(settings, servers)| ObservedService {
        servers,
        ..ObservedService::new(&settings)
    });
    (
        prop::collection::btree_map(keys(), service, 0..3),
        prop::collection::btree_map(addresses(), lives(), 0..4),
        sync(),
        marks(),
        any::<bool>(),
    )
        .prop_map(|(services, addresses, sync, marks, empty)| Snapshot {
            services,
            devices: devices(&addresses, empty),
            addresses,
            sysctls: BTreeMap::new(),
            sync,
            closed: None,
            marks,
        })
}

/// What the kernel would make of a step; panics on what it would refuse.
fn apply(kernel: &mut Snapshot, step: &Step) {
    match step {
        Step::RemoveAddress(address) => assert!(kernel.addresses.remove(address).is_some()),
        Step::RenewAddress(address, life) => {
            assert!(kernel.addresses.insert(address.clone(), *life).is_some());
        }
        Step::AddDevice(device) => assert!(kernel.devices.insert(device.clone())),
        Step::RemoveDevice(device) => {
            assert!(kernel.devices.remove(device));
            kernel.addresses.retain(|address, _| address.device().as_ref() != Some(device));
        }
        Step::SetClosed(closed) => kernel.closed = Some(closed.clone()),
        Step::AddAddress(address, life) => {
            let device = address.device();
            assert!(device.is_none_or(|device| kernel.devices.contains(&device)));
            assert!(kernel.addresses.insert(address.clone(), *life).is_none());
        }
        Step::SetSysctl { key, from, to } => {
            assert_eq!(kernel.sysctls.insert(key.clone(), *to), *from);
        }
        Step::AddService(key, to) => {
            assert!(kernel.services.insert(*key, ObservedService::new(to)).is_none());
        }
        Step::EditService(key, to) => kernel.services.get_mut(key).unwrap().set(to),
        Step::AddServer(key, server, to) => {
            let servers = &mut kernel.services.get_mut(key).unwrap().servers;
            assert!(servers.insert(*server, ObservedServer::idle(to)).is_none());
        }
        Step::EditServer(key, server, to) => {
            let servers = &mut kernel.services.get_mut(key).unwrap().servers;
            servers.get_mut(server).unwrap().set(to);
        }
        Step::RemoveServer(key, server) => {
            kernel.services.get_mut(key).unwrap().servers.remove(server).unwrap();
        }
        Step::RemoveService(key) => {
            kernel.services.remove(key).unwrap();
        }
        Step::SetMarks(marks) => kernel.marks = Some(marks.clone()),
        Step::StopSync(role) => {
            kernel.sync.remove(role).unwrap();
        }
        Step::StartSync(role, daemon) => {
            assert!(kernel.sync.insert(*role, daemon.clone()).is_none());
        }
    }
}

/// Position of a step in the order laws.
fn rank(step: &Step, found: &Snapshot) -> u8 {
    match step {
        Step::RemoveAddress(_) | Step::RemoveDevice(_) => 0,
        Step::RenewAddress(..) => 1,
        Step::SetSysctl { .. } => 2,
        Step::AddService(..) | Step::EditService(..) | Step::AddServer(..) => 3,
        Step::EditServer(key, server, to) => {
            let before = found.services.get(key).and_then(|s| s.servers.get(server));
            if before.is_some_and(|before| before.weight < to.weight) { 3 } else { 7 }
        }
        Step::SetMarks(_) | Step::SetClosed(_) => 4,
        Step::StopSync(_) => 5,
        Step::StartSync(..) => 6,
        Step::RemoveServer(..) | Step::RemoveService(_) => 8,
        Step::AddDevice(_) | Step::AddAddress(..) => 9,
    }
}

/// A service that holds everything it should, as a start for changes.
fn held(service: &DesiredService) -> ObservedService {
    let servers = service.servers.iter().map(|(at, to)| (*at, ObservedServer::idle(to)));
    ObservedService { servers: servers.collect(), ..ObservedService::new(&service.settings) }
}

proptest! {
    /// Whatever changes of a service, or of one of its servers, is one operation.
    #[test]
    fn what_changed_is_changed_once(
        key in keys(), from in settings(), to in settings(), at in servers(),
        server_from in server(), server_to in server(),
    ) {
        let state = |settings, server| {
            let servers = BTreeMap::from([(at, server)]);
            let service = DesiredService { settings, servers, absent: BTreeSet::new() };
            DesiredState { services: BTreeMap::from([(key, service)]), ..Default::default() }
        };
        let before = state(from, server_from);
        let services = BTreeMap::from([(key, held(&before.services[&key]))]);
        let found = Snapshot { services, ..Default::default() };
        let plan = |desired: &DesiredState| {
            let mut ledger = Ledger::default();
            ledger.note(desired);
            diff(desired, &found, &ledger)
        };
        let service = (from != to).then_some(Step::EditService(key, to));
        prop_assert_eq!(plan(&state(to, server_from)), Vec::from_iter(service));
        let server = (server_from != server_to).then_some(Step::EditServer(key, at, server_to));
        prop_assert_eq!(plan(&state(from, server_to)), Vec::from_iter(server));
    }

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
        mac: None,
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
