//! The bytes of announcements.

use pnet::packet::Packet;
use pnet::packet::arp::{ArpHardwareTypes, ArpOperations, MutableArpPacket};
use pnet::packet::ethernet::{EtherType, EtherTypes, MutableEthernetPacket};
use pnet::packet::icmpv6::ndp::{
    MutableNdpOptionPacket, MutableNeighborAdvertPacket, NdpOptionTypes, NeighborAdvertFlags,
};
use pnet::packet::icmpv6::{Icmpv6Code, Icmpv6Packet, Icmpv6Types, checksum};
use pnet::packet::ip::IpNextHeaderProtocols;
use pnet::packet::ipv6::MutableIpv6Packet;
use pnet::util::MacAddr;
use std::net::{Ipv4Addr, Ipv6Addr};

const ETHERNET_BYTES: usize = 14;
const ARP_BYTES: usize = 28;
const IPV6_BYTES: usize = 40;
const ADVERTISEMENT_BYTES: usize = 24;
/// A link-layer address option (RFC 4861 §4.6.1) counts in units of eight bytes, and has one.
const OPTION_BYTES: usize = 8;
/// RFC 4861 §7.1.2: a router may not have passed it on.
const HOPS: u8 = 255;
/// All nodes on the link (RFC 4291 §2.7.1).
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
/// The Ethernet address of [`ALL_NODES`] (RFC 2464 §7).
const ALL_NODES_MAC: MacAddr = MacAddr(0x33, 0x33, 0, 0, 0, 1);

/// An ARP announcement (RFC 5227 §3): a broadcast request whose sender and target are the address.
///
/// The request form, not the reply form: §3 asks for it because every implementation must look at
/// the sender of a request, while a reply that nobody asked for is often dropped. Linux takes it
/// over an entry at once, also within its lock time (`arp_is_garp` in `net/ipv4/arp.c`).
pub(super) fn gratuitous_arp(mac: MacAddr, address: Ipv4Addr) -> Vec<u8> {
    request(mac, address, address)
}

/// An ARP probe (RFC 5227 §1.1): who has the address? It names no sender.
pub(crate) fn probe(mac: MacAddr, address: Ipv4Addr) -> Vec<u8> {
    request(mac, Ipv4Addr::UNSPECIFIED, address)
}

/// A broadcast ARP request (RFC 826).
fn request(mac: MacAddr, sender: Ipv4Addr, target: Ipv4Addr) -> Vec<u8> {
    let mut frame = ethernet(MacAddr::broadcast(), mac, EtherTypes::Arp, ARP_BYTES);
    if let Some(mut arp) = frame.get_mut(ETHERNET_BYTES..).and_then(MutableArpPacket::new) {
        arp.set_hardware_type(ArpHardwareTypes::Ethernet);
        arp.set_protocol_type(EtherTypes::Ipv4);
        arp.set_hw_addr_len(6);
        arp.set_proto_addr_len(4);
        arp.set_operation(ArpOperations::Request);
        arp.set_sender_hw_addr(mac);
        arp.set_sender_proto_addr(sender);
        arp.set_target_hw_addr(MacAddr::zero());
        arp.set_target_proto_addr(target);
    }
    frame
}

/// An unsolicited neighbour advertisement (RFC 4861 §7.2.6) to all nodes, which overrides what they
/// have; `router` is whether the sender routes, as §4.4 wants it said.
pub(super) fn neighbour_advertisement(mac: MacAddr, address: Ipv6Addr, router: bool) -> Vec<u8> {
    const MESSAGE_BYTES: u16 = 32;
    const { assert!(ADVERTISEMENT_BYTES + OPTION_BYTES == MESSAGE_BYTES as usize) };
    let length = IPV6_BYTES + usize::from(MESSAGE_BYTES);
    let mut frame = ethernet(ALL_NODES_MAC, mac, EtherTypes::Ipv6, length);
    if let Some(mut ip) = frame.get_mut(ETHERNET_BYTES..).and_then(MutableIpv6Packet::new) {
        ip.set_version(6);
        ip.set_payload_length(MESSAGE_BYTES);
        ip.set_next_header(IpNextHeaderProtocols::Icmpv6);
        ip.set_hop_limit(HOPS);
        ip.set_source(address);
        ip.set_destination(ALL_NODES);
    }
    let at = ETHERNET_BYTES + IPV6_BYTES;
    if let Some(message) = frame.get_mut(at..) {
        advertise(message, mac, address, router);
    }
    frame
}

