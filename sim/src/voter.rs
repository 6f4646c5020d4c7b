//! Questions between directors and the voter.

use crate::host::Kind;
use crate::net::packet::{NodeId, Packet, Payload};
use crate::world::World;
use director_core::beat::Incarnation;
use director_core::random::Stream;
use director_core::vote::Question;
use director_core::voter::Voter;
use std::net::{Ipv4Addr, SocketAddr};

impl World {
    /// The voter of a machine that has just booted.
    pub(crate) fn new_voter(&self, name: &str, boots: u32) -> Voter {
        let life = Stream::named(self.seed, &format!("voter/{name}/{boots}")).next_u64();
        Voter::new(Incarnation(life.max(1)), self.now)
    }

    pub(crate) fn ask_voter(&mut self, node: NodeId, voter: SocketAddr, question: Box<Question>) {
        let Some(dst) = self.stand_ins.of(voter.ip()) else { return };
        let host = self.hosts.get(node.index());
        let from = host.and_then(|host| host.port(host.route(dst)?.0));
        let Some(src) = from.and_then(|port| port.address_like(dst)) else { return };
        self.send(node, Packet { src, dst, payload: Payload::Question(question) });
    }

    pub(crate) fn hear_question(&mut self, node: NodeId, from: Ipv4Addr, question: &Question) {
        let now = self.now;
        let Some(host) = self.host(node) else { return };
        let Kind::Voter(voter) = &mut host.kind else { return };
        let Some(answer) = voter.answer(question, now) else { return };
        let own = host.ports.first().and_then(|port| port.address_like(from));
        let Some(src) = own else { return };
        self.guard_vote(question, &answer);
        self.send(node, Packet { src, dst: from, payload: Payload::Vote(Box::new(answer)) });
    }

    /// Whether the voter at this address, if it runs, has granted the group to a director.
    pub(crate) fn has_granted(&self, voter: SocketAddr, group: &str, node: &str) -> bool {
        let Some(address) = self.stand_ins.of(voter.ip()) else { return false };
        let host = self.hosts.iter().find(|host| host.owns(address));
        let Some(Kind::Voter(voter)) = host.map(|host| &host.kind) else { return false };
        let mut granted = voter.granted(self.now);
        granted.any(|(name, holder)| name.as_str() == group && holder.as_str() == node)
    }
}
