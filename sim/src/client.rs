//! Clients: connections at a steady rate, each a handshake, a request and an answer.

use crate::host::Power;
use crate::net::packet::{Accepted, NodeId, Packet, Payload, Segment, Tcp, Unreachable};
use crate::record::Entry;
use crate::world::{Event, World};
use director_core::time::Instant;
use scenario::{Behaviour, Outcome};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

/// Linux's first timeout of a SYN (`TCP_TIMEOUT_INIT`, RFC 6298 §2.1); it doubles.
pub(crate) const SYN_TIMEOUT: Duration = Duration::from_secs(1);
/// Linux's shortest retransmission timeout (`TCP_RTO_MIN`), which a local network always has; it
/// doubles.
pub(crate) const DATA_TIMEOUT: Duration = Duration::from_millis(200);
/// How long a client that holds a connection rests between an answer and the next question.
const PAUSE: Duration = Duration::from_millis(200);
/// `net.ipv4.ip_local_port_range`.
pub(crate) const PORTS: std::ops::RangeInclusive<u16> = 32_768..=60_999;

/// Connections at a steady rate from one node.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) node: NodeId,
    pub(crate) target: SocketAddrV4,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    /// For how long each is held.
    pub(crate) hold: Option<Duration>,
    /// How long each request is in bytes, when the scenario says; a short one fits every link.
    pub(crate) request: Option<u16>,
    pub(crate) next_port: u16,
    pub(crate) serial: u32,
}

/// One connection.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    load: u16,
    serial: u32,
    start: Instant,
    deadline: Instant,
    target: SocketAddrV4,
    stage: Stage,
    /// When the last segment is sent again.
    retry: Option<Instant>,
    backoff: Duration,
    /// The earliest event that is planned for this connection.
    armed: Instant,
    /// Who answered, and who else did.
    servers: [Option<NodeId>; 2],
    held: Option<Held>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connecting,
    Asked(Accepted),
    /// Held, and not asked: by the deadline it is asked again, or ended as it was answered last.
    Resting(Accepted, Outcome),
}

/// A connection that is asked again and again.
#[derive(Clone, Copy, Debug)]
struct Held {
    until: Instant,
    /// Since when an answer is waited for.
    asked: Instant,
    longest: Duration,
    /// Answers so far.
    answers: u16,
}

impl Flow {
    fn answered_by(&mut self, node: NodeId) {
        match self.servers {
            [None, _] => self.servers = [Some(node), None],
            [Some(first), None] if first != node => self.servers = [Some(first), Some(node)],
            _ => {}
        }
    }

    fn question(&self, accepted: Accepted) -> Segment {
        match self.held {
            Some(held) => Segment::Ask(accepted, held.answers),
            None => Segment::Request(accepted),
        }
    }

    /// An answer has come on a connection that is held; whether it is the one that is waited for.
    fn rests(&mut self, number: u16, outcome: Outcome, now: Instant) -> bool {
        let (Stage::Asked(accepted), Some(held)) = (self.stage, &mut self.held) else {
            return false;
        };
        if number != held.answers {
            return false;
        }
        held.longest = held.longest.max(now.since(held.asked));
        held.answers = held.answers.wrapping_add(1);
        self.deadline = (now + PAUSE).min(held.until.max(now));
        self.stage = Stage::Resting(accepted, outcome);
        self.retry = None;
        true
    }

    /// Of its length, what is not the longest wait for an answer.
    fn held_for(&self, outcome: Outcome, now: Instant) -> Duration {
        let Some(held) = self.held else { return Duration::ZERO };
        let waits = match self.stage {
            Stage::Resting(_, last) if last == outcome => Duration::ZERO,
            _ => now.since(held.asked),
        };
        now.since(self.start).saturating_sub(held.longest.max(waits))
    }

    fn next_due(&self) -> Instant {
        self.retry.map_or(self.deadline, |retry| retry.min(self.deadline))
    }
}

