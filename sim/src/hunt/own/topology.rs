//! From a configuration to a topology: nodes, segments, real servers, a router, clients.

mod network;
mod servers;

use crate::run::BadInput;
use crate::{Refusal, World};
use director_config::{Texts, parse_all};
use director_core::config::{Config, ServiceKey};
use director_core::name::{InterfaceName, ServiceName};
use network::{Family, Network};
use scenario::{
    Cidr, Client, ConfigFile, Engine, Node, NodeKind, Port, Rate, Scenario, Segment, Serve,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

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

/// What is being put together.
struct Plan {
    played: Config,
    /// Of each interface, one of IPv4 and one of IPv6 at most.
    networks: BTreeMap<(InterfaceName, Family), Network>,
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
    plan.without_sync();
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
    fn without_sync(&mut self) {
        if self.played.cluster.sync.take().is_some() {
            let why = "connections do not survive a takeover in these runs";
            self.left_out.push(format!("synchronisation of connections is not modelled: {why}"));
        }
    }

    fn find_networks(&mut self, file: &str) -> Result<(), BadInput> {
        let mut said: BTreeMap<(InterfaceName, Family), u8> = BTreeMap::new();
        let virtuals = || self.played.groups.values().flat_map(|group| &group.addresses);
        for one in virtuals() {
            let key = (one.interface.clone(), Family::of(one.address));
            let known = said.entry(key).or_insert(one.prefix);
            *known = (*known).min(one.prefix);
        }
        said.retain(|(_, family), prefix| *prefix < family.alone());
        let network = |interface: &InterfaceName, any: IpAddr| {
            let key = (interface.clone(), Family::of(any));
            let prefix = said.get(&key).copied().unwrap_or(key.1.prefix());
            (key, Network { any, prefix })
        };
        for (name, node) in &self.played.nodes {
            for (interface, address) in &node.addresses {
                let (key, network) = network(interface, *address);
                let known = *self.networks.entry(key).or_insert(network);
                if !known.has(*address) {
                    return Err(BadInput(format!(
                        "{file}: {interface} of {name} is {address}, which is not in the network \
                         of the other directors' {interface}, {known}: a hunt takes interfaces of \
                         one name for one segment; rename one",
                    )));
                }
            }
        }
        // Of a family that the directors have no address of there.
        for one in virtuals() {
            let (key, network) = network(&one.interface, one.address);
            self.networks.entry(key).or_insert(network);
        }
        for (key, network) in &self.networks {
            let why = match said.get(key) {
                Some(_) => "as its virtual addresses say",
                None => "no virtual address says which",
            };
            self.assumed.push(format!("{} is the network {network}: {why}", key.0));
        }
        Ok(())
    }

    /// The interface that an address can be reached over, without a router.
    fn interface_of(&self, address: IpAddr) -> Option<InterfaceName> {
        let found = self.networks.iter().find(|(_, network)| network.has(address));
        found.map(|((interface, _), _)| interface.clone())
    }

    fn cidr(&self, interface: &InterfaceName, address: IpAddr) -> Cidr {
        let family = Family::of(address);
        let network = self.networks.get(&(interface.clone(), family));
        Cidr { address, prefix: network.map_or(family.prefix(), |network| network.prefix) }
    }

    /// A router on every network that has virtual addresses; other witnesses are hosts.
    fn add_router(&mut self) {
        let groups = self.played.groups.values();
        let public: BTreeSet<InterfaceName> =
            groups.flat_map(|group| &group.addresses).map(|one| one.interface.clone()).collect();
        let mut witnesses: Vec<IpAddr> = self.played.cluster.witnesses.iter().copied().collect();
        let mut ports: Vec<Port> = Vec::new();
        let networks = self.networks.clone();
        let public = networks.iter().filter(|((interface, _), _)| public.contains(interface));
        for ((interface, _), network) in public {
            let place = witnesses.iter().position(|witness| network.has(*witness));
            let found = match place {
                Some(place) => Some(witnesses.remove(place)),
                None => self.free(*network),
            };
            let Some(address) = found else { continue };
            let why = if place.is_some() { "a witness" } else { "the first free address" };
            self.assumed
                .push(format!("clients come over {interface} by a router at {address}, {why}"));
            let cidr = self.cidr(interface, address);
            match ports.iter_mut().find(|port| port.segment == interface.as_str()) {
                Some(port) => port.also.push(cidr),
                None => ports.push(Port { segment: interface.to_string(), cidr, also: Vec::new() }),
            }
        }
        self.nodes.insert(0, node("router".to_owned(), NodeKind::Router, ports));
        for (number, witness) in (1..).zip(witnesses) {
            let Some(interface) = self.interface_of(witness) else {
                self.played.cluster.witnesses.remove(&witness);
                self.left_out.push(format!("witness {witness}: it is on no director's network"));
                continue;
            };
            let cidr = self.cidr(&interface, witness);
            let ports = vec![Port { segment: interface.to_string(), cidr, also: Vec::new() }];
            self.nodes.push(node(format!("witness{number}"), NodeKind::Client, ports));
        }
    }

    fn free(&self, network: Network) -> Option<IpAddr> {
        let groups = self.played.groups.values();
        let mut taken: BTreeSet<IpAddr> =
            groups.flat_map(|group| &group.addresses).map(|one| one.address).collect();
        taken.extend(self.played.nodes.values().flat_map(|node| node.addresses.values()));
        let ports = self.nodes.iter().flat_map(|node| &node.ports);
        taken.extend(ports.flat_map(Port::cidrs).map(|cidr| cidr.address));
        let services = self.played.services.values();
        let named = services.flat_map(|it| it.servers.keys().chain(&it.fallback));
        taken.extend(named.map(SocketAddr::ip));
        taken.extend(&self.played.cluster.witnesses);
        network.hosts().find(|address| !taken.contains(address))
    }

    fn scenario(&self, file: &str) -> Scenario {
        let segments = self.networks.keys().map(|(interface, _)| interface);
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
            request: None,
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
    Node { name, kind, ports, gateway: None, drops_icmp: false, prepare: None }
}

fn set_config(scenario: &mut Scenario, config: &Config) {
    let text = director_config::render(config);
    for node in &mut scenario.nodes {
        if let NodeKind::Director { config, .. } = &mut node.kind {
            *config = ConfigFile::new("config/own.toml", text.clone());
        }
    }
}
