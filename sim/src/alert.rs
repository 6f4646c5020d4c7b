//! Alerts: every channel delivers after a moment, as long as its director lives.

use crate::net::packet::NodeId;
use crate::world::{Event, World};
use director_core::Input;
use director_core::name::AlertName;
use std::time::Duration;

/// How long a delivery takes.
const TAKES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(200));

impl World {
    pub(crate) fn start_alert(&mut self, node: NodeId, channel: AlertName, number: u64) {
        let Some(host) = self.host(node) else { return };
        let Some(life) = host.director().map(|director| director.life) else { return };
        let took = host.stream.duration(TAKES.0, TAKES.1);
        self.after(took, Event::Alerted { node, life, channel, number });
    }

    pub(crate) fn alerted(&mut self, node: NodeId, life: u32, channel: AlertName, number: u64) {
        let asks = self.hosts.get(node.index()).and_then(|host| host.director());
        if asks.is_some_and(|director| director.life == life) {
            self.tell(node, Input::AlertEnded { channel, number, result: Ok(()) });
        }
    }
}
