//! A director's process: brings it what happens, and carries out what it wants.

use crate::clock::Clock;
use crate::gait::Gait;
use crate::host::{Kind, Power};
use crate::kernel::SimKernel;
use crate::net::packet::NodeId;
use crate::order::File;
use crate::probe::Probes;
use crate::record::Entry;
use crate::world::{Event, World};
use director_core::config::{Config, ServiceKey, VirtualAddress};
use director_core::desired::DesiredState;
use director_core::name::NodeName;
use director_core::observed::ObservedService;
use director_core::plan::Ledger;
use director_core::random::Stream;
use director_core::report::Role;
use director_core::time::Instant;
use director_core::view::{GroupView, PeerView};
use director_core::{Director, Effect, Input};
use director_engine::reconcile::Pass;
use director_engine::record::Beginning;
use scenario::Skew;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// A director that asks to be woken in the past is woken this much later: time must go on.
const SHORTEST_SLEEP: Duration = Duration::from_micros(1);

/// What a host has that is a director.
#[derive(Clone, Debug)]
pub(crate) struct DirectorHost {
    pub(crate) name: NodeName,
    pub(crate) file: File,
    pub(crate) config: Arc<Config>,
    pub(crate) kernel: SimKernel,
    pub(crate) process: Option<Box<Process>>,
    /// Which process this is; what was planned for an earlier one is void.
    pub(crate) life: u32,
    /// When the kernel looks whether an address has outlived its lease.
    pub(crate) expiry: Option<Instant>,
    /// This node's clock.
    pub(crate) shows: Clock,
    /// The kernel's own moods: how long a step takes.
    pub(crate) stream: Stream,
    /// The interface of each heartbeat link, by its place.
    pub(crate) links: Vec<Option<u8>>,
    /// How well its process is run.
    pub(crate) gait: Gait,
    /// Services that somebody else has put into its table, as they were left.
    pub(crate) foreign: BTreeMap<ServiceKey, ObservedService>,
    /// What is the director's in the kernel; a file that outlives the process and not the power.
    pub(crate) ledger: Ledger,
    /// Packets that came here on their way from a real server to a client.
    pub(crate) returned: u64,
    /// When its kernel's master of synchronisation looks next what is to be sent.
    pub(crate) syncs: Option<Instant>,
}

/// A running director.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    director: Director,
    /// When it is woken next.
    wake: Option<Instant>,
    /// When it last asked to be woken; it may have moved since the waking was planned.
    due: Option<Instant>,
    pub(crate) pass: Option<Pass>,
    /// When the last pass that has begun was asked for.
    pub(crate) asked: Option<Instant>,
    /// What it wants of the kernel.
    pub(crate) desired: Option<Arc<DesiredState>>,
    /// The pass that is to begin, or to begin next, and when it was asked for.
    pub(crate) wanted: Option<(u64, Arc<DesiredState>, Instant)>,
    pub(crate) stepping: bool,
    pub(crate) probes: Probes,
    /// What has happened and the process has not been run for yet.
    pub(crate) waiting: VecDeque<Input>,
    /// Whether it was asked to end.
    pub(crate) stopping: bool,
    /// Whether it is to be started again when it has ended, as a service manager does that is asked
    /// to start what still stops.
    pub(crate) again: bool,
}

impl Process {
    /// The configuration that the process uses.
    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(self.director.config())
    }
}

impl DirectorHost {
    /// Whether its kernel has a virtual address.
    pub(crate) fn holds(&self, address: &VirtualAddress) -> bool {
        let number = self.kernel.stand_ins.of(address.address);
        number.is_some_and(|number| self.kernel.holds(number))
    }

    /// The configuration that it uses, or would start with.
    pub(crate) fn in_use(&self) -> Arc<Config> {
        self.process.as_ref().map_or_else(|| self.config.clone(), |process| process.config())
    }

    /// When the pass was asked for that its process carries out.
    pub(crate) fn pass_asked(&self) -> Option<Instant> {
        self.process.as_ref()?.asked
    }

    fn clock(&self, now: Instant) -> Instant {
        self.shows.at(now)
    }

    /// What a running director shows of the other directors and of its groups.
    pub(crate) fn view_cluster(&self, now: Instant) -> Option<(Vec<PeerView>, Vec<GroupView>)> {
        Some(self.process.as_ref()?.director.view_cluster(self.clock(now)))
    }

    /// What a running director wants of its kernel, when it is not just about to bring that about.
    pub(crate) fn settled(&self) -> Option<&DesiredState> {
        let process = self.process.as_ref()?;
        let busy = process.pass.is_some() || process.wanted.is_some() || process.stopping;
        process.desired.as_deref().filter(|_| !busy)
    }

