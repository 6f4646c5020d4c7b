//! Services that a file can mean, at random.

use super::{MS, check, duration, ip, ip6, policy};
use director_core::config::Hook;
use director_core::config::{
    Checksum, Forward, OnFailure, Persistence, PersistenceEngine, Protocol, Scheduler,
    SchedulerFlags, Server, Service, ServiceKey, ServiceSettings, Thresholds, Traffic, Tunnel, Via,
    Weight,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// Everything that only one service may have.
pub(super) fn claims(service: &Service) -> BTreeSet<ServiceKey> {
    let marked = service.marked.iter().map(|it| ServiceKey::new(it.protocol, it.to));
    marked.chain([service.key]).collect()
}

/// What a service is for: its key, and what is marked for it.
fn listen(virtuals: u8) -> impl Strategy<Value = (ServiceKey, BTreeSet<Traffic>)> {
    let socket = (0..virtuals, 1..=u16::MAX);
    let sockets = prop::collection::vec(socket, 1..4);
    let mark = prop::option::of((1..0x4000_0000_u32, any::<bool>()));
    (any::<bool>(), prop::sample::select(Protocol::ALL), sockets, mark).prop_map(
        |(ipv6, protocol, sockets, mark)| {
            let socket = |(host, port): (u8, u16)| {
                let address = if ipv6 { ip6(100, host) } else { ip(100, host) };
                Traffic { protocol, to: SocketAddr::new(address, port) }
            };
            let first = socket(sockets[0]);
            let sockets: BTreeSet<Traffic> = sockets.into_iter().map(socket).collect();
            match mark {
                None => (ServiceKey::new(protocol, first.to), BTreeSet::new()),
                Some((mark, ours)) => {
                    let key = if ipv6 { ServiceKey::FwMark6 } else { ServiceKey::FwMark };
                    (key(mark), if ours { sockets } else { BTreeSet::new() })
                }
            }
        },
    )
}

fn settings(key: ServiceKey) -> impl Strategy<Value = ServiceSettings> {
    let datagrams = matches!(key, ServiceKey::Udp(_) | ServiceKey::FwMark(_));
    let most = if key.is_ipv6() { 128_u8 } else { 32 };
    let persistence = (1..=9_999_u64, 1..=most, any::<bool>());
    let rest = (0..4_u8, prop::option::of(persistence), any::<bool>());
    (prop::sample::select(Scheduler::ALL), rest).prop_map(
        move |(scheduler, (flags, persistence, one_packet))| {
            let hashes = matches!(scheduler, Scheduler::Sh | Scheduler::Mh);
            ServiceSettings {
                scheduler,
                flags: SchedulerFlags::from_bits(if hashes { flags } else { 0 }),
                persistence: persistence.map(|(timeout, prefix, sip)| Persistence {
                    timeout: Duration::from_secs(timeout),
                    prefix,
                    engine: (sip && datagrams).then_some(PersistenceEngine::Sip),
                }),
                one_packet: one_packet && datagrams,
            }
        },
    )
}

fn forward() -> impl Strategy<Value = Forward> {
    let checksum = prop::sample::select(&[Checksum::Off, Checksum::Outer, Checksum::Remote][..]);
    prop_oneof![
        Just(Forward::Direct),
        Just(Forward::Nat),
        Just(Forward::IPIP),
        any::<bool>().prop_map(|checksum| Forward::Tunnel(Tunnel::Gre { checksum })),
        (any::<std::num::NonZeroU16>(), checksum)
            .prop_map(|(port, checksum)| Forward::Tunnel(Tunnel::Gue { port, checksum })),
    ]
}

/// A server's number, its port where it can have one of its own, and what is said of it.
fn servers() -> impl Strategy<Value = Vec<(u8, u16, bool, Server)>> {
    let server = (any::<u16>(), prop::option::of(forward()), 0..9_u32).prop_map(
        |(weight, forward, thresholds)| Server {
            weight: Weight(weight),
            forward,
            thresholds: Thresholds { upper: thresholds, lower: thresholds / 2 },
        },
    );
    let numbers = prop::collection::btree_set(1..=200_u8, 0..5);
    (numbers, prop::collection::vec((1..=u16::MAX, any::<bool>(), server), 5)).prop_map(
        |(numbers, rest)| {
            let all = numbers.into_iter().zip(rest);
            all.map(|(number, (port, other, server))| (number, port, other, server)).collect()
        },
    )
}

/// Addresses that the method of each server can reach.
fn placed(
    key: ServiceKey,
    forward: Forward,
    servers: Vec<(u8, u16, bool, Server)>,
) -> BTreeMap<SocketAddr, Server> {
    let own = key.address().map_or(0, |address| address.port());
    let place = |(number, port, other, server): (u8, u16, bool, Server)| {
        let method = server.forward.unwrap_or(forward);
        let port = if method == Forward::Nat { port } else { own };
        // Synchronisation and servers of the other family exclude each other.
        let address = if key.is_ipv6() { ip6(50, number) } else { ip(50, number) };
        let port = if other { own } else { port };
        (SocketAddr::new(address, port), server)
    };
    servers.into_iter().map(place).collect()
}

/// A service on virtual addresses with numbers below this one.
pub(super) fn service(virtuals: u8) -> impl Strategy<Value = Service> {
    let shape = (listen(virtuals), forward(), servers());
    shape.prop_flat_map(|((key, marked), forward, servers)| {
        let servers = placed(key, forward, servers);
        let together = servers.values().map(|server| u32::from(server.weight.0)).sum();
        let rest = (duration(0..MS * 99_999), any::<std::num::NonZeroU16>());
        (settings(key), check(), any::<(bool, bool)>(), policy(together), rest).prop_map(
            move |(settings, mut check, (remove, fallback), policy, (drain, port))| {
                let own = key.address().map_or(0, |address| address.port());
                if own == 0 {
                    check.port = check.port.or(Some(port));
                }
                let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
                let local = if key.is_ipv6() { Ipv6Addr::LOCALHOST.into() } else { v4 };
                let fallback = fallback || servers.is_empty();
                let mut service = Service {
                    key,
                    marked: marked.clone(),
                    settings,
                    forward,
                    check,
                    on_failure: if remove { OnFailure::Remove } else { OnFailure::Quiesce },
                    fallback: fallback.then_some(SocketAddr::new(local, own)),
                    fallback_command: remove.then(|| Hook {
                        command: vec!["/bin/a b".into(), "\"".into()],
                        timeout: drain.max(Duration::from_secs(1)),
                    }),
                    servers: servers.clone(),
                    policy,
                    drain,
                };
                let nat = |server| service.forward_of(server) == Forward::Nat;
                let through = service.check.dialogue.has_port()
                    && service.checked_at().is_some()
                    && !service.servers.keys().any(nat);
                if remove && through {
                    service.check.via = Via::Service;
                }
                service
            },
        )
    })
}
