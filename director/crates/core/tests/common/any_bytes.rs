//! What the fuzz target and the property test do with bytes that may be anything.

use director_core::config::Coverage;
use director_core::name::ClusterName;
use director_core::wire::heartbeat::{self, Key, VERSION};
use director_core::wire::vrrp::{self, Envelope, HOP_LIMIT};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::net::IpAddr;

pub(crate) const SECRET: &[u8] = b"secret";
/// FNV-1a of `lvs`, the cluster's tag.
const TAG: u64 = 0x12a5_7719_1df7_9afc;
/// Of a heartbeat before the incarnation: magic, version, kind, key, tag.
const HEADER: usize = 16;

/// Reads the bytes in every way in which a director would, also as the content of packets with a
/// right header and authentication: who sends those may be broken, too.
///
/// # Panics
/// When a packet that is understood does not say the same after being written again.
pub(crate) fn understand(bytes: &[u8]) {
    as_heartbeat(bytes);
    for version in [VERSION - 1, VERSION, VERSION + 1] {
        as_heartbeat(&signed(version, bytes));
    }
    for (from, to) in [("10.0.0.11", "224.0.0.18"), ("fe80::11", "ff02::12")] {
        if let (Ok(from), Ok(to)) = (from.parse(), to.parse()) {
            as_advert(bytes, from, to);
            as_advert(&summed(bytes), from, to);
        }
    }
}

fn as_heartbeat(packet: &[u8]) {
    let key = Key::new(SECRET);
    let Ok(cluster) = ClusterName::new("lvs") else { return };
    let _ = heartbeat::may_own(packet);
    let Ok(beat) = heartbeat::open(packet, &cluster, &key) else { return };
    if beat.body.version != VERSION {
        return;
    }
    let again = heartbeat::seal(&beat, &cluster, &key);
    assert_eq!(heartbeat::open(&again, &cluster, &key), Ok(beat));
}

/// The bytes behind a right header, and before a right authentication.
pub(crate) fn signed(version: u8, content: &[u8]) -> Vec<u8> {
    let (kind, content) = content.split_first().unwrap_or((&0, &[]));
    let mut packet = Vec::with_capacity(HEADER + content.len() + 32);
    packet.extend_from_slice(b"LDHB");
    packet.extend_from_slice(&[version, kind % 5, 0, 0]);
    packet.extend_from_slice(&TAG.to_be_bytes());
    packet.extend_from_slice(content);
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(SECRET) {
        mac.update(&packet);
        packet.extend_from_slice(&mac.finalize().into_bytes());
    }
    packet
}

/// The bytes with the checksum over them alone (RFC 1071) where an advert has it.
fn summed(bytes: &[u8]) -> Vec<u8> {
    let mut advert = bytes.to_vec();
    let Some(place) = advert.get_mut(6..8) else { return advert };
    place.fill(0);
    let words = advert.chunks(2).map(|two| match *two {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(high) << 8,
        _ => 0,
    });
    let sum = words.fold(0_u32, |sum, word| {
        let sum = sum + word;
        (sum & 0xffff) + (sum >> 16)
    });
    let sum = u16::try_from(sum).unwrap_or(u16::MAX);
    if let Some(place) = advert.get_mut(6..8) {
        place.copy_from_slice(&(!sum).to_be_bytes());
    }
    advert
}

fn as_advert(packet: &[u8], from: IpAddr, to: IpAddr) {
    let envelope = Envelope { from, to, hops: HOP_LIMIT };
    let Ok(advert) = vrrp::decode(packet, envelope) else { return };
    let again = vrrp::encode(&advert, from, to, Coverage::PseudoHeader);
    assert_eq!(vrrp::decode(&again, envelope), Ok(advert));
}
