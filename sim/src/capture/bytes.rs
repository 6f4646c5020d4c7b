//! The bytes of a frame.

use super::six;
use super::sync;
use super::tcp::Talks;
use super::wrapped;
use crate::host::Kind;
use crate::net::packet::{Arp, ArpKind, Frame, Packet, Payload, PortId, Segment, Tcp, Unreachable};
use crate::world::World;
use director_core::beat::Beat;
use director_core::config::Coverage;
use director_core::name::ClusterName;
use director_core::wire::heartbeat::{Key, seal};
use director_core::wire::voter::{seal_answer, seal_question};
use director_core::wire::vrrp::{HOP_LIMIT, PROTOCOL, encode};
use etherparse::err::packet::BuildWriteError;
use etherparse::icmpv4::DestUnreachableHeader;
use etherparse::{
    ArpHardwareId, ArpOperation, ArpPacket, EtherType, Ethernet2Header, IcmpEchoHeader, Icmpv4Type,
    Icmpv6Type, IpHeaders, IpNumber, PacketBuilder, PacketBuilderStep,
};
use scenario::{Behaviour, NodeKind, Protocol, Serve};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};

/// What Linux begins with (`net.ipv4.ip_default_ttl`).
pub(super) const HOPS: u8 = 64;
const WINDOW: u16 = 64_240;
/// How much of a packet a message about it quotes, in bytes: the headers and some more
/// (`icmp_send` in `net/ipv4/icmp.c` has no more than 576 in all).
const QUOTED: usize = 548;
/// A frame of no less goes over Ethernet (IEEE 802.3 §4.2.3.3), without its checksum.
const SHORTEST: usize = 60;

/// The hardware address of an interface, locally administered, or of a virtual router.
pub(super) fn hardware(port: PortId) -> [u8; 6] {
    if let Some(mac) = port.router() {
        return mac.bytes(false);
    }
    let [high, low] = port.0.to_be_bytes();
    [2, 0, 0, 0, high, low]
}

/// The hardware address of a group (RFC 1112 §6.4).
fn group(address: Ipv4Addr) -> [u8; 6] {
    let [_, high, middle, low] = address.octets();
    [0x01, 0x00, 0x5e, high & 0x7f, middle, low]
}

pub(super) struct Maker<'a> {
    world: &'a World,
    talks: Talks,
}

impl<'a> Maker<'a> {
    pub(super) fn new(world: &'a World) -> Self {
        Self { world, talks: Talks::default() }
    }

    fn real(&self, number: Ipv4Addr) -> IpAddr {
        self.world.stand_ins.real(number)
    }

    /// The frame from an interface to another one, or to all.
    pub(super) fn frame(&mut self, from: PortId, to: Option<PortId>, frame: &Frame) -> Vec<u8> {
        let ether = (hardware(from), to.map_or([0xff; 6], hardware));
        let built = match frame {
            Frame::Arp(arp) => match (self.real(arp.sender), self.real(arp.target)) {
                (IpAddr::V6(sender), IpAddr::V6(target)) => {
                    six::discovery(ether, *arp, (sender, target), self.routes(from))
                }
                _ => told(ether, *arp, to),
            },
            Frame::Ip(packet) => self.packet(ether, from, packet, false),
            Frame::Damaged(packet) => self.packet(ether, from, packet, true),
            // The hardware address says that.
            Frame::ToRouter(_, frame) => return self.frame(from, to, frame),
        };
        // Writing to memory cannot fail, and nothing here is longer than its header can say.
        let mut bytes = built.unwrap_or_default();
        bytes.resize(bytes.len().max(SHORTEST), 0);
        bytes
    }

