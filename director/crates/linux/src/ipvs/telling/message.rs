//! The messages in which kernels tell each other of connections, version 1
//! (`net/netfilter/ipvs/ip_vs_sync.c`).
//!
//! ```text
//! offset  size  field (numbers are big-endian)
//!      0     1  0
//!      1     1  sync id
//!      2     2  length of the message
//!      4     1  number of connections
//!      5     1  version, 1
//!      6     2  0
//!      8        connections:
//!                 0  1  0, or 1 for IPv6
//!                 1  1  protocol
//!                 2  2  version (0) and length, 12 bits
//!                 4  4  flags: the forwarding method, whether answers pass, whether it is active
//!                 8  2  state
//!                10  6  ports: client, service, server
//!                16  4  firewall mark
//!                20  4  timeout in seconds, 0 for the state's
//!                24     addresses: client, service, server, 4 or 16 bytes each
//! ```

use super::Methods;
use super::entry::Entry;
use director_core::config::SyncDaemon;
use std::net::IpAddr;

const HEADER: usize = 8;
/// The kernel counts connections of a message in a byte.
const MOST: u8 = u8::MAX;
/// What fits into an Ethernet frame behind the headers of IPv6 and UDP.
const PAYLOAD: usize = 1452;
/// Flags (`linux/ip_vs.h`): no answer passes the director, as with every method but NAT
/// (`IP_VS_CONN_F_NOOUTPUT`), and it is not counted as active (`IP_VS_CONN_F_INACTIVE`).
const NO_OUTPUT: u32 = 0x80;
const INACTIVE: u32 = 0x100;
const NAT: u32 = 0;
/// Of a connection before its addresses.
const FIXED: usize = 24;

/// The messages that tell of these connections. One whose server is in no service is left out:
/// how packets reach it is not known.
pub(super) fn packets(entries: &[Entry], daemon: &SyncDaemon, methods: &Methods) -> Vec<Vec<u8>> {
    let payload = daemon.max_payload.map_or(PAYLOAD, |most| usize::from(most.get()).min(PAYLOAD));
    let mut packets: Vec<Vec<u8>> = Vec::new();
    let mut count = MOST;
    for entry in entries {
        let Some(method) = methods.get(&entry.server.ip()) else { continue };
        let told = told(entry, *method);
        let full = |packet: &Vec<u8>| packet.len() + told.len() > payload.max(HEADER + told.len());
        if count == MOST || packets.last().is_none_or(full) {
            packets.push(vec![0, daemon.id, 0, 0, 0, 1, 0, 0]);
            count = 0;
        }
        count += 1;
        if let Some(packet) = packets.last_mut() {
            packet.extend_from_slice(&told);
            let length = u16::try_from(packet.len()).unwrap_or(u16::MAX);
            packet[2..4].copy_from_slice(&length.to_be_bytes());
            packet[4] = count;
        }
    }
    packets
}

fn told(entry: &Entry, method: u32) -> Vec<u8> {
    let output = if method == NAT { 0 } else { NO_OUTPUT };
    let flags = method | output | if entry.active { 0 } else { INACTIVE };
    let ipv6 = entry.service.is_ipv6();
    let length: u16 = if ipv6 { 72 } else { 36 };
    let places = [entry.client, entry.service, entry.server];
    let mut bytes = Vec::with_capacity(usize::from(length));
    bytes.extend_from_slice(&[u8::from(ipv6), entry.protocol]);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&flags.to_be_bytes());
    bytes.extend_from_slice(&entry.state.to_be_bytes());
    for place in places {
        bytes.extend_from_slice(&place.port().to_be_bytes());
    }
    bytes.resize(FIXED, 0);
    for place in places {
        match place.ip() {
            IpAddr::V4(address) => bytes.extend_from_slice(&address.octets()),
            IpAddr::V6(address) => bytes.extend_from_slice(&address.octets()),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use director_core::name::InterfaceName;
    use std::net::Ipv4Addr;
    use std::num::{NonZeroU8, NonZeroU16};

    fn daemon() -> SyncDaemon {
        SyncDaemon {
            interface: InterfaceName::new("hb").unwrap(),
            id: 7,
            group: Ipv4Addr::new(224, 0, 0, 81).into(),
            port: NonZeroU16::new(8848).unwrap(),
            ttl: NonZeroU8::MIN,
            max_payload: None,
        }
    }

    fn entry(line: &str) -> Entry {
        Entry::read(line).unwrap()
    }

    fn direct() -> Methods {
        let server = |text: &str| text.parse().unwrap();
        [(server("10.0.0.21"), 3), (server("2001:db8::15"), 2)].into()
    }

    #[test]
    fn the_bytes_are_those_of_the_table() {
        let line = "TCP 0A000001 9C40 0A000064 0050 0A000015 0050 ESTABLISHED     899";
        let packets = packets(&[entry(line)], &daemon(), &direct());
        let mut expected = vec![0, 7, 0, 44, 1, 1, 0, 0];
        expected.extend_from_slice(&[0, 6, 0, 36, 0, 0, 0, 0x83, 0, 1, 0x9c, 0x40, 0, 80, 0, 80]);
        expected.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0]);
        expected.extend_from_slice(&[10, 0, 0, 1, 10, 0, 0, 100, 10, 0, 0, 21]);
        assert_eq!(packets, [expected]);
    }

    #[test]
    fn a_connection_of_ipv6_is_twice_as_long() {
        let line = "UDP 2001:0db8:0:0:0:0:0:1 0035 2001:0db8:0:0:0:0:0:64 0035 \
                    2001:0db8:0:0:0:0:0:15 0035 UDP 12";
        let packets = packets(&[entry(line)], &daemon(), &direct());
        assert_eq!(packets[0].len(), 8 + 72);
        assert_eq!(packets[0][8..16], [1, 17, 0, 72, 0, 0, 1, 0x82]);
        assert_eq!(packets[0][8 + 24..8 + 28], [0x20, 1, 0x0d, 0xb8]);
    }

    #[test]
    fn what_does_not_fit_goes_into_the_next_and_what_nobody_serves_nowhere() {
        let line = |port: u16, server: &str| {
            format!("TCP 0A000001 {port:04X} 0A000064 0050 {server} 0050 ESTABLISHED 899")
        };
        let mut entries: Vec<Entry> =
            (1..=100).map(|port| entry(&line(port, "0A000015"))).collect();
        entries.push(entry(&line(101, "0A000016")));
        let sent = packets(&entries, &daemon(), &direct());
        let counts: Vec<u8> = sent.iter().map(|packet| packet[4]).collect();
        assert_eq!(counts, [40, 40, 20]);
        assert!(sent.iter().all(|packet| packet.len() <= PAYLOAD));
        for packet in &sent {
            let length = u16::from_be_bytes([packet[2], packet[3]]);
            assert_eq!(usize::from(length), packet.len());
            assert_eq!(packet.len(), HEADER + usize::from(packet[4]) * 36);
        }
        let small = SyncDaemon { max_payload: NonZeroU16::new(1), ..daemon() };
        assert_eq!(packets(&entries, &small, &direct()).len(), 100, "one at least in each");
    }
}
