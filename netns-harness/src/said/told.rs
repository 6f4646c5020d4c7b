//! The table as `director status --json` tells it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::bail;
use serde::Deserialize;
use serde_json::Value;

use super::shown::{self, Shown};

/// What is used of the status.
#[derive(Deserialize)]
pub(super) struct Told {
    services: Vec<Service>,
    draining: Vec<Draining>,
    kernel: Kernel,
}

#[derive(Deserialize)]
struct Kernel {
    foreign: Vec<String>,
}

/// A server that has left the configuration and still has connections.
#[derive(Deserialize)]
struct Draining {
    service: Key,
    address: SocketAddr,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Key(BTreeMap<String, Value>);

#[derive(Deserialize)]
struct Service {
    key: Key,
    scheduler: String,
    fallback_serving: bool,
    fallback: Option<SocketAddr>,
    servers: Vec<Server>,
}

#[derive(Deserialize)]
struct Server {
    address: SocketAddr,
    forward: String,
    kernel_weight: Option<u32>,
}

/// Reads it.
pub(super) fn read(text: &str) -> anyhow::Result<Told> {
    let told: Told = serde_json::from_str(text)?;
    for service in &told.services {
        if service.key.0.len() != 1 {
            bail!("a service has not one key but {:?}", service.key.0);
        }
    }
    Ok(told)
}

impl Told {
    /// Everything in which the tool's table is another, in words.
    pub(super) fn differences(&self, shown: &Shown) -> Vec<String> {
        let mut found = Vec::new();
        let mut known = Vec::new();
        for service in &self.services {
            let key = service.key.name();
            match shown.get(&key) {
                Some(shown) => self.service(&key, service, shown, &mut found),
                None => found.push(format!("ipvsadm does not show {key}")),
            }
            known.push(key);
        }
        for key in shown.keys().filter(|key| !known.contains(key)) {
            let drains = self.draining.iter().any(|drain| drain.service.name() == *key);
            if !drains && !self.is_foreign(&format!("service {key} ")) {
                found.push(format!("status does not tell of {key}"));
            }
        }
        found
    }

    fn service(&self, key: &str, told: &Service, shown: &shown::Service, found: &mut Vec<String>) {
        if told.scheduler != shown.scheduler {
            let (one, other) = (&told.scheduler, &shown.scheduler);
            found.push(format!("{key}: status says scheduler {one}, ipvsadm {other}"));
        }
        for server in &told.servers {
            let address = server.address;
            let (one, other) = (server.words(), words(shown.destinations.get(&address)));
            if one != other {
                found.push(format!("{key}: {address}: status says {one}, ipvsadm {other}"));
            }
        }
        if let Some(fallback) = told.fallback.filter(|_| told.fallback_serving)
            && !shown.destinations.contains_key(&fallback)
        {
            found.push(format!("{key}: status says that {fallback} serves, ipvsadm has it not"));
        }
        for address in shown.destinations.keys() {
            let serves = told.fallback_serving && told.fallback == Some(*address);
            let drains = self.draining.iter().any(|drain| drain.is(key, *address));
            let told =
                serves || drains || told.servers.iter().any(|server| server.address == *address);
            if !told && !self.is_foreign(&format!("server {address} of {key} ")) {
                found.push(format!("{key}: status does not tell of {address}"));
            }
        }
    }

    fn is_foreign(&self, start: &str) -> bool {
        self.kernel.foreign.iter().any(|sentence| sentence.starts_with(start))
    }
}

impl Draining {
    fn is(&self, service: &str, address: SocketAddr) -> bool {
        self.address == address && self.service.name() == service
    }
}

impl Key {
    /// `tcp 10.0.0.100:80`, `fwmark 7`, `fwmark6 7`.
    fn name(&self) -> String {
        let words = self.0.iter().map(|(kind, value)| match (kind.as_str(), value) {
            ("fw-mark", mark) => format!("fwmark {mark}"),
            ("fw-mark6", mark) => format!("fwmark6 {mark}"),
            (protocol, Value::String(listen)) => format!("{protocol} {listen}"),
            (kind, value) => format!("{kind} {value}"),
        });
        words.collect()
    }
}

impl Server {
    fn words(&self) -> String {
        // The words of both programs for `IP_VS_CONN_F_FWD_MASK` (`linux/ip_vs.h`).
        let word = self.forward.split(' ').next().unwrap_or_default();
        let method = match word {
            "direct" => "Route",
            "tunnel" => "Tunnel",
            "nat" => "Masq",
            other => other,
        };
        match self.kernel_weight {
            Some(weight) => format!("{method} with weight {weight}"),
            None => ABSENT.to_owned(),
        }
    }
}

const ABSENT: &str = "not in the table";

fn words(destination: Option<&shown::Destination>) -> String {
    match destination {
        Some(shown::Destination { method, weight }) => format!("{method} with weight {weight}"),
        None => ABSENT.to_owned(),
    }
}