    fn packet(
        &mut self,
        ether: ([u8; 6], [u8; 6]),
        from: PortId,
        packet: &Packet,
        damaged: bool,
    ) -> Result<Vec<u8>, BuildWriteError> {
        let (src, dst) = (packet.src, packet.dst);
        let hops = match packet.payload {
            Payload::Advert(_) => HOP_LIMIT,
            Payload::Beat(_) | Payload::Sync(_) if dst.is_multicast() => 1,
            Payload::Tcp(tcp) => HOPS.saturating_sub(tcp.hops),
            _ => HOPS,
        };
        let (ip, six) = self.addressed(ether, (src, dst), hops);
        let mut bytes = Vec::new();
        match &packet.payload {
            Payload::Tcp(tcp) => {
                let said = self.said(src, dst, *tcp);
                self.segment(ip, packet, *tcp, &said, &mut bytes)?;
            }
            Payload::Beat(beat) => {
                let (port, mut sealed) = self.sealed(from, beat);
                if damaged && let Some(last) = sealed.last_mut() {
                    *last ^= 1;
                }
                ip.udp(port, port).write(&mut bytes, &sealed)?;
            }
            Payload::Question(question) => {
                let (port, said) =
                    self.said_to_voter(|name, key| seal_question(question, name, key));
                ip.udp(port, port).write(&mut bytes, &said)?;
            }
            Payload::Vote(answer) => {
                let (port, said) = self.said_to_voter(|name, key| seal_answer(answer, name, key));
                ip.udp(port, port).write(&mut bytes, &said)?;
            }
            Payload::Advert(advert) => {
                let (src, dst) = (self.real(src), self.real(dst));
                let mut said = encode(advert, src, dst, Coverage::PseudoHeader);
                if damaged && let Some(last) = said.last_mut() {
                    *last ^= 1;
                }
                ip.write(&mut bytes, IpNumber(PROTOCOL), &said)?;
            }
            Payload::Echo { question, answer } => {
                asked(ip, six, (*question, *answer), &mut bytes)?;
            }
            Payload::Sync(_)
            | Payload::Wrapped(..)
            | Payload::WrappedUnreachable { .. }
            | Payload::TooBig(_) => {
                self.around(ip, from, &packet.payload, &mut bytes)?;
            }
            Payload::Unreachable { code, sport, dport } => {
                let tcp = Tcp::new(*sport, *dport, Segment::Syn);
                let about = self.quoted(dst, src, tcp)?;
                if six {
                    ip.icmpv6(six::unreachable(*code)).write(&mut bytes, &about)?;
                } else {
                    ip.icmpv4(unreachable(*code)).write(&mut bytes, &about)?;
                }
            }
        }
        Ok(bytes)
    }

    /// Whether the interface is a router's.
    fn routes(&self, port: PortId) -> bool {
        let host = self.world.node_of(port).and_then(|it| self.world.hosts.get(it.index()));
        host.is_some_and(|host| matches!(host.kind, Kind::Router))
    }

    /// The headers of a packet, and whether they are those of IPv6.
    fn addressed(
        &self,
        ether: ([u8; 6], [u8; 6]),
        (src, dst): (Ipv4Addr, Ipv4Addr),
        hops: u8,
    ) -> (PacketBuilderStep<IpHeaders>, bool) {
        if let (IpAddr::V6(src), IpAddr::V6(dst)) = (self.real(src), self.real(dst)) {
            let to = if dst.is_multicast() { six::group(dst) } else { ether.1 };
            let ether = PacketBuilder::ethernet2(ether.0, to);
            return (ether.ipv6(src.octets(), dst.octets(), hops), true);
        }
        let to = if dst.is_multicast() { group(dst) } else { ether.1 };
        (PacketBuilder::ethernet2(ether.0, to).ipv4(src.octets(), dst.octets(), hops), false)
    }

    /// A packet with another one inside, a message about one, or what is told of connections.
    fn around(
        &mut self,
        ip: PacketBuilderStep<IpHeaders>,
        from: PortId,
        payload: &Payload,
        bytes: &mut Vec<u8>,
    ) -> Result<(), BuildWriteError> {
        match payload {
            Payload::Sync(message) => {
                let said = sync::bytes(message);
                ip.udp(sync::FROM, message.port).write(bytes, &said)
            }
            Payload::Wrapped(tunnel, inner) => {
                let inner = self.bare(from, inner)?;
                wrapped::write(ip, *tunnel, &inner, bytes)
            }
            Payload::WrappedUnreachable { code, about } => {
                // What the director looks at; the outer header decides nothing.
                let about = self.bare(from, about)?;
                ip.icmpv4(unreachable(*code)).write(bytes, &about)
            }
            Payload::TooBig(told) => {
                let mut about = self.bare(from, &told.about)?;
                about.truncate(QUOTED);
                let next_hop_mtu = told.mtu;
                if self.real(told.about.dst).is_ipv6() {
                    let mtu = u32::from(next_hop_mtu);
                    return ip.icmpv6(Icmpv6Type::PacketTooBig { mtu }).write(bytes, &about);
                }
                let header = DestUnreachableHeader::FragmentationNeeded { next_hop_mtu };
                ip.icmpv4(Icmpv4Type::DestinationUnreachable(header)).write(bytes, &about)
            }
            _ => Ok(()),
        }
    }

