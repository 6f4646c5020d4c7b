//! Whole frames with an advert, for a source that is not the interface's own hardware address.

use super::CLASS_SELECTOR_6;
use director_core::config::VirtualMac;
use director_core::wire::vrrp::{HOP_LIMIT, PROTOCOL};
use pnet::packet::ethernet::{EtherTypes, MutableEthernetPacket};
use pnet::packet::ip::IpNextHeaderProtocol;
use pnet::packet::ipv4::{self, Ipv4Flags, MutableIpv4Packet};
use pnet::packet::ipv6::MutableIpv6Packet;
use pnet::util::MacAddr;
use std::net::IpAddr;

const ETHERNET_BYTES: usize = 14;
const IPV4_BYTES: usize = 20;
const IPV6_BYTES: usize = 40;

/// The frame that carries an advert from an address to a group; `None` when they are of different
/// families or the advert is longer than a packet.
pub(super) fn of(mac: VirtualMac, from: IpAddr, to: IpAddr, advert: &[u8]) -> Option<Vec<u8>> {
    let header = if to.is_ipv4() { IPV4_BYTES } else { IPV6_BYTES };
    let mut frame = vec![0; ETHERNET_BYTES + header];
    frame.extend_from_slice(advert);
    let mut ethernet = MutableEthernetPacket::new(&mut frame)?;
    ethernet.set_source(mac.bytes(to.is_ipv6()).into());
    ethernet.set_destination(group(to));
    ethernet.set_ethertype(if to.is_ipv4() { EtherTypes::Ipv4 } else { EtherTypes::Ipv6 });
    let packet = frame.get_mut(ETHERNET_BYTES..)?;
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let length = u16::try_from(packet.len()).ok()?;
            let mut ip = MutableIpv4Packet::new(packet)?;
            ip.set_version(4);
            ip.set_header_length(5);
            ip.set_dscp(CLASS_SELECTOR_6 >> 2);
            ip.set_total_length(length);
            ip.set_flags(Ipv4Flags::DontFragment);
            ip.set_ttl(HOP_LIMIT);
            ip.set_next_level_protocol(IpNextHeaderProtocol(PROTOCOL));
            ip.set_source(from);
            ip.set_destination(to);
            ip.set_checksum(ipv4::checksum(&ip.to_immutable()));
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let mut ip = MutableIpv6Packet::new(packet)?;
            ip.set_version(6);
            ip.set_traffic_class(CLASS_SELECTOR_6);
            ip.set_payload_length(u16::try_from(advert.len()).ok()?);
            ip.set_next_header(IpNextHeaderProtocol(PROTOCOL));
            ip.set_hop_limit(HOP_LIMIT);
            ip.set_source(from);
            ip.set_destination(to);
        }
        _ => return None,
    }
    Some(frame)
}

/// Where frames for a group go (RFC 1112 §6.4, RFC 2464 §7).
fn group(to: IpAddr) -> MacAddr {
    match to {
        IpAddr::V4(to) => {
            let [_, b, c, d] = to.octets();
            MacAddr(0x01, 0, 0x5e, b & 0x7f, c, d)
        }
        IpAddr::V6(to) => {
            let [.., a, b, c, d] = to.octets();
            MacAddr(0x33, 0x33, a, b, c, d)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU8;

    fn mac() -> VirtualMac {
        VirtualMac(NonZeroU8::new(51).expect("a number"))
    }

    #[test]
    fn a_frame_over_ipv4_to_the_byte() {
        let (from, to) = ([10, 0, 0, 1].into(), [224, 0, 0, 18].into());
        let frame = of(mac(), from, to, &[1, 2, 3, 4]).expect("a frame");
        let expected = [
            &[0x01, 0, 0x5e, 0, 0, 0x12, 0, 0, 0x5e, 0, 1, 51, 0x08, 0][..],
            &[0x45, 0xc0, 0, 24, 0, 0, 0x40, 0, 255, 112, 0, 0],
            &[10, 0, 0, 1, 224, 0, 0, 18, 1, 2, 3, 4],
        ];
        assert_eq!(frame[..24], expected.concat()[..24], "all but the checksum");
        assert_eq!(frame[26..], expected.concat()[26..]);
        let words = frame[14..34].chunks(2).map(|two| u32::from(two[0]) << 8 | u32::from(two[1]));
        let sum: u32 = words.sum();
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff, "the checksum fits");
    }

    #[test]
    fn a_frame_over_ipv6_to_the_byte() {
        let from: IpAddr = "fe80::1".parse().expect("an address");
        let to: IpAddr = "ff02::12".parse().expect("an address");
        let frame = of(mac(), from, to, &[1, 2, 3, 4]).expect("a frame");
        assert_eq!(frame[..14], [0x33, 0x33, 0, 0, 0, 0x12, 0, 0, 0x5e, 0, 2, 51, 0x86, 0xdd]);
        assert_eq!(frame[14..22], [0x6c, 0, 0, 0, 0, 4, 112, 255]);
        assert_eq!(frame.len(), 58);
        assert_eq!(of(mac(), [10, 0, 0, 1].into(), to, &[]), None);
    }
}
