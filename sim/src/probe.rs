//! Health checks: a director's dialogues with real servers, through the same network.

use crate::client::{DATA_TIMEOUT, PORTS, SYN_TIMEOUT};
use crate::net::packet::{Accepted, Answer, NodeId, Packet, Payload, Segment, Tcp, Unreachable};
use crate::world::{Event, World};
use director_core::Input;
use director_core::config::Dialogue;
use director_core::config::dialogue::Pattern;
use director_core::probe::{Failure, Outcome, Passed, Phase, Phases, Probe, Ticket};
use director_core::time::Instant;
use scenario::{Behaviour, Protocol, Serve};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

/// The page of a server that serves the wrong one.
const WRONG_PAGE: &str = "something else";

/// Whether the world can play such a check: a connection, or a plain page with a plain text in it.
pub(crate) fn is_modelled(dialogue: &Dialogue) -> bool {
    match dialogue {
        Dialogue::Tcp => true,
        Dialogue::Http(http) => {
            let plain = matches!(http.expect, None | Some(Pattern::Text(_)));
            plain && http.tls.is_none() && http.statuses.is_empty() && http.method == "GET"
        }
        _ => false,
    }
}

/// The probes of one process.
#[derive(Clone, Debug)]
pub(crate) struct Probes {
    running: Vec<Running>,
    next_port: u16,
    /// When the next event for them is planned.
    armed: Option<Instant>,
}

#[derive(Clone, Debug)]
struct Running {
    ticket: Ticket,
    probe: Arc<Probe>,
    port: u16,
    accepted: Option<Accepted>,
    /// When that was.
    connected: Option<Instant>,
    started: Instant,
    deadline: Instant,
    retry: Option<Instant>,
    backoff: Duration,
}

impl Default for Probes {
    fn default() -> Self {
        Self { running: Vec::new(), next_port: *PORTS.start(), armed: None }
    }
}

impl Probes {
    fn by_port(&mut self, port: u16) -> Option<&mut Running> {
        self.running.iter_mut().find(|running| running.port == port)
    }

    fn next_due(&self) -> Option<Instant> {
        let due = |running: &Running| {
            running.retry.map_or(running.deadline, |retry| retry.min(running.deadline))
        };
        self.running.iter().map(due).min()
    }

    pub(crate) fn cancel(&mut self, ticket: Ticket) {
        self.running.retain(|running| running.ticket != ticket);
    }

    fn take(&mut self, port: u16) -> Option<Running> {
        let place = self.running.iter().position(|running| running.port == port)?;
        Some(self.running.remove(place))
    }
}

impl Running {
    /// How long the parts of its dialogue have taken.
    fn phases(&self, now: Instant) -> Phases {
        let mut phases = Phases::default();
        phases.add(Phase::Connect, self.connected.unwrap_or(now).since(self.started));
        if let Some(connected) = self.connected {
            phases.add(Phase::Answer, now.since(connected));
        }
        phases
    }
}

impl World {
    fn probes(&mut self, node: NodeId) -> Option<&mut Probes> {
        let process = self.host(node)?.director_mut()?.process.as_mut()?;
        Some(&mut process.probes)
    }

    pub(crate) fn start_probe(&mut self, node: NodeId, ticket: Ticket, probe: Arc<Probe>) {
        let now = self.now;
        let Some(director) = self.director(node) else { return };
        let limit = director.shows.pace.lasts(probe.timeout);
        let Some(probes) = self.probes(node) else { return };
        let port = probes.next_port;
        probes.next_port = if port == *PORTS.end() { *PORTS.start() } else { port + 1 };
        probes.running.push(Running {
            ticket,
            started: now,
            deadline: now + limit,
            probe,
            port,
            accepted: None,
            connected: None,
            retry: Some(now + SYN_TIMEOUT),
            backoff: SYN_TIMEOUT,
        });
        self.arm_probes(node);
        self.probe_sends(node, port, Segment::Syn);
    }

    fn arm_probes(&mut self, node: NodeId) {
        let now = self.now;
        let Some(director) = self.host(node).and_then(|host| host.director_mut()) else { return };
        let life = director.life;
        let Some(process) = &mut director.process else { return };
        let Some(due) = process.probes.next_due() else { return };
        // No later than a request could be due again: one event serves both stages of a dialogue.
        let due = due.min(now + DATA_TIMEOUT);
        if process.probes.armed.is_none_or(|armed| due < armed) {
            process.probes.armed = Some(due);
            self.queue.push(due, Event::Probes { node, life });
        }
    }

    fn probe_sends(&mut self, node: NodeId, port: u16, kind: Segment) {
        let Some(host) = self.hosts.get(node.index()) else { return };
        let Some(director) = host.director() else { return };
        let Some(process) = &director.process else { return };
        let Some(running) = process.probes.running.iter().find(|one| one.port == port) else {
            return;
        };
        let Some(target) = self.stand_ins.of_socket(running.probe.target) else { return };
        let route = host.route(*target.ip()).and_then(|(place, _)| host.port(place));
        let src = if target.ip().is_loopback() {
            Some(*target.ip())
        } else {
            route.and_then(|port| port.address_like(*target.ip()))
        };
        let Some(src) = src else { return };
        let payload = Payload::Tcp(Tcp::new(port, target.port(), kind));
        self.send(node, Packet { src, dst: *target.ip(), payload });
    }