impl World {
    /// A load opens its next connection and plans the one after.
    pub(crate) fn open(&mut self, number: u16) {
        let Some(load) = self.loads.get_mut(usize::from(number)) else { return };
        let (node, interval) = (load.node, load.interval);
        load.serial = load.serial.wrapping_add(1);
        let port = load.next_port;
        load.next_port = if port == *PORTS.end() { *PORTS.start() } else { port + 1 };
        // All are over when the run is.
        let last = Instant::ZERO + self.scenario.length.saturating_sub(load.timeout);
        let held = load.hold.map(|hold| Held {
            until: (self.now + hold).min(last),
            asked: self.now,
            longest: Duration::ZERO,
            answers: 0,
        });
        let flow = Flow {
            held,
            load: number,
            serial: load.serial,
            start: self.now,
            deadline: self.now + load.timeout,
            target: load.target,
            stage: Stage::Connecting,
            retry: Some(self.now + SYN_TIMEOUT),
            backoff: SYN_TIMEOUT,
            // By then a request may be due again: one event serves both stages.
            armed: self.now + DATA_TIMEOUT.min(load.timeout),
            servers: [None, None],
        };
        self.after(interval, Event::Load { load: number });
        let Some(host) = self.host(node) else { return };
        // A port that is still in use is left to its connection.
        if host.power != Power::On || host.flows.contains_key(&port) {
            return;
        }
        let (armed, serial) = (flow.armed, flow.serial);
        host.flows.insert(port, flow);
        self.queue.push(armed, Event::Flow { node, port, serial });
        self.flow_sends(node, port, Segment::Syn);
    }

    fn flow_sends(&mut self, node: NodeId, port: u16, kind: Segment) {
        let Some(host) = self.hosts.get(node.index()) else { return };
        let Some(flow) = host.flows.get(&port) else { return };
        let target = flow.target;
        let route = host.route(*target.ip()).and_then(|(place, _)| host.port(place));
        let Some(src) = route.and_then(|port| port.address_like(*target.ip())) else {
            self.end_flow(node, port, Outcome::Unreachable);
            return;
        };
        let mut tcp = Tcp::new(port, target.port(), kind);
        if let Segment::Request(accepted) | Segment::Ask(accepted, _) = kind
            && let Some(bytes) = self.loads.get(usize::from(flow.load)).and_then(|it| it.request)
        {
            tcp = self.cut_for(tcp, bytes, [(node, src), (accepted.node, *target.ip())]);
        }
        let payload = Payload::Tcp(tcp);
        self.send(node, Packet { src, dst: *target.ip(), payload });
    }

    fn end_flow(&mut self, node: NodeId, port: u16, outcome: Outcome) {
        let now = self.now;
        let Some(flow) = self.host(node).and_then(|host| host.flows.remove(&port)) else { return };
        let held = flow.held_for(outcome, now);
        let Flow { load, start, servers, .. } = flow;
        self.record(Entry::Connection { load, start, servers, outcome, held });
    }

    /// A timer of a connection.
    pub(crate) fn flow_due(&mut self, node: NodeId, port: u16, serial: u32) {
        let now = self.now;
        let Some(host) = self.host(node) else { return };
        let Some(flow) = host.flows.get_mut(&port) else { return };
        if flow.serial != serial || flow.armed > now {
            return;
        }
        let stage = flow.stage;
        if now >= flow.deadline {
            match stage {
                Stage::Connecting => self.end_flow(node, port, Outcome::NoAnswer),
                Stage::Asked(_) => {
                    self.flow_sends(node, port, Segment::Fin);
                    self.end_flow(node, port, Outcome::Stalled);
                }
                Stage::Resting(accepted, outcome) => {
                    self.rested(node, port, (accepted, outcome));
                }
            }
            return;
        }
        let again = flow.retry.is_some_and(|retry| now >= retry);
        if again {
            flow.backoff *= 2;
            flow.retry = Some(now + flow.backoff);
        }
        flow.armed = flow.next_due();
        let armed = flow.armed;
        let segment = match stage {
            Stage::Connecting => Segment::Syn,
            Stage::Asked(accepted) | Stage::Resting(accepted, _) => flow.question(accepted),
        };
        self.queue.push(armed, Event::Flow { node, port, serial });
        if again {
            self.flow_sends(node, port, segment);
        }
    }

    /// A connection that is held has rested: it is asked again, unless its time is over.
    fn rested(&mut self, node: NodeId, port: u16, (accepted, outcome): (Accepted, Outcome)) {
        let now = self.now;
        let timeout = |load: &Load| load.timeout;
        let loads = &self.loads;
        let Some(host) = self.hosts.get_mut(node.index()) else { return };
        let Some(flow) = host.flows.get_mut(&port) else { return };
        let Some(held) = flow.held.as_mut().filter(|held| now < held.until) else {
            self.flow_sends(node, port, Segment::Fin);
            self.end_flow(node, port, outcome);
            return;
        };
        held.asked = now;
        let patience = loads.get(usize::from(flow.load)).map(timeout).unwrap_or_default();
        flow.deadline = now + patience;
        flow.stage = Stage::Asked(accepted);
        flow.backoff = DATA_TIMEOUT;
        flow.retry = Some(now + DATA_TIMEOUT);
        flow.armed = flow.next_due();
        let (question, armed, serial) = (flow.question(accepted), flow.armed, flow.serial);
        self.queue.push(armed, Event::Flow { node, port, serial });
        self.flow_sends(node, port, question);
    }

