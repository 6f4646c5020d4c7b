//! `director-sim explain`: what led to what, a line for each step and a column for each node.

mod table;
mod trail;
mod words;

use crate::net::packet::NodeId;
use crate::{BadInput, Refusal, World};
use director_core::Effect;
use director_core::beat::LinkId;
use director_core::time::Instant;
use director_engine::record::{End, Writer};
use scenario::{Event, History, Scenario, noticed};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
pub(crate) use table::table;
pub(crate) use trail::{Step, Trail};
pub(crate) use words::{Names, Words, timer};

/// What is to be shown.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// Nothing before this moment, counted from the start.
    pub from: Duration,
    /// Nothing after this one.
    pub until: Duration,
    /// Only these nodes' columns; all when empty.
    pub nodes: Vec<String>,
    /// Every input of every director, also those that changed nothing.
    pub all: bool,
}

/// What led to what in a run, and the run's frames.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The table, for people.
    pub text: String,
    /// A pcapng file.
    pub capture: Vec<u8>,
    /// What each life of each director would have recorded: `d1-1`, `d1-2`, and so on.
    pub records: BTreeMap<String, String>,
}

/// One line: where it stands, and what it says.
pub(crate) struct Line {
    pub(crate) at: Duration,
    /// A node, or nothing for what is done from outside and what clients notice.
    pub(crate) node: Option<String>,
    pub(crate) parts: Vec<String>,
}

/// Runs a scenario under a seed and tells what led to what.
///
/// # Errors
/// The scenario has a configuration that is wrong, or needs what the world does not model; or the
/// excerpt names a node that there is not.
pub fn explain(
    scenario: &Arc<Scenario>,
    seed: u64,
    excerpt: &Excerpt,
) -> Result<Explained, BadInput> {
    let unknown = excerpt.nodes.iter().find(|name| scenario.node(name).is_none());
    if let Some(name) = unknown {
        let known: Vec<&str> = scenario.nodes.iter().map(|node| &*node.name).collect();
        let known = known.join(", ");
        return Err(BadInput(format!("there is no node {name}: the scenario has {known}")));
    }
    let mut world = World::new(Arc::clone(scenario), seed).map_err(|refusal| match refusal {
        Refusal::NotModelled(reason) => {
            BadInput(format!("{}: not modelled: {reason}", scenario.file))
        }
        Refusal::Invalid(problems) => BadInput(problems),
    })?;
    world.listen();
    world.trail = Some(Box::default());
    world.run_until(scenario.length);
    let history = world.history();
    let mut lines = steps(&world, excerpt.all);
    lines.extend(others(scenario, &history));
    lines.retain(|line| {
        let shown = (excerpt.from..=excerpt.until).contains(&line.at);
        let wanted = |node: &String| excerpt.nodes.is_empty() || excerpt.nodes.contains(node);
        shown && line.node.as_ref().is_none_or(wanted)
    });
    lines.sort_by_key(|line| line.at);
    let nodes: Vec<&str> = scenario
        .nodes
        .iter()
        .map(|node| &*node.name)
        .filter(|name| lines.iter().any(|line| line.node.as_deref() == Some(name)))
        .collect();
    let text = format!(
        "{}\n  {}, seed {seed}\n\n{}",
        scenario.title,
        scenario.file,
        table(&nodes, &lines)
    );
    let records = records(&world).map_err(|error| BadInput(format!("no record: {error}")))?;
    Ok(Explained { text, capture: world.capture(), records })
}

/// What the directors were told, and what came of it.
fn steps(world: &World, all: bool) -> Vec<Line> {
    let words = Words { names: world };
    let trail = world.trail.iter().flat_map(|trail| &trail.steps);
    let kept = trail.filter(|step| all || step.is_transition());
    kept.map(|step| {
        let host = world.hosts.get(step.node.index());
        Line {
            at: step.at.since(Instant::ZERO),
            node: host.map(|host| host.name.clone()),
            parts: words.parts(step, all),
        }
    })
    .collect()
}

impl Names for World {
    fn node(&self, address: IpAddr) -> String {
        let node = self.scenario.node_at(address);
        node.map_or_else(|| address.to_string(), |node| node.name.clone())
    }

    fn link(&self, node: NodeId, link: LinkId) -> String {
        let director = self.hosts.get(node.index()).and_then(|host| host.director());
        let links = director.map(|director| &director.config.cluster.links);
        let found = links.and_then(|links| links.get(usize::from(link.0)));
        found.map_or_else(|| format!("link {}", link.0), |link| link.to_string())
    }
}

/// What the directors would have recorded, life by life. A life that outlasts the run has no end.
fn records(world: &World) -> serde_json::Result<BTreeMap<String, String>> {
    let mut records = BTreeMap::new();
    let mut lives: BTreeMap<NodeId, usize> = BTreeMap::new();
    let Some(trail) = &world.trail else { return Ok(records) };
    for (place, beginning) in &trail.lives {
        let Some(first) = trail.steps.get(*place) else { continue };
        let mut later = trail.lives.iter().map(|(other, _)| other);
        let is_next = |other: &&usize| {
            **other > *place && trail.steps.get(**other).is_some_and(|it| it.node == first.node)
        };
        let end = later.find(is_next).copied().unwrap_or(trail.steps.len());
        let (mut writer, mut text) = Writer::begin(beginning)?;
        let steps = trail.steps.get(*place..end).unwrap_or_default();
        let own: Vec<&Step> = steps.iter().filter(|step| step.node == first.node).collect();
        for step in &own {
            text.extend(writer.turn(&step.turn, usize::MAX)?);
        }
        if own.iter().any(|step| step.turn.effects.contains(&Effect::Exit)) {
            text.push_str(&writer.end(End::Stopped));
        }
        let life = lives.entry(first.node).and_modify(|life| *life += 1).or_insert(1);
        records.insert(format!("{}-{life}", beginning.node), text);
    }
    Ok(records)
}

/// By what a host finds out who has an address.
fn by(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "ARP" } else { "ND" }
}

/// What is done from outside, what neighbours learn, what clients notice.
fn others(scenario: &Scenario, history: &History) -> Vec<Line> {
    let records = history.records().iter().filter_map(|record| {
        let (node, text) = match &record.event {
            Event::Statement { text, .. } => (None, format!("▶ {text}")),
            Event::Neighbour { observer, address, owner: Some(owner) } => {
                (Some(observer.clone()), format!("{}: sends {address} to {owner}", by(*address)))
            }
            Event::Neighbour { observer, address, owner: None } => {
                (Some(observer.clone()), format!("{}: forgets who has {address}", by(*address)))
            }
            Event::Address { node, address, held } => {
                let what = if *held { "now holds" } else { "no longer holds" };
                (Some(node.clone()), format!("kernel: {what} {address}"))
            }
            _ => return None,
        };
        Some(Line { at: record.at, node, parts: vec![text] })
    });
    let clients = noticed(scenario, history).into_iter();
    let clients = clients.map(|(at, text)| Line { at, node: None, parts: vec![text] });
    records.chain(clients).collect()
}
