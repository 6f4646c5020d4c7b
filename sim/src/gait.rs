//! Processes that are not run, or late, and machines that stand still.

use crate::net::packet::NodeId;
use crate::world::{Event, World};
use director_core::Input;
use director_core::random::Stream;
use std::time::Duration;

/// Frames that a machine finds when it goes on: a ring of a network card.
const RING: usize = 256;
/// Heartbeats that wait for a process: about what `net.core.rmem_default` holds.
const SOCKET: usize = 256;

/// How well a director's process is run.
#[derive(Clone, Debug)]
pub(crate) struct Gait {
    frozen: bool,
    /// It comes to everything up to this much later.
    slow: Duration,
    stream: Stream,
    /// What is due and waits for the process to be run.
    due: Vec<Event>,
}

/// What waits for a machine that stands still.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    frames: Vec<Event>,
    due: Vec<Event>,
}

impl Gait {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { frozen: false, slow: Duration::ZERO, stream, due: Vec::new() }
    }

    /// Whether it is run as soon as there is something to do.
    pub(crate) fn is_sound(&self) -> bool {
        !self.frozen && self.slow == Duration::ZERO
    }

    /// Whether it is not run at all.
    pub(crate) fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// How much later it comes to something.
    pub(crate) fn lag(&mut self) -> Duration {
        match self.slow {
            Duration::ZERO => Duration::ZERO,
            slow => self.stream.duration(Duration::ZERO, slow),
        }
    }

    /// The process that was not run is gone.
    pub(crate) fn end_freeze(&mut self) {
        self.frozen = false;
        self.due.clear();
    }

    /// As after a boot.
    pub(crate) fn reset(&mut self) {
        self.end_freeze();
        self.slow = Duration::ZERO;
    }
}

impl Held {
    /// A frame has come; what the ring has no place for is lost.
    pub(crate) fn keep_frame(&mut self, frame: Event) {
        if self.frames.len() < RING {
            self.frames.push(frame);
        }
    }
}

impl World {
    /// Keeps the event if it waits for its machine or process to be run. Whether it does.
    pub(crate) fn holds_back(&mut self, event: &Event) -> bool {
        let (node, of_process) = match event {
            Event::Wake { node, .. }
            | Event::Step { node, .. }
            | Event::Probes { node, .. }
            | Event::Inbox { node, .. } => (*node, true),
            Event::Neighbour { node, .. }
            | Event::Flow { node, .. }
            | Event::Connection { node, .. }
            | Event::Expiry { node, .. }
            | Event::Sync { node, .. }
            | Event::Fenced { node, .. }
            | Event::Alerted { node, .. }
            | Event::Launch { node, .. } => (*node, false),
            Event::Load { load } => match self.loads.get(usize::from(*load)) {
                Some(load) => (load.node, false),
                None => return true,
            },
            // Frames are counted when they arrive.
            Event::Frame { .. } | Event::Statement { .. } => return false,
        };
        let Some(host) = self.host(node) else { return true };
        if let Some(held) = &mut host.paused {
            held.due.push(event.clone());
            return true;
        }
        match host.director_mut() {
            Some(director) if of_process && director.gait.frozen => {
                director.gait.due.push(event.clone());
                true
            }
            _ => false,
        }
    }

    pub(crate) fn freeze(&mut self, node: NodeId) {
        let Some(director) = self.director(node) else { return };
        director.gait.frozen = director.process.is_some();
        if !director.gait.frozen {
            self.note(node, "there is no director process to freeze");
        } else {
            self.guard_asleep(node);
        }
    }

    /// First what has waited in sockets, then what has become due: a shell that finds both takes
    /// the packets first.
    pub(crate) fn thaw(&mut self, node: NodeId) {
        let Some(director) = self.director(node).filter(|director| director.gait.frozen) else {
            return;
        };
        director.gait.frozen = false;
        let due = std::mem::take(&mut director.gait.due);
        self.guard_disturbed();
        self.guard_awake(node);
        let paused = self.hosts.get(node.index()).is_some_and(|host| host.paused.is_some());
        let sound = self.director(node).is_some_and(|director| director.gait.is_sound());
        if sound && !paused {
            while let Some(input) = self.process(node).and_then(|one| one.waiting.pop_front()) {
                self.tell_now(node, input);
            }
        } else {
            self.plan_inbox(node);
        }
        for event in due {
            self.queue.push(self.now, event);
        }
    }

    pub(crate) fn pause(&mut self, node: NodeId) {
        if let Some(host) = self.host(node) {
            host.paused.get_or_insert_default();
        }
        self.guard_asleep(node);
    }

    pub(crate) fn resume(&mut self, node: NodeId) {
        let Some(held) = self.host(node).and_then(|host| host.paused.take()) else { return };
        self.guard_disturbed();
        self.guard_awake(node);
        for event in held.frames.into_iter().chain(held.due) {
            self.queue.push(self.now, event);
        }
    }

    pub(crate) fn slow(&mut self, node: NodeId, by: Duration) {
        let Some(director) = self.director(node) else { return };
        director.gait.slow = by;
        if director.gait.is_sound() {
            self.guard_disturbed();
            self.guard_hurried(node);
        }
    }

    /// Keeps what has happened until the process is run.
    pub(crate) fn tell_later(&mut self, node: NodeId, input: Input) {
        let Some(process) = self.process(node) else { return };
        let packet = matches!(input, Input::Beat { .. } | Input::Rejected { .. });
        if packet && process.waiting.len() >= SOCKET {
            return;
        }
        process.waiting.push_back(input);
        if process.waiting.len() == 1 {
            self.plan_inbox(node);
        }
    }

    fn plan_inbox(&mut self, node: NodeId) {
        let Some(director) = self.director(node).filter(|director| !director.gait.frozen) else {
            return;
        };
        let (life, lag) = (director.life, director.gait.lag());
        self.after(lag, Event::Inbox { node, life });
    }

    /// A slow process gets to the next of what waits for it.
    pub(crate) fn inbox(&mut self, node: NodeId, life: u32) {
        let Some(director) = self.director(node).filter(|director| director.life == life) else {
            return;
        };
        let Some(process) = &mut director.process else { return };
        let Some(input) = process.waiting.pop_front() else { return };
        let more = !process.waiting.is_empty();
        self.tell_now(node, input);
        if more {
            self.plan_inbox(node);
        }
    }
}
