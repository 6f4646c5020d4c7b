//! A pair of directors on one virtual clock, each on a kernel of its own, real or in memory.

use crate::Outcome;
use crate::case::{Case, Event};
use crate::foreign::lan;
use crate::node::{Node, Out};
use director_core::beat::{Beat, LinkId};
use director_core::config::Config;
use director_core::input::Input;
use director_core::name::NodeName;
use director_core::order::{Author, Order};
use director_core::probe::{Failure, Passed, Phase, Phases};
use director_core::time::Instant;
use director_engine::ports::Kernel;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// A machine that a director can be put on.
pub(crate) trait Machine {
    /// Its kernel.
    type Kernel: Kernel;

    /// Access to its kernel.
    fn kernel(&self) -> Self::Kernel;

    /// From here on, what is asked of a kernel is asked of this machine's.
    fn enter(&self) -> Outcome<()>;

    /// Forgets everything but its own address, as after a loss of power.
    fn reset(&self, kernel: &mut Self::Kernel) -> Outcome<()>;
}

/// How long a packet, an answer and an operation take.
const DELAY: Duration = Duration::from_micros(200);
/// Events of one run, far beyond what any needs: time that stands still ends.
const EVENTS_MAX: usize = 2_000_000;
/// Long enough for every check, drain, comparison with the kernel, and failback.
const CALM: Duration = Duration::from_secs(40);
/// An orderly stop takes the deadtime, and a pass.
const STOP: Duration = Duration::from_secs(5);
const NAMES: [&str; 2] = ["d1", "d2"];

type Flying = (Instant, usize, LinkId, Beat);

pub(crate) struct Lab<'a, M: Machine> {
    pub(crate) config: Arc<Config>,
    pub(crate) now: Instant,
    pub(crate) nodes: Vec<Node<'a, M>>,
    flying: Vec<Flying>,
    sick: BTreeSet<IpAddr>,
    starts: u64,
    seed: u64,
}

fn server(number: u64) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, 21 + u8::try_from(number).unwrap_or(0)).into()
}

pub(crate) fn parse(text: &str) -> Outcome<Arc<Config>> {
    let parsed = director_config::parse("director.toml", text);
    parsed.map(Arc::new).map_err(|problems| format!("{problems}\n{text}"))
}

impl<'a, M: Machine> Lab<'a, M> {
    pub(crate) fn new(case: &Case, machines: &'a [M; 2]) -> Outcome<Self> {
        let mut nodes = Vec::new();
        for (machine, (name, own)) in machines.iter().zip([(NAMES[0], 11), (NAMES[1], 12)]) {
            let mut node = Node::new(NodeName::new(name).map_err(|e| e.to_string())?, machine);
            node.reset(own)?;
            nodes.push(node);
        }
        Ok(Self {
            config: parse(&case.first)?,
            now: Instant::from_nanos(1_000_000_000),
            nodes,
            flying: Vec::new(),
            sick: BTreeSet::new(),
            starts: 0,
            seed: case.seed,
        })
    }

    /// Plays a case to its end, lets everything settle, and stops the directors.
    pub(crate) fn play(&mut self, case: &Case) -> Outcome<()> {
        self.start_all()?;
        for (number, (pause, event)) in case.events.iter().enumerate() {
            let place = |why| format!("at event {number}: {why}");
            self.run(*pause).map_err(place)?;
            self.inflict(event).map_err(place)?;
        }
        for node in &mut self.nodes {
            (node.kernel.refused, node.kernel.mute, node.kernel.until_death) = (0, 0, None);
        }
        // Whoever was told to stop stops first.
        self.run(STOP).map_err(|why| format!("at the end: {why}"))?;
        self.start_all()?;
        self.run(CALM).map_err(|why| format!("at the end: {why}"))?;
        self.judge_calm()?;
        for who in 0..self.nodes.len() {
            self.input(who, Input::Stop)?;
        }
        self.run(STOP).map_err(|why| format!("while they stop: {why}"))?;
        self.judge_stopped()
    }

    fn start_all(&mut self) -> Outcome<()> {
        (0..self.nodes.len()).try_for_each(|who| self.start(who))
    }

    fn start(&mut self, who: usize) -> Outcome<()> {
        if self.nodes[who].is_running() {
            return Ok(());
        }
        self.starts += 1;
        let seed = self.seed.wrapping_mul(1_000).wrapping_add(self.starts);
        self.nodes[who].machine.enter()?;
        self.nodes[who].start(&self.config, seed, self.now)?;
        self.carry_out(who);
        Ok(())
    }

