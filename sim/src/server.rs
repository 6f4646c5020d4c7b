//! The local end of TCP: listeners, and who else a segment is for.

use crate::net::packet::{Accepted, Answer, NodeId, Packet, Payload, Segment, Tcp};
use crate::world::World;
use scenario::Behaviour;
use std::net::Ipv4Addr;

impl World {
    /// A TCP segment has arrived at its host.
    ///
    /// Listeners keep no connections: the segment itself tells whether this host accepted it, and
    /// in this life. The last acknowledgement of a FIN and the server's own retransmissions are
    /// left out; the client's retransmissions bring the same about.
    pub(crate) fn segment(&mut self, node: NodeId, src: Ipv4Addr, dst: Ipv4Addr, tcp: Tcp) {
        let Some(host) = self.hosts.get(node.index()) else { return };
        let answer = match tcp.kind {
            Segment::Syn => match host.listens(tcp.dport) {
                Some(_) => Segment::SynAck(Accepted { node, boots: host.boots }),
                None => Segment::Rst,
            },
            Segment::Request(accepted) => {
                let known = accepted == Accepted { node, boots: host.boots };
                match host.listens(tcp.dport).filter(|_| known) {
                    Some(Behaviour::Hang) => Segment::Ack,
                    Some(behaviour) => Segment::Answer(Answer { node, behaviour }),
                    None => Segment::Rst,
                }
            }
            Segment::Ask(accepted, number) => {
                let known = accepted == Accepted { node, boots: host.boots };
                match host.listens(tcp.dport).filter(|_| known) {
                    Some(Behaviour::Hang) => Segment::Ack,
                    Some(behaviour) => Segment::Page(Answer { node, behaviour }, number),
                    None => Segment::Rst,
                }
            }
            Segment::Fin => return,
            Segment::SynAck(_)
            | Segment::Ack
            | Segment::Answer(_)
            | Segment::Page(..)
            | Segment::Rst => {
                self.reply(node, src, tcp);
                return;
            }
        };
        if matches!(tcp.kind, Segment::Request(_) | Segment::Ask(..)) {
            self.confirm(node, src);
        }
        let payload = Payload::Tcp(Tcp::new(tcp.dport, tcp.sport, answer));
        self.send(node, Packet { src: dst, dst: src, payload });
    }

    /// A segment that a server sent: for a client's connection or for a probe.
    fn reply(&mut self, node: NodeId, src: Ipv4Addr, tcp: Tcp) {
        let Some(host) = self.hosts.get(node.index()) else { return };
        if host.director().is_some() {
            self.probe_hears(node, src, tcp);
        } else {
            self.flow_hears(node, src, tcp);
        }
    }
}
