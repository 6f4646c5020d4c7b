//! What the page is told about one run.

use super::flows::{Flows, flows};
use super::lanes::{Lane, lanes};
use crate::history::nanos;
use crate::report::story::{load, sentence};
use crate::report::{Run, RunResult};
use crate::{
    Action, ClientFigures, Event, History, Judged, Names, Node, NodeKind, Ruling, Scenario, Verdict,
};
use serde::Serialize;
use std::time::Duration;

#[derive(Serialize)]
pub(super) struct View<'a> {
    file: &'a str,
    title: &'a str,
    why: &'a str,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    nodes: Vec<Place<'a>>,
    segments: Vec<&'a str>,
    #[serde(flatten)]
    details: Option<Details<'a>>,
}

#[derive(Serialize)]
struct Details<'a> {
    engine: &'a str,
    seed: u64,
    #[serde(rename = "end_ns", serialize_with = "nanos::serialize")]
    end: Duration,
    lanes: Vec<Lane>,
    faults: Vec<Mark>,
    clients: Vec<Load<'a>>,
    log: Vec<Line>,
    claims: Vec<Claim<'a>>,
}

/// A node in the picture.
#[derive(Serialize)]
struct Place<'a> {
    name: &'a str,
    kind: &'static str,
    ports: Vec<(&'a str, String)>,
}

/// A statement of the timeline.
#[derive(Serialize)]
struct Mark {
    #[serde(rename = "at_ns", serialize_with = "nanos::serialize")]
    at: Duration,
    text: String,
    /// Whether it mends something rather than breaks it.
    mends: bool,
}

/// A client and what it saw.
#[derive(Serialize)]
struct Load<'a> {
    name: &'a str,
    from: &'a str,
    target: String,
    #[serde(flatten)]
    flows: Flows,
    figures: Option<&'a ClientFigures>,
}

/// A line of the story.
#[derive(Serialize)]
struct Line {
    #[serde(rename = "at_ns", serialize_with = "nanos::serialize")]
    at: Duration,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    text: String,
}

#[derive(Serialize)]
struct Claim<'a> {
    text: &'a str,
    /// Whether it holds for every scenario.
    always: bool,
    #[serde(flatten)]
    ruling: &'a Ruling,
}

pub(super) fn of(run: &Run) -> View<'_> {
    let scenario = &run.scenario;
    let (reason, details) = match &run.result {
        RunResult::Skipped { reason } | RunResult::Impossible { reason } => (Some(&**reason), None),
        RunResult::Judged { history, verdict } => (None, Some(details(scenario, history, verdict))),
    };
    View {
        file: &scenario.file,
        title: &scenario.title,
        why: &scenario.why,
        result: run.word(),
        reason,
        nodes: scenario.nodes.iter().map(place).collect(),
        segments: scenario.segments.keys().map(String::as_str).collect(),
        details,
    }
}

fn place(node: &Node) -> Place<'_> {
    let kind = match node.kind {
        NodeKind::Router => "router",
        NodeKind::Director { .. } => "director",
        NodeKind::Server { .. } => "server",
        NodeKind::Client => "client",
        NodeKind::Voter { .. } => "voter",
    };
    let ports = node.ports.iter().map(|port| (&*port.segment, port.cidr.to_string())).collect();
    Place { name: &node.name, kind, ports }
}

fn details<'a>(scenario: &'a Scenario, history: &'a History, verdict: &'a Verdict) -> Details<'a> {
    let clients = scenario.clients.iter().map(|client| Load {
        name: &client.name,
        from: &client.from,
        target: client.target.to_string(),
        flows: flows(history, &client.name),
        figures: verdict.clients.iter().find(|figures| figures.client == client.name),
    });
    let claims = |judged: &'a [Judged], always: bool| {
        judged.iter().map(move |Judged { text, ruling }| Claim { text, always, ruling })
    };
    Details {
        engine: &history.engine,
        seed: history.seed,
        end: history.end,
        lanes: lanes(scenario, history),
        faults: marks(scenario, history),
        clients: clients.collect(),
        log: lines(scenario, history),
        claims: claims(&verdict.expectations, false)
            .chain(claims(&verdict.invariants, true))
            .collect(),
    }
}

fn marks(scenario: &Scenario, history: &History) -> Vec<Mark> {
    let statements = history.records().iter().filter_map(|record| match &record.event {
        Event::Statement { index, text } => {
            let action = scenario.timeline.get(*index).map(|statement| &statement.action);
            let mends = action.is_some_and(mends);
            Some(Mark { at: record.at, text: text.clone(), mends })
        }
        _ => None,
    });
    statements.collect()
}

fn mends(action: &Action) -> bool {
    match action {
        Action::PowerOn { .. }
        | Action::Start { .. }
        | Action::Heal(_)
        | Action::Plug { .. }
        | Action::Thaw { .. }
        | Action::Resume { .. }
        | Action::Replenish { .. } => true,
        Action::Serve { behaviour, .. } => *behaviour == crate::Behaviour::Ok,
        Action::Slow { by, .. } => by.is_zero(),
        Action::Skew { by, .. } => *by == crate::Skew::NONE,
        Action::Netlink { mood, .. } => *mood == crate::Mood::Ok,
        Action::Impair(impairment) => impairment.effect.is_none(),
        _ => false,
    }
}

fn lines(scenario: &Scenario, history: &History) -> Vec<Line> {
    let names = Names::of(scenario);
    let told = history.records().iter().filter_map(|record| {
        let text = sentence(&names, &record.event)?;
        let (kind, node) = sort(scenario, &record.event);
        Some(Line { at: record.at, kind, node, text })
    });
    let seen = load(scenario, history);
    let seen = seen.into_iter().map(|(at, text)| Line { at, kind: "client", node: None, text });
    let mut lines: Vec<Line> = told.chain(seen).collect();
    lines.sort_by_key(|line| line.at);
    lines
}

/// The word that lines are filtered by, and the node that the line is about.
fn sort(scenario: &Scenario, event: &Event) -> (&'static str, Option<String>) {
    let (kind, node) = match event {
        Event::Connection { client, .. } => ("client", Some(client)),
        Event::Address { node, .. } => ("address", Some(node)),
        Event::Neighbour { observer, .. } => ("address", Some(observer)),
        Event::Table { node, .. }
        | Event::Returned { node, .. }
        | Event::Sent { node, .. }
        | Event::Computed { node, .. } => ("table", Some(node)),
        Event::Role { node, .. } => ("role", Some(node)),
        Event::Server { node, .. } | Event::Fallback { node, .. } => ("server", Some(node)),
        Event::Peer { node, .. } => ("peer", Some(node)),
        Event::Note { node, .. } => ("note", node.as_ref()),
        Event::Statement { index, .. } => {
            let action = scenario.timeline.get(*index).map(|statement| &statement.action);
            return ("fault", action.and_then(Action::node).map(str::to_owned));
        }
    };
    (kind, node.cloned())
}
