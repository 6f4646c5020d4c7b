//! A playground in the terminal: who is what, who owns what, and how clients fare.

use std::fmt::Write as _;
use std::time::Duration;

use scenario::{Event, History, Names, NodeKind, Outcome, Scenario, State, replay, show_duration};

use super::session::Session;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::gather::gather;

/// Traffic is shown of so long.
const WINDOW: Duration = Duration::from_secs(5);

/// The whole picture.
pub(super) fn show(session: &Session) -> Result<String, Failure> {
    let scenario = session.scenario(None)?;
    let engine = Engine::ALL.into_iter().find(|engine| engine.word() == session.engine);
    let engine = engine.unwrap_or(Engine::Uml);
    let history = gather(&scenario, engine, session.seed, &session.path)?;
    let names = Names::of(&scenario);
    let now = history.records().last().map_or(Duration::ZERO, |record| record.at);
    let mut text = String::new();
    let life = if session.is_kept() { "up" } else { "ended" };
    let whole = Duration::from_secs(now.as_secs());
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{}\n  {} on {}, {life} for {}\n",
        scenario.title,
        session.file.display(),
        session.engine,
        show_duration(whole)
    );
    let mut nodes = String::new();
    replay(&history, &names, |_, state| {
        nodes.clear();
        for node in &scenario.nodes {
            let said = describe(&scenario, &names, state, node);
            let _ = writeln!(nodes, "  {:<12} {:<9} {said}", node.name, kind(node));
        }
    });
    text.push_str(&nodes);
    text.push('\n');
    for client in &scenario.clients {
        let _ = writeln!(text, "  {}", traffic(&history, &client.name, now));
    }
    if !session.said.is_empty() {
        let _ = writeln!(text, "\n  done so far: {}", session.said.join("; "));
    }
    Ok(text)
}

fn kind(node: &scenario::Node) -> &'static str {
    match node.kind {
        NodeKind::Router => "router",
        NodeKind::Director { .. } => "director",
        NodeKind::Server { .. } => "server",
        NodeKind::Client => "client",
        NodeKind::Voter { .. } => "voter",
    }
}

fn describe(
    scenario: &Scenario,
    names: &Names<'_>,
    state: &State,
    node: &scenario::Node,
) -> String {
    let name = node.name.as_str();
    if !state.is_on(name) {
        return "has no power".to_owned();
    }
    let facts = names.facts();
    let mut parts = Vec::new();
    match &node.kind {
        NodeKind::Director { .. } => {
            for group in &facts.groups {
                let role = state.role(name, group).unwrap_or("not heard of");
                parts.push(format!("{role} for {group}"));
            }
            let held = facts.addresses.iter().filter(|it| state.owners(**it).any(|o| o == name));
            parts.extend(held.map(|address| format!("holds {address}")));
            for service in facts.services.keys() {
                parts.push(format!("{service}: {}", table(scenario, state, name, service)));
            }
        }
        NodeKind::Server { .. } => {
            let behaviour = state.behaviour(name).map(scenario::Behaviour::word);
            parts.push(format!("answers {}", behaviour.unwrap_or("nothing")));
        }
        NodeKind::Voter { .. } => parts.push("votes".to_owned()),
        NodeKind::Router | NodeKind::Client => {
            for address in &facts.addresses {
                let owner = state.neighbour(name, *address).unwrap_or("nobody");
                parts.push(format!("sends {address} to {owner}"));
            }
        }
    }
    parts.join("; ")
}

/// `s1 1, s2 0`, `fallback`.
fn table(scenario: &Scenario, state: &State, director: &str, service: &str) -> String {
    let servers = scenario.nodes.iter().filter_map(|node| {
        let found = state.destination(director, service, &node.name)?;
        (!found.fallback).then(|| format!("{} {}", node.name, found.weight))
    });
    let mut parts: Vec<String> = servers.collect();
    if state.has_fallback(director, service) {
        parts.push("fallback".to_owned());
    }
    if parts.is_empty() { "no server".to_owned() } else { parts.join(", ") }
}

fn traffic(history: &History, client: &str, now: Duration) -> String {
    let (mut served, mut other) = (0_u32, 0_u32);
    for record in history.records().iter().rev() {
        if record.at + WINDOW < now {
            break;
        }
        if let Event::Connection { client: of, outcome, .. } = &record.event
            && of == client
        {
            if *outcome == Outcome::Served { served += 1 } else { other += 1 }
        }
    }
    let seconds = WINDOW.as_secs();
    format!("{client}: in the last {seconds} s {served} connections served, {other} not")
}
