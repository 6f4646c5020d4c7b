//! Strategies for every type, shared by the property tests.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use ipvs_rs::{
    Attribute, Config, Connections, Daemon, DaemonRole, Destination, Endpoint, Family, Forwarding,
    Info, Netmask, Rates, Reply, Service, ServiceFlags, ServiceKey, Stats, Tunnel, TunnelFlags,
    TunnelKind, Version,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Above every number that the header names.
fn unknown() -> impl Strategy<Value = Vec<Attribute>> {
    let one = (100u16..0x3fff, vec(any::<u8>(), 0..20))
        .prop_map(|(kind, value)| Attribute::new(kind, value).unwrap());
    vec(one, 0..3)
}

pub(crate) fn family() -> impl Strategy<Value = Family> {
    prop_oneof![Just(Family::V4), Just(Family::V6)]
}

pub(crate) fn endpoint() -> impl Strategy<Value = Endpoint> {
    (any::<IpAddr>(), any::<u16>()).prop_map(|(address, port)| Endpoint { address, port })
}

pub(crate) fn key() -> impl Strategy<Value = ServiceKey> {
    let other = any::<u16>().prop_filter("has a variant", |number| ![6, 17, 132].contains(number));
    prop_oneof![
        endpoint().prop_map(ServiceKey::Tcp),
        endpoint().prop_map(ServiceKey::Udp),
        endpoint().prop_map(ServiceKey::Sctp),
        (any::<NonZeroU32>(), family()).prop_map(|(mark, family)| ServiceKey::fwmark(mark, family)),
        (other, endpoint())
            .prop_map(|(protocol, endpoint)| ServiceKey::Other { protocol, endpoint }),
    ]
}

fn stats() -> impl Strategy<Value = Stats> {
    (any::<[u64; 10]>(), unknown()).prop_map(|(numbers, unknown)| {
        let [connections, packets_in, packets_out, bytes_in, bytes_out, rates @ ..] = numbers;
        let [per_second, in_packets, out_packets, in_bytes, out_bytes] = rates;
        Stats {
            connections,
            packets_in,
            packets_out,
            bytes_in,
            bytes_out,
            rates: Rates {
                connections: per_second,
                packets_in: in_packets,
                packets_out: out_packets,
                bytes_in: in_bytes,
                bytes_out: out_bytes,
            },
            unknown,
        }
    })
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_-]{0,14}"
}

fn seconds() -> impl Strategy<Value = Duration> {
    (0u64..2_000_000).prop_map(Duration::from_secs)
}

pub(crate) fn service() -> impl Strategy<Value = Service> {
    let settings = (name(), any::<u32>(), seconds(), option::of(name()));
    (key(), settings, any::<u32>(), 1u32..=128, stats(), unknown()).prop_map(
        |(key, (scheduler, flags, timeout, persistence_engine), mask, bits, stats, unknown)| {
            let netmask = match key.family() {
                Family::V4 => Netmask::V4(mask.into()),
                Family::V6 => Netmask::V6(bits),
            };
            let flags = ServiceFlags::from_bits(flags);
            Service { key, scheduler, flags, timeout, netmask, persistence_engine, stats, unknown }
        },
    )
}

fn forwarding() -> impl Strategy<Value = Forwarding> {
    prop_oneof![
        Just(Forwarding::Masquerade),
        Just(Forwarding::Local),
        Just(Forwarding::Tunnel),
        Just(Forwarding::Direct),
        Just(Forwarding::Bypass),
        (5u32..).prop_map(Forwarding::Other),
    ]
}

fn tunnel() -> impl Strategy<Value = Tunnel> {
    let kind = prop_oneof![
        Just(TunnelKind::Ipip),
        Just(TunnelKind::Gue),
        Just(TunnelKind::Gre),
        (3u8..).prop_map(TunnelKind::Other),
    ];
    (kind, any::<u16>(), any::<u16>()).prop_map(|(kind, port, flags)| Tunnel {
        kind,
        port,
        flags: TunnelFlags::from_bits(flags),
    })
}

pub(crate) fn destination() -> impl Strategy<Value = Destination> {
    let numbers = any::<[u32; 6]>();
    (endpoint(), forwarding(), tunnel(), numbers, stats(), unknown()).prop_map(
        |(endpoint, forwarding, tunnel, numbers, stats, unknown)| {
            let [weight, upper, lower, active, inactive, persistent] = numbers;
            Destination {
                tunnel,
                connections: Connections { active, inactive, persistent },
                stats,
                unknown,
                ..Destination::new(endpoint, forwarding, weight).with_thresholds(lower, upper)
            }
        },
    )
}

pub(crate) fn daemon() -> impl Strategy<Value = Daemon> {
    let role = prop_oneof![Just(DaemonRole::Master), Just(DaemonRole::Backup)];
    let choices = (
        option::of(any::<u16>()),
        option::of(any::<IpAddr>()),
        option::of(any::<u16>()),
        option::of(any::<u8>()),
    );
    (role, name(), any::<u32>(), choices, unknown()).prop_map(
        |(role, interface, sync_id, (max_payload, group, port, ttl), unknown)| Daemon {
            max_payload,
            group,
            port,
            ttl,
            unknown,
            ..Daemon::new(role, interface, sync_id)
        },
    )
}

fn config() -> impl Strategy<Value = Config> {
    let time = || option::of(seconds());
    (time(), time(), time(), unknown()).prop_map(|(tcp, tcp_fin, udp, unknown)| Config {
        tcp,
        tcp_fin,
        udp,
        unknown,
    })
}

fn info() -> impl Strategy<Value = Info> {
    (any::<u32>(), any::<u32>(), unknown()).prop_map(|(version, size, unknown)| Info {
        version: Version(version),
        connection_table_size: size,
        unknown,
    })
}

pub(crate) fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        service().prop_map(Reply::Service),
        destination().prop_map(Reply::Destination),
        daemon().prop_map(Reply::Daemon),
        config().prop_map(Reply::Config),
        info().prop_map(Reply::Info),
    ]
}
