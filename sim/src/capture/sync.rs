//! The bytes of connection synchronisation (`struct ip_vs_sync_mesg` and `struct ip_vs_sync_v4` in
//! `net/netfilter/ipvs/ip_vs_sync.c`, protocol version 1).

use crate::ipvs::sync::{ENTRY, Entry, HEADER, Told};
use crate::net::packet::Message;
use director_core::config::Forward;
use std::net::SocketAddrV4;

/// The port that the datagrams come from, which is any.
pub(super) const FROM: u16 = 32_769;
const VERSION: u8 = 1;
const TCP: u8 = 6;
/// `IP_VS_CONN_F_*` in `linux/ip_vs.h`.
const MASQUERADE: u32 = 0;
const TUNNEL: u32 = 2;
const DIRECT: u32 = 3;
const NO_OUTPUT: u32 = 0x80;
const INACTIVE: u32 = 0x100;
const TEMPLATE: u32 = 0x1000;

/// The payload of a datagram.
pub(super) fn bytes(message: &Message) -> Vec<u8> {
    let size = HEADER + ENTRY * message.told.len();
    let size = u16::try_from(size).unwrap_or(u16::MAX).to_be_bytes();
    let count = u8::try_from(message.told.len()).unwrap_or(u8::MAX);
    let mut bytes = vec![0, message.id, size[0], size[1], count, VERSION, 0, 0];
    for told in &message.told {
        entry(told, &mut bytes);
    }
    bytes
}

fn entry(told: &Told, bytes: &mut Vec<u8>) {
    let none = SocketAddrV4::new([0, 0, 0, 0].into(), 0);
    let (client, target, state, mut flags) = match told.entry {
        Entry::Connection(flow, state) => {
            let flags = if state.is_active() { 0 } else { INACTIVE };
            (flow.client(), flow.target(), state.number(), flags)
        }
        Entry::Template(whom) => {
            let client = SocketAddrV4::new(whom.network(), none.port());
            (client, whom.service(), 0, TEMPLATE)
        }
    };
    flags |= match told.forward {
        Forward::Nat => MASQUERADE,
        Forward::Tunnel(_) => TUNNEL | NO_OUTPUT,
        Forward::Direct => DIRECT | NO_OUTPUT,
    };
    let seconds = u32::try_from(told.timeout.as_secs()).unwrap_or(u32::MAX);
    let length = u16::try_from(ENTRY).unwrap_or(0).to_be_bytes();
    bytes.extend([0, TCP, length[0], length[1]]);
    bytes.extend(flags.to_be_bytes());
    bytes.extend(u16::from(state).to_be_bytes());
    for port in [client.port(), target.port(), told.server.port()] {
        bytes.extend(port.to_be_bytes());
    }
    bytes.extend(0_u32.to_be_bytes());
    bytes.extend(seconds.to_be_bytes());
    for address in [client.ip(), target.ip(), told.server.ip()] {
        bytes.extend(address.octets());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipvs::sync::tests::told;

    #[test]
    fn every_entry_has_the_size_that_it_says() {
        let message = Message { id: 7, port: 8848, told: vec![told(40_000), told(40_001)] };
        let bytes = bytes(&message);
        assert_eq!(bytes.len(), HEADER + 2 * ENTRY);
        assert_eq!(bytes[..8], [0, 7, 0, 80, 2, VERSION, 0, 0]);
        let entry = &bytes[HEADER..HEADER + ENTRY];
        assert_eq!(entry[..8], [0, 6, 0, 36, 0, 0, 0, 0x83], "direct, no answer passes");
        assert_eq!(entry[8..12], [0, 1, 0x9c, 0x40], "established, from port 40000");
        assert_eq!(entry[20..24], 900_u32.to_be_bytes());
        assert_eq!(entry[24..], [10, 0, 0, 1, 10, 0, 0, 100, 10, 0, 0, 21]);
    }
}