    /// The role of a running director in its first group.
    pub(crate) fn role(&self, now: Instant) -> Option<Role> {
        let (_, groups) = self.view_cluster(now)?;
        groups.first().map(|group| group.role)
    }
}

impl World {
    pub(crate) fn director(&mut self, node: NodeId) -> Option<&mut DirectorHost> {
        self.host(node)?.director_mut()
    }

    pub(crate) fn process(&mut self, node: NodeId) -> Option<&mut Process> {
        self.director(node)?.process.as_deref_mut()
    }

    /// Whether this life of the node's director still goes on.
    pub(crate) fn lives(&self, node: NodeId, life: u32) -> bool {
        let director = self.hosts.get(node.index()).and_then(|host| host.director());
        director.is_some_and(|director| director.life == life && director.process.is_some())
    }

    /// The process begins, on the kernel as it is.
    pub(crate) fn launch(&mut self, node: NodeId, boots: u32) {
        let (now, seed) = (self.now, self.seed);
        let Some(host) = self.host(node) else { return };
        if host.power != Power::On || host.boots != boots {
            return;
        }
        let Some(director) = host.director_mut() else { return };
        if let Some(process) = &mut director.process {
            process.again = process.stopping;
            return;
        }
        director.life += 1;
        let found = director.kernel.observe_all(now);
        director.config = director.file.begin();
        let config = Arc::clone(&director.config);
        let life = format!("life/{}/{}", director.name, director.life);
        let seed = Stream::named(seed, &life).next_u64();
        let beginning = Beginning {
            release: env!("CARGO_PKG_VERSION").to_owned(),
            node: director.name.clone(),
            seed,
            at: director.clock(now),
            began: String::new(),
            config,
            found,
            ledger: director.ledger.clone(),
        };
        director.process = Some(Box::new(Process {
            director: beginning.director(),
            wake: None,
            due: None,
            pass: None,
            asked: None,
            desired: None,
            wanted: None,
            stepping: false,
            probes: Probes::default(),
            waiting: VecDeque::new(),
            stopping: false,
            again: false,
        }));
        if let Some(trail) = &mut self.trail {
            trail.starts(now, node, beginning);
        }
        self.guard_begins(node);
        self.carry_out(node);
        self.tell_carriers(node);
    }

    /// The process is gone, the kernel stays.
    pub(crate) fn end_process(&mut self, node: NodeId) -> bool {
        let Some(director) = self.director(node) else { return false };
        let ended = director.process.take().is_some();
        director.life += 1;
        director.gait.end_freeze();
        if ended {
            self.guard_process(node);
        }
        ended
    }

    /// Tells the director, if it runs, and does what it wants done; or keeps it until it is run.
    pub(crate) fn tell(&mut self, node: NodeId, input: Input) {
        let paused = self.hosts.get(node.index()).is_some_and(|host| host.paused.is_some());
        let Some(director) = self.director(node) else { return };
        let none_waits = director.process.as_ref().is_none_or(|one| one.waiting.is_empty());
        if director.gait.is_sound() && none_waits && !paused {
            self.tell_now(node, input);
        } else {
            self.tell_later(node, input);
        }
    }

    pub(crate) fn tell_now(&mut self, node: NodeId, input: Input) {
        let now = self.now;
        if self.trail.is_some() {
            self.note_told(node, &input);
        }
        let before = self.guard_hears(node, &input);
        let Some(director) = self.director(node) else { return };
        let clock = director.clock(now);
        let Some(process) = &mut director.process else { return };
        process.director.handle(input, clock);
        let silent = process.director.is_silent();
        self.guard_heard(node, before);
        if silent && self.trail.is_none() {
            self.arm_wake(node);
        } else {
            self.carry_out(node);
        }
        self.guard_carried_out(node);
    }

    fn note_told(&mut self, node: NodeId, input: &Input) {
        let now = self.now;
        let Some(director) = self.director(node) else { return };
        let clock = director.clock(now);
        let Some(process) = &director.process else { return };
        let due = process.director.next_deadline();
        let why = due.filter(|_| *input == Input::Deadline).map(|deadline| deadline.reason);
        if let Some(trail) = &mut self.trail {
            trail.told(now, node, (input, clock), why);
        }
    }

