//! From packets to frames and back: routes, neighbours, forwarding.

use crate::host::{Host, Kind, Port, Power};
use crate::net::arp::{Concerns, Expired, Resolved, Timer};
use crate::net::packet::{Arp, ArpKind, Frame, NodeId, Packet, Payload, PortId, Tcp, Unreachable};
use crate::net::stand_in::is_six;
use crate::net::switch::{Arrival, Switch};
use crate::record::Entry;
use crate::world::{Event, World};
use director_core::Input;
use director_core::advert::{Advert, Fault};
use director_core::config::VirtualMac;
use director_core::input::Rejection;
use director_core::time::Instant;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Where a frame leaves, and with which hardware address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    pub(crate) port: PortId,
    pub(crate) mac: PortId,
}

impl Source {
    pub(crate) const fn own(port: PortId) -> Self {
        Self { port, mac: port }
    }

    pub(crate) fn of(port: PortId, mac: Option<VirtualMac>) -> Self {
        Self { port, mac: mac.map_or(port, PortId::of_router) }
    }
}

/// From a host to itself.
const LOOPBACK: Duration = Duration::from_micros(10);

impl World {
    /// Sends a packet on its way from a host.
    pub(crate) fn send(&mut self, node: NodeId, packet: Packet) {
        let Some(host) = self.hosts.get(node.index()) else { return };
        if host.is_local(packet.dst, &self.virtuals) {
            let Some(own) = host.ports.first().map(|port| port.id) else { return };
            self.after(LOOPBACK, Event::Frame { to: own, from: own, frame: Frame::Ip(packet) });
            return;
        }
        match host.route(packet.dst) {
            Some((place, hop)) => self.send_via(node, packet, place, hop),
            None => self.undeliverable(node, packet),
        }
    }

    /// Sends a packet to a neighbour.
    pub(crate) fn send_via(&mut self, node: NodeId, packet: Packet, place: u8, hop: Ipv4Addr) {
        let now = self.now;
        let Some(host) = self.host(node) else { return };
        let Some(from) = host.port(place).map(|port| port.id) else { return };
        if let Some(to) = host.neighbours.ready(hop, now) {
            self.transmit(from, to, Frame::Ip(packet));
            return;
        }
        match host.neighbours.resolve(hop, place, packet, now) {
            Resolved::Send(packet, to, timer) => {
                self.neighbour_timer(node, timer);
                self.transmit(from, to, Frame::Ip(packet));
            }
            Resolved::Waits(None) => {}
            Resolved::Waits(timer) => {
                self.neighbour_timer(node, timer);
                self.ask(node, hop, place, None);
            }
        }
    }

    fn neighbour_timer(&mut self, node: NodeId, timer: Option<Timer>) {
        if let Some(Timer { slot, generation, after }) = timer {
            self.after(after, Event::Neighbour { node, slot, generation });
        }
    }

    /// Puts a frame on the wire.
    fn transmit(&mut self, from: PortId, to: PortId, frame: Frame) {
        self.transmit_as(Source::own(from), to, frame);
    }

    fn transmit_as(&mut self, source: Source, to: PortId, frame: Frame) {
        if let Some(tap) = &mut self.tap {
            tap.sent(self.now, source, Some(to), &frame);
        }
        self.seen(source);
        let Some(mac) = to.router() else {
            self.carry(source, to, frame);
            return;
        };
        let frame = Frame::ToRouter(mac, Box::new(frame));
        match self.switch_of(source.port).and_then(|switch| switch.router(mac)) {
            // What comes in where it would go out goes nowhere.
            Some(at) if at == source.port => {}
            Some(at) => self.carry(source, at, frame),
            None => self.carry_to_all(source, &frame),
        }
    }

    fn switch_of(&self, port: PortId) -> Option<&Switch> {
        let place = self.ports.get(port.index())?;
        self.switches.get(usize::from(place.switch))
    }

