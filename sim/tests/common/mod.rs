//! A pair with two real servers and one client, to be varied.

#![allow(dead_code, reason = "each test binary uses its own part of this module")]

use director_sim::World;
use scenario::{Event, History, Outcome, Scenario};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const CONFIG: &str = r#"
[cluster]
name = "pair"
keepalive = "100ms"
deadtime = "300ms"
initdead = "2s"
failback = "manual"
key-file = "/etc/director/cluster.key"
links = [{ interface = "lan" }, { interface = "hb" }]
[nodes.d1]
addresses = { lan = "10.0.0.11", hb = "10.1.0.11" }
priority = 200
[nodes.d2]
addresses = { lan = "10.0.0.12", hb = "10.1.0.12" }
priority = 100
[groups.web]
addresses = ["10.0.0.100/24 on lan"]
[services.http]
listen = "10.0.0.100:80"
scheduler = "wlc"
forward = "direct"
check = { type = "http", path = "/", expect = "OK", interval = "1s", timeout = "500ms", fall = 2 }
on-failure = "quiesce"
servers = [{ address = "10.0.0.21", weight = 1 }, { address = "10.0.0.22", weight = 1 }]
"#;

pub(crate) const NODES: &str = r#"
[nodes.gw]
kind = "router"
lan = "10.0.0.1/24"
[nodes.d1]
kind = "director"
lan = "10.0.0.11/24"
hb = "10.1.0.11/24"
config = "pair.toml"
[nodes.d2]
kind = "director"
lan = "10.0.0.12/24"
hb = "10.1.0.12/24"
config = "other.toml"
[nodes."s1..s2"]
kind = "server"
lan = "10.0.0.{21..22}/24"
serve = "http 80 ok OK"
[clients.web]
target = "10.0.0.100:80"
new = "20/s"
start = "5s"
"#;

/// What is varied.
pub(crate) struct Case {
    pub(crate) timeline: &'static [&'static str],
    pub(crate) config: String,
    pub(crate) other: String,
    pub(crate) nodes: String,
    pub(crate) length: u64,
    pub(crate) address: &'static str,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            timeline: &[],
            config: CONFIG.to_owned(),
            other: CONFIG.to_owned(),
            nodes: NODES.to_owned(),
            length: 20,
            address: "10.0.0.100",
        }
    }
}

impl Case {
    pub(crate) fn scenario(&self) -> Arc<Scenario> {
        let timeline: Vec<String> =
            self.timeline.iter().map(|line| format!("  \"{line}\",\n")).collect();
        let text = format!(
            "title = \"a test\"\nwhy = \"a test\"\nlength = \"{}s\"\nengines = [\"world\"]\n\
             timeline = [\n{}]\nexpect = [\"always owners({}) <= 2\"]\n{}",
            self.length,
            timeline.concat(),
            self.address,
            self.nodes
        );
        let read = |name: &str| {
            Ok(if name == "other.toml" { self.other.clone() } else { self.config.clone() })
        };
        Arc::new(Scenario::parse("test.toml", &text, &read).unwrap_or_else(|wrong| {
            panic!("{wrong}");
        }))
    }

    pub(crate) fn world(&self, seed: u64) -> World {
        World::new(self.scenario(), seed).unwrap_or_else(|wrong| panic!("{wrong}"))
    }

    pub(crate) fn history(&self, seed: u64) -> History {
        let mut world = self.world(seed);
        world.run_until(Duration::from_secs(self.length));
        world.history()
    }
}

/// Who answered the connections that started in `from..to` seconds, and how they ended.
pub(crate) fn connections(history: &History, from: u64, to: u64) -> Vec<(Vec<String>, Outcome)> {
    let window = Duration::from_secs(from)..Duration::from_secs(to);
    history
        .records()
        .iter()
        .filter_map(|record| match &record.event {
            Event::Connection { start, servers, outcome, .. } if window.contains(start) => {
                Some((servers.clone(), *outcome))
            }
            _ => None,
        })
        .collect()
}

/// Who holds the virtual address at the end.
pub(crate) fn holders(history: &History) -> Vec<String> {
    let mut holders = std::collections::BTreeSet::new();
    for record in history.records() {
        match &record.event {
            Event::Address { node, held: true, .. } => {
                holders.insert(node.clone());
            }
            Event::Address { node, held: false, .. } => {
                holders.remove(node);
            }
            Event::Statement { text, .. } => {
                if let Some(node) = text.strip_prefix("power-off ") {
                    holders.remove(node);
                }
            }
            _ => {}
        }
    }
    holders.into_iter().collect()
}

/// Every sentence of the run, for a look for words.
pub(crate) fn words(history: &History) -> String {
    history.to_json().unwrap_or_else(|wrong| panic!("{wrong}"))
}
