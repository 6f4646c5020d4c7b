//! Answers recorded from a real kernel; `tests/recorded/README.md` says how.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in helpers too")]
#![cfg(target_endian = "little")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use ipvs_rs::{
    Daemon, DaemonRole, Destination, Endpoint, Family, Forwarding, Message, Netmask, Reply,
    Service, ServiceFlags, ServiceKey, Tunnel, TunnelFlags, Version,
};

/// The datagrams of a recording.
fn datagrams(text: &str) -> Vec<Vec<u8>> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.split("\n\n")
        .map(|part| part.split_whitespace().collect::<String>())
        .filter(|digits| !digits.is_empty())
        .map(|digits| digits.as_bytes().chunks(2).map(byte).collect())
        .collect()
}

/// The family's messages in a recording, without the list's end.
fn replies(text: &str) -> Vec<Reply> {
    let mut replies = Vec::new();
    for datagram in datagrams(text) {
        let mut rest = datagram.as_slice();
        while !rest.is_empty() {
            let length = usize::try_from(u32::from_ne_bytes(*rest.first_chunk().unwrap())).unwrap();
            let kind = u16::from_ne_bytes([rest[4], rest[5]]);
            if kind >= 16 {
                let message = Message::from_payload(&rest[16..length]).unwrap();
                replies.push(Reply::from_message(&message, Family::V4).unwrap());
            }
            rest = &rest[length..];
        }
    }
    replies
}

fn services() -> Vec<Service> {
    replies(include_str!("recorded/services.hex"))
        .into_iter()
        .map(|reply| {
            let Reply::Service(service) = reply else { panic!("{reply:?}") };
            assert_eq!(service.unknown, []);
            assert_eq!(service.stats.unknown, []);
            service
        })
        .collect()
}

#[test]
fn services_of_a_table() {
    let tcp = Service::new(ServiceKey::tcp((Ipv4Addr::new(127, 0, 0, 9), 80)), "wlc")
        .persistent(Duration::from_secs(300))
        .with_netmask(Netmask::V4(Ipv4Addr::new(255, 255, 255, 0)));
    let tcp6 = Service::new(ServiceKey::tcp((Ipv6Addr::LOCALHOST, 443)), "rr")
        .persistent(Duration::from_secs(60))
        .with_netmask(Netmask::V6(64));
    let mark = ServiceKey::fwmark(NonZeroU32::new(7).unwrap(), Family::V4);
    let mark =
        Service::new(mark, "sh").with_flags(ServiceFlags::SCHEDULER_1 | ServiceFlags::SCHEDULER_2);
    let found = services();
    assert_eq!(found.len(), 3);
    for want in [tcp, tcp6, mark] {
        assert!(found.iter().any(|service| service.same_settings(&want)), "{want:?} in {found:?}");
    }
}

#[test]
fn destinations_of_a_service() {
    let at = |last| (Ipv4Addr::new(127, 0, 0, last), 80);
    let gue = Destination::new(at(11), Forwarding::Tunnel, 0)
        .with_tunnel(Tunnel::gue(6080, TunnelFlags::CHECKSUM));
    let direct = Destination::new(at(10), Forwarding::Direct, 5).with_thresholds(10, 20);
    let want = [Reply::Destination(gue), Reply::Destination(direct)];
    assert_eq!(replies(include_str!("recorded/destinations.hex")), want);
}

#[test]
fn a_service_that_is_not_there_has_an_empty_list() {
    assert_eq!(replies(include_str!("recorded/done_empty.hex")), []);
}

#[test]
fn daemons_config_info() {
    let daemon = Daemon {
        max_payload: Some(1472),
        group: Some(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 81))),
        port: Some(8848),
        ttl: Some(1),
        ..Daemon::new(DaemonRole::Master, "lo", 9)
    };
    assert_eq!(replies(include_str!("recorded/daemons.hex")), [Reply::Daemon(daemon)]);

    let config = replies(include_str!("recorded/config.hex"));
    let [Reply::Config(config)] = config.as_slice() else { panic!("{config:?}") };
    let seconds = |number| Some(Duration::from_secs(number));
    assert_eq!((config.tcp, config.tcp_fin), (seconds(901), seconds(121)));
    assert_eq!((config.udp, config.unknown.len()), (seconds(301), 0));

    let info = replies(include_str!("recorded/info.hex"));
    let [Reply::Info(info)] = info.as_slice() else { panic!("{info:?}") };
    assert_eq!((info.version, info.connection_table_size), (Version(0x01_02_01), 4096));
    assert_eq!(info.version.to_string(), "1.2.1");
}

#[test]
fn keys_of_a_table() {
    let mut keys: Vec<String> = services().iter().map(|service| service.key.to_string()).collect();
    keys.sort();
    assert_eq!(keys, ["fwmark 7 (IPv4)", "tcp 127.0.0.9:80", "tcp [::1]:443"]);
    let endpoint = services().iter().find_map(|service| service.key.endpoint());
    assert!(endpoint.is_some_and(|endpoint: Endpoint| endpoint.port != 0));
}