    fn carry_out(&mut self, node: NodeId) {
        while let Some(process) = self.process(node)
            && let Some(report) = process.director.next_report()
        {
            if let Some(trail) = &mut self.trail {
                trail.reports(&report);
            }
            self.guard_report(node, &report);
            self.record(Entry::Report { node, report: Box::new(report) });
        }
        let now = self.now;
        let Some(clock) = self.director(node).map(|director| director.clock(now)) else { return };
        // Nothing below tells a director anything before this returns.
        let mut trail = self.trail.take();
        while let Some(process) = self.process(node)
            && let Some(effect) = process.director.next_effect()
        {
            if let Some(trail) = &mut trail {
                trail.wants(&effect);
            }
            self.guard_effect(node, &effect);
            let Some(process) = self.process(node) else { return };
            match effect {
                Effect::Send { link, to, beat } => self.send_beat(node, link, to, beat),
                Effect::StartProbe { ticket, probe } => self.start_probe(node, ticket, probe),
                Effect::CancelProbe { ticket } => process.probes.cancel(ticket),
                Effect::Reconcile { number, desired } => {
                    process.desired = Some(Arc::clone(&desired));
                    process.wanted = Some((number, desired, now));
                    self.plan_step(node);
                }
                Effect::Announce { address } => {
                    let place = self.place_of(node, address.interface.as_str());
                    let number = self.stand_ins.of(address.address);
                    if let (Some(number), Some(place)) = (number, place) {
                        self.announce(node, number, place, address.mac);
                    }
                }
                Effect::Advertise { interface, to, advert, mac, .. } => {
                    self.advertise(node, &interface, to, (advert, mac));
                }
                Effect::Fence { peer } => self.start_fence(node, peer),
                Effect::Alert { channel, notice } => {
                    self.start_alert(node, channel, notice.number);
                }
                Effect::AskVoter { voter, question } => self.ask_voter(node, voter, question),
                Effect::AskWitness { witness, question: it } => self.ask_witness(node, witness, it),
                Effect::Exit => {
                    let again = process.again;
                    let left = process.director.view(clock).kernel.converged;
                    if left && let Some(director) = self.director(node) {
                        // Everything is as it was: the file goes.
                        director.ledger = Ledger::default();
                    }
                    self.trail = trail;
                    self.note_next(node);
                    self.end_process(node);
                    if again {
                        self.start(node);
                    }
                    return;
                }
            }
        }
        self.trail = trail;
        self.note_next(node);
        self.arm_wake(node);
    }

    /// Nothing more came of what a director was told.
    fn note_next(&mut self, node: NodeId) {
        if self.trail.is_none() {
            return;
        }
        let next = self.process(node).and_then(|process| process.director.next_deadline());
        if let Some(trail) = &mut self.trail {
            trail.ends(next);
        }
    }

    /// Its clock goes so fast from now on, and what waits for it to show a time waits for that.
    pub(crate) fn skew(&mut self, node: NodeId, by: Skew) {
        let now = self.now;
        let Some(director) = self.director(node) else { return };
        director.shows.go(by, now);
        director.kernel.pace = director.shows.pace;
        self.arm_wake(node);
    }

    /// The place of a node's interface; inside of a node it has its segment's name.
    pub(crate) fn place_of(&self, node: NodeId, interface: &str) -> Option<u8> {
        let host = self.hosts.get(node.index())?;
        let place = host.ports.iter().position(|port| {
            let switch = self.ports.get(port.id.index()).map(|place| usize::from(place.switch));
            let switch = switch.and_then(|switch| self.switches.get(switch));
            switch.is_some_and(|switch| switch.name == interface)
        })?;
        u8::try_from(place).ok()
    }

    fn arm_wake(&mut self, node: NodeId) {
        let now = self.now;
        let Some(director) = self.director(node) else { return };
        let life = director.life;
        let Some(process) = &mut director.process else { return };
        let due = process.director.next_deadline();
        process.due = due.map(|deadline| director.shows.when(deadline.at));
        let Some(due) = process.due else { return };
        let at = due.max(now + SHORTEST_SLEEP) + director.gait.lag();
        if process.wake.is_none_or(|wake| at < wake) {
            process.wake = Some(at);
            self.queue.push(at, Event::Wake { node, life });
        }
    }

    pub(crate) fn wake(&mut self, node: NodeId, life: u32) {
        let now = self.now;
        let Some(director) = self.director(node).filter(|director| director.life == life) else {
            return;
        };
        let Some(process) = &mut director.process else { return };
        if process.wake.is_none_or(|wake| wake > now) {
            return;
        }
        process.wake = None;
        match process.due {
            Some(due) if due > now => {
                process.wake = Some(due);
                self.queue.push(due, Event::Wake { node, life });
            }
            // No longer slow, and not yet through what waited: packets are read first.
            _ if director.gait.is_sound() && !process.waiting.is_empty() => {
                self.tell_later(node, Input::Deadline);
            }
            _ => self.tell_now(node, Input::Deadline),
        }
    }

    /// Whether `node` is a real server; they must not be heard to have a virtual address.
    pub(crate) fn is_server(&self, node: NodeId) -> bool {
        let host = self.hosts.get(node.index());
        host.is_some_and(|host| matches!(host.kind, Kind::Server(_)))
    }
}