    /// The switch takes note of where a virtual router is, and so of whom its neighbours reach.
    fn seen(&mut self, source: Source) {
        let Some(mac) = source.mac.router() else { return };
        let Some(place) = self.ports.get(source.port.index()).copied() else { return };
        let switch = self.switches.get_mut(usize::from(place.switch));
        if !switch.is_some_and(|switch| switch.learn(mac, place.member)) {
            return;
        }
        let on_it = self.ports.iter().filter(|port| port.switch == place.switch);
        let neighbours: Vec<NodeId> = on_it.map(|port| port.node).collect();
        for node in neighbours {
            for address in self.virtuals.clone() {
                let host = self.hosts.get(node.index());
                let known = host.and_then(|host| host.neighbours.owner(address));
                if known == Some(source.mac) {
                    self.note_neighbour(node, address);
                }
            }
        }
    }

    fn carry(&mut self, source: Source, to: PortId, frame: Frame) {
        let (from, mac) = (source.port, source.mac);
        let (Some(sender), Some(receiver)) =
            (self.ports.get(from.index()), self.ports.get(to.index()))
        else {
            return;
        };
        if sender.switch != receiver.switch {
            return;
        }
        let Some(switch) = self.switches.get_mut(usize::from(sender.switch)) else { return };
        match switch.arrival(sender.member, receiver.member, self.now) {
            Arrival::At(at) => self.queue.push(at, Event::Frame { to, from: mac, frame }),
            Arrival::Lost => {}
            Arrival::Twice(at, again) => {
                self.queue.push(at, Event::Frame { to, from: mac, frame: frame.clone() });
                self.queue.push(again, Event::Frame { to, from: mac, frame });
            }
            Arrival::Damaged(at) => {
                let told =
                    |payload: &Payload| matches!(payload, Payload::Beat(_) | Payload::Advert(_));
                if let Frame::Ip(packet) = frame
                    && told(&packet.payload)
                {
                    let frame = Frame::Damaged(packet);
                    self.queue.push(at, Event::Frame { to, from: mac, frame });
                }
            }
        }
    }

    fn broadcast(&mut self, source: Source, arp: Arp) {
        self.transmit_to_all(source, &Frame::Arp(arp));
    }

    /// Puts a frame on the wire that is for everybody on the segment.
    pub(crate) fn transmit_to_all(&mut self, source: Source, frame: &Frame) {
        if let Some(tap) = &mut self.tap {
            tap.sent(self.now, source, None, frame);
        }
        self.seen(source);
        self.carry_to_all(source, frame);
    }

    fn carry_to_all(&mut self, source: Source, frame: &Frame) {
        let from = source.port;
        let Some(switch) = self.ports.get(from.index()).map(|place| usize::from(place.switch))
        else {
            return;
        };
        let count = self.switches.get(switch).map_or(0, |switch| switch.members().len());
        for member in 0..count {
            let switch = self.switches.get(switch);
            let to = switch.and_then(|switch| switch.members().get(member)).copied();
            if let Some(to) = to.filter(|to| *to != from) {
                self.carry(source, to, frame.clone());
            }
        }
    }

    /// Asks who has an address: everybody, or one.
    fn ask(&mut self, node: NodeId, address: Ipv4Addr, place: u8, of: Option<PortId>) {
        let Some(port) = self.hosts.get(node.index()).and_then(|host| host.port(place)) else {
            return;
        };
        let (from, Some(sender)) = (port.id, port.address_like(address)) else { return };
        let kind = if is_six(address) && of.is_some() { ArpKind::Probe } else { ArpKind::Request };
        let arp = Arp { kind, sender, target: address };
        match of {
            Some(to) => self.transmit(from, to, Frame::Arp(arp)),
            None => self.broadcast(Source::own(from), arp),
        }
    }

    /// Tells everybody on an interface's segment whose `address` is.
    pub(crate) fn announce(
        &mut self,
        node: NodeId,
        address: Ipv4Addr,
        place: u8,
        mac: Option<VirtualMac>,
    ) {
        let host = self.hosts.get(node.index());
        if let Some(port) = host.and_then(|host| host.port(place)).map(|port| port.id) {
            let arp = Arp { kind: ArpKind::Request, sender: address, target: address };
            self.broadcast(Source::of(port, mac), arp);
        }
    }