fn advertise(message: &mut [u8], mac: MacAddr, address: Ipv6Addr, router: bool) {
    if let Some(option) = message.get_mut(ADVERTISEMENT_BYTES..)
        && let Some(mut option) = MutableNdpOptionPacket::new(option)
    {
        option.set_option_type(NdpOptionTypes::TargetLLAddr);
        option.set_length(1);
        option.set_data(&[mac.0, mac.1, mac.2, mac.3, mac.4, mac.5]);
    }
    let Some(mut advert) = MutableNeighborAdvertPacket::new(message) else {
        return;
    };
    advert.set_icmpv6_type(Icmpv6Types::NeighborAdvert);
    advert.set_icmpv6_code(Icmpv6Code::new(0));
    let routes = if router { NeighborAdvertFlags::Router } else { 0 };
    advert.set_flags(NeighborAdvertFlags::Override | routes);
    advert.set_target_addr(address);
    let sum = Icmpv6Packet::new(advert.packet()).map(|icmp| checksum(&icmp, &address, &ALL_NODES));
    advert.set_checksum(sum.unwrap_or(0));
}

fn ethernet(to: MacAddr, from: MacAddr, kind: EtherType, payload: usize) -> Vec<u8> {
    let mut frame = vec![0; ETHERNET_BYTES + payload];
    if let Some(mut header) = MutableEthernetPacket::new(&mut frame) {
        header.set_destination(to);
        header.set_source(from);
        header.set_ethertype(kind);
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: MacAddr = MacAddr(0x02, 0, 0, 0, 0, 0x0b);

    #[test]
    fn an_arp_announcement_to_the_byte() {
        let expected = [
            &[0xff; 6][..],
            &[0x02, 0, 0, 0, 0, 0x0b],
            &[0x08, 0x06],
            &[0, 1, 0x08, 0, 6, 4, 0, 1],
            &[0x02, 0, 0, 0, 0, 0x0b],
            &[10, 0, 0, 100],
            &[0; 6],
            &[10, 0, 0, 100],
        ]
        .concat();
        assert_eq!(gratuitous_arp(MAC, Ipv4Addr::new(10, 0, 0, 100)), expected);
    }

    /// The sum over pseudo-header and message (RFC 4443 §2.3), by a calculation of its own.
    fn folded_sum(frame: &[u8]) -> u16 {
        let message = &frame[54..];
        let mut words: Vec<u8> = frame[22..54].to_vec();
        words.extend_from_slice(&[0, 0, 0, 32, 0, 0, 0, 58]);
        words.extend_from_slice(message);
        let sum: u32 =
            words.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
        let once = (sum & 0xffff) + (sum >> 16);
        u16::try_from((once & 0xffff) + (once >> 16)).expect("sixteen bits")
    }

    #[test]
    fn a_neighbour_advertisement_to_the_byte() {
        let address: Ipv6Addr = "2001:db8::100".parse().expect("an address");
        let frame = neighbour_advertisement(MAC, address, false);
        assert_eq!(frame.len(), 86);
        assert_eq!(frame[..14], [0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0x0b, 0x86, 0xdd]);
        assert_eq!(frame[14..22], [0x60, 0, 0, 0, 0, 32, 58, 255]);
        assert_eq!(frame[22..38], address.octets());
        assert_eq!(frame[38..54], ALL_NODES.octets());
        assert_eq!(frame[54..56], [136, 0]);
        assert_eq!(frame[58..62], [0x20, 0, 0, 0], "override, not solicited, no router");
        assert_eq!(frame[62..78], address.octets());
        assert_eq!(frame[78..], [2, 1, 2, 0, 0, 0, 0, 0x0b]);
        assert_eq!(folded_sum(&frame), 0xffff, "the checksum fits");
    }

    #[test]
    fn a_router_says_that_it_is_one() {
        let address: Ipv6Addr = "2001:db8::100".parse().expect("an address");
        assert_eq!(neighbour_advertisement(MAC, address, true)[58], 0xa0);
    }
}