    fn inflict(&mut self, event: &Event) -> Outcome<()> {
        match event {
            Event::Reload { text } => {
                self.config = parse(text)?;
                for who in 0..self.nodes.len() {
                    self.nodes[who].configured(&self.config);
                    self.input(who, Input::Reload(Arc::clone(&self.config)))?;
                }
            }
            Event::Crash { who, after } => {
                if self.nodes[*who].is_running() {
                    self.nodes[*who].kernel.until_death = Some(*after);
                }
            }
            Event::PowerOff { who } => {
                let node = &mut self.nodes[*who];
                node.die(None);
                node.reset(if *who == 0 { 11 } else { 12 })?;
            }
            Event::Stop { who } => self.input(*who, Input::Stop)?,
            Event::Start { who } => self.start(*who)?,
            Event::Handover { who } => self.handover(*who)?,
            Event::Sick { server: number, sick: true } => drop(self.sick.insert(server(*number))),
            Event::Sick { server: number, .. } => drop(self.sick.remove(&server(*number))),
            Event::Refuse { who, operations } => self.nodes[*who].kernel.refused = *operations,
            Event::Mute { who, times } => self.nodes[*who].kernel.mute = *times,
            Event::Drift { who, what } => {
                self.nodes[*who].machine.enter()?;
                let kernel = &mut self.nodes[*who].kernel;
                let mut foreign = std::mem::take(&mut kernel.foreign);
                let done = foreign.drift(&mut kernel.inner, *what);
                kernel.foreign = foreign;
                done.map_err(|error| format!("{what:?}: {error}"))?;
                self.input(*who, Input::KernelChanged)?;
            }
        }
        Ok(())
    }

    fn handover(&mut self, who: usize) -> Outcome<()> {
        self.nodes[who].machine.enter()?;
        if let Some(director) = &mut self.nodes[who].director {
            // Who owns nothing refuses, and nothing happens.
            let _ = director.order(&Order::Handover { group: None }, &Author::default(), self.now);
        }
        self.carry_out(who);
        Ok(())
    }

    fn input(&mut self, who: usize, input: Input) -> Outcome<()> {
        self.nodes[who].machine.enter()?;
        self.nodes[who].input(input, self.now);
        self.carry_out(who);
        Ok(())
    }

    fn carry_out(&mut self, who: usize) {
        let now = self.now;
        for out in self.nodes[who].carry_out(now + DELAY) {
            let Out { link, to, beat } = out;
            let own = |node: &director_core::config::Node| {
                node.addresses.get(&lan()).is_some_and(|address| *address == to.ip())
            };
            let receiver = NAMES.iter().position(|name| {
                self.config.nodes.iter().any(|(node, it)| node.as_str() == *name && own(it))
            });
            self.flying.extend(receiver.map(|receiver| (now + DELAY, receiver, link, beat)));
        }
    }

    /// Lets virtual time pass.
    fn run(&mut self, duration: Duration) -> Outcome<()> {
        let end = self.now + duration;
        for _ in 0..EVENTS_MAX {
            let flying = self.flying.iter().map(|packet| packet.0);
            let next = flying.chain(self.nodes.iter().filter_map(Node::next)).min();
            let Some(next) = next.filter(|at| *at <= end) else {
                self.now = end;
                return Ok(());
            };
            self.now = self.now.max(next);
            self.step()?;
        }
        Err("time stands still".to_owned())
    }

    fn step(&mut self) -> Outcome<()> {
        let now = self.now;
        let (due, later): (Vec<_>, Vec<_>) = self.flying.drain(..).partition(|it| it.0 <= now);
        self.flying = later;
        for (_, receiver, link, beat) in due {
            self.input(receiver, Input::Beat { link, beat })?;
        }
        for (who, name) in NAMES.iter().enumerate() {
            for (ticket, target) in self.nodes[who].finished_probes(now) {
                let failure = Failure::TimedOut { phase: Phase::Connect };
                let well = !self.sick.contains(&target.ip());
                let outcome = if well { Ok(Passed::default()) } else { Err(failure) };
                self.nodes[who].checked(target, well);
                self.input(
                    who,
                    Input::ProbeFinished { ticket, outcome, phases: Phases::default() },
                )?;
            }
            self.nodes[who].machine.enter()?;
            if let Some(over) = self.nodes[who].advance(now, DELAY)? {
                self.input(who, Input::Reconciled(over))?;
            }
            if self.nodes[who].is_due(now) {
                self.input(who, Input::Deadline)?;
            }
            if let Some(violation) = self.nodes[who].kernel.violations.first() {
                return Err(format!("{name}: {violation}"));
            }
        }
        Ok(())
    }

    fn judge_calm(&mut self) -> Outcome<()> {
        let sick = &self.sick;
        let well = |server: &SocketAddr| !sick.contains(&server.ip());
        let mut owners = 0;
        for node in &mut self.nodes {
            node.machine.enter()?;
            owners += usize::from(node.judge_calm(&self.config, well)?);
        }
        if owners == 1 { Ok(()) } else { Err(format!("{owners} hold the addresses")) }
    }

    fn judge_stopped(&mut self) -> Outcome<()> {
        self.nodes.iter_mut().try_for_each(|node| {
            node.machine.enter()?;
            node.judge_stopped()
        })
    }
}