    pub(crate) fn neighbour_due(&mut self, node: NodeId, slot: u16, generation: u32) {
        let now = self.now;
        let Some(host) = self.host(node) else { return };
        match host.neighbours.expired(slot, generation, now) {
            Expired::Nothing => {}
            Expired::Ask { address, port, of, timer } => {
                self.neighbour_timer(node, Some(timer));
                self.ask(node, address, port, of);
            }
            Expired::Failed { address, waiting } => {
                self.note_neighbour(node, address);
                for packet in waiting {
                    self.undeliverable(node, packet);
                }
            }
        }
    }

    /// Nobody has the next hop's address: the sender is told.
    pub(crate) fn undeliverable(&mut self, node: NodeId, packet: Packet) {
        self.refuse(node, &packet, Unreachable::Host);
    }

    /// ICMP destination unreachable, back to where the packet came from.
    pub(crate) fn refuse(&mut self, node: NodeId, packet: &Packet, code: Unreachable) {
        let payload = match &packet.payload {
            Payload::Tcp(tcp) => return self.refuse_segment(node, packet, *tcp, code),
            Payload::Wrapped(_, about) => {
                Payload::WrappedUnreachable { code, about: about.clone() }
            }
            _ => return,
        };
        self.send(node, Packet { src: packet.dst, dst: packet.src, payload });
    }

    fn refuse_segment(&mut self, node: NodeId, packet: &Packet, tcp: Tcp, code: Unreachable) {
        let Tcp { sport, dport, .. } = tcp;
        let about = self.before_nat(node, packet, tcp).unwrap_or((packet.dst, dport));
        let payload = Payload::Unreachable { code, sport, dport: about.1 };
        // The source is what the packet was for: nothing here looks at it.
        self.send(node, Packet { src: about.0, dst: packet.src, payload });
    }

    /// Writes down whose a virtual address is for an observer now.
    fn note_neighbour(&mut self, observer: NodeId, address: Ipv4Addr) {
        if !self.virtuals.contains(&address) {
            return;
        }
        let host = self.hosts.get(observer.index());
        let owner = host.and_then(|host| self.believed(host, address));
        self.record(Entry::Neighbour { observer, address, owner });
        self.guard_neighbours();
    }

    /// Whom a host reaches by what it believes of an address: behind a virtual router's hardware
    /// address is who was seen with it last.
    pub(crate) fn believed(&self, host: &Host, address: Ipv4Addr) -> Option<NodeId> {
        let mac = host.neighbours.owner(address)?;
        let Some(router) = mac.router() else { return self.node_of(mac) };
        let seen = |port: &Port| self.switch_of(port.id)?.router(router);
        host.ports.iter().find_map(seen).and_then(|port| self.node_of(port))
    }

    pub(crate) fn arrive(&mut self, to: PortId, from: PortId, frame: Frame) {
        let Some(place) = self.ports.get(to.index()).copied() else { return };
        let Some(host) = self.host(place.node).filter(|host| host.power == Power::On) else {
            return;
        };
        if let Some(held) = &mut host.paused {
            held.keep_frame(Event::Frame { to, from, frame });
            return;
        }
        let (frame, meant) = match frame {
            Frame::ToRouter(mac, frame) => {
                // As a backup must: RFC 9568 §6.4.2.
                if !host.director().is_some_and(|one| one.kernel.takes(mac, place.place)) {
                    return;
                }
                (*frame, PortId::of_router(mac))
            }
            frame => (frame, to),
        };
        if let Some(tap) = &mut self.tap {
            tap.arrived(self.now, (to, meant), from, &frame);
        }
        match frame {
            Frame::Arp(arp) => self.hear_arp(place.node, place.place, from, arp),
            Frame::Ip(packet) => self.receive(place.node, place.place, from, packet),
            Frame::Damaged(Packet { src, payload: Payload::Beat(beat), .. }) => {
                let damaged = Some(Rejection::Authentication);
                self.hear_beat(place.node, place.place, from, (src, beat), damaged);
            }
            Frame::Damaged(Packet { src, dst, payload: Payload::Advert(_) }) => {
                self.hear_advert(place.node, place.place, (src, dst), Err(Fault::Checksum));
            }
            Frame::Damaged(_) | Frame::ToRouter(..) => {}
        }
    }

