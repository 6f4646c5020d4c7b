//! Puts what the nodes wrote down together to one history, in the scenario's own names.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use scenario::{Event, History, Record, Scenario};

use crate::config::{self, Known};
use crate::engine::Engine;

/// Reads the records of a run.
pub(crate) fn gather(
    scenario: &Scenario,
    engine: Engine,
    seed: u64,
    directory: &Path,
) -> anyhow::Result<History> {
    let names = Names::of(scenario);
    let mut records = read(&directory.join("records/timeline.jsonl"))?;
    for node in &scenario.nodes {
        records.extend(read(&directory.join(format!("records/{}.jsonl", node.name)))?);
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

fn read(path: &Path) -> anyhow::Result<Vec<Record>> {
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

/// The kernel knows addresses; the scenario knows names.
struct Names<'a> {
    scenario: &'a Scenario,
    configs: Vec<Known>,
}

impl<'a> Names<'a> {
    fn of(scenario: &'a Scenario) -> Self {
        let configs =
            scenario.directors().filter_map(|(_, file)| config::read(&file.text).ok()).collect();
        Self { scenario, configs }
    }

    fn in_scenario(&self, event: Event) -> Event {
        match event {
            Event::Table { node, service, server, weight, .. } => {
                let fallback = self.is_fallback(&service, &server);
                let server = self.server(&server);
                let service = self.service(&service);
                Event::Table { node, service, server, weight, fallback }
            }
            other => other,
        }
    }

    fn service(&self, listen: &str) -> String {
        let name = self.configs.iter().find_map(|config| config.services.get(listen));
        name.map_or_else(|| listen.to_owned(), Clone::clone)
    }

    fn server(&self, address: &str) -> String {
        address
            .parse::<SocketAddr>()
            .ok()
            .and_then(|address| self.scenario.node_at(address.ip()))
            .map_or_else(|| address.to_owned(), |node| node.name.clone())
    }

    fn is_fallback(&self, service: &str, server: &str) -> bool {
        let server = server.parse::<SocketAddr>().ok();
        self.configs.iter().any(|config| {
            config.fallbacks.get(service).is_some_and(|fallback| Some(*fallback) == server)
        })
    }
}
