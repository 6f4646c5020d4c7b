//! The whole asynchronous shell of every director on turmoil's network: the probes' own bytes
//! against real HTTP servers, with the kernel of the world.
//!
//! turmoil carries TCP and UDP between hosts of one address each. It has no ARP and no address that
//! moves, so no client follows a virtual address: owners, roles, weights and decisions are judged,
//! and for everything else the report says that it was not. A path that carries nothing is *held*:
//! what turmoil calls a partition refuses connections, which no cut cable does.
//!
//! Heartbeat links are told apart by their port, and are cut where the packet is sent: a host has
//! one address for all of them.

mod deeds;
mod ground;
mod links;
mod net;
mod reduce;
mod seat;
mod serve;
mod told;

pub use net::{Net, Place};

use crate::build::{Configs, Refusal};
use crate::kernel::Change;
use crate::run::BadInput;
use ground::Ground;
use scenario::{Engine, Event, History, Reactions, Run, RunResult, Scenario, Scheduled};
use seat::Seat;
use serve::Server;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// The least time that passes: turmoil's own.
const TICK: Duration = Duration::from_millis(1);

/// Runs a scenario under a seed on turmoil and judges what can be.
///
/// # Errors
/// When a configuration file that it names is wrong, or the simulation breaks down.
pub fn run(scenario: &Arc<Scenario>, seed: u64) -> Result<Run, BadInput> {
    let carried = carries(scenario).and_then(|()| Play::new(scenario, seed));
    let result = match carried {
        Ok(play) => {
            let history = play.through()?;
            let verdict = reduce::judge(scenario, &history);
            RunResult::Judged { history, verdict }
        }
        Err(Refusal::NotModelled(reason)) => RunResult::Skipped { reason },
        Err(Refusal::Invalid(problems)) => return Err(BadInput(problems)),
    };
    Ok(Run { scenario: Scenario::clone(scenario), result })
}

/// Whether turmoil can carry the scenario, or why it cannot.
fn carries(scenario: &Scenario) -> Result<(), Refusal> {
    if !scenario.engines.contains(&Engine::Turmoil) {
        let engines: Vec<&str> = scenario.engines.iter().map(|engine| engine.word()).collect();
        let reason = format!("it is for {}, not for turmoil", engines.join(", "));
        return Err(Refusal::NotModelled(reason));
    }
    for statement in &scenario.timeline {
        if let Some(why) = deeds::lacking(&statement.action) {
            let reason = format!("turmoil cannot `{}`: {why}", statement.text);
            return Err(Refusal::NotModelled(reason));
        }
    }
    if let Some(node) = scenario.nodes.iter().find(|node| serve::is_database(node)) {
        let reason = format!("turmoil has no PostgreSQL ({})", node.name);
        return Err(Refusal::NotModelled(reason));
    }
    // MTUs decide nothing here: the packets of directors and checks fit every link.
    if let Some(client) = scenario.clients.iter().find(|client| client.request.is_some()) {
        let reason = format!("turmoil has no clients with long requests ({})", client.name);
        return Err(Refusal::NotModelled(reason));
    }
    let six = |node: &&scenario::Node| node.addresses().any(|address| address.is_ipv6());
    if let Some(node) = scenario.nodes.iter().find(six) {
        let reason = format!("turmoil's hosts have no IPv6 here ({})", node.name);
        return Err(Refusal::NotModelled(reason));
    }
    Ok(())
}

/// A run under way.
struct Play {
    scenario: Arc<Scenario>,
    sim: turmoil::Sim<'static>,
    ground: Arc<Ground>,
    seats: Vec<Arc<Seat>>,
    servers: Vec<Arc<Server>>,
    configs: Configs,
    /// What is still to come, the soonest last.
    agenda: Vec<Scheduled>,
    reactions: Option<Reactions>,
    /// Pairs of a director and a server between which nothing passes.
    held: BTreeSet<(String, String)>,
    history: History,
    seed: u64,
}

