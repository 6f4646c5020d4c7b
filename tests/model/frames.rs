//! A segment's bytes, and what those that the director sends say.

use std::net::{IpAddr, SocketAddr, SocketAddrV4};

use director_core::config::{Forward, Tunnel};
use director_sim::ipvs::Event;
use pnet::datalink::MacAddr;
use pnet::packet::Packet as _;
use pnet::packet::ethernet::{EtherTypes, EthernetPacket, MutableEthernetPacket};
use pnet::packet::icmp::{IcmpCode, IcmpPacket, IcmpTypes};
use pnet::packet::icmpv6::{Icmpv6Code, Icmpv6Packet, Icmpv6Types};
use pnet::packet::ip::{IpNextHeaderProtocol, IpNextHeaderProtocols};
use pnet::packet::ipv4::{self, Ipv4Packet, MutableIpv4Packet};
use pnet::packet::ipv6::{Ipv6Packet, MutableIpv6Packet};
use pnet::packet::tcp::{self, MutableTcpPacket, TcpFlags, TcpPacket};
use pnet::packet::udp::{self, MutableUdpPacket, UdpPacket};

use crate::case::{FIRST, Family};
use crate::sync::GROUP;
use crate::wire::{LAN, PEER, ROUTER};

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const IPV6: usize = 40;
const TCP: usize = 20;
const UDP: usize = 8;

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It went on to this real server, in this way.
    Server(SocketAddr, Forward),
    /// It went on to the client, and says that it is from here.
    Client(SocketAddr),
    /// The host's own stack answered with a reset.
    Reset,
    /// The client was told that nobody is there.
    Unreachable,
    /// Nothing came of it.
    Nothing,
}

/// A frame to the director.
pub(crate) fn segment(
    sender: MacAddr,
    (from, to): (SocketAddr, SocketAddr),
    event: Event,
) -> Vec<u8> {
    let (kind, header) = match from {
        SocketAddr::V4(_) => (EtherTypes::Ipv4, IPV4),
        SocketAddr::V6(_) => (EtherTypes::Ipv6, IPV6),
    };
    let mut frame = vec![0; ETHERNET + header + TCP];
    if let Some(mut ethernet) = MutableEthernetPacket::new(&mut frame) {
        ethernet.set_destination(LAN);
        ethernet.set_source(sender);
        ethernet.set_ethertype(kind);
    }
    address(&mut frame[ETHERNET..], from.ip(), to.ip());
    if let Some(mut tcp) = MutableTcpPacket::new(&mut frame[ETHERNET + header..]) {
        tcp.set_source(from.port());
        tcp.set_destination(to.port());
        tcp.set_data_offset(5);
        tcp.set_sequence(1);
        tcp.set_window(1024);
        tcp.set_flags(match event {
            Event::Syn => TcpFlags::SYN,
            Event::Ack => TcpFlags::ACK,
            Event::Fin => TcpFlags::FIN | TcpFlags::ACK,
            Event::Rst => TcpFlags::RST,
        });
        let sum = match (from.ip(), to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                tcp::ipv4_checksum(&tcp.to_immutable(), &from, &to)
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                tcp::ipv6_checksum(&tcp.to_immutable(), &from, &to)
            }
            _ => 0,
        };
        tcp.set_checksum(sum);
    }
    frame
}

/// A frame of the other director to a group.
pub(crate) fn datagram(from: SocketAddrV4, group: SocketAddrV4, payload: &[u8]) -> Vec<u8> {
    let [_, b, c, d] = group.ip().octets();
    let mut frame = vec![0; ETHERNET + IPV4 + UDP + payload.len()];
    if let Some(mut ethernet) = MutableEthernetPacket::new(&mut frame) {
        // RFC 1112 §6.4.
        ethernet.set_destination(MacAddr(1, 0, 0x5e, b & 0x7f, c, d));
        ethernet.set_source(PEER);
        ethernet.set_ethertype(EtherTypes::Ipv4);
    }
    address(&mut frame[ETHERNET..], (*from.ip()).into(), (*group.ip()).into());
    if let Some(mut ip) = MutableIpv4Packet::new(&mut frame[ETHERNET..]) {
        ip.set_ttl(1);
        ip.set_next_level_protocol(IpNextHeaderProtocols::Udp);
        ip.set_checksum(0);
        let sum = ipv4::checksum(&ip.to_immutable());
        ip.set_checksum(sum);
    }
    let length = u16::try_from(UDP + payload.len()).unwrap_or(u16::MAX);
    if let Some(mut udp) = MutableUdpPacket::new(&mut frame[ETHERNET + IPV4..]) {
        udp.set_source(from.port());
        udp.set_destination(group.port());
        udp.set_length(length);
        udp.set_payload(payload);
        let sum = udp::ipv4_checksum(&udp.to_immutable(), from.ip(), group.ip());
        udp.set_checksum(sum);
    }
    frame
}

