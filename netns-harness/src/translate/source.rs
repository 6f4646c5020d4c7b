//! A director's configuration as the translation reads it.
//!
//! The director checks the file; here what is not understood is kept by name, to be told.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use scenario::parse_duration;
use serde::Deserialize;

/// A length of time as the file writes it: `100ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Length(pub(super) Duration);

impl TryFrom<String> for Length {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse_duration(&text).map(Self)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Source {
    pub(super) cluster: Cluster,
    pub(super) nodes: BTreeMap<String, Node>,
    pub(super) groups: BTreeMap<String, Group>,
    #[serde(default)]
    pub(super) services: BTreeMap<String, Service>,
    #[serde(flatten)]
    pub(super) other: toml::Table,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Cluster {
    #[serde(default = "second")]
    pub(super) keepalive: Length,
    deadtime: Option<Length>,
    initdead: Option<Length>,
    pub(super) port: Option<u16>,
    #[serde(default)]
    pub(super) failback: Failback,
    pub(super) failback_delay: Option<Length>,
    #[serde(default)]
    pub(super) links: Vec<Link>,
    pub(super) sync: Option<Sync>,
    #[serde(flatten)]
    pub(super) other: toml::Table,
}

impl Cluster {
    /// The silence after which a peer is dead.
    pub(super) fn deadtime(&self) -> Duration {
        self.deadtime.map_or(self.keepalive.0 * 3, |deadtime| deadtime.0)
    }

    /// How long a node that starts listens first.
    pub(super) fn initdead(&self) -> Duration {
        let usual = || (self.deadtime() * 2).max(Duration::from_secs(5));
        self.initdead.map_or_else(usual, |initdead| initdead.0)
    }

    /// What is written of how connections are told of, beside where; by name.
    pub(super) fn finer_sync(&self) -> impl Iterator<Item = String> {
        let keys = self.sync.iter().flat_map(|sync| sync.other.keys());
        keys.map(|key| format!("[cluster] sync {key}"))
    }

    /// The settings of a node's start and its port, as `[cluster] initdead`, that are written.
    pub(super) fn start_and_port(&self) -> Vec<String> {
        let initdead = self.initdead.map(|_| "[cluster] initdead".to_owned());
        let port = self.port.map(|_| "[cluster] port".to_owned());
        initdead.into_iter().chain(port).collect()
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Failback {
    #[default]
    Auto,
    Manual,
}

/// Where the kernel tells of its connections.
#[derive(Debug, Deserialize)]
pub(super) struct Sync {
    pub(super) interface: String,
    #[serde(flatten)]
    other: toml::Table,
}

#[derive(Debug, Deserialize)]
pub(super) struct Link {
    pub(super) interface: String,
    /// The group that heartbeats go to instead of to each node.
    pub(super) multicast: Option<IpAddr>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Node {
    #[serde(default)]
    pub(super) addresses: BTreeMap<String, IpAddr>,
    pub(super) priority: u8,
}

#[derive(Debug, Deserialize)]
pub(super) struct Group {
    pub(super) addresses: Vec<Address>,
    #[serde(flatten)]
    pub(super) other: toml::Table,
}

/// `10.0.0.100/24 on lan`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Address {
    pub(super) address: IpAddr,
    pub(super) prefix: u8,
    pub(super) interface: String,
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = || {
            let (cidr, interface) = text.split_once(" on ")?;
            let (address, prefix) = cidr.split_once('/')?;
            Some(Self {
                address: address.parse().ok()?,
                prefix: prefix.parse().ok()?,
                interface: interface.trim().to_owned(),
            })
        };
        read().ok_or_else(|| format!("`{text}` is not of the form 10.0.0.100/24 on lan"))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Service {
    pub(super) listen: SocketAddr,
    #[serde(default = "wlc")]
    pub(super) scheduler: String,
    #[serde(default)]
    pub(super) forward: Forward,
    pub(super) check: Check,
    #[serde(default)]
    pub(super) on_failure: OnFailure,
    pub(super) fallback: Option<Endpoint>,
    pub(super) servers: Vec<Server>,
    #[serde(flatten)]
    pub(super) other: toml::Table,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Forward {
    #[default]
    Direct,
    Tunnel,
    Nat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OnFailure {
    #[default]
    Quiesce,
    Remove,
}

#[derive(Debug, Deserialize)]
pub(super) struct Check {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) path: Option<String>,
    pub(super) host: Option<String>,
    pub(super) expect: Option<String>,
    pub(super) port: Option<u16>,
    #[serde(default = "two_seconds")]
    pub(super) interval: Length,
    #[serde(default = "second")]
    pub(super) timeout: Length,
    #[serde(default = "three")]
    pub(super) fall: u8,
    #[serde(default = "two")]
    pub(super) rise: u8,
    #[serde(flatten)]
    pub(super) other: toml::Table,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    Http,
    Tcp,
}

#[derive(Debug, Deserialize)]
pub(super) struct Server {
    pub(super) address: Endpoint,
    #[serde(default = "one")]
    pub(super) weight: u16,
    #[serde(flatten)]
    pub(super) other: toml::Table,
}

/// `10.0.0.21`, or with a port of its own.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Endpoint {
    address: IpAddr,
    port: Option<u16>,
}

impl Endpoint {
    pub(super) fn with_port(self, port: u16) -> (IpAddr, u16) {
        (self.address, self.port.unwrap_or(port))
    }
}

impl TryFrom<String> for Endpoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self { address, port: None });
        }
        let socket: SocketAddr = text
            .parse()
            .map_err(|_| format!("`{text}` is neither an address nor one with port"))?;
        Ok(Self { address: socket.ip(), port: Some(socket.port()) })
    }
}

// What the director takes for what is not written; the translation must take the same.

fn second() -> Length {
    Length(Duration::from_secs(1))
}

fn two_seconds() -> Length {
    Length(Duration::from_secs(2))
}

fn wlc() -> String {
    "wlc".to_owned()
}

fn one() -> u16 {
    1
}

fn two() -> u8 {
    2
}

fn three() -> u8 {
    3
}

impl Source {
    /// What is written and has no place in a translation, as `[cluster] key-file`.
    pub(super) fn left_out(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut add = |place: &str, table: &toml::Table| {
            found.extend(table.keys().map(|key| format!("{place}{key}")));
        };
        add("", &self.other);
        add("[cluster] ", &self.cluster.other);
        for (name, group) in &self.groups {
            add(&format!("[groups.{name}] "), &group.other);
        }
        for (name, service) in &self.services {
            add(&format!("[services.{name}] "), &service.other);
            add(&format!("[services.{name}] check "), &service.check.other);
            for server in &service.servers {
                add(&format!("[services.{name}] server "), &server.other);
            }
        }
        found
    }
}
