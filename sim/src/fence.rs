//! A power switch that directors can reach: the fencing command of any configuration that has one.

use crate::net::packet::NodeId;
use crate::record::Entry;
use crate::world::{Event, World};
use director_core::Input;
use director_core::name::NodeName;
use std::time::Duration;

/// How long the command takes.
const TAKES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(800));

impl World {
    pub(crate) fn start_fence(&mut self, node: NodeId, peer: NodeName) {
        let Some(host) = self.host(node) else { return };
        let Some(life) = host.director().map(|director| director.life) else { return };
        let took = host.stream.duration(TAKES.0, TAKES.1);
        self.after(took, Event::Fenced { node, life, peer });
    }

    /// The power switch has done its work; whoever asked for it may be gone.
    pub(crate) fn fence(&mut self, node: NodeId, life: u32, peer: NodeName) {
        let Some(target) = self.find(peer.as_str()) else { return };
        self.note(target, "is fenced: it loses power");
        let virtuals = self.virtuals.clone();
        for address in virtuals {
            let host = self.hosts.get(target.index()).and_then(|host| host.director());
            if host.is_some_and(|director| director.kernel.holds(address)) {
                self.record(Entry::Address { node: target, address, held: false });
            }
        }
        self.power_off(target);
        let asks = self.hosts.get(node.index()).and_then(|host| host.director());
        if asks.is_some_and(|director| director.life == life) {
            self.tell(node, Input::Fenced { peer, result: Ok(()) });
        }
    }
}
