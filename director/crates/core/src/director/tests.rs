//! Directors on one virtual clock, with kernels that are only snapshots.

mod applied;
mod chaos;
mod checked;
mod circle;
mod explain;
mod failover;
mod fencing;
mod handover;
mod health;
mod kernel;
mod multicast;
mod orders;
mod preference;
mod restart;
mod security;
mod unheard;
mod unserved;
mod versions;
mod voter;
mod warmth;
mod ways;
mod witness;

use super::*;
use crate::config::{
    Announce, Check, CheckMarks, Cluster as ClusterConfig, Detection, Dialogue, Failback, Forward,
    Group, Node, OnFailure, Operations, Pace, Policy, Priority, Scheduler, Server, Service,
    ServiceKey, Via, VirtualAddress, Weight,
};
use crate::input::FailedStep;
use crate::name::{ClusterName, GroupName, InterfaceName, ServiceName};
use crate::plan::{Ledger, Step, diff};
use crate::probe::{Failure, Passed, Phase as ProbePhase, Phases, Ticket};
use crate::report::{Role, RoleCause};
use crate::voter::Voter;
use crate::wire::heartbeat::{Key, open, seal};
use core::net::{IpAddr, SocketAddr};
use core::num::{NonZeroU8, NonZeroU16};
use std::collections::BTreeMap;

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn node(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

pub(crate) fn group() -> GroupName {
    GroupName::new("web").unwrap()
}

pub(crate) fn interface(name: &str) -> InterfaceName {
    InterfaceName::new(name).unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn socket(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(crate) fn vip() -> VirtualAddress {
    VirtualAddress {
        address: address("10.0.0.100"),
        prefix: 24,
        interface: interface("lan"),
        mac: None,
    }
}

fn count(value: u8) -> NonZeroU8 {
    NonZeroU8::new(value).unwrap()
}

fn key() -> ServiceKey {
    ServiceKey::Tcp(socket("10.0.0.100:80"))
}

/// Two directors, one group, one service with two real servers and a fallback.
pub(crate) fn config() -> Config {
    let of_node = |lan: &str, hb: &str, priority| Node {
        addresses: BTreeMap::from([
            (interface("lan"), address(lan)),
            (interface("hb"), address(hb)),
        ]),
        priority: Priority::new(priority).unwrap(),
        overrides: crate::config::Overrides::default(),
    };
    let cluster = ClusterConfig {
        name: ClusterName::new("test").unwrap(),
        keepalive: ms(100),
        detection: Detection::Ask {
            late: ms(150),
            asks: count(5),
            spacing: ms(2),
            patience: ms(50),
        },
        deadtime: ms(300),
        initdead: ms(2000),
        failback: Failback::Auto { delay: Duration::ZERO },
        port: NonZeroU16::new(694).unwrap(),
        key_file: "/key".into(),
        links: vec![interface("lan").into(), interface("hb").into()],
        announce: Announce { count: count(3), interval: ms(200), refresh: None },
        sync: None,
        check_marks: CheckMarks::default(),
        resync: ms(10_000),
        lease: Some(ms(4_000)),
        witnesses: [].into(),
        voter: None,
        fence: None,
        notify: None,
    };
    let server = |address: &str| (socket(address), Server::from(Weight(10)));
    let service = Service {
        key: key(),
        marked: [].into(),
        settings: Scheduler::Wlc.into(),
        forward: Forward::Direct,
        check: checked::check(),
        on_failure: OnFailure::Quiesce,
        fallback: Some(socket("127.0.0.1:80")),
        servers: BTreeMap::from([server("10.0.0.21:80"), server("10.0.0.22:80")]),
        fallback_command: None,
        policy: Policy::default(),
        drain: ms(5000),
    };
    Config {
        cluster,
        nodes: BTreeMap::from([
            (node("d1"), of_node("10.0.0.11", "10.1.0.11", 200)),
            (node("d2"), of_node("10.0.0.12", "10.1.0.12", 100)),
        ]),
        groups: BTreeMap::from([(
            group(),
            Group { addresses: [vip()].into(), priorities: BTreeMap::new(), vrrp: None },
        )]),
        services: BTreeMap::from([(ServiceName::new("http").unwrap(), service)]),
        alerts: BTreeMap::new(),
        operations: Operations::default(),
        shared: None,
    }
}

/// A host with a director, or without one after a crash.
pub(super) struct Host {
    pub(super) director: Option<Director>,
    pub(super) kernel: Snapshot,
    ledger: Ledger,
    applying: Option<(Instant, u64, Arc<DesiredState>)>,
    probes: BTreeMap<Ticket, (Instant, SocketAddr)>,
    pub(super) announced: Vec<Instant>,
    pub(super) reports: Vec<(Instant, Report)>,
    pub(super) exited: bool,
    /// Whether its kernel refuses to hold addresses.
    pub(super) refuses: bool,
    /// While it lies ahead the process is not run; its kernel is.
    pub(super) frozen_until: Instant,
}

/// What travels: arrival, receiver, link, bytes.
type Flying = (Instant, NodeName, crate::beat::LinkId, Vec<u8>);

pub(super) struct Lab {
    pub(super) config: Arc<Config>,
    pub(super) now: Instant,
    pub(super) hosts: BTreeMap<NodeName, Host>,
    flying: Vec<Flying>,
    /// Directions in which nothing arrives: sender, receiver, link.
    pub(super) cut: Vec<(NodeName, NodeName, u8)>,
    /// Nodes that reach no witness.
    pub(super) isolated: Vec<NodeName>,
    voter: Voter,
    /// Answers of witnesses and the voter under way: arrival, receiver, answer.
    answers: Vec<(Instant, NodeName, Input)>,
    pub(super) fences: Vec<(Instant, NodeName, NodeName)>,
    /// Real servers that do not answer.
    pub(super) sick: Vec<SocketAddr>,
    pub(super) blind: Vec<(NodeName, SocketAddr)>,
    seed: u64,
    /// Every packet that was ever sent, for replaying.
    pub(super) recorded: Vec<Flying>,
    pub(super) owners_max: usize,
    pub(super) speaks: BTreeMap<NodeName, u8>,
}

const DELAY: Duration = Duration::from_micros(200);

impl Lab {
    pub(super) fn new(config: Config) -> Self {
        let names: Vec<_> = config.nodes.keys().cloned().collect();
        let mut lab = Self {
            config: Arc::new(config),
            now: Instant::from_nanos(1_000_000_000),
            hosts: BTreeMap::new(),
            flying: Vec::new(),
            cut: Vec::new(),
            isolated: Vec::new(),
            voter: Voter::new(Incarnation(4_711), Instant::ZERO),
            answers: Vec::new(),
            fences: Vec::new(),
            sick: Vec::new(),
            blind: Vec::new(),
            seed: 7,
            recorded: Vec::new(),
            owners_max: 0,
            speaks: BTreeMap::new(),
        };
        for name in names {
            let host = Host {
                director: None,
                kernel: Snapshot::default(),
                ledger: Ledger::default(),
                applying: None,
                probes: BTreeMap::new(),
                announced: Vec::new(),
                reports: Vec::new(),
                exited: false,
                refuses: false,
                frozen_until: Instant::ZERO,
            };
            lab.hosts.insert(name.clone(), host);
            lab.start(&name);
        }
        lab
    }

    pub(super) fn host(&mut self, name: &str) -> &mut Host {
        self.hosts.get_mut(&node(name)).unwrap()
    }

    /// Starts the director of a node on whatever its kernel holds.
    pub(super) fn start(&mut self, name: &NodeName) {
        self.seed += 1;
        let (config, seed, now) = (self.config.clone(), self.seed, self.now);
        let host = self.hosts.get_mut(name).unwrap();
        let (found, left) = (host.kernel.clone(), host.ledger.clone());
        let director = Director::inheriting(config, name.clone(), seed, &found, &left, now);
        host.director = Some(director);
        host.exited = false;
        self.drain(name);
    }

    /// The process dies; the kernel keeps what it holds.
    pub(super) fn kill(&mut self, name: &str) {
        let host = self.host(name);
        host.director = None;
        host.applying = None;
        host.probes.clear();
    }

    /// The machine dies.
    pub(super) fn power_off(&mut self, name: &str) {
        self.kill(name);
        self.host(name).kernel = Snapshot::default();
        self.host(name).ledger = Ledger::default();
    }

    pub(super) fn cut_all(&mut self, one: &str, other: &str) {
        for link in 0..2 {
            self.cut.push((node(one), node(other), link));
            self.cut.push((node(other), node(one), link));
        }
    }

    pub(super) fn input(&mut self, name: &NodeName, input: Input) {
        let now = self.now;
        if let Some(director) = &mut self.hosts.get_mut(name).unwrap().director {
            director.handle(input, now);
        }
        self.drain(name);
    }

    fn drain(&mut self, name: &NodeName) {
        let (now, config) = (self.now, self.config.clone());
        let host = self.hosts.get_mut(name).unwrap();
        let Some(director) = &mut host.director else {
            return;
        };
        while let Some(report) = director.next_report() {
            host.reports.push((now, report));
        }
        while let Some(effect) = director.next_effect() {
            match effect {
                Effect::Send { link, to, mut beat } => {
                    if let Some(version) = self.speaks.get(name) {
                        Arc::make_mut(&mut beat.body).version = *version;
                    }
                    let bytes = seal(&beat, &config.cluster.name, &Key::new(b"k"));
                    for receiver in multicast::receivers(&config, name, to) {
                        let packet = (now + DELAY, receiver.clone(), link, bytes.clone());
                        self.recorded.push(packet.clone());
                        if !self.cut.contains(&(name.clone(), receiver, link.0)) {
                            self.flying.push(packet);
                        }
                    }
                }
                Effect::StartProbe { ticket, probe } => {
                    let server = ways::leads_to(&host.kernel, &probe);
                    host.probes.insert(ticket, (now + DELAY, server));
                }
                Effect::CancelProbe { ticket } => {
                    host.probes.remove(&ticket);
                }
                Effect::Reconcile { number, desired } => {
                    host.applying = Some((now + DELAY, number, desired));
                }
                Effect::Announce { address } => {
                    assert!(host.kernel.addresses.contains_key(&address), "announced, not held");
                    host.announced.push(now);
                }
                Effect::Fence { peer } => self.fences.push((now, name.clone(), peer)),
                Effect::Alert { .. } | Effect::Advertise { .. } => {}
                Effect::Exit => host.exited = true,
                _ if self.isolated.contains(name) => {}
                Effect::AskWitness { witness, question } => {
                    let answer = Input::WitnessAnswered { witness, question };
                    self.answers.push((now + DELAY, name.clone(), answer));
                }
                Effect::AskVoter { question, .. } => {
                    let answer = self.voter.answer(&question, now).map(Input::VoterAnswered);
                    self.answers.extend(answer.map(|answer| (now + DELAY, name.clone(), answer)));
                }
            }
        }
        let owners =
            self.hosts.values().filter(|h| h.kernel.addresses.contains_key(&vip())).count();
        self.owners_max = self.owners_max.max(owners);
    }

    /// Lets virtual time pass.
    pub(super) fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        for _ in 0..100_000 {
            let Some(next) = self.next_event().filter(|at| *at <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            self.step();
        }
        let due = |host: &Host| host.director.as_ref().and_then(Director::next_deadline);
        let due: Vec<_> = self.hosts.values().map(due).collect();
        panic!("time stands still at {}: {due:?}", self.now);
    }

    fn next_event(&self) -> Option<Instant> {
        let answers = self.answers.iter().map(|answer| answer.0);
        let flying = self.flying.iter().map(|packet| packet.0).chain(answers);
        let of_hosts = self.hosts.values().flat_map(|host| {
            let director = host.director.iter().filter_map(Director::next_deadline);
            let probes = host.probes.values().map(|(at, _)| *at);
            let applying = host.applying.iter().map(|applying| applying.0);
            let events = director.map(|deadline| deadline.at).chain(probes).chain(applying);
            events.map(|at| at.max(host.frozen_until))
        });
        flying.chain(of_hosts).min()
    }

    /// Everything whose time has come.
    fn step(&mut self) {
        let now = self.now;
        for packet in &mut self.flying {
            // What reaches a frozen process waits in its socket.
            packet.0 = packet.0.max(self.hosts[&packet.1].frozen_until);
        }
        let (due, flying) = self.flying.drain(..).partition(|packet| packet.0 <= now);
        self.flying = flying;
        let due: Vec<Flying> = due;
        for (_, receiver, link, bytes) in due {
            let cluster = self.config.cluster.name.clone();
            let input = match open(&bytes, &cluster, &Key::new(b"k")) {
                Ok(beat) => Input::Beat { link, beat },
                Err(why) => {
                    let owns = crate::wire::heartbeat::may_own(&bytes);
                    Input::Rejected { link, from: address("10.9.9.9"), why, owns }
                }
            };
            self.input(&receiver, input);
        }
        let (due, later): (Vec<_>, _) = self.answers.drain(..).partition(|answer| answer.0 <= now);
        self.answers = later;
        for (_, name, answer) in due {
            self.input(&name, answer);
        }
        for name in self.hosts.keys().cloned().collect::<Vec<_>>() {
            if self.hosts[&name].frozen_until > now {
                continue;
            }
            self.finish_probes(&name);
            self.finish_apply(&name);
            let host = &self.hosts[&name];
            let due = host.director.as_ref().and_then(Director::next_deadline);
            if due.is_some_and(|deadline| deadline.at <= now) {
                self.input(&name, Input::Deadline);
            }
        }
    }

    fn finish_probes(&mut self, name: &NodeName) {
        let (now, sick) = (self.now, self.sick.clone());
        let host = self.hosts.get_mut(name).unwrap();
        let due: Vec<_> =
            host.probes.iter().filter(|(_, (at, _))| *at <= now).map(|(t, p)| (*t, *p)).collect();
        for (ticket, (_, target)) in due {
            self.hosts.get_mut(name).unwrap().probes.remove(&ticket);
            let failure = Failure::TimedOut { phase: ProbePhase::Connect };
            let blind = self.blind.contains(&(name.clone(), target)) || sick.contains(&target);
            let outcome = if blind { Err(failure) } else { Ok(Passed::default()) };
            self.input(name, Input::ProbeFinished { ticket, outcome, phases: Phases::default() });
        }
    }

    fn finish_apply(&mut self, name: &NodeName) {
        let now = self.now;
        let host = self.hosts.get_mut(name).unwrap();
        let Some((_, number, desired)) = host.applying.take_if(|applying| applying.0 <= now) else {
            return;
        };
        host.ledger.note(&desired);
        let refused = |step: &Step| host.refuses && matches!(step, Step::AddAddress(..));
        let steps = diff(&desired, &host.kernel, &host.ledger);
        host.ledger.note_settings(&host.kernel);
        let (failed, done): (Vec<_>, Vec<_>) = steps.into_iter().partition(refused);
        for step in &done {
            applied::apply(&mut host.kernel, step);
        }
        assert_eq!(diff(&desired, &host.kernel, &host.ledger), failed, "a plan must converge");
        host.ledger.forget_gone(&desired, &host.kernel);
        let refused = |step| FailedStep { step, why: "no such device".into() };
        let failed = failed.into_iter().map(refused).collect();
        let found = Ok(Arc::new(host.kernel.clone()));
        self.input(name, Input::Reconciled(Reconciled { number, done, failed, found }));
    }

    pub(super) fn role(&self, name: &str) -> Role {
        let director = self.hosts[&node(name)].director.as_ref().unwrap();
        director.view(self.now).groups[0].role
    }

    pub(super) fn holds(&self, name: &str) -> bool {
        self.hosts[&node(name)].kernel.addresses.contains_key(&vip())
    }

    pub(super) fn weights(&self, name: &str) -> Vec<(String, u16)> {
        self.hosts[&node(name)].kernel.services.get(&key()).map_or(vec![], |service| {
            service.servers.iter().map(|(a, s)| (a.to_string(), s.weight.0)).collect()
        })
    }

    /// Changes of role on a node, with their causes.
    pub(super) fn roles(&self, name: &str) -> Vec<(Role, RoleCause)> {
        self.hosts[&node(name)]
            .reports
            .iter()
            .filter_map(|(_, report)| match report {
                Report::Role { to, why, .. } => Some((*to, why.clone())),
                _ => None,
            })
            .collect()
    }
}
