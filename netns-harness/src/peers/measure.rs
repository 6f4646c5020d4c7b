//! What one stack made of a scenario: figures of the clients, and what the kernels hold at the end.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use scenario::{
    Event, Exit, History, Names, NodeKind, Outcome, Ruling, Run, RunResult, Scenario, State,
    Verdict, dead_time, replay,
};
use serde::Serialize;

use crate::campaign::{Figures, maybe_nanos, nanos, remarks};
use crate::stack::Stack;

/// One run of one stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Side {
    /// What it was drawn from.
    pub(super) seed: u64,
    /// `held`, `violated`, `skipped` or `impossible`.
    pub(super) result: String,
    /// What was violated, or why it did not run.
    pub(super) remarks: Vec<String>,
    /// What each client saw.
    pub(super) clients: BTreeMap<String, Seen>,
    /// How long owners of an address sent connections to servers that could not serve them.
    #[serde(rename = "on_dead_server_ns", serialize_with = "nanos")]
    pub(super) on_dead_server: Duration,
    /// Who holds the virtual addresses at the end.
    pub(super) owners: String,
    /// Whose hardware address the routers have for them at the end.
    pub(super) neighbours: String,
    /// Expectations that cannot be asked of this stack, or not in this run.
    pub(super) not_judged: usize,
    /// What the directors sent on their own account, all of them together.
    pub(super) sent: Sent,
    /// How long processors worked for the directors' processes; none where it was not counted.
    #[serde(rename = "computed_ns", serialize_with = "maybe_nanos")]
    pub(super) computed: Option<Duration>,
}

/// Packets of directors, by whom they were for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Sent {
    /// For other directors.
    pub(super) peers: u64,
    /// For real servers.
    pub(super) servers: u64,
    /// For anybody else.
    pub(super) others: u64,
}

impl Sent {
    fn of(history: &History) -> Self {
        let mut sum = Self::default();
        for record in history.records() {
            if let Event::Sent { peers, servers, others, .. } = &record.event {
                sum.peers += peers;
                sum.servers += servers;
                sum.others += others;
            }
        }
        sum
    }
}

/// The processor time of all directors, where it was counted.
fn computed(run: &Run) -> Option<Duration> {
    let RunResult::Judged { history, .. } = &run.result else { return None };
    let times = history.records().iter().filter_map(|record| match &record.event {
        Event::Computed { time, .. } => Some(*time),
        _ => None,
    });
    times.fold(None, |sum, time| Some(sum.unwrap_or(Duration::ZERO) + time))
}

/// What a client saw of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Seen {
    /// The longest outage.
    #[serde(rename = "outage_ns", serialize_with = "nanos")]
    pub(super) outage: Duration,
    /// Connections that ended otherwise than served.
    pub(super) not_served: u64,
    /// Connections that were established and then lost.
    pub(super) broken: u64,
}

impl Side {
    /// What is to be compared of a run; `again` is one in which computing took time.
    pub(super) fn of(seed: u64, run: &Run, again: Option<&Run>) -> Self {
        let mut side =
            Self { seed, result: run.word().to_owned(), remarks: remarks(run), ..Self::default() };
        side.computed = computed(again.unwrap_or(run));
        if let RunResult::Judged { history, verdict } = &run.result {
            side.fill(&run.scenario, history, verdict);
        }
        side
    }

    fn fill(&mut self, scenario: &Scenario, history: &History, verdict: &Verdict) {
        let expectations = verdict.expectations.iter();
        self.not_judged =
            expectations.filter(|judged| matches!(judged.ruling, Ruling::NotJudged { .. })).count();
        for figures in &verdict.clients {
            let count = |outcome: Outcome| figures.outcomes.get(&outcome).copied().unwrap_or(0);
            let seen = Seen {
                outage: figures.outage,
                not_served: figures.connections - count(Outcome::Served),
                broken: count(Outcome::Reset) + count(Outcome::Stalled),
            };
            self.clients.insert(figures.client.clone(), seen);
        }
        self.sent = Sent::of(history);
        let names = Names::of(scenario);
        self.on_dead_server = dead_time(scenario, history, &names);
        let addresses: Vec<IpAddr> = names.facts().addresses.iter().copied().collect();
        replay(history, &names, |_, state| {
            self.owners = owners(state, &addresses);
            self.neighbours = neighbours(scenario, state, &addresses);
        });
    }
}