impl Play {
    fn new(scenario: &Arc<Scenario>, seed: u64) -> Result<Self, Refusal> {
        let configs = Configs::read(scenario)?;
        let sim = turmoil::Builder::new()
            .simulation_duration(scenario.length + Duration::from_secs(1))
            .tick_duration(TICK)
            .min_message_latency(Duration::ZERO)
            .max_message_latency(TICK)
            .tcp_capacity(1024)
            .udp_capacity(4096)
            .rng_seed(seed)
            .build();
        let ground = Arc::new(Ground::new(Arc::clone(scenario)));
        let mut agenda = scenario.schedule(seed);
        agenda.reverse();
        let mut play = Self {
            sim,
            seats: Vec::new(),
            servers: Vec::new(),
            configs,
            agenda,
            reactions: Reactions::of(scenario, seed),
            held: BTreeSet::new(),
            history: History::new("turmoil", seed, scenario.length),
            scenario: Arc::clone(scenario),
            ground,
            seed,
        };
        play.settle_hosts()?;
        Ok(play)
    }

    fn settle_hosts(&mut self) -> Result<(), Refusal> {
        let scenario = Arc::clone(&self.scenario);
        for (node, file) in scenario.directors() {
            let config = self.configs.of(file)?;
            deeds::runnable(&config)?;
            let seat = Arc::new(Seat::new(node, config, &self.ground, self.seed)?);
            self.seats.push(Arc::clone(&seat));
            self.sim.host(address_of(&scenario, &node.name), move || Arc::clone(&seat).live());
        }
        for node in &scenario.nodes {
            if let Some(server) = Server::of(node) {
                let server = Arc::new(server);
                self.servers.push(Arc::clone(&server));
                self.sim
                    .host(address_of(&scenario, &node.name), move || Arc::clone(&server).live());
            }
        }
        Ok(())
    }

    fn through(mut self) -> Result<History, BadInput> {
        while self.sim.elapsed() < self.scenario.length {
            let now = self.sim.elapsed();
            while self.agenda.last().is_some_and(|next| next.at <= now) {
                if let Some(next) = self.agenda.pop() {
                    self.carry_out(&next, now);
                }
            }
            for seat in &self.seats {
                seat.pass_time(now);
            }
            let failed = |why: Box<dyn std::error::Error>| {
                BadInput(format!("{}: the simulation broke down: {why}", self.scenario.file))
            };
            self.sim.step().map_err(failed)?;
            self.collect();
        }
        Ok(self.history)
    }

    /// Writes down what has happened in this step, and plans what waits for it.
    fn collect(&mut self) {
        for place in 0..self.seats.len() {
            let seat = Arc::clone(&self.seats[place]);
            for (at, event) in seat.told() {
                self.note(at, event);
            }
            let now = self.sim.elapsed();
            for change in seat.changes() {
                self.note(now, in_words(&seat, change));
            }
        }
    }

    fn note(&mut self, at: Duration, event: Event) {
        let due = self.reactions.as_mut().map(|reactions| reactions.note(&event));
        self.history.push(at, event);
        for (place, offset) in due.into_iter().flatten() {
            let scenario = Arc::clone(&self.scenario);
            let Some((_, reaction)) = scenario.reactions(self.seed).into_iter().nth(place) else {
                continue;
            };
            self.agenda.push(Scheduled { at: at + offset, ..reaction });
            self.agenda.sort_by_key(|entry| std::cmp::Reverse(entry.at));
        }
    }
}

/// The address by which turmoil knows a node: that of its first port.
fn address_of(scenario: &Scenario, node: &str) -> IpAddr {
    let port = scenario.node(node).and_then(|node| node.ports.first());
    port.map_or(IpAddr::from([0, 0, 0, 0]), |port| port.cidr.address)
}

fn in_words(seat: &Seat, change: Change) -> Event {
    let node = seat.node.clone();
    match change {
        Change::Address { address, held } => Event::Address { node, address: address.into(), held },
        Change::Destination { service, server, weight } => {
            let config = seat.config();
            let key = director_core::config::ServiceKey::Tcp(service.into());
            let found = config.services.iter().find(|(_, found)| found.key == key);
            Event::Table {
                node,
                service: found.map_or_else(|| service.to_string(), |(name, _)| name.to_string()),
                server: server.to_string(),
                weight: weight.map(u32::from),
                fallback: found.is_some_and(|(_, found)| found.fallback == Some(server)),
            }
        }
    }
}