/// The IP header in front of what fills the packet.
fn address(packet: &mut [u8], from: IpAddr, to: IpAddr) {
    let length = u16::try_from(packet.len()).unwrap_or(u16::MAX);
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let Some(mut ip) = MutableIpv4Packet::new(packet) else { return };
            ip.set_version(4);
            ip.set_header_length(5);
            ip.set_total_length(length);
            ip.set_ttl(64);
            ip.set_next_level_protocol(IpNextHeaderProtocols::Tcp);
            ip.set_source(from);
            ip.set_destination(to);
            ip.set_checksum(ipv4::checksum(&ip.to_immutable()));
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let Some(mut ip) = MutableIpv6Packet::new(packet) else { return };
            ip.set_version(6);
            ip.set_payload_length(20);
            ip.set_hop_limit(64);
            ip.set_next_header(IpNextHeaderProtocols::Tcp);
            ip.set_source(from);
            ip.set_destination(to);
        }
        _ => {}
    }
}

/// A packet's IP header, and what it carries.
struct Datagram {
    from: IpAddr,
    to: IpAddr,
    protocol: IpNextHeaderProtocol,
    payload: Vec<u8>,
}

impl Datagram {
    fn four(packet: &[u8]) -> Option<Self> {
        let ip = Ipv4Packet::new(packet)?;
        Some(Self {
            from: ip.get_source().into(),
            to: ip.get_destination().into(),
            protocol: ip.get_next_level_protocol(),
            payload: ip.payload().to_vec(),
        })
    }

    fn six(packet: &[u8]) -> Option<Self> {
        let ip = Ipv6Packet::new(packet)?;
        Some(Self {
            from: ip.get_source().into(),
            to: ip.get_destination().into(),
            protocol: ip.get_next_header(),
            payload: ip.payload().to_vec(),
        })
    }

    /// Whom a segment is from, whom it is for, and its flags.
    fn ends(&self) -> Option<(SocketAddr, SocketAddr, u8)> {
        let tcp = (self.protocol == IpNextHeaderProtocols::Tcp)
            .then(|| TcpPacket::new(&self.payload))
            .flatten()?;
        let from = SocketAddr::new(self.from, tcp.get_source());
        let to = SocketAddr::new(self.to, tcp.get_destination());
        Some((from, to, tcp.get_flags()))
    }

    /// Whether it says that nobody listens.
    fn is_unreachable(&self) -> bool {
        match self.protocol {
            IpNextHeaderProtocols::Icmp => IcmpPacket::new(&self.payload).is_some_and(|icmp| {
                icmp.get_icmp_type() == IcmpTypes::DestinationUnreachable
                    && icmp.get_icmp_code() == IcmpCode(3)
            }),
            IpNextHeaderProtocols::Icmpv6 => Icmpv6Packet::new(&self.payload).is_some_and(|icmp| {
                icmp.get_icmpv6_type() == Icmpv6Types::DestinationUnreachable
                    && icmp.get_icmpv6_code() == Icmpv6Code(4)
            }),
            _ => false,
        }
    }
}

/// What the director sent, and to which neighbour.
fn sent_by_director(frame: &[u8]) -> Option<(MacAddr, Datagram)> {
    let ethernet = EthernetPacket::new(frame)?;
    if ethernet.get_source() != LAN {
        return None;
    }
    let datagram = match ethernet.get_ethertype() {
        EtherTypes::Ipv4 => Datagram::four(ethernet.payload()),
        EtherTypes::Ipv6 => Datagram::six(ethernet.payload()),
        _ => None,
    };
    Some((ethernet.get_destination(), datagram?))
}

/// The payload of what the director tells others of its connections.
pub(crate) fn told(frame: &[u8]) -> Option<Vec<u8>> {
    let (_, datagram) = sent_by_director(frame)?;
    let is_udp = datagram.protocol == IpNextHeaderProtocols::Udp;
    let udp = is_udp.then(|| UdpPacket::new(&datagram.payload)).flatten()?;
    let to = (datagram.to, udp.get_destination());
    (to == ((*GROUP.ip()).into(), GROUP.port())).then(|| udp.payload().to_vec())
}

/// What a frame that the director sent says of the client's segment.
pub(crate) fn fate(frame: &[u8], family: Family, client: SocketAddr) -> Option<Fate> {
    let (neighbour, datagram) = sent_by_director(frame)?;
    let service = family.service();
    // What goes to none of the servers is not what is looked for.
    let server = || Some(family.server(neighbour.5.checked_sub(FIRST)?));
    if datagram.protocol == IpNextHeaderProtocols::Ipv4 {
        let server = server()?;
        let (from, to, _) = Datagram::four(&datagram.payload)?.ends()?;
        let right = (from, to) == (client, service) && datagram.to == server.ip();
        return right.then_some(Fate::Server(server, Forward::Tunnel(Tunnel::Ipip)));
    }
    if let Some((from, to, flags)) = datagram.ends() {
        if from != client {
            return (to == client && flags & TcpFlags::RST != 0).then_some(Fate::Reset);
        }
        let server = server()?;
        return match to {
            to if to == service => Some(Fate::Server(server, Forward::Direct)),
            to if to == server => Some(Fate::Server(server, Forward::Nat)),
            _ => None,
        };
    }
    (datagram.is_unreachable() && datagram.to == client.ip()).then_some(Fate::Unreachable)
}

/// What a frame that the director sent says of a real server's segment for the client.
pub(crate) fn passed(frame: &[u8], client: SocketAddr) -> Option<Fate> {
    let (neighbour, datagram) = sent_by_director(frame)?;
    let (from, to, _) = datagram.ends()?;
    (to == client && neighbour == ROUTER).then_some(Fate::Client(from))
}