    /// Has the next event of a connection come no later than something is due.
    fn arm_flow(&mut self, node: NodeId, port: u16) {
        let Some(flow) = self.host(node).and_then(|host| host.flows.get_mut(&port)) else { return };
        let (due, serial) = (flow.next_due(), flow.serial);
        if due < flow.armed {
            flow.armed = due;
            self.queue.push(due, Event::Flow { node, port, serial });
        }
    }

    /// A segment from a server.
    pub(crate) fn flow_hears(&mut self, node: NodeId, src: Ipv4Addr, tcp: Tcp) {
        let now = self.now;
        let port = tcp.dport;
        let loads = &self.loads;
        let Some(host) = self.hosts.get_mut(node.index()) else { return };
        let Some(flow) = host.flows.get_mut(&port) else { return };
        if *flow.target.ip() != src || flow.target.port() != tcp.sport {
            return;
        }
        match (flow.stage, tcp.kind) {
            (Stage::Connecting, Segment::SynAck(accepted)) => {
                flow.answered_by(accepted.node);
                flow.stage = Stage::Asked(accepted);
                flow.backoff = DATA_TIMEOUT;
                let retry = now + DATA_TIMEOUT;
                flow.retry = Some(retry);
                let (serial, question) = (flow.serial, flow.question(accepted));
                if retry < flow.armed {
                    flow.armed = retry.min(flow.deadline);
                    let armed = flow.armed;
                    self.queue.push(armed, Event::Flow { node, port, serial });
                }
                let long = loads.get(usize::from(flow.load)).is_some_and(|it| it.request.is_some());
                self.confirm(node, src);
                if long {
                    // The handshake's last acknowledgement gets through, whatever the request does.
                    self.flow_sends(node, port, Segment::Ack);
                }
                self.flow_sends(node, port, question);
            }
            (Stage::Asked(_), Segment::Ack) => flow.retry = None,
            (Stage::Asked(_), Segment::Answer(answer)) => {
                flow.answered_by(answer.node);
                self.confirm(node, src);
                self.flow_sends(node, port, Segment::Fin);
                let right = answer.behaviour == Behaviour::Ok;
                let outcome = if right { Outcome::Served } else { Outcome::Wrong };
                self.end_flow(node, port, outcome);
            }
            (Stage::Asked(_), Segment::Page(answer, number)) => {
                let right = answer.behaviour == Behaviour::Ok;
                let outcome = if right { Outcome::Served } else { Outcome::Wrong };
                flow.answered_by(answer.node);
                if flow.rests(number, outcome, now) {
                    self.confirm(node, src);
                    self.flow_sends(node, port, Segment::Ack);
                    self.arm_flow(node, port);
                }
            }
            (Stage::Connecting, Segment::Rst) => self.end_flow(node, port, Outcome::Refused),
            (Stage::Asked(_) | Stage::Resting(..), Segment::Rst) => {
                self.end_flow(node, port, Outcome::Reset);
            }
            _ => {}
        }
    }

    /// A segment that this host sent was too long for the path: it is cut anew and sent at once
    /// (`tcp_v4_mtu_reduced` in `net/ipv4/tcp_ipv4.c`). Without a connection nothing is learnt.
    pub(crate) fn flow_too_long(&mut self, node: NodeId, (to, tcp): (Ipv4Addr, Tcp), mtu: u16) {
        let port = tcp.sport;
        let Some(host) = self.hosts.get(node.index()) else { return };
        let Some(flow) = host.flows.get(&port) else { return };
        let Stage::Asked(accepted) = flow.stage else { return };
        if flow.target != SocketAddrV4::new(to, tcp.dport) {
            return;
        }
        let question = flow.question(accepted);
        self.learn_path(node, to, mtu);
        if tcp.long > mtu {
            self.flow_sends(node, port, question);
        }
    }

    /// An ICMP message about a segment that this host sent.
    pub(crate) fn told_unreachable(
        &mut self,
        node: NodeId,
        from: Ipv4Addr,
        sport: u16,
        dport: u16,
        code: Unreachable,
    ) {
        let Some(host) = self.hosts.get(node.index()) else { return };
        if host.director().is_some() {
            self.probe_unreachable(node, sport, code);
            return;
        }
        let Some(flow) = host.flows.get(&sport) else { return };
        let is_its = flow.target == SocketAddrV4::new(from, dport);
        // Once connected, TCP takes it for a passing trouble (RFC 1122 §4.2.3.9).
        if is_its && flow.stage == Stage::Connecting {
            let outcome = match code {
                Unreachable::Host => Outcome::Unreachable,
                Unreachable::Port => Outcome::Refused,
            };
            self.end_flow(node, sport, outcome);
        }
    }
}
