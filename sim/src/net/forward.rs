//! What a director does with packets that are not its own: IPVS, and the way to real servers.
//!
//! After `net/netfilter/ipvs/ip_vs_core.c` and `ip_vs_xmit.c`. By direct routing the packet goes on
//! as it is, to a neighbour; a tunnelled one inside another, over routes, and the real server takes
//! it out if it was prepared for that; with NAT the server is its destination from here on, and the
//! answer passes the director, which puts the virtual address in the server's place.

use crate::client::Load;
use crate::host::Kind;
use crate::ipvs::{Event as TcpEvent, Timer, Verdict};
use crate::net::packet::{NodeId, Packet, Payload, PortId, Segment, Tcp, Unreachable};
use crate::world::{Event, World};
use director_core::config::{Forward, Tunnel};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

/// How many directors pass a packet on at most (`net.ipv4.ip_default_ttl`): it may go in circles.
const HOPS: u8 = 64;

/// What a segment means to a connection, by its flags (`tcp_state_idx`).
fn event(kind: Segment) -> TcpEvent {
    match kind {
        Segment::Syn | Segment::SynAck(_) => TcpEvent::Syn,
        Segment::Fin | Segment::Answer(_) => TcpEvent::Fin,
        Segment::Rst => TcpEvent::Rst,
        Segment::Request(_) | Segment::Ack | Segment::Ask(..) | Segment::Page(..) => TcpEvent::Ack,
    }
}

/// How many packets it stands for: a short first request comes with the handshake's last
/// acknowledgement.
fn packets(tcp: Tcp) -> u8 {
    match tcp.kind {
        Segment::Request(_) | Segment::Ask(_, 0) if tcp.long == 0 => 2,
        _ => tcp.count,
    }
}

impl World {
    /// A segment for a virtual address on a director.
    pub(crate) fn balance(&mut self, node: NodeId, packet: Packet, tcp: Tcp) {
        let now = self.now;
        let Some(director) = self.director(node) else { return };
        let kernel = &mut director.kernel;
        let client = SocketAddrV4::new(packet.src, tcp.sport);
        let target = SocketAddrV4::new(packet.dst, tcp.dport);
        let segments = (event(tcp.kind), packets(tcp));
        let verdict = kernel.ipvs.segments(client, target, segments, now);
        if kernel.ipvs.teller.as_ref().is_some_and(|teller| teller.is_full()) {
            self.hurry_sync(node);
        }
        let Some(director) = self.director(node) else { return };
        let kernel = &director.kernel;
        match verdict {
            Verdict::Local => self.segment(node, packet.src, packet.dst, tcp),
            Verdict::Dropped => {}
            Verdict::Nobody if kernel.is_closed(packet.dst, Some(tcp.dport)) => {}
            Verdict::Nobody => {
                self.guard_nobody(node, target);
                self.refuse(node, &packet, Unreachable::Port);
            }
            Verdict::Forward { server, forward, new, astray, timer } => {
                self.connection_timer(node, timer);
                if new {
                    self.guard_forward(node, server);
                }
                self.forward(node, packet, tcp, (server, forward), astray);
            }
        }
    }

    fn connection_timer(&mut self, node: NodeId, timer: Option<Timer>) {
        if let Some(Timer { slot, generation, at }) = timer
            && let Some(boots) = self.hosts.get(node.index()).map(|host| host.boots)
        {
            self.queue.push(at, Event::Connection { node, boots, slot, generation });
        }
    }

    fn forward(
        &mut self,
        node: NodeId,
        packet: Packet,
        tcp: Tcp,
        (server, forward): (SocketAddr, Forward),
        astray: bool,
    ) {
        let Some(server) = self.stand_ins.of_socket(server) else { return };
        let Some(host) = self.hosts.get(node.index()) else { return };
        if server.ip().is_loopback() || host.is_local(*server.ip(), &self.virtuals) {
            // To the host itself NAT alone writes another port into it, and not to a loopback
            // address (`ip_vs_nat_xmit`).
            match forward {
                Forward::Nat if server.ip().is_loopback() => {}
                _ => self.segment(node, packet.src, packet.dst, tcp),
            }
            return;
        }
        self.guard_loop(node, server);
        if astray {
            return;
        }
        if let Some(mtu) = self.too_long(node, tcp, (*server.ip(), forward)) {
            self.refuse_long(node, packet, mtu);
            return;
        }
        match forward {
            Forward::Direct => self.route_directly(node, packet, *server.ip()),
            Forward::Tunnel(tunnel) => self.wrap(node, packet, tunnel, *server.ip()),
            Forward::Nat => {
                let (src, dst) = (packet.src, *server.ip());
                let payload = Payload::Tcp(Tcp { dport: server.port(), ..tcp });
                self.send(node, Packet { src, dst, payload });
            }
        }
    }

    fn route_directly(&mut self, node: NodeId, packet: Packet, server: Ipv4Addr) {
        let Some(host) = self.hosts.get(node.index()) else { return };
        match host.route(server) {
            // Direct routing is for neighbours: the packet keeps its destination.
            Some((place, hop)) if hop == server => self.send_via(node, packet, place, hop),
            _ => self.undeliverable(node, packet),
        }
    }

