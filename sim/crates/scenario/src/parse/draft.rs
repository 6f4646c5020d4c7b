//! The scenario while it is being read, and the questions that later lines ask of earlier ones.

use super::Reader;
use super::source::{Mistake, list, nearest};
use crate::facts::Facts;
use crate::{ConfigFile, Node, NodeKind, Protocol, Scenario};
use std::collections::BTreeSet;
use std::net::IpAddr;

pub(super) struct Draft<'a> {
    pub(super) scenario: Scenario,
    /// Nodes that have a problem of their own: nothing that depends on their kind is reported.
    pub(super) doubtful: BTreeSet<String>,
    /// What the configurations name; none once one of them could not be read.
    pub(super) facts: Option<Facts>,
    read: &'a Reader<'a>,
}

/// What a node must be for a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Any,
    Director,
    Server,
}

impl<'a> Draft<'a> {
    pub(super) fn new(scenario: Scenario, read: &'a Reader<'a>) -> Self {
        let facts = Some(Facts::default());
        Self { scenario, doubtful: BTreeSet::new(), facts, read }
    }

    pub(super) fn config(&mut self, path: &str, at: usize) -> Result<ConfigFile, Mistake> {
        let read = (self.read)(path).map_err(|wrong| {
            let help = "name a director.toml relative to this scenario file";
            Mistake::new(at, format!("cannot read `{path}`: {wrong}"), help)
        });
        let text = match read {
            Ok(text) => text,
            Err(mistake) => {
                self.facts = None;
                return Err(mistake);
            }
        };
        let config = ConfigFile::new(path, text);
        match (config.facts(), &mut self.facts) {
            (Some(found), Some(facts)) => facts.merge(found.clone()),
            _ => self.facts = None,
        }
        Ok(config)
    }

    /// A configuration that the director must refuse: whatever it names is not there.
    pub(super) fn refused(&self, path: &str, at: usize) -> Result<ConfigFile, Mistake> {
        let text = (self.read)(path).map_err(|wrong| {
            let help = "name a file relative to this scenario file";
            Mistake::new(at, format!("cannot read `{path}`: {wrong}"), help)
        })?;
        Ok(ConfigFile::new(path, text))
    }

    pub(super) fn node(&self, name: &str, at: usize, wanted: Wanted) -> Result<String, Mistake> {
        let nodes = || self.scenario.nodes.iter();
        let found = nodes().find(|node| node.name == name);
        let fits = |node: &Node| match wanted {
            Wanted::Any => true,
            Wanted::Director => matches!(node.kind, NodeKind::Director { .. }),
            // A director that is prepared as one is a real server too.
            Wanted::Server => {
                matches!(node.kind, NodeKind::Server { .. }) || node.prepare.is_some()
            }
        };
        let doubtful = self.doubtful.contains(name);
        if doubtful || found.is_some_and(fits) {
            return Ok(name.to_owned());
        }
        let known: Vec<&str> =
            nodes().filter(|node| fits(node)).map(|node| node.name.as_str()).collect();
        let text = match (found, wanted) {
            (Some(_), Wanted::Director) => format!("`{name}` is not a director"),
            (Some(_), Wanted::Server) => format!("`{name}` is not a real server"),
            _ => format!("there is no node `{name}`"),
        };
        Err(Mistake::new(at, text, choice(name, &known)))
    }

    /// Whether a real server speaks TLS on one of its ports.
    pub(super) fn speaks_tls(&self, node: &str) -> bool {
        let found = self.scenario.node(node).map(|node| &node.kind);
        matches!(found, Some(NodeKind::Server { serve, .. })
            if serve.iter().any(|serve| serve.protocol == Protocol::Https))
    }

    pub(super) fn segment(&self, name: &str, at: usize) -> Result<String, Mistake> {
        if self.scenario.segments.contains_key(name) {
            return Ok(name.to_owned());
        }
        let known: Vec<&str> = self.scenario.segments.keys().map(String::as_str).collect();
        Err(Mistake::new(at, format!("there is no segment `{name}`"), choice(name, &known)))
    }

    /// A node that has a port on the segment.
    pub(super) fn member(&self, segment: &str, name: &str, at: usize) -> Result<String, Mistake> {
        let node = self.node(name, at, Wanted::Any)?;
        let known: Vec<&str> = self.scenario.members(segment).collect();
        if known.contains(&name) || self.doubtful.contains(name) {
            return Ok(node);
        }
        let text = format!("`{name}` has no port on segment `{segment}`");
        Err(Mistake::new(at, text, choice(name, &known)))
    }

    pub(super) fn client(&self, name: &str, at: usize) -> Result<String, Mistake> {
        let known: Vec<&str> =
            self.scenario.clients.iter().map(|client| client.name.as_str()).collect();
        if known.contains(&name) {
            return Ok(name.to_owned());
        }
        Err(Mistake::new(at, format!("there are no clients `{name}`"), choice(name, &known)))
    }

    pub(super) fn virtual_address(&self, text: &str, at: usize) -> Result<IpAddr, Mistake> {
        let address = super::value::ip(text, at)?;
        let Some(facts) = &self.facts else { return Ok(address) };
        if facts.addresses.contains(&address) {
            return Ok(address);
        }
        let known: Vec<String> = facts.addresses.iter().map(ToString::to_string).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let text = format!("no director's configuration has the virtual address {address}");
        Err(Mistake::new(at, text, choice(&address.to_string(), &known)))
    }

    pub(super) fn group(&self, name: &str, at: usize) -> Result<String, Mistake> {
        match &self.facts {
            Some(facts) if !facts.groups.contains(name) => {
                let known: Vec<&str> = facts.groups.iter().map(String::as_str).collect();
                let text = format!("no director's configuration has the group `{name}`");
                Err(Mistake::new(at, text, choice(name, &known)))
            }
            _ => Ok(name.to_owned()),
        }
    }

    /// The name of a service that is given by name or by what it listens on.
    pub(super) fn service(&self, given: &str, at: usize) -> Result<String, Mistake> {
        let Some(facts) = &self.facts else { return Ok(given.to_owned()) };
        let name = facts.service(given);
        if facts.services.contains_key(name) {
            return Ok(name.to_owned());
        }
        let known: Vec<&str> = facts.services.keys().map(String::as_str).collect();
        let text = format!("no director's configuration has the service `{given}`");
        Err(Mistake::new(at, text, choice(given, &known)))
    }
}

fn choice(given: &str, known: &[&str]) -> String {
    match nearest(given, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there is none in this scenario: add one".to_owned(),
        None => format!("one of {}", list(known)),
    }
}
