//! Configurations that a file can mean, at random.

mod alerts;
mod dialogues;
mod service;

use dialogues::dialogue;
use director_core::config::{
    Announce, Api, Check, CheckMarks, Cluster, Config, Damping, Detection, Failback, Group, Hook,
    Initial, Link, Node, Operations, Overrides, Pace, Percent, Policy, Priority, Quorum, Service,
    SyncDaemon, SyncSettings, Via, VirtualAddress,
};
use director_core::name::{ClusterName, GroupName, InterfaceName, NodeName, ServiceName};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::{NonZeroU8, NonZeroU16, NonZeroU32};
use std::time::Duration;

const LINKS: [&str; 3] = ["eth0", "bond0.17", "lan@2"];

fn ip(network: u8, host: u8) -> IpAddr {
    Ipv4Addr::new(10, network, 0, host).into()
}

fn ip6(network: u16, host: u8) -> IpAddr {
    Ipv6Addr::new(0x2001, 0xdb8, network, 0, 0, 0, 0, host.into()).into()
}

fn duration(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_nanos)
}

const MS: u64 = 1_000_000;

/// Of some clusters every link but the second has a group.
fn link(at: usize, name: &str, in_groups: bool) -> Link {
    let group = IpAddr::from([239, 255, 0, u8::try_from(at).unwrap()]);
    let multicast = (in_groups && at != 1).then_some(group);
    Link { interface: InterfaceName::new(name).unwrap(), multicast }
}

fn cluster(links: usize) -> impl Strategy<Value = Cluster> {
    let times = (duration(5 * MS..MS * 100_000), 3..9_u32, 1..5_u32, any::<bool>());
    let failback = prop_oneof![
        Just(Failback::Manual),
        duration(0..MS * 1_000_000).prop_map(|delay| Failback::Auto { delay }),
    ];
    let announce = (any::<NonZeroU8>(), duration(MS..MS * 9_999), duration(MS..MS * 99_999_999));
    let rest = (
        "[a-zA-Z0-9._-]{1,63}",
        any::<NonZeroU16>(),
        "[^\0]{1,40}",
        any::<bool>(),
        duration(MS * 100..MS * 999_999),
        prop::option::of(1_000..9_999_u64),
        prop::option::of(sync()),
        prop::collection::btree_set((200_u8..250).prop_map(|host| ip(77, host)), 0..3),
        (
            prop::option::of(hook()),
            prop::option::of(hook()),
            0x4000_0000..=0xffff_0000_u32,
            voter(),
            any::<bool>(),
        ),
    );
    (times, failback, announce, rest).prop_map(move |(times, failback, announce, rest)| {
        let (keepalive, dead, init, ask) = times;
        let (count, interval, refresh) = announce;
        let (name, port, key_file, refreshes, resync, lease, sync, witnesses, last) = rest;
        let (fence, notify, check_marks, voter, in_groups) = last;
        Cluster {
            name: ClusterName::new(&name).unwrap(),
            keepalive,
            detection: if ask { Detection::ask(keepalive) } else { Detection::Deadtime },
            deadtime: keepalive * dead,
            initdead: keepalive * dead * init,
            failback,
            port,
            key_file,
            links: LINKS[..links]
                .iter()
                .enumerate()
                .map(|(at, it)| link(at, it, in_groups))
                .collect(),
            announce: Announce { count, interval, refresh: refreshes.then_some(refresh) },
            // Never shorter than the deadtime that the others give.
            lease: lease.map(Duration::from_secs),
            resync,
            sync,
            witnesses,
            voter,
            fence,
            notify,
            check_marks: CheckMarks::from(check_marks).unwrap(),
        }
    })
}

fn voter() -> impl Strategy<Value = Option<std::net::SocketAddr>> {
    prop::option::of(
        (250..254_u8, 1..=u16::MAX).prop_map(|(host, port)| (ip(77, host), port).into()),
    )
}