/// `d2`, `d1+d2`, `none`; with several addresses, each before its owner.
fn owners(state: &State, addresses: &[IpAddr]) -> String {
    let of = |address: &IpAddr| {
        let owners: Vec<&str> = state.owners(*address).collect();
        if owners.is_empty() { "none".to_owned() } else { owners.join("+") }
    };
    match addresses {
        [only] => of(only),
        _ => joined(addresses.iter().map(|address| format!("{address} {}", of(address)))),
    }
}

/// The same of the routers' neighbour entries, with several of them each before its own.
fn neighbours(scenario: &Scenario, state: &State, addresses: &[IpAddr]) -> String {
    let routers: Vec<&str> = scenario
        .nodes
        .iter()
        .filter(|node| matches!(node.kind, NodeKind::Router))
        .map(|node| node.name.as_str())
        .collect();
    let of = |router: &str, address: IpAddr| state.neighbour(router, address).unwrap_or("none");
    match (routers.as_slice(), addresses) {
        ([router], [address]) => of(router, *address).to_owned(),
        _ => joined(routers.iter().flat_map(|router| {
            addresses
                .iter()
                .map(move |address| format!("{router} {address} {}", of(router, *address)))
        })),
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// One client over all seeds of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ClientFigures {
    /// The outages.
    pub(super) outage: Figures,
    /// Connections not served in all runs.
    pub(super) not_served: u64,
    /// Connections broken in all runs.
    pub(super) broken: u64,
}

/// One stack over all seeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Played {
    /// Which.
    pub(super) stack: Stack,
    /// Where its configuration means something else than ours.
    pub(super) notes: Vec<String>,
    /// By the clients' names; empty when it never ran.
    pub(super) clients: BTreeMap<String, ClientFigures>,
    /// One for each seed.
    pub(super) runs: Vec<Side>,
}

impl Played {
    /// Of all seeds.
    pub(super) fn of(
        stack: Stack,
        notes: Vec<String>,
        scenario: &Scenario,
        runs: Vec<Side>,
    ) -> Self {
        let names = scenario.clients.iter().map(|client| &client.name);
        let clients =
            names.filter_map(|name| Some((name.clone(), figures(name, &runs)?))).collect();
        Self { stack, notes, clients, runs }
    }

    /// The runs that came to an end.
    pub(super) fn ran(&self) -> impl Iterator<Item = &Side> {
        self.runs.iter().filter(|run| matches!(run.result.as_str(), "held" | "violated"))
    }
}

fn figures(client: &str, runs: &[Side]) -> Option<ClientFigures> {
    let seen = || runs.iter().filter_map(|run| run.clients.get(client));
    Some(ClientFigures {
        outage: Figures::of(seen().map(|seen| seen.outage).collect())?,
        not_served: seen().map(|seen| seen.not_served).sum(),
        broken: seen().map(|seen| seen.broken).sum(),
    })
}

/// One scenario with every stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Comparison {
    /// Its file.
    pub(super) file: String,
    /// Its title.
    pub(super) title: String,
    /// The clients in the order of the file.
    pub(super) clients: Vec<String>,
    /// In the order in which they were asked for.
    pub(super) stacks: Vec<Played>,
}

impl Comparison {
    /// Of all stacks.
    pub(super) fn of(scenario: &Scenario, stacks: Vec<Played>) -> Self {
        Self {
            file: scenario.file.clone(),
            title: scenario.title.clone(),
            clients: scenario.clients.iter().map(|client| client.name.clone()).collect(),
            stacks,
        }
    }
}

/// The exit status. What a scenario expects is promised by our director; a peer that does not keep
/// it is a finding and no failure.
pub(super) fn exit(comparisons: &[Comparison]) -> u8 {
    let stacks = || comparisons.iter().flat_map(|comparison| &comparison.stacks);
    let has = |ours: bool, word: &str| {
        stacks()
            .filter(|played| !ours || played.stack == Stack::Director)
            .any(|played| played.runs.iter().any(|run| run.result == word))
    };
    let exit = if has(true, "violated") {
        Exit::Violated
    } else if has(false, "impossible") {
        Exit::CannotRun
    } else {
        Exit::Held
    };
    exit.status()
}

#[cfg(test)]
mod tests;