    fn end_probe(&mut self, node: NodeId, port: u16, outcome: Outcome) {
        let Some(running) = self.probes(node).and_then(|probes| probes.take(port)) else { return };
        let phases = running.phases(self.now);
        self.tell(node, Input::ProbeFinished { ticket: running.ticket, outcome, phases });
    }

    /// Timeouts and retransmissions.
    pub(crate) fn probes_due(&mut self, node: NodeId, life: u32) {
        let now = self.now;
        let Some(director) = self.host(node).and_then(|host| host.director_mut()) else { return };
        if director.life != life {
            return;
        }
        let Some(probes) = director.process.as_mut().map(|process| &mut process.probes) else {
            return;
        };
        if probes.armed.is_none_or(|armed| armed > now) {
            return;
        }
        probes.armed = None;
        let mut sends = Vec::new();
        let mut ends = Vec::new();
        for running in &mut probes.running {
            if now >= running.deadline {
                ends.push((running.port, running.accepted.is_some()));
            } else if running.retry.is_some_and(|retry| now >= retry) {
                running.backoff *= 2;
                running.retry = Some(now + running.backoff);
                let segment = running.accepted.map_or(Segment::Syn, Segment::Request);
                sends.push((running.port, segment));
            }
        }
        self.arm_probes(node);
        for (port, segment) in sends {
            self.probe_sends(node, port, segment);
        }
        for (port, connected) in ends {
            let phase = if connected { Phase::Answer } else { Phase::Connect };
            self.end_probe(node, port, Err(Failure::TimedOut { phase }));
        }
    }

    /// A segment from a real server.
    pub(crate) fn probe_hears(&mut self, node: NodeId, src: Ipv4Addr, tcp: Tcp) {
        let now = self.now;
        let port = tcp.dport;
        let from = self.stand_ins.real_socket(SocketAddrV4::new(src, tcp.sport));
        let frozen = self.director(node).is_some_and(|director| director.gait.is_frozen());
        let Some(running) = self.probes(node).and_then(|probes| probes.by_port(port)) else {
            return;
        };
        if running.probe.target != from {
            return;
        }
        match (running.accepted, tcp.kind) {
            (None, Segment::SynAck(_)) if running.probe.dialogue == Dialogue::Tcp => {
                self.confirm(node, src);
                self.end_probe(node, port, Ok(Passed::default()));
            }
            (None, Segment::SynAck(accepted)) => {
                running.accepted = Some(accepted);
                running.connected = Some(now);
                running.backoff = DATA_TIMEOUT;
                // The kernel accepts for a process that is not run, but nobody asks.
                running.retry = Some(if frozen { now } else { now + DATA_TIMEOUT });
                self.arm_probes(node);
                self.confirm(node, src);
                if !frozen {
                    self.probe_sends(node, port, Segment::Request(accepted));
                }
            }
            (Some(_), Segment::Ack) => running.retry = None,
            (Some(_), Segment::Answer(answer)) => {
                let probe = Arc::clone(&running.probe);
                let outcome = self.judge(&probe, answer, tcp.sport);
                self.confirm(node, src);
                self.end_probe(node, port, outcome);
            }
            (None, Segment::Rst) => self.end_probe(node, port, Err(Failure::Refused)),
            (Some(_), Segment::Rst) => {
                self.end_probe(node, port, Err(Failure::Closed { phase: Phase::Answer }));
            }
            _ => {}
        }
    }

    fn judge(&self, probe: &Probe, answer: Answer, port: u16) -> Outcome {
        let Dialogue::Http(http) = &probe.dialogue else { return Ok(Passed::default()) };
        let host = self.hosts.get(answer.node.index());
        let serve = host.and_then(|host| host.serve.iter().find(|serve| serve.port == port));
        let Some(Serve { protocol, body, .. }) = serve else {
            return Err(Failure::Closed { phase: Phase::Answer });
        };
        if *protocol == Protocol::Tcp {
            return Err(Failure::Malformed { what: "the status line is not HTTP".to_owned() });
        }
        let page = match answer.behaviour {
            Behaviour::Error => return Err(Failure::Status { status: 503 }),
            Behaviour::Wrong => WRONG_PAGE,
            Behaviour::Ok | Behaviour::Refuse | Behaviour::Hang | Behaviour::Expired => body,
        };
        match &http.expect {
            Some(Pattern::Text(text)) if !page.contains(text.as_str()) => {
                Err(Failure::Body { length: page.len() })
            }
            _ => Ok(Passed::default()),
        }
    }

    /// An ICMP message about a probe's segment.
    pub(crate) fn probe_unreachable(&mut self, node: NodeId, port: u16, code: Unreachable) {
        let Some(probes) = self.probes(node) else { return };
        let connecting = probes.by_port(port).is_some_and(|running| running.accepted.is_none());
        if connecting {
            let failure = match code {
                Unreachable::Host => Failure::Unreachable,
                Unreachable::Port => Failure::Refused,
            };
            self.end_probe(node, port, Err(failure));
        }
    }
}
