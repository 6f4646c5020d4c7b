//! ICMP echo between directors and their witnesses.

use crate::net::packet::{NodeId, Packet, Payload};
use crate::world::World;
use director_core::Input;
use std::net::IpAddr;

impl World {
    pub(crate) fn ask_witness(&mut self, node: NodeId, witness: IpAddr, question: u64) {
        let Some(dst) = self.stand_ins.of(witness) else { return };
        let host = self.hosts.get(node.index());
        let from = host.and_then(|host| host.port(host.route(dst)?.0));
        let Some(src) = from.and_then(|port| port.address_like(dst)) else { return };
        self.send(node, Packet { src, dst, payload: Payload::Echo { question, answer: false } });
    }

    /// ICMP echo: a question for this host, or the answer to one of its own.
    pub(crate) fn hear_echo(&mut self, node: NodeId, packet: &Packet, question: u64, answer: bool) {
        if answer {
            let witness = self.stand_ins.real(packet.src);
            self.tell(node, Input::WitnessAnswered { witness, question });
        } else {
            let payload = Payload::Echo { question, answer: true };
            self.send(node, Packet { src: packet.dst, dst: packet.src, payload });
        }
    }
}
