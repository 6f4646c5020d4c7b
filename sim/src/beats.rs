//! Heartbeats between directors: to each peer, or to a group on its segment.

use crate::net::packet::{Frame, NodeId, Packet, Payload, PortId};
use crate::net::stack::Source;
use crate::world::World;
use director_core::Input;
use director_core::beat::{Beat, LinkId};
use director_core::config::Config;
use director_core::input::Rejection;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

impl World {
    pub(crate) fn send_beat(&mut self, node: NodeId, link: LinkId, to: SocketAddr, beat: Beat) {
        let Some(dst) = self.stand_ins.of(to.ip()) else { return };
        let Some(host) = self.hosts.get(node.index()) else { return };
        let Some(director) = host.director() else { return };
        let Some(place) = director.links.get(usize::from(link.0)).copied().flatten() else {
            return;
        };
        let Some(port) = host.port(place) else { return };
        let (from, Some(src)) = (port.id, port.address_like(dst)) else { return };
        let packet = Packet { src, dst, payload: Payload::Beat(beat) };
        if dst.is_multicast() {
            self.transmit_to_all(Source::own(from), &Frame::Ip(packet));
        } else {
            self.send_via(node, packet, place, dst);
        }
    }

    /// A packet for a group, as every port of the segment gets it: who has joined it there hears.
    pub(crate) fn hear_group(&mut self, node: NodeId, place: u8, from: PortId, packet: Packet) {
        if let Payload::Sync(message) = &packet.payload {
            self.hear_sync(node, place, packet.dst, message);
            return;
        }
        let director = self.hosts.get(node.index()).and_then(|host| host.director());
        let joined = director.is_some_and(|director| {
            let links = director.config.cluster.links.iter().zip(&director.links);
            let group = Some(self.stand_ins.real(packet.dst));
            links.into_iter().any(|(link, at)| *at == Some(place) && link.multicast == group)
        });
        if let (Payload::Beat(beat), true) = (packet.payload, joined) {
            self.hear_beat(node, place, from, (packet.src, beat), None);
        }
    }

    /// A datagram on the heartbeat port.
    pub(crate) fn hear_beat(
        &mut self,
        node: NodeId,
        place: u8,
        from: PortId,
        (src, beat): (Ipv4Addr, Beat),
        damaged: Option<Rejection>,
    ) {
        let Some(director) = self.hosts.get(node.index()).and_then(|host| host.director()) else {
            return;
        };
        let link = director.links.iter().position(|link| *link == Some(place));
        let Some(link) = link.and_then(|link| u8::try_from(link).ok()).map(LinkId) else { return };
        let confirmed = damaged.is_none().then_some(src);
        let sender = self.node_of(from).and_then(|sender| self.hosts.get(sender.index()));
        let sender = sender.and_then(|host| host.director());
        let rejected = sender.and_then(|sender| differs(&sender.config, &director.config));
        let rejected = damaged.or(rejected);
        // The next packet goes out with `MSG_CONFIRM`: its neighbour needs no question.
        if let Some(src) = confirmed {
            self.confirm(node, src);
        }
        let input = match rejected {
            None => Input::Beat { link, beat },
            Some(why) => {
                let owns = beat.body.claims.values().any(|claim| claim.may_hold());
                Input::Rejected { link, from: self.stand_ins.real(src), why, owns }
            }
        };
        self.tell(node, input);
    }
}

/// Why a packet sealed under one configuration is not believed under another.
fn differs(sender: &Arc<Config>, receiver: &Arc<Config>) -> Option<Rejection> {
    if Arc::ptr_eq(sender, receiver) {
        None
    } else if sender.cluster.name != receiver.cluster.name {
        Some(Rejection::OtherCluster)
    } else if sender.cluster.key_file != receiver.cluster.key_file {
        Some(Rejection::Authentication)
    } else {
        None
    }
}
