//! Requests compared with bytes laid out by hand from `linux/ip_vs.h` and `linux/netlink.h`.
//! Host order is little endian here.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in helpers too")]
#![cfg(target_endian = "little")]

use std::net::{Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use ipvs_rs::{
    Config, Daemon, DaemonRole, Destination, Endpoint, Family, Forwarding, Netmask, Request,
    Service, ServiceFlags, ServiceKey, Tunnel, TunnelFlags,
};

const FAMILY_ID: u16 = 0x1c;
/// `NLM_F_REQUEST | NLM_F_ACK`.
const CHANGE: u16 = 5;

fn bytes(request: &Request) -> Vec<u8> {
    request.message().unwrap().to_bytes(FAMILY_ID, CHANGE, 0x0102_0304)
}

/// Netlink header, generic netlink header (version 1), and what follows.
fn expected(command: u8, rest: &[&[u8]]) -> Vec<u8> {
    let rest = rest.concat();
    let length = u8::try_from(20 + rest.len()).unwrap();
    let mut bytes = vec![length, 0, 0, 0, 0x1c, 0, 5, 0, 4, 3, 2, 1, 0, 0, 0, 0];
    bytes.extend([command, 1, 0, 0]);
    bytes.extend(rest);
    bytes
}

fn tcp_key() -> ServiceKey {
    ServiceKey::tcp((Ipv4Addr::new(10, 0, 0, 100), 80))
}

/// Address family 2, protocol 6, address in 16 bytes, port in network order.
const TCP_KEY: [u8; 44] = [
    6, 0, 1, 0, 2, 0, 0, 0, //
    6, 0, 2, 0, 6, 0, 0, 0, //
    20, 0, 3, 0, 10, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, //
    6, 0, 4, 0, 0, 80, 0, 0,
];

#[test]
fn new_service_ipv4() {
    let service = Service::new(tcp_key(), "wlc")
        .persistent(Duration::from_secs(300))
        .with_netmask(Netmask::V4(Ipv4Addr::new(255, 255, 255, 0)));
    let want = expected(
        1,
        &[
            &[4 + 44 + 8 + 12 + 8 + 8, 0, 1, 0x80],
            &TCP_KEY,
            &[8, 0, 6, 0, b'w', b'l', b'c', 0],
            &[12, 0, 7, 0, 1, 0, 0, 0, 255, 255, 255, 255],
            &[8, 0, 8, 0, 0x2c, 1, 0, 0],
            &[8, 0, 9, 0, 255, 255, 255, 0],
        ],
    );
    assert_eq!(bytes(&Request::AddService(service)), want);
}

#[test]
fn set_service_ipv6_by_mark() {
    let key = ServiceKey::fwmark(NonZeroU32::new(0x0102).unwrap(), Family::V6);
    let mut service = Service::new(key, "sh")
        .with_flags(ServiceFlags::SCHEDULER_1 | ServiceFlags::SCHEDULER_2)
        .with_netmask(Netmask::V6(64));
    service.persistence_engine = Some("sip".to_owned());
    let want = expected(
        2,
        &[
            &[4 + 8 + 8 + 8 + 8 + 12 + 8 + 8, 0, 1, 0x80],
            &[6, 0, 1, 0, 10, 0, 0, 0],
            &[8, 0, 5, 0, 2, 1, 0, 0],
            &[7, 0, 6, 0, b's', b'h', 0, 0],
            &[8, 0, 11, 0, b's', b'i', b'p', 0],
            &[12, 0, 7, 0, 0x18, 0, 0, 0, 255, 255, 255, 255],
            &[8, 0, 8, 0, 0, 0, 0, 0],
            &[8, 0, 9, 0, 64, 0, 0, 0],
        ],
    );
    assert_eq!(bytes(&Request::EditService(service)), want);
}

#[test]
fn del_service_and_other_keys() {
    let want = expected(3, &[&[48, 0, 1, 0x80], &TCP_KEY]);
    assert_eq!(bytes(&Request::RemoveService(tcp_key())), want);
    let want = expected(4, &[&[48, 0, 1, 0x80], &TCP_KEY]);
    assert_eq!(bytes(&Request::GetService(tcp_key())), want);
    let want = expected(16, &[&[48, 0, 1, 0x80], &TCP_KEY]);
    assert_eq!(bytes(&Request::ZeroService(tcp_key())), want);
    let want = expected(8, &[&[48, 0, 1, 0x80], &TCP_KEY]);
    assert_eq!(bytes(&Request::ListDestinations(tcp_key())), want);
}

#[test]
fn new_destination_by_tunnel() {
    let real = Destination::new((Ipv4Addr::new(10, 0, 0, 21), 8080), Forwarding::Tunnel, 3)
        .with_tunnel(Tunnel::gue(6080, TunnelFlags::CHECKSUM))
        .with_thresholds(10, 20);
    let want = expected(
        5,
        &[
            &[48, 0, 1, 0x80],
            &TCP_KEY,
            &[4 + 8 + 20 + 8 + 8 + 8 + 8 + 8 + 8 + 8 + 8, 0, 2, 0x80],
            &[6, 0, 11, 0, 2, 0, 0, 0],
            &[20, 0, 1, 0, 10, 0, 0, 21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[6, 0, 2, 0, 0x1f, 0x90, 0, 0],
            &[8, 0, 3, 0, 2, 0, 0, 0],
            &[8, 0, 4, 0, 3, 0, 0, 0],
            &[8, 0, 5, 0, 20, 0, 0, 0],
            &[8, 0, 6, 0, 10, 0, 0, 0],
            &[5, 0, 13, 0, 1, 0, 0, 0],
            &[6, 0, 14, 0, 0x17, 0xc0, 0, 0],
            &[6, 0, 15, 0, 1, 0, 0, 0],
        ],
    );
    assert_eq!(bytes(&Request::AddDestination(tcp_key(), real)), want);
}

#[test]
fn del_destination_ipv6() {
    let at = Endpoint::new(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x21), 443);
    let want = expected(
        7,
        &[
            &[48, 0, 1, 0x80],
            &TCP_KEY,
            &[4 + 8 + 20 + 8, 0, 2, 0x80],
            &[6, 0, 11, 0, 10, 0, 0, 0],
            &[20, 0, 1, 0, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x21],
            &[6, 0, 2, 0, 1, 0xbb, 0, 0],
        ],
    );
    assert_eq!(bytes(&Request::RemoveDestination(tcp_key(), at)), want);
}

#[test]
fn daemon_port_is_in_host_order() {
    let daemon = Daemon {
        max_payload: Some(1400),
        group: Some(Ipv4Addr::new(224, 0, 0, 81).into()),
        port: Some(8848),
        ttl: Some(2),
        ..Daemon::new(DaemonRole::Backup, "eth0", 7)
    };
    let want = expected(
        9,
        &[
            &[4 + 8 + 12 + 8 + 8 + 8 + 8 + 8, 0, 3, 0x80],
            &[8, 0, 1, 0, 2, 0, 0, 0],
            &[9, 0, 2, 0, b'e', b't', b'h', b'0', 0, 0, 0, 0],
            &[8, 0, 3, 0, 7, 0, 0, 0],
            &[6, 0, 4, 0, 0x78, 5, 0, 0],
            &[8, 0, 5, 0, 224, 0, 0, 81],
            &[6, 0, 7, 0, 0x90, 0x22, 0, 0],
            &[5, 0, 8, 0, 2, 0, 0, 0],
        ],
    );
    assert_eq!(bytes(&Request::StartDaemon(daemon)), want);
    let want = expected(10, &[&[12, 0, 3, 0x80], &[8, 0, 1, 0, 1, 0, 0, 0]]);
    assert_eq!(bytes(&Request::StopDaemon(DaemonRole::Master)), want);
}

#[test]
fn timeouts_stand_at_the_top() {
    let config = Config {
        tcp: Some(Duration::from_secs(900)),
        udp: Some(Duration::from_secs(300)),
        ..Config::default()
    };
    let want = expected(12, &[&[8, 0, 4, 0, 0x84, 3, 0, 0], &[8, 0, 6, 0, 0x2c, 1, 0, 0]]);
    assert_eq!(bytes(&Request::SetConfig(config)), want);
}

#[test]
fn commands_without_attributes() {
    for (request, command) in [
        (Request::ListServices, 4),
        (Request::ListDaemons, 11),
        (Request::GetConfig, 13),
        (Request::GetInfo, 15),
        (Request::ZeroAll, 16),
        (Request::Flush, 17),
    ] {
        assert_eq!(bytes(&request), expected(command, &[]), "{request:?}");
    }
}
