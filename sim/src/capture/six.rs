//! The bytes of heartbeats over IPv6, and of the discovery of who has an address.

use crate::net::packet::{ArpKind, PortId};
use etherparse::PacketBuilder;
use etherparse::err::packet::BuildWriteError;
use std::net::Ipv6Addr;

/// Solicitation and advertisement (RFC 4861 §4.3, §4.4), their flags, and the option with which
/// each says the sender's hardware address.
const SOLICITATION: (u8, [u8; 4], u8) = (135, [0; 4], 1);
const ADVERTISEMENT: (u8, [u8; 4], u8) = (136, [0x60, 0, 0, 0], 2);
/// What was not forwarded has it (RFC 4861 §7.1).
const HOPS: u8 = 255;

/// The hardware address of a group (RFC 2464 §7).
fn group(address: Ipv6Addr) -> [u8; 6] {
    let [.., a, b, c, d] = address.octets();
    [0x33, 0x33, a, b, c, d]
}

/// A datagram of the heartbeat's port.
pub(super) fn beat(
    ether: ([u8; 6], [u8; 6]),
    (src, dst): (Ipv6Addr, Ipv6Addr),
    (port, sealed): (u16, &[u8]),
) -> Result<Vec<u8>, BuildWriteError> {
    let (to, hops) =
        if dst.is_multicast() { (group(dst), 1) } else { (ether.1, super::bytes::HOPS) };
    let mut bytes = Vec::new();
    let ip = PacketBuilder::ethernet2(ether.0, to).ipv6(src.octets(), dst.octets(), hops);
    ip.udp(port, port).write(&mut bytes, sealed)?;
    Ok(bytes)
}

/// Who has `target`, or that `sender` has its own.
pub(super) fn discovery(
    ether: ([u8; 6], [u8; 6]),
    kind: ArpKind,
    (sender, target): (Ipv6Addr, Ipv6Addr),
    to: Option<PortId>,
) -> Result<Vec<u8>, BuildWriteError> {
    let ((code, flags, option), about) = match kind {
        ArpKind::Request => (SOLICITATION, target),
        ArpKind::Reply => (ADVERTISEMENT, sender),
    };
    // The group of all whose address ends like the one that is asked for (RFC 4291 §2.7.1).
    let [.., b, c, d] = target.octets();
    let asked = Ipv6Addr::from_bits(
        0xff02_0000_0000_0000_0000_0001_ff00_0000 | u128::from(u32::from_be_bytes([0, b, c, d])),
    );
    let (dst, hardware) = match to {
        Some(_) => (target, ether.1),
        None => (asked, group(asked)),
    };
    let mut said = about.octets().to_vec();
    said.extend_from_slice(&[option, 1]);
    said.extend_from_slice(&ether.0);
    let mut bytes = Vec::new();
    let ip = PacketBuilder::ethernet2(ether.0, hardware).ipv6(sender.octets(), dst.octets(), HOPS);
    ip.icmpv6_raw(code, 0, flags).write(&mut bytes, &said)?;
    Ok(bytes)
}