fn sync() -> impl Strategy<Value = SyncSettings> {
    let times = (1..=9_u16, prop::option::of(1..=99_u64), 0..=3_u8, duration(0..MS * 1_000_000));
    let daemon = (any::<u8>(), any::<NonZeroU16>(), any::<NonZeroU8>(), 1..=65_507_u16);
    (daemon, any::<(bool, bool)>(), times).prop_map(|(daemon, (ipv6, large), times)| {
        let (id, port, ttl, payload) = daemon;
        let (threshold, refresh, retries, warm) = times;
        let group = if ipv6 { "ff02::81" } else { "239.1.2.3" };
        let daemon = SyncDaemon {
            interface: InterfaceName::new(LINKS[0]).unwrap(),
            id,
            group: group.parse().unwrap(),
            port,
            ttl,
            max_payload: NonZeroU16::new(payload).filter(|_| large),
        };
        let period = if large { 0 } else { threshold + 1 };
        let refresh = refresh.map(Duration::from_secs);
        SyncSettings { daemon, threshold, period, refresh, retries, warm }
    })
}

fn hook() -> impl Strategy<Value = Hook> {
    let words = prop::collection::vec("[^\0]{0,9}", 0..3);
    ("/[^\0]{1,20}", words, duration(MS * 10..MS * 99_999)).prop_map(|(program, words, timeout)| {
        Hook { command: std::iter::once(program).chain(words).collect(), timeout }
    })
}

fn check() -> impl Strategy<Value = Check> {
    let times = (duration(10 * MS..MS * 100_000), 1..9_u32, pace());
    let port = prop::option::of(any::<NonZeroU16>());
    (dialogue(), port, times, any::<NonZeroU8>(), any::<NonZeroU8>()).prop_map(
        |(dialogue, port, (interval, part, pace), fall, rise)| {
            let timeout = interval / part;
            // As many as the port says, where there may be any.
            let connects = port.filter(|_| dialogue.has_connection());
            let pace = Pace { connects, ..pace };
            Check { dialogue, via: Via::Server, port, interval, timeout, fall, rise, pace }
        },
    )
}

fn pace() -> impl Strategy<Value = Pace> {
    let interval = || prop::option::of(duration(10 * MS..MS * 100_000));
    let initial = prop_oneof![Just(Initial::Unknown), Just(Initial::Down)];
    let pace = |(changing, down, initial)| Pace { changing, down, connects: None, initial };
    (interval(), interval(), initial).prop_map(pace)
}

/// A policy for servers with this weight together.
fn policy(together: u32) -> impl Strategy<Value = Policy> {
    let quorum = (any::<bool>(), 0..=together, 0..=together).prop_map(move |(is, weight, more)| {
        let weight = NonZeroU32::new(weight).filter(|_| is)?;
        let hysteresis = more.min(weight.get() - 1).min(together - weight.get());
        Some(Quorum { weight, hysteresis })
    });
    let damping = (any::<NonZeroU8>(), duration(MS..MS * 99_999), duration(MS..MS * 99_999));
    let damping = damping.prop_map(|(changes, within, hold)| Damping { changes, within, hold });
    let slow = prop::option::of(duration(MS * 100..MS * 99_999));
    let panic = prop::option::of(1..=100_u8);
    (quorum, panic, slow, prop::option::of(damping)).prop_map(
        |(quorum, panic, slow_start, damping)| Policy {
            half_open: slow_start.and(NonZeroU32::new(20)),
            quorum,
            panic: panic.and_then(Percent::new).filter(|_| quorum.is_none()),
            slow_start,
            damping,
        },
    )
}

fn groups(virtuals: u8, prefixes: &[u8]) -> Vec<(GroupName, Group)> {
    let group = |number: u8| {
        let address = VirtualAddress {
            address: ip(100, number),
            prefix: prefixes[usize::from(number)],
            interface: InterfaceName::new(LINKS[0]).unwrap(),
            mac: None,
        };
        let name = GroupName::new(&format!("group.{number}")).unwrap();
        let other = VirtualAddress { address: ip6(100, number), ..address.clone() };
        let preferred = NodeName::new("0.example").unwrap();
        let priorities = [(preferred, Priority::new(number + 1).unwrap())].into();
        (name, Group { addresses: [address, other].into(), priorities, vrrp: None })
    };
    (0..virtuals).map(group).collect()
}

