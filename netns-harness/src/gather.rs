//! Puts what the nodes wrote down together to one history, in the scenario's own names.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use scenario::{Action, Event, History, Names, Record, Scenario};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::config::{self, Known};
use crate::engine::Engine;
use crate::log;

/// Reads the records of a run.
pub(crate) fn gather(
    scenario: &Scenario,
    engine: Engine,
    seed: u64,
    directory: &Path,
) -> anyhow::Result<History> {
    let names = Tables::of(scenario);
    let mut records: Vec<Record> = read(&directory.join("records/timeline.jsonl"))?;
    for node in &scenario.nodes {
        let file = format!("{}.jsonl", node.name);
        records.extend(read(&directory.join("records").join(&file))?);
        records.extend(read_log(&directory.join("logs").join(&file), &node.name)?);
    }
    // Stable: what happened at the same moment keeps the order of the nodes in the file.
    records.sort_by_key(|record| record.at);
    let mut history = History::new(engine.word(), seed, scenario.length);
    for Record { at, event } in records {
        if at <= scenario.length + Duration::from_secs(1) {
            history.push(at, names.in_scenario(event));
        }
    }
    Ok(history)
}

fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    // A node that lost its power may have left half a line; it is the last one.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_str(line)
                .with_context(|| format!("{}:{}: not a record", path.display(), index + 1))
        })
        .collect()
}

/// What a director printed, as events.
fn read_log(path: &Path, node: &str) -> anyhow::Result<Vec<Record>> {
    let lines: Vec<Printed> = read(path)?;
    Ok(lines
        .into_iter()
        .filter_map(|Printed { at_ns, line }| {
            let event = log::event(node, &line)?;
            Some(Record { at: Duration::from_nanos(at_ns), event })
        })
        .collect())
}

/// A line of a director's log with the moment of its arrival.
#[derive(Deserialize)]
struct Printed {
    at_ns: u64,
    line: String,
}

/// The kernel knows addresses; the scenario knows names, and which server is the fallback.
struct Tables<'a> {
    names: Names<'a>,
    configs: Vec<Known>,
}

impl<'a> Tables<'a> {
    fn of(scenario: &'a Scenario) -> Self {
        let texts = scenario.directors().map(|(_, file)| &file.text);
        let reloads = scenario.timeline.iter().filter_map(|statement| match &statement.action {
            Action::Reload { config, .. } => Some(&config.text),
            _ => None,
        });
        let configs = texts.chain(reloads).filter_map(|text| config::read(text).ok()).collect();
        Self { names: Names::of(scenario), configs }
    }

    fn in_scenario(&self, event: Event) -> Event {
        match event {
            Event::Table { node, service, server, weight, .. } => Event::Table {
                node,
                fallback: self.is_fallback(&service, &server),
                service: self.names.service(&service).to_owned(),
                server: self.names.server(&server).to_owned(),
                weight,
            },
            other => other,
        }
    }

    fn is_fallback(&self, service: &str, server: &str) -> bool {
        let server = server.parse::<SocketAddr>().ok();
        self.configs.iter().any(|config| {
            config.fallbacks.get(service).is_some_and(|fallback| Some(*fallback) == server)
        })
    }
}
