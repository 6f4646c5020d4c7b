//! The bytes of neighbour discovery, and what else IPv6 has otherwise.

use crate::net::packet::{Arp, ArpKind, Unreachable};
use etherparse::err::packet::BuildWriteError;
use etherparse::icmpv6::DestUnreachableCode;
use etherparse::{Icmpv6Type, PacketBuilder};
use std::net::Ipv6Addr;

/// Types of messages (RFC 4861 §4.3, §4.4).
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
/// The flags of an advertisement: its sender routes, was asked, and knows better.
const ROUTER: u8 = 0x80;
const SOLICITED: u8 = 0x40;
const OVERRIDE: u8 = 0x20;
/// Options with a hardware address (RFC 4861 §4.6.1): the source's and the target's.
const SOURCE: u8 = 1;
const TARGET: u8 = 2;
/// What was not forwarded has it (RFC 4861 §7.1).
const HOPS: u8 = 255;
/// All nodes on the link (RFC 4291 §2.7.1).
const EVERYBODY: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// The hardware address of a group (RFC 2464 §7).
pub(super) fn group(address: Ipv6Addr) -> [u8; 6] {
    let [.., a, b, c, d] = address.octets();
    [0x33, 0x33, a, b, c, d]
}

/// The group of all whose address ends like this one (RFC 4291 §2.7.1).
fn solicited(target: Ipv6Addr) -> Ipv6Addr {
    let [.., g, h] = target.segments();
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | (g & 0xff), h)
}

/// The same as ARP says, between these addresses; `routes`: the sender is a router.
pub(super) fn discovery(
    ether: ([u8; 6], [u8; 6]),
    arp: Arp,
    (sender, target): (Ipv6Addr, Ipv6Addr),
    routes: bool,
) -> Result<Vec<u8>, BuildWriteError> {
    let router = if routes { ROUTER } else { 0 };
    let (dst, code, flags, about, option) = match arp.kind {
        _ if arp.is_gratuitous() => {
            (EVERYBODY, ADVERTISEMENT, router | OVERRIDE, sender, Some(TARGET))
        }
        ArpKind::Request => (solicited(target), SOLICITATION, 0, target, Some(SOURCE)),
        ArpKind::Probe => (target, SOLICITATION, 0, target, Some(SOURCE)),
        ArpKind::Reply => {
            (target, ADVERTISEMENT, router | SOLICITED | OVERRIDE, sender, Some(TARGET))
        }
        ArpKind::Confirmation => (target, ADVERTISEMENT, router | SOLICITED, sender, None),
    };
    let hardware = if dst.is_multicast() { group(dst) } else { ether.1 };
    let mut said = about.octets().to_vec();
    if let Some(option) = option {
        said.extend_from_slice(&[option, 1]);
        said.extend_from_slice(&ether.0);
    }
    let mut bytes = Vec::new();
    let ip = PacketBuilder::ethernet2(ether.0, hardware).ipv6(sender.octets(), dst.octets(), HOPS);
    ip.icmpv6_raw(code, 0, [flags, 0, 0, 0]).write(&mut bytes, &said)?;
    Ok(bytes)
}

/// Why something could not be delivered (RFC 4443 §3.1).
pub(super) fn unreachable(code: Unreachable) -> Icmpv6Type {
    Icmpv6Type::DestinationUnreachable(match code {
        Unreachable::Host => DestUnreachableCode::Address,
        Unreachable::Port => DestUnreachableCode::Port,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const US: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0xab, 0xcd12);
    const OTHER: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x11);

    /// Destinations of frame and packet, the message without its checksum.
    fn said(kind: ArpKind, target: Ipv6Addr) -> ([u8; 6], Ipv6Addr, Vec<u8>) {
        let number = |address| Ipv4Addr::new(240, 0, 0, u8::from(address == US));
        let arp = Arp { kind, sender: number(US), target: number(target) };
        let ether = ([2, 0, 0, 0, 0, 7], [2, 0, 0, 0, 0, 9]);
        let bytes = discovery(ether, arp, (US, target), false).unwrap();
        let dst: [u8; 16] = bytes[38..54].try_into().unwrap();
        assert_eq!(bytes[21], HOPS);
        // The sum over all, with the checksum in it, is all ones (RFC 4443 §2.3).
        let length = u32::try_from(bytes.len() - 54).unwrap();
        let pseudo = [&bytes[22..54], &length.to_be_bytes(), &[0, 0, 0, 58], &bytes[54..]].concat();
        let words = pseudo.chunks(2).map(|two| u32::from(two[0]) << 8 | u32::from(two[1]));
        let sum: u32 = words.sum();
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff, "{kind:?}");
        let message = [&bytes[54..56], &bytes[58..]].concat();
        (bytes[..6].try_into().unwrap(), dst.into(), message)
    }

    #[test]
    fn who_has_it_is_asked_of_those_whose_addresses_end_so() {
        let (to, dst, message) = said(ArpKind::Request, OTHER);
        assert_eq!(to, [0x33, 0x33, 0xff, 0, 0, 0x11]);
        assert_eq!(dst.to_string(), "ff02::1:ff00:11");
        let expected = [&[135, 0, 0, 0, 0, 0], &OTHER.octets()[..], &[1, 1, 2, 0, 0, 0, 0, 7]];
        assert_eq!(message, expected.concat());
        let (to, dst, _) = said(ArpKind::Probe, OTHER);
        assert_eq!((to, dst), ([2, 0, 0, 0, 0, 9], OTHER));
    }

    #[test]
    fn answers_and_announcements_say_what_they_override() {
        let option = [2, 1, 2, 0, 0, 0, 0, 7];
        let advert = |flags| [&[136, 0, flags, 0, 0, 0], &US.octets()[..]].concat();
        let (_, dst, message) = said(ArpKind::Reply, OTHER);
        assert_eq!((dst, message), (OTHER, [advert(0x60), option.to_vec()].concat()));
        let (_, _, message) = said(ArpKind::Confirmation, OTHER);
        assert_eq!(message, advert(0x40));
        let (to, dst, message) = said(ArpKind::Request, US);
        assert_eq!((to, dst), ([0x33, 0x33, 0, 0, 0, 1], EVERYBODY));
        assert_eq!(message, [advert(0x20), option.to_vec()].concat());
    }
}