    /// Into another packet, from the address of the interface that it leaves by.
    fn wrap(&mut self, node: NodeId, packet: Packet, tunnel: Tunnel, server: Ipv4Addr) {
        let Some(host) = self.hosts.get(node.index()) else { return };
        let route = host.route(server);
        let port = route
            .and_then(|(place, hop)| Some((host.port(place)?.address_like(server)?, place, hop)));
        match port {
            Some((src, place, hop)) => {
                let payload = Payload::Wrapped(tunnel, Box::new(packet));
                self.send_via(node, Packet { src, dst: server, payload }, place, hop);
            }
            None => self.undeliverable(node, packet),
        }
    }

    /// A packet with another one inside has come to the host that it is for.
    pub(crate) fn unwrap(
        &mut self,
        node: NodeId,
        (src, dst): (Ipv4Addr, Ipv4Addr),
        tunnel: Tunnel,
        inner: Box<Packet>,
    ) {
        let Some(host) = self.hosts.get(node.index()) else { return };
        if !host.unwraps(tunnel) {
            let packet = Packet { src, dst, payload: Payload::Wrapped(tunnel, inner) };
            self.refuse(node, &packet, Unreachable::Port);
            return;
        }
        // A server that does not hold the address does not pass the packet on either.
        if host.is_local(inner.dst, &self.virtuals)
            && let Payload::Tcp(tcp) = inner.payload
        {
            self.segment(node, inner.src, inner.dst, tcp);
        }
    }

    /// A director hears that what it has wrapped did not arrive: it tells the client, about the
    /// client's own packet (`ip_vs_in_icmp`).
    pub(crate) fn relay_unreachable(&mut self, node: NodeId, about: &Packet, code: Unreachable) {
        let is_director = self.hosts.get(node.index()).is_some_and(|it| it.director().is_some());
        if is_director {
            self.refuse(node, about, code);
        }
    }

    /// A packet that is for another host: routers pass it on, and directors that have been told to.
    pub(crate) fn pass_on(&mut self, node: NodeId, from: PortId, packet: Packet) {
        let Some(host) = self.hosts.get(node.index()) else { return };
        match &host.kind {
            Kind::Router => self.route_on(node, packet),
            Kind::Director(director) => {
                let forwards = director.kernel.forwards();
                self.count_returned(node, from, packet.dst);
                if forwards {
                    self.answer(node, packet);
                }
            }
            _ => {}
        }
    }

    /// Counts what comes to a director on its way from a real server to a client.
    fn count_returned(&mut self, node: NodeId, from: PortId, to: Ipv4Addr) {
        let is_client =
            |load: &Load| self.hosts.get(load.node.index()).is_some_and(|client| client.owns(to));
        let by_server = self.node_of(from).is_some_and(|from| self.is_server(from));
        if by_server
            && self.loads.iter().any(is_client)
            && let Some(one) = self.director(node)
        {
            one.returned += 1;
        }
    }

    /// A packet passes a director: the virtual address takes the place of the server that it is
    /// from, if that is an answer on a connection with NAT; any other goes on as it is.
    fn answer(&mut self, node: NodeId, mut packet: Packet) {
        let now = self.now;
        if let Payload::TooBig(told) = &mut packet.payload {
            self.rename_long(node, &mut told.about);
            return self.send(node, packet);
        }
        let Payload::Tcp(tcp) = &mut packet.payload else { return self.route_on(node, packet) };
        tcp.hops += 1;
        if tcp.hops >= HOPS {
            return;
        }
        let tcp = *tcp;
        let Some(director) = self.director(node) else { return };
        let server = SocketAddrV4::new(packet.src, tcp.sport);
        let client = SocketAddrV4::new(packet.dst, tcp.dport);
        let known = director.kernel.ipvs.outgoing(server, client, event(tcp.kind), now);
        if let Some((target, timer)) = known {
            self.connection_timer(node, timer);
            packet.src = *target.ip();
            packet.payload = Payload::Tcp(Tcp { sport: target.port(), ..tcp });
        }
        self.route_on(node, packet);
    }

    /// A client is told about its packet as it has sent it (`ip_vs_out_icmp`).
    fn rename_long(&self, node: NodeId, about: &mut Packet) {
        if let Payload::Tcp(tcp) = about.payload
            && let Some((address, port)) = self.before_nat(node, about, tcp)
        {
            about.dst = address;
            about.payload = Payload::Tcp(Tcp { dport: port, ..tcp });
        }
    }

    /// What a client called the server, if this director wrote that into the packet.
    pub(crate) fn before_nat(
        &self,
        node: NodeId,
        packet: &Packet,
        tcp: Tcp,
    ) -> Option<(Ipv4Addr, u16)> {
        let director = self.hosts.get(node.index())?.director()?;
        let server = SocketAddrV4::new(packet.dst, tcp.dport);
        let client = SocketAddrV4::new(packet.src, tcp.sport);
        let target = director.kernel.ipvs.behind(server, client)?;
        Some((*target.ip(), target.port()))
    }
}