    /// An IP packet without a frame around it.
    fn bare(&mut self, from: PortId, packet: &Packet) -> Result<Vec<u8>, BuildWriteError> {
        let framed = self.packet(([0; 6], [0; 6]), from, packet, false)?;
        Ok(framed.get(Ethernet2Header::LEN..).unwrap_or_default().to_vec())
    }

    fn segment(
        &mut self,
        ip: PacketBuilderStep<IpHeaders>,
        packet: &Packet,
        tcp: Tcp,
        said: &[u8],
        bytes: &mut Vec<u8>,
    ) -> Result<(), BuildWriteError> {
        let wire = self.talks.wire(packet.src, packet.dst, tcp, said.len());
        let mut step = ip.tcp(tcp.sport, tcp.dport, wire.sequence, WINDOW);
        if let Some(number) = wire.acknowledged {
            step = step.ack(number);
        }
        if wire.syn {
            step = step.syn();
        }
        if wire.fin {
            step = step.fin();
        }
        if wire.rst {
            step = step.rst();
        }
        if !said.is_empty() {
            step = step.psh();
        }
        step.write(bytes, said)
    }

    /// What an ICMP message quotes: the header and eight bytes (RFC 792), or all of so short a
    /// packet (RFC 4443 §3.1).
    fn quoted(
        &mut self,
        src: Ipv4Addr,
        dst: Ipv4Addr,
        tcp: Tcp,
    ) -> Result<Vec<u8>, BuildWriteError> {
        let wire = self.talks.wire(src, dst, tcp, 0);
        let mut bytes = Vec::new();
        if let (IpAddr::V6(src), IpAddr::V6(dst)) = (self.real(src), self.real(dst)) {
            PacketBuilder::ipv6(src.octets(), dst.octets(), HOPS)
                .tcp(tcp.sport, tcp.dport, wire.sequence, WINDOW)
                .syn()
                .write(&mut bytes, &[])?;
            return Ok(bytes);
        }
        PacketBuilder::ipv4(src.octets(), dst.octets(), HOPS)
            .tcp(tcp.sport, tcp.dport, wire.sequence, WINDOW)
            .syn()
            .write(&mut bytes, &[])?;
        bytes.truncate(28);
        Ok(bytes)
    }

    /// The heartbeat's port, and its bytes as they leave the director.
    fn sealed(&self, from: PortId, beat: &Beat) -> (u16, Vec<u8>) {
        let node = self.world.node_of(from);
        let host = node.and_then(|node| self.world.hosts.get(node.index()));
        let Some(director) = host.and_then(|host| host.director()) else { return (0, Vec::new()) };
        let cluster = &director.config.cluster;
        let key = Key::new(cluster.key_file.to_string().as_bytes());
        (cluster.port.get(), seal(beat, &cluster.name, &key))
    }

    /// The voter's port, and what is sealed with the key of those who ask it.
    fn said_to_voter(&self, seal: impl Fn(&ClusterName, &Key) -> Vec<u8>) -> (u16, Vec<u8>) {
        let clusters = self.world.hosts.iter().filter_map(|host| host.director());
        let mut clusters = clusters.map(|director| &director.config.cluster);
        let Some((cluster, voter)) = clusters.find_map(|one| Some((one, one.voter?))) else {
            return (0, Vec::new());
        };
        let key = Key::new(cluster.key_file.to_string().as_bytes());
        (voter.port(), seal(&cluster.name, &key))
    }

    /// What is said in a segment: a request or a page.
    fn said(&self, src: Ipv4Addr, dst: Ipv4Addr, tcp: Tcp) -> Vec<u8> {
        match tcp.kind {
            Segment::Request(accepted) | Segment::Ask(accepted, _) => {
                let serve = self.serve(accepted.node.index(), tcp.dport);
                match serve.map(|serve| serve.protocol) {
                    // The model has no databases (`lacking`).
                    Some(Protocol::Tcp | Protocol::Udp | Protocol::Postgresql) => Vec::new(),
                    Some(Protocol::Http | Protocol::Https) | None => {
                        let host = SocketAddrV4::new(dst, tcp.dport);
                        let host = self.world.stand_ins.real_socket(host);
                        let keeps = matches!(tcp.kind, Segment::Ask(..));
                        asked_for(host, keeps, tcp)
                    }
                }
            }
            Segment::Answer(answer) | Segment::Page(answer, _) => {
                let _ = src;
                let serve = self.serve(answer.node.index(), tcp.sport);
                serve.map_or_else(Vec::new, |serve| page(serve, answer.behaviour))
            }
            _ => Vec::new(),
        }
    }

