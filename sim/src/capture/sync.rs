//! The bytes of connection synchronisation (`struct ip_vs_sync_mesg` in
//! `net/netfilter/ipvs/ip_vs_sync.c`, protocol version 1).

use crate::ipvs::ENTRY;
use crate::ipvs::sync::HEADER;
use crate::net::packet::Message;

/// The port that the datagrams come from, which is any.
pub(super) const FROM: u16 = 32_769;
const VERSION: u8 = 1;
/// The payload of a datagram.
pub(super) fn bytes(message: &Message) -> Vec<u8> {
    let size = HEADER + ENTRY * message.told.len();
    let size = u16::try_from(size).unwrap_or(u16::MAX).to_be_bytes();
    let count = u8::try_from(message.told.len()).unwrap_or(u8::MAX);
    let mut bytes = vec![0, message.id, size[0], size[1], count, VERSION, 0, 0];
    message.told.iter().for_each(|told| bytes.extend(told.bytes()));
    bytes
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
