//! Connection synchronisation: the kernel threads of the master and the backup, and what is between
//! them.

use crate::ipvs::Told;
use crate::ipvs::sync::{LOOK, SOON};
use crate::kernel::LastWord;
use crate::net::packet::{Frame, Message, NodeId, Packet, Payload};
use crate::net::stack::Source;
use crate::world::{Event, World};
use director_core::config::{SyncDaemon, SyncRole};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

/// A director that has said its last word waits for it to arrive.
const UNDERWAY: Duration = Duration::from_millis(1);

impl World {
    /// The master's thread begins to look, if there is one that does not.
    pub(crate) fn plan_sync(&mut self, node: NodeId) {
        let Some(director) = self.director(node) else { return };
        if director.syncs.is_none() && director.kernel.ipvs.teller.is_some() {
            self.sync_looks_after(node, LOOK);
        }
    }

    /// A message is full: the thread looks sooner.
    pub(crate) fn hurry_sync(&mut self, node: NodeId) {
        let soon = self.now + SOON;
        let planned = self.director(node).and_then(|director| director.syncs);
        if planned.is_none_or(|planned| planned > soon) {
            self.sync_looks_after(node, SOON);
        }
    }

    fn sync_looks_after(&mut self, node: NodeId, wait: Duration) {
        let at = self.now + wait;
        let Some(host) = self.host(node) else { return };
        let boots = host.boots;
        if let Some(director) = host.director_mut() {
            director.syncs = Some(at);
            self.queue.push(at, Event::Sync { node, boots });
        }
    }

    /// The master's thread looks what is to be sent.
    pub(crate) fn sync_due(&mut self, node: NodeId, boots: u32) {
        let now = self.now;
        let Some(host) = self.host(node).filter(|host| host.boots == boots) else { return };
        let Some(director) = host.director_mut() else { return };
        if director.syncs.is_none_or(|planned| planned > now) {
            return;
        }
        director.syncs = None;
        let Some(teller) = &mut director.kernel.ipvs.teller else { return };
        let messages = teller.messages(now);
        for told in messages {
            self.send_sync(node, told);
        }
        self.plan_sync(node);
    }

    fn send_sync(&mut self, node: NodeId, told: Vec<Told>) {
        let host = self.hosts.get(node.index()).and_then(|host| host.director());
        let daemon = host.and_then(|one| one.kernel.sync_daemon(SyncRole::Master));
        if let Some((daemon, place)) = daemon.map(|(daemon, place)| (daemon.clone(), place)) {
            self.send_told(node, (&daemon, place), told);
        }
    }

    /// What a director tells of its connections when it has stopped its daemon goes out.
    pub(crate) fn say_last_word(&mut self, node: NodeId) {
        let Some(director) = self.director(node) else { return };
        let Some(LastWord { daemon, place, messages }) = director.kernel.last_word.take() else {
            return;
        };
        if !messages.is_empty() {
            director.kernel.busy = UNDERWAY;
        }
        for told in messages {
            self.send_told(node, (&daemon, place), told);
        }
    }

    fn send_told(&mut self, node: NodeId, (daemon, place): (&SyncDaemon, u8), told: Vec<Told>) {
        let Some(host) = self.hosts.get(node.index()) else { return };
        let (Some(port), IpAddr::V4(dst)) = (host.port(place), daemon.group) else { return };
        let (from, Some(src)) = (port.id, port.address_like(dst)) else { return };
        let message = Message { id: daemon.id, port: daemon.port.get(), told };
        let payload = Payload::Sync(Arc::new(message));
        self.transmit_to_all(Source::own(from), &Frame::Ip(Packet { src, dst, payload }));
    }

    /// A datagram of synchronisation: the backup that has joined its group takes in what it tells.
    pub(crate) fn hear_sync(&mut self, node: NodeId, place: u8, dst: Ipv4Addr, message: &Message) {
        let now = self.now;
        let Some(host) = self.host(node) else { return };
        let boots = host.boots;
        let Some(director) = host.director_mut() else { return };
        let is_meant = director.kernel.sync_daemon(SyncRole::Backup).is_some_and(|(daemon, at)| {
            at == place
                && daemon.group == IpAddr::V4(dst)
                && daemon.port.get() == message.port
                && (daemon.id == 0 || daemon.id == message.id)
        });
        if !is_meant {
            return;
        }
        for told in &message.told {
            let Some(director) = self.director(node) else { return };
            if let Some(timer) = director.kernel.ipvs.hear(told, now) {
                let (slot, generation) = (timer.slot, timer.generation);
                self.queue.push(timer.at, Event::Connection { node, boots, slot, generation });
            }
        }
    }
}