    fn serve(&self, node: usize, port: u16) -> Option<&Serve> {
        let serve = match &self.world.scenario.nodes.get(node)?.kind {
            NodeKind::Server { serve, .. } | NodeKind::Director { serve, .. } => serve,
            NodeKind::Router | NodeKind::Client | NodeKind::Voter { .. } => return None,
        };
        serve.iter().find(|serve| serve.port == port)
    }
}

/// ARP over Ethernet for IPv4 (RFC 826).
fn told(
    ether: ([u8; 6], [u8; 6]),
    arp: Arp,
    to: Option<PortId>,
) -> Result<Vec<u8>, BuildWriteError> {
    let operation = match arp.kind {
        ArpKind::Request | ArpKind::Probe => ArpOperation::REQUEST,
        ArpKind::Reply | ArpKind::Confirmation => ArpOperation::REPLY,
    };
    // A request does not know whom it asks.
    let target = match arp.kind {
        ArpKind::Request | ArpKind::Probe => [0; 6],
        ArpKind::Reply | ArpKind::Confirmation => to.map_or([0xff; 6], hardware),
    };
    let (sender, asked) = (arp.sender.octets(), arp.target.octets());
    let packet = ArpPacket::new(
        ArpHardwareId::ETHERNET,
        EtherType::IPV4,
        operation,
        &ether.0,
        &sender,
        &target,
        &asked,
    );
    let mut bytes = Vec::new();
    let header =
        Ethernet2Header { source: ether.0, destination: ether.1, ether_type: EtherType::ARP };
    bytes.extend_from_slice(&header.to_bytes());
    // All four addresses have the lengths that were said.
    bytes.extend_from_slice(&packet.map(|packet| packet.to_bytes()).unwrap_or_default());
    Ok(bytes)
}

/// A question of a director to a witness, or the answer.
fn asked(
    ip: PacketBuilderStep<IpHeaders>,
    six: bool,
    (question, answer): (u64, bool),
    bytes: &mut Vec<u8>,
) -> Result<(), BuildWriteError> {
    let (echo, said) = (echo(question), question.to_be_bytes());
    match (six, answer) {
        (false, true) => ip.icmpv4(Icmpv4Type::EchoReply(echo)).write(bytes, &said),
        (false, false) => ip.icmpv4(Icmpv4Type::EchoRequest(echo)).write(bytes, &said),
        (true, true) => ip.icmpv6(Icmpv6Type::EchoReply(echo)).write(bytes, &said),
        (true, false) => ip.icmpv6(Icmpv6Type::EchoRequest(echo)).write(bytes, &said),
    }
}

/// A short request, or the first segment of a long one.
fn asked_for(host: SocketAddr, keeps: bool, tcp: Tcp) -> Vec<u8> {
    if tcp.long == 0 {
        return scenario::request(host, keeps, None).into();
    }
    // Here the header of TCP has no options.
    let headers = if host.is_ipv4() { 40 } else { 60 };
    let length = tcp.long.saturating_sub(headers);
    let mut text = scenario::request(host, keeps, Some(length)).into_bytes();
    if tcp.count > 1 {
        let end = text.len().saturating_sub(4);
        text.get_mut(end..).unwrap_or_default().fill(b'x');
    }
    text
}

/// Why something could not be delivered (RFC 792).
fn unreachable(code: Unreachable) -> Icmpv4Type {
    Icmpv4Type::DestinationUnreachable(match code {
        Unreachable::Host => DestUnreachableHeader::Host,
        Unreachable::Port => DestUnreachableHeader::Port,
    })
}

fn echo(question: u64) -> IcmpEchoHeader {
    let [.., high, low] = question.to_be_bytes();
    IcmpEchoHeader { id: 0x4c44, seq: u16::from_be_bytes([high, low]) }
}

/// How a page of this behaviour looks.
fn page(serve: &Serve, behaviour: Behaviour) -> Vec<u8> {
    if serve.protocol != Protocol::Http {
        return format!("{}\r\n", serve.body).into();
    }
    let (status, body) = match behaviour {
        Behaviour::Error => ("503 Service Unavailable", "error"),
        Behaviour::Wrong => ("200 OK", "another page"),
        Behaviour::Ok | Behaviour::Refuse | Behaviour::Hang | Behaviour::Expired => {
            ("200 OK", &*serve.body)
        }
    };
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into()
}