/// What a node has otherwise: the more, the more links there are.
fn overrides(links: usize) -> Overrides {
    let own = |(number, name): (usize, &&str)| {
        let own = InterfaceName::new(&format!("own{number}")).unwrap();
        (InterfaceName::new(name).unwrap(), own)
    };
    let command = vec!["/etc/director/own".to_owned(), "a \"b\"".to_owned()];
    let hook = Hook { command, timeout: Duration::from_secs(7) };
    Overrides {
        interfaces: LINKS[1..links].iter().enumerate().map(own).collect(),
        fence: (links > 1).then(|| hook.clone()),
        notify: (links > 2).then_some(hook),
        operations: Operations {
            metrics: (links > 2).then(|| "127.0.0.1:9471".parse().unwrap()),
            maintenance: (links > 1).then(|| "/srv/down".to_owned()),
            api: None,
        },
    }
}

fn nodes(links: usize, priorities: &[u8]) -> Vec<(NodeName, Node)> {
    let node = |(number, priority): (usize, &u8)| {
        let address = |(link, name): (usize, &&str)| {
            let (network, host) = (u8::try_from(link).unwrap(), u8::try_from(number).unwrap());
            (InterfaceName::new(name).unwrap(), ip(network, host + 1))
        };
        let addresses = LINKS[..links].iter().enumerate().map(address).collect();
        let name = NodeName::new(&format!("{number}.example")).unwrap();
        let priority = Priority::new(*priority).unwrap();
        let overrides = if number == 1 { overrides(links) } else { Overrides::default() };
        (name, Node { addresses, priority, overrides })
    };
    priorities.iter().enumerate().map(node).collect()
}

/// Any configuration that [`director_config::parse`] can give.
pub(crate) fn config() -> impl Strategy<Value = Config> {
    let shape = (1..=LINKS.len(), 1..=4_u8);
    shape.prop_flat_map(|(links, virtuals)| {
        let priorities = prop::collection::vec(1..=254_u8, 1..5);
        let prefixes = prop::collection::vec(0..=32_u8, usize::from(virtuals));
        let services = prop::collection::vec(service::service(virtuals), 0..4);
        (cluster(links), priorities, prefixes, services).prop_map(
            move |(cluster, priorities, prefixes, services)| {
                let mut seen = std::collections::BTreeSet::new();
                let alone = |service: &Service| {
                    let claims = service::claims(service);
                    let alone = claims.iter().all(|claim| !seen.contains(claim));
                    seen.extend(claims);
                    alone
                };
                let services = services.into_iter().filter(alone).enumerate();
                let named = services.map(|(number, service)| {
                    (ServiceName::new(&format!("-{number}_")).unwrap(), service)
                });
                Config {
                    cluster,
                    nodes: nodes(links, &priorities).into_iter().collect(),
                    groups: groups(virtuals, &prefixes).into_iter().collect(),
                    services: named.collect(),
                    alerts: alerts::of(links + 1),
                    operations: Operations {
                        metrics: (links > 1).then(|| "[::1]:9470".parse().unwrap()),
                        maintenance: (links > 2).then(|| "/etc/a \"b\"".to_owned()),
                        api: (links > 1).then(|| Api {
                            listen: "[::]:9471".parse().unwrap(),
                            certificate: "/etc/director/api.pem".to_owned(),
                            key_file: "/etc/director/api.key".to_owned(),
                            clients: "/etc/director/clients.pem".to_owned(),
                            operators: (2..links).map(|n| format!("user \"{n}\"")).collect(),
                        }),
                    },
                    shared: None,
                }
            },
        )
    })
}
