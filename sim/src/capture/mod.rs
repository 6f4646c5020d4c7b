//! What passed the interfaces, as a file that Wireshark reads.

mod bytes;
mod pcapng;
mod six;
mod sync;
mod tcp;
mod wrapped;

use crate::net::packet::{Arp, ArpKind, Frame, PortId};
use crate::net::stack::Source;
use crate::world::{PortPlace, World};
use bytes::Maker;
use director_core::time::Instant;
use pcapng::{Direction, Interface, Writer};
use scenario::Cidr;

/// Keeps every frame as it leaves an interface, and as it arrives at one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tap {
    frames: Vec<Caught>,
}

#[derive(Clone, Debug)]
struct Caught {
    at: Instant,
    /// Where it was seen.
    port: PortId,
    direction: Direction,
    from: PortId,
    /// None for a broadcast.
    to: Option<PortId>,
    frame: Frame,
}

impl Tap {
    pub(crate) fn sent(&mut self, at: Instant, from: Source, to: Option<PortId>, frame: &Frame) {
        let frame = frame.clone();
        let (port, from, direction) = (from.port, from.mac, Direction::Outbound);
        self.frames.push(Caught { at, port, direction, from, to, frame });
    }

    /// At an interface, for a hardware address.
    pub(crate) fn arrived(
        &mut self,
        at: Instant,
        (port, meant): (PortId, PortId),
        from: PortId,
        frame: &Frame,
    ) {
        // What a host says to itself passes no wire.
        if port == from {
            return;
        }
        let to = (!self.was_broadcast(from, frame)).then_some(meant);
        let frame = frame.clone();
        self.frames.push(Caught { at, port, direction: Direction::Inbound, from, to, frame });
    }

    /// Whether the sender's last request of these words went to everybody.
    fn was_broadcast(&self, from: PortId, frame: &Frame) -> bool {
        let Frame::Arp(arp @ Arp { kind: ArpKind::Request, .. }) = frame else { return false };
        let sent = self.frames.iter().rev().find(|caught| {
            let is_out = caught.direction == Direction::Outbound && caught.from == from;
            is_out && matches!(&caught.frame, Frame::Arp(sent) if sent == arp)
        });
        sent.is_some_and(|sent| sent.to.is_none())
    }
}

impl World {
    /// Keeps every frame from here on, for [`Self::capture`].
    pub fn listen(&mut self) {
        self.tap = Some(Box::default());
    }

    fn cidrs_of(&self, place: &PortPlace) -> Vec<Cidr> {
        let node = self.scenario.nodes.get(place.node.index());
        let port = node.and_then(|node| node.ports.get(usize::from(place.place)));
        port.map(|port| port.cidrs().collect()).unwrap_or_default()
    }

    /// What was kept since [`Self::listen`], as a pcapng file: an interface for each of the nodes',
    /// times in nanoseconds from the scenario's start, which stands for 1 January 1970. Empty when
    /// nothing was kept.
    ///
    /// Addresses, ports, ARP, neighbour discovery and heartbeats are those of the model. The model
    /// knows of TCP what decides something; sequence numbers, requests and pages are made up for
    /// the file. The key files are not read: heartbeats are sealed under the bytes of the key
    /// file's *path*.
    #[must_use]
    pub fn capture(&self) -> Vec<u8> {
        let Some(tap) = &self.tap else { return Vec::new() };
        let comment = format!(
            "director-sim, {}, seed {}; heartbeats are sealed under the bytes of the key \
             file's path",
            self.scenario.file, self.seed
        );
        let mut writer = Writer::new(&comment);
        for (number, place) in self.ports.iter().enumerate() {
            let host = self.hosts.get(place.node.index());
            let Some(host) = host else { continue };
            let switch = self.switches.get(usize::from(place.switch));
            let segment = switch.map_or("", |switch| &switch.name);
            writer.interface(&Interface {
                name: format!("{} {segment}", host.name),
                hardware: bytes::hardware(PortId(u16::try_from(number).unwrap_or(u16::MAX))),
                cidrs: self.cidrs_of(place),
            });
        }
        let mut maker = Maker::new(self);
        for caught in &tap.frames {
            let bytes = maker.frame(caught.from, caught.to, &caught.frame);
            let at = caught.at.as_nanos();
            writer.packet(u32::from(caught.port.0), at, caught.direction, &bytes);
        }
        writer.finish()
    }
}
