//! From a configuration to a topology: nodes, segments, real servers, a router, clients.

mod servers;

use crate::run::BadInput;
use crate::{Refusal, World};
use director_config::{Texts, parse_all};
use director_core::config::{Config, ServiceKey};
use director_core::name::{InterfaceName, ServiceName};
use scenario::{
    Cidr, Client, ConfigFile, Engine, Node, NodeKind, Port, Rate, Scenario, Segment, Serve,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// What an interface's network is taken for when no virtual address of it says so.
const PREFIX: u8 = 24;
/// New connections a second, over all services.
const RATE: u32 = 40;
/// When the first connection is opened.
const START: Duration = Duration::from_secs(5);
/// How long a client waits for a connection.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is played in place of the user's machines.
#[derive(Clone, Debug)]
pub struct Derived {
    /// The topology, with the load and the configuration as it is played.
    pub scenario: Scenario,
    /// What the configuration does not say and was taken for granted.
    pub assumed: Vec<String>,
    /// What it says and is not played, each with the reason.
    pub left_out: Vec<String>,
    /// The configuration as it was read.
    pub config: Config,
}

/// The network of an interface.
#[derive(Clone, Copy, Debug)]
struct Network {
    any: Ipv4Addr,
    prefix: u8,
}

impl Network {
    fn has(self, address: Ipv4Addr) -> bool {
        let mask = u32::MAX.checked_shl(u32::from(32 - self.prefix.min(32))).unwrap_or(0);
        (self.any.to_bits() ^ address.to_bits()) & mask == 0
    }

    /// The network's own address.
    fn base(self) -> u32 {
        let mask = u32::MAX.checked_shl(u32::from(32 - self.prefix.min(32))).unwrap_or(0);
        self.any.to_bits() & mask
    }
}

/// What is being put together.
struct Plan {
    played: Config,
    networks: BTreeMap<InterfaceName, Network>,
    nodes: Vec<Node>,
    /// What is served on directors, by the address that it is asked at.
    on_directors: Vec<(IpAddr, Vec<Serve>)>,
    assumed: Vec<String>,
    left_out: Vec<String>,
}

/// Derives a topology from a configuration.
///
/// # Errors
/// The configuration is wrong, or there is nothing in it that could be played, with the reason.
pub fn derive(texts: &Texts) -> Result<Derived, BadInput> {
    let file = texts.file();
    let config = parse_all(texts).map_err(|wrong| BadInput(wrong.to_string()))?;
    let mut plan = Plan {
        played: config.clone(),
        networks: BTreeMap::new(),
        nodes: Vec::new(),
        on_directors: Vec::new(),
        assumed: Vec::new(),
        left_out: Vec::new(),
    };
    plan.without_ipv6();
    plan.find_networks(file)?;
    plan.add_servers();
    plan.add_router();
    plan.add_directors();
    let mut scenario = plan.scenario(file);
    plan.without_unmodelled(&mut scenario)?;
    if plan.played.services.is_empty() {
        let why = plan.left_out.join("\n  ");
        return Err(BadInput(format!("{file}: no service is left that can be played\n  {why}")));
    }
    Ok(Derived { scenario, assumed: plan.assumed, left_out: plan.left_out, config })
}

impl Plan {
    /// The world has IPv4 alone, and one kind of heartbeat.
    fn without_ipv6(&mut self) {
        for (name, group) in &mut self.played.groups {
            group.addresses.retain(|one| {
                if one.address.is_ipv6() {
                    self.left_out
                        .push(format!("address {one} of group {name}: IPv6 is not modelled"));
                }
                one.address.is_ipv4()
            });
        }
        for (name, node) in &mut self.played.nodes {
            node.addresses.retain(|interface, address| {
                if address.is_ipv6() {
                    self.left_out.push(format!("{interface} of {name}: IPv6 is not modelled"));
                }
                address.is_ipv4()
            });
        }
        if self.played.cluster.sync.take().is_some() {
            let why = "connections do not survive a takeover in these runs";
            self.left_out.push(format!("synchronisation of connections is not modelled: {why}"));
        }
    }

    fn find_networks(&mut self, file: &str) -> Result<(), BadInput> {
        let mut said: BTreeMap<&InterfaceName, u8> = BTreeMap::new();
        for one in self.played.groups.values().flat_map(|group| &group.addresses) {
            let known = said.entry(&one.interface).or_insert(one.prefix);
            *known = (*known).min(one.prefix);
        }
        for (name, node) in &self.played.nodes {
            for (interface, address) in &node.addresses {
                let IpAddr::V4(address) = *address else { continue };
                let prefix = said.get(interface).copied().filter(|prefix| *prefix < 31);
                let network = Network { any: address, prefix: prefix.unwrap_or(PREFIX) };
                let known = *self.networks.entry(interface.clone()).or_insert(network);
                if !known.has(address) {
                    return Err(BadInput(format!(
                        "{file}: {interface} of {name} is {address}, which is not in the network \
                         of the other directors' {interface}, {}/{}: a hunt takes interfaces of \
                         one name for one segment; rename one",
                        Ipv4Addr::from_bits(known.base()),
                        known.prefix
                    )));
                }
            }
        }
        for (interface, network) in &self.networks {
            let why = match said.get(interface) {
                Some(prefix) if *prefix < 31 => "as its virtual addresses say",
                _ => "no virtual address says which",
            };
            let (base, prefix) = (Ipv4Addr::from_bits(network.base()), network.prefix);
            self.assumed.push(format!("{interface} is the network {base}/{prefix}: {why}"));
        }
        Ok(())
    }

    /// The interface that an address can be reached over, without a router.
    fn interface_of(&self, address: Ipv4Addr) -> Option<InterfaceName> {
        let found = self.networks.iter().find(|(_, network)| network.has(address));
        found.map(|(interface, _)| interface.clone())
    }

    fn cidr(&self, interface: &InterfaceName, address: Ipv4Addr) -> Cidr {
        let prefix = self.networks.get(interface).map_or(PREFIX, |network| network.prefix);
        Cidr { address: IpAddr::V4(address), prefix }
    }

    /// A router on every network that has virtual addresses; other witnesses are hosts.
    fn add_router(&mut self) {
        let groups = self.played.groups.values();
        let public: BTreeSet<InterfaceName> =
            groups.flat_map(|group| &group.addresses).map(|one| one.interface.clone()).collect();
        let mut witnesses: Vec<Ipv4Addr> = Vec::new();
        for witness in &self.played.cluster.witnesses {
            match witness {
                IpAddr::V4(address) => witnesses.push(*address),
                IpAddr::V6(_) => {}
            }
        }
        let mut ports = Vec::new();
        for interface in &public {
            let Some(network) = self.networks.get(interface).copied() else { continue };
            let place = witnesses.iter().position(|witness| network.has(*witness));
            let found = match place {
                Some(place) => Some(witnesses.remove(place)),
                None => self.free(network),
            };
            let Some(address) = found else { continue };
            let why = if place.is_some() { "a witness" } else { "the first free address" };
            self.assumed
                .push(format!("clients come over {interface} by a router at {address}, {why}"));
            let cidr = self.cidr(interface, address);
            ports.push(Port { segment: interface.to_string(), cidr, also: Vec::new() });
        }
        self.nodes.insert(0, node("router".to_owned(), NodeKind::Router, ports));
        for (number, witness) in (1..).zip(witnesses) {
            let Some(interface) = self.interface_of(witness) else {
                self.played.cluster.witnesses.remove(&IpAddr::V4(witness));
                self.left_out.push(format!("witness {witness}: it is on no director's network"));
                continue;
            };
            let cidr = self.cidr(&interface, witness);
            let ports = vec![Port { segment: interface.to_string(), cidr, also: Vec::new() }];
            self.nodes.push(node(format!("witness{number}"), NodeKind::Client, ports));
        }
        self.played.cluster.witnesses.retain(IpAddr::is_ipv4);
    }

    fn free(&self, network: Network) -> Option<Ipv4Addr> {
        let groups = self.played.groups.values();
        let mut taken: BTreeSet<IpAddr> =
            groups.flat_map(|group| &group.addresses).map(|one| one.address).collect();
        taken.extend(self.played.nodes.values().flat_map(|node| node.addresses.values()));
        let ports = self.nodes.iter().flat_map(|node| &node.ports);
        taken.extend(ports.map(|port| port.cidr.address));
        let hosts = 1..(1_u32 << (32 - network.prefix.min(30))) - 1;
        let addresses = hosts.map(|host| Ipv4Addr::from_bits(network.base() | host));
        addresses.into_iter().find(|address| !taken.contains(&IpAddr::V4(*address)))
    }

    fn scenario(&self, file: &str) -> Scenario {
        let segments = self.networks.keys();
        let services = self.played.services.iter();
        let listens: Vec<(&ServiceName, SocketAddr)> = services
            .filter_map(|(name, service)| match service.key {
                ServiceKey::Tcp(address) => Some((name, address)),
                _ => None,
            })
            .collect();
        let count = u32::try_from(listens.len()).unwrap_or(1).max(1);
        let client = |(name, target): (&ServiceName, SocketAddr)| Client {
            name: name.to_string(),
            target,
            new: Rate { count: (RATE / count).max(1), per: Duration::from_secs(1) },
            start: START,
            timeout: PATIENCE,
            hold: None,
            from: "router".to_owned(),
        };
        Scenario {
            file: file.to_owned(),
            title: format!("the topology of {file}"),
            why: "what it would do".to_owned(),
            length: Duration::from_secs(600),
            engines: vec![Engine::World],
            segments: segments.map(|name| (name.to_string(), Segment::DEFAULT)).collect(),
            nodes: self.nodes.clone(),
            clients: listens.into_iter().map(client).collect(),
            timeline: Vec::new(),
            expectations: Vec::new(),
        }
    }

    /// Leaves out what the world says it does not model, one service at a time.
    fn without_unmodelled(&mut self, scenario: &mut Scenario) -> Result<(), BadInput> {
        let whole = self.played.services.clone();
        for (name, service) in &whole {
            let mut alone = self.played.clone();
            alone.services = [(name.clone(), service.clone())].into();
            set_config(scenario, &alone);
            let mut tried = scenario.clone();
            tried.clients.retain(|client| client.name == name.as_str());
            match World::new(Arc::new(tried), 1) {
                Ok(_) => {}
                Err(Refusal::NotModelled(reason)) => {
                    self.played.services.remove(name);
                    scenario.clients.retain(|client| client.name != name.as_str());
                    let reason = reason.replace("; run it with another engine", "");
                    self.left_out.push(format!("service {name}: {reason}"));
                }
                Err(Refusal::Invalid(problems)) => return Err(BadInput(problems)),
            }
        }
        set_config(scenario, &self.played);
        Ok(())
    }
}

fn node(name: String, kind: NodeKind, ports: Vec<Port>) -> Node {
    Node { name, kind, ports, gateway: None, prepare: None }
}

fn set_config(scenario: &mut Scenario, config: &Config) {
    let text = director_config::render(config);
    for node in &mut scenario.nodes {
        if let NodeKind::Director { config, .. } = &mut node.kind {
            *config = ConfigFile { path: "config/own.toml".to_owned(), text: text.clone() };
        }
    }
}