    fn hear_arp(&mut self, node: NodeId, place: u8, from: PortId, arp: Arp) {
        let now = self.now;
        let Some(host) = self.hosts.get_mut(node.index()) else { return };
        let concerns = match arp.kind {
            _ if arp.is_gratuitous() => Concerns::Others,
            ArpKind::Reply | ArpKind::Confirmation => Concerns::Us,
            ArpKind::Request | ArpKind::Probe => {
                if host.answers_arp(arp.target, place, &self.virtuals) {
                    Concerns::Us
                } else if host.is_local(arp.target, &self.virtuals) {
                    Concerns::Silent
                } else {
                    Concerns::Others
                }
            }
        };
        let learnt = host.neighbours.learn(arp, from, place, concerns, now, &mut host.stream);
        let Some(own) = host.port(place).map(|port| port.id) else { return };
        self.neighbour_timer(node, learnt.timer);
        if learnt.changed {
            self.note_neighbour(node, arp.sender);
        }
        for packet in learnt.released {
            self.transmit(own, from, Frame::Ip(packet));
        }
        if let Some(kind) = arp.kind.answer().filter(|_| concerns == Concerns::Us) {
            self.guard_arp_answer(node, arp.target);
            let reply = Arp { kind, sender: arp.target, target: arp.sender };
            let director = self.hosts.get(node.index()).and_then(|host| host.director());
            let mac = director.and_then(|director| director.kernel.mac_of(arp.target));
            self.transmit_as(Source::of(own, mac), from, Frame::Arp(reply));
        }
    }

    fn receive(&mut self, node: NodeId, place: u8, from: PortId, packet: Packet) {
        if let Payload::Advert(advert) = packet.payload {
            let said = Ok(Advert::clone(&advert));
            self.hear_advert(node, place, (packet.src, packet.dst), said);
            return;
        }
        if packet.dst.is_multicast() {
            self.hear_group(node, place, from, packet);
            return;
        }
        let Some(host) = self.hosts.get(node.index()) else { return };
        let own = host.owns(packet.dst);
        if !own && !host.is_local(packet.dst, &self.virtuals) {
            self.pass_on(node, from, packet);
            return;
        }
        let shut = host.director().is_some_and(|one| one.kernel.is_closed(packet.dst, None));
        if shut && !matches!(packet.payload, Payload::Tcp(_)) {
            return;
        }
        match packet.payload {
            Payload::Tcp(tcp) if !own && matches!(host.kind, Kind::Director(_)) => {
                self.balance(node, packet, tcp);
            }
            Payload::Tcp(tcp) => self.segment(node, packet.src, packet.dst, tcp),
            Payload::Echo { question, answer } => {
                self.hear_echo(node, &packet, question, answer);
            }
            Payload::Question(question) => self.hear_question(node, packet.src, &question),
            Payload::Vote(answer) => self.tell(node, Input::VoterAnswered(*answer)),
            Payload::Beat(beat) => {
                self.hear_beat(node, place, from, (packet.src, beat), None);
            }
            // Heard above, whomever it is for.
            Payload::Advert(_) | Payload::Sync(_) => {}
            Payload::Wrapped(tunnel, inner) => {
                self.unwrap(node, (packet.src, packet.dst), tunnel, inner);
            }
            Payload::WrappedUnreachable { code, about } => {
                self.relay_unreachable(node, &about, code);
            }
            Payload::TooBig(told) => self.hear_too_big(node, *told),
            Payload::Unreachable { code, sport, dport } => {
                self.told_unreachable(node, packet.src, sport, dport, code);
            }
        }
    }

    /// Traffic in both directions proves that the next hop towards `peer` is there.
    pub(crate) fn confirm(&mut self, node: NodeId, peer: Ipv4Addr) {
        let now: Instant = self.now;
        if let Some(host) = self.host(node)
            && let Some((_, hop)) = host.route(peer)
        {
            host.neighbours.confirm(hop, now);
        }
    }
}
