//! From a scenario to a world that stands at time 0.

use crate::client::{Load, PORTS};
use crate::clock::Clock;
use crate::director_host::DirectorHost;
use crate::gait::Gait;
use crate::guard::Guard;
use crate::host::{Host, Kind, Own, Port, Power, Prepared, ServerHost};
use crate::kernel::SimKernel;
use crate::lacking;
use crate::net::arp::Neighbours;
use crate::net::packet::{NodeId, PortId};
use crate::net::stand_in::{MASK, StandIns, is_six};
use crate::net::switch::Switch;
use crate::order::File;
use crate::queue::Queue;
use crate::record::Log;
use crate::world::{Event, PortPlace, World};
use director_core::config::{Config, Link, VirtualAddress};
use director_core::desired::Sysctl;
use director_core::name::{InterfaceName, NodeName};
use director_core::plan::Ledger;
use director_core::random::Stream;
use director_core::realserver;
use director_core::time::Instant;
use scenario::{
    Action, ConfigFile, Faults, Node, NodeKind, Reactions, Scenario, Scheduled, Segment,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

/// Clocks of nodes differ by up to this much.
const CLOCK_SPREAD: Duration = Duration::from_secs(1_000);
/// By how much clocks differ from those of another run: no multiple of anything.
const CLOCK_SHIFT: Duration = Duration::from_nanos(86_417_123_456_789);

/// Why there is no world for a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A file is wrong: everything that is wrong with it.
    #[error("{0}")]
    Invalid(String),
    /// The scenario uses something that the model does not have: what, and where it can be had.
    #[error("{0}")]
    NotModelled(String),
}

impl World {
    /// The world of a scenario under a seed, at time 0.
    ///
    /// # Errors
    /// When a configuration file is wrong, or something in the scenario is not modelled.
    pub fn new(scenario: Arc<Scenario>, seed: u64) -> Result<Self, Refusal> {
        lacking::deeds(&scenario)?;
        let configs = Configs::read(&scenario)?;
        let stand_ins = StandIns::of_run(&scenario, configs.by_text.values());
        let too_many = || invalid("the scenario has too many IPv6 addresses");
        let stand_ins = Arc::new(stand_ins.ok_or_else(too_many)?);
        let virtuals = virtuals(&stand_ins, configs.by_text.values());
        let mut world = Self {
            now: Instant::ZERO,
            queue: Queue::new(),
            hosts: Vec::new(),
            switches: Vec::new(),
            ports: Vec::new(),
            loads: Vec::new(),
            virtuals,
            stand_ins,
            schedule: schedule(&scenario, seed),
            scenario: Arc::clone(&scenario),
            reloads: Vec::new(),
            faults: Faults::default(),
            reactions: Reactions::of(&scenario, seed).map(Box::new),
            guard: Guard::default(),
            log: Log::default(),
            tap: None,
            trail: None,
            strikes: Vec::new(),
            seed,
            events: 0,
            trace: seed,
        };
        for node in &scenario.nodes {
            world.add_host(node, &configs)?;
        }
        world.add_switches(&scenario)?;
        world.add_gateways()?;
        world.add_links();
        world.add_loads(&scenario)?;
        world.plan(&configs);
        Ok(world)
    }

    /// The same world, and every node's clock shows something else.
    pub(crate) fn with_other_clocks(mut self) -> Self {
        let mut apart = Duration::ZERO;
        for host in &mut self.hosts {
            if let Some(director) = host.director_mut() {
                apart += CLOCK_SHIFT;
                director.shows = director.shows.moved(apart);
            }
        }
        self
    }

    fn add_host(&mut self, node: &Node, configs: &Configs) -> Result<(), Refusal> {
        lacking::node(node)?;
        let mut ports = Vec::new();
        let mut fixed = Vec::new();
        for port in &node.ports {
            let id = PortId(number(self.ports.len() + ports.len())?);
            let mtu =
                self.scenario.segments.get(&port.segment).map_or(Segment::DEFAULT.mtu, |it| it.mtu);
            ports.push(Port { id, mtu, own: self.own(port) });
            for cidr in port.cidrs() {
                fixed.push(VirtualAddress {
                    address: cidr.address,
                    prefix: cidr.prefix,
                    interface: interface(&port.segment)?,
                    mac: None,
                });
            }
        }
        let place = NodeId(number(self.hosts.len())?);
        for (own, port) in node.ports.iter().enumerate() {
            let segments = self.scenario.segments.keys();
            let switch = segments.into_iter().position(|name| *name == port.segment);
            let members = self.scenario.members(&port.segment);
            let member = members.into_iter().position(|name| name == node.name);
            self.ports.push(PortPlace {
                node: place,
                place: u8::try_from(own).map_err(|_| invalid("a node has too many interfaces"))?,
                switch: number(switch.unwrap_or(0))?,
                member: number(member.unwrap_or(0))?,
            });
        }
        let (kind, serve) = match &node.kind {
            NodeKind::Router => (Kind::Router, Vec::new()),
            NodeKind::Client => (Kind::Client, Vec::new()),
            NodeKind::Voter { .. } => {
                (Kind::Voter(Box::new(self.new_voter(&node.name, 1))), Vec::new())
            }
            NodeKind::Server { serve, vip_on_lo } => {
                let prepared = configs.prepared(node, *vip_on_lo, &self.stand_ins)?;
                let answers = *vip_on_lo && configs.let_answer(node);
                (Kind::Server(Box::new(ServerHost { answers, prepared })), serve.clone())
            }
            NodeKind::Director { config, serve } => {
                let director = self.director_host(node, configs.of(config)?, &fixed)?;
                (Kind::Director(Box::new(director)), serve.clone())
            }
        };
        self.hosts.push(Host {
            name: node.name.clone(),
            kind,
            power: Power::On,
            boots: 1,
            ports,
            gateways: [None; 2],
            neighbours: Neighbours::default(),
            narrow: BTreeMap::new(),
            drops_icmp: node.drops_icmp,
            stream: Stream::named(self.seed, &format!("host/{}", node.name)),
            serve,
            paused: None,
            flows: BTreeMap::new(),
        });
        Ok(())
    }

    /// What the model calls an interface's addresses, and the masks of their networks.
    fn own(&self, port: &scenario::Port) -> [Own; 2] {
        let mut own = [Own::NONE; 2];
        for cidr in port.cidrs() {
            let (family, mask) = match cidr.address {
                IpAddr::V4(_) => {
                    let bits = u32::from(cidr.prefix.min(32));
                    (0, u32::MAX.checked_shl(32 - bits).unwrap_or(0))
                }
                IpAddr::V6(_) => (1, MASK),
            };
            // All of the scenario's addresses are known.
            if let (Some(address), Some(own)) =
                (self.stand_ins.of(cidr.address), own.get_mut(family))
            {
                *own = Own { address, mask };
            }
        }
        own
    }

    fn director_host(
        &self,
        node: &Node,
        config: Arc<Config>,
        fixed: &[VirtualAddress],
    ) -> Result<DirectorHost, Refusal> {
        let name = NodeName::new(&node.name).map_err(|wrong| invalid(&wrong.to_string()))?;
        if !config.nodes.contains_key(&name) {
            return Err(invalid(&format!(
                "the configuration of {name} has no [nodes.{name}]: add it, or rename the node"
            )));
        }
        for link in config.cluster.links.iter().map(|link| &link.interface) {
            if node.port(link.as_str()).is_none() {
                return Err(invalid(&format!(
                    "the configuration of {name} has heartbeats over {link}, and {name} has no \
                     address on a segment of that name: add {link} = \"ADDRESS/PREFIX\""
                )));
            }
        }
        let mut stream = Stream::named(self.seed, &format!("kernel/{name}"));
        Ok(DirectorHost {
            file: File::new(&config),
            config,
            kernel: SimKernel::new(
                fixed,
                &self.stand_ins,
                Stream::named(self.seed, &format!("moods/{name}")),
            ),
            process: None,
            life: 0,
            expiry: None,
            shows: Clock::ahead(stream.duration(Duration::ZERO, CLOCK_SPREAD)),
            stream,
            links: Vec::new(),
            gait: Gait::new(Stream::named(self.seed, &format!("gait/{name}"))),
            foreign: BTreeMap::new(),
            ledger: Ledger::default(),
            returned: 0,
            syncs: None,
            name,
        })
    }

    fn add_switches(&mut self, scenario: &Scenario) -> Result<(), Refusal> {
        for (place, (name, segment)) in scenario.segments.iter().enumerate() {
            let place = number(place)?;
            let mut members: Vec<(u16, PortId, &str)> = Vec::new();
            for (port, at) in self.ports.iter().enumerate() {
                if at.switch == place {
                    let host = self.hosts.get(at.node.index());
                    let host = host.map_or("", |host| host.name.as_str());
                    members.push((at.member, PortId(number(port)?), host));
                }
            }
            members.sort_unstable();
            let members: Vec<(PortId, &str)> =
                members.into_iter().map(|(_, port, host)| (port, host)).collect();
            self.switches.push(Switch::new(name, segment.latency, &members, self.seed));
        }
        Ok(())
    }

    /// Everything that is on no network of a host goes where the scenario says, or else to the
    /// first router on one of them.
    fn add_gateways(&mut self) -> Result<(), Refusal> {
        let routers: Vec<Port> = self
            .hosts
            .iter()
            .filter(|host| matches!(host.kind, Kind::Router))
            .flat_map(|host| host.ports.iter().copied())
            .collect();
        let switch_of = |port: &Port| self.ports.get(port.id.index()).map(|place| place.switch);
        for (host, node) in self.hosts.iter_mut().zip(&self.scenario.nodes) {
            // A router knows what it is told.
            let guesses = !matches!(host.kind, Kind::Router);
            for (family, gateway) in host.gateways.iter_mut().enumerate().filter(|_| guesses) {
                *gateway = host.ports.iter().enumerate().find_map(|(place, port)| {
                    let own = |port: &Port| port.own.get(family).and_then(Own::given);
                    own(port)?;
                    let fits = |it: &&Port| switch_of(it) == switch_of(port) && own(it).is_some();
                    let router = routers.iter().find(fits).and_then(own)?;
                    Some((u8::try_from(place).ok()?, router))
                });
            }
            let Some(gateway) = node.gateway else { continue };
            // All of the scenario's addresses are known, those of gateways as well.
            let Some(hop) = self.stand_ins.of(gateway) else { continue };
            let near = |port: &scenario::Port| port.cidrs().any(|cidr| cidr.contains(gateway));
            let Some(place) = node.ports.iter().position(near) else {
                let name = &node.name;
                let wrong = format!("the gateway of {name}, {gateway}, is on none of its segments");
                return Err(invalid(&(wrong + ": name one that is")));
            };
            host.gateways[usize::from(is_six(hop))] =
                u8::try_from(place).ok().map(|place| (place, hop));
        }
        Ok(())
    }

    fn add_links(&mut self) {
        for place in 0..self.hosts.len() {
            let Ok(node) = u16::try_from(place).map(NodeId) else { continue };
            let config = self.hosts.get(place).and_then(Host::director);
            let Some(config) = config.map(|director| Arc::clone(&director.config)) else {
                continue;
            };
            let links = self.links_of(node, &config);
            if let Some(director) = self.hosts.get_mut(place).and_then(Host::director_mut) {
                director.links = links;
            }
        }
    }

    /// The interface of each heartbeat link.
    pub(crate) fn links_of(&self, node: NodeId, config: &Config) -> Vec<Option<u8>> {
        let node = self.scenario.nodes.get(node.index());
        let place = |link: &Link| {
            let ports = node.map(|node| node.ports.as_slice()).unwrap_or_default();
            let place = ports.iter().position(|port| port.segment == link.interface.as_str())?;
            u8::try_from(place).ok()
        };
        config.cluster.links.iter().map(place).collect()
    }

    fn add_loads(&mut self, scenario: &Scenario) -> Result<(), Refusal> {
        for (place, client) in scenario.clients.iter().enumerate() {
            // All of the scenario's addresses are known.
            let Some(target) = self.stand_ins.of_socket(client.target) else { continue };
            let Some(node) = self.find(&client.from) else {
                return Err(invalid(&format!("there is no node {}", client.from)));
            };
            // As far apart as can be: a port that another load has used is a connection of old.
            let width = usize::from(*PORTS.end() - *PORTS.start());
            let next_port = *PORTS.start() + number(place * width / scenario.clients.len())?;
            self.loads.push(Load {
                node,
                target,
                interval: client.new.interval(),
                timeout: client.timeout,
                hold: client.hold,
                request: client.request,
                next_port,
                serial: 0,
            });
            self.after(client.start, Event::Load { load: number(place)? });
        }
        Ok(())
    }

    /// Plans the timeline and the start of the directors.
    fn plan(&mut self, configs: &Configs) {
        let timed = self.schedule.len() - self.scenario.reactions(self.seed).len();
        for (place, scheduled) in self.schedule.iter().enumerate() {
            if place < timed {
                self.queue.push(Instant::ZERO + scheduled.at, Event::Statement { place });
            }
            self.reloads.push(match &scheduled.action {
                Action::Reload { config, .. } => configs.by_text.get(&config.text).cloned(),
                _ => None,
            });
        }
        let observers: Vec<NodeId> = (0_u16..)
            .zip(&self.hosts)
            .filter(|(_, host)| self.observes(host))
            .map(|(place, _)| NodeId(place))
            .collect();
        let configs = configs.by_text.values();
        self.guard = Guard::new(self.hosts.len(), &observers, &self.virtuals, configs);
        let directors = self.hosts.iter().filter(|host| host.director().is_some());
        let own = directors.flat_map(|host| host.ports.iter().flat_map(|port| &port.own));
        self.guard.directors = own.filter_map(Own::given).collect();
        for (place, _) in (0_u16..).zip(0..self.hosts.len()) {
            self.start(NodeId(place));
        }
    }
}

/// What has a time of its own first, then what waits for a condition.
fn schedule(scenario: &Scenario, seed: u64) -> Arc<[Scheduled]> {
    let reactions = scenario.reactions(seed).into_iter().map(|(_, scheduled)| scheduled);
    scenario.schedule(seed).into_iter().chain(reactions).collect()
}

/// The directors' configurations; equal texts share one.
pub(crate) struct Configs {
    by_text: BTreeMap<String, Arc<Config>>,
}

impl Configs {
    pub(crate) fn read(scenario: &Scenario) -> Result<Self, Refusal> {
        let mut configs = Self { by_text: BTreeMap::new() };
        let reloads = scenario.timeline.iter().filter_map(|statement| match &statement.action {
            Action::Reload { config, .. } => Some(config),
            _ => None,
        });
        let mut problems = Vec::new();
        let prepared = scenario.nodes.iter().filter_map(|node| node.prepare.as_ref());
        let directors = scenario.directors().map(|(_, config)| config);
        for file in directors.chain(reloads).chain(prepared) {
            if configs.by_text.contains_key(&file.text) {
                continue;
            }
            match director_config::parse(&file.path, &file.text) {
                Ok(config) => {
                    lacking::config(&config)?;
                    configs.by_text.insert(file.text.clone(), Arc::new(config));
                }
                Err(wrong) => problems.push(format!("{}: {wrong}", scenario.file)),
            }
        }
        if problems.is_empty() { Ok(configs) } else { Err(Refusal::Invalid(problems.join("\n"))) }
    }

    /// What a real server was made one by.
    fn prepared(
        &self,
        node: &Node,
        vip_on_lo: bool,
        known: &StandIns,
    ) -> Result<Prepared, Refusal> {
        let Some(file) = &node.prepare else {
            return Ok(if vip_on_lo { Prepared::HoldsAll } else { Prepared::Plain });
        };
        let own = node.addresses().collect();
        let needs = realserver::needs(&*self.of(file)?, &own);
        let held = needs.addresses.iter().filter_map(|held| known.of(held.address)).collect();
        Ok(Prepared::As(needs, held))
    }

    /// Whether a real server answers ARP for virtual addresses: when it was prepared as its
    /// configuration says, and that leaves `arp_ignore` as it was.
    fn let_answer(&self, node: &Node) -> bool {
        let own: BTreeSet<IpAddr> = node.addresses().collect();
        let ignores = |key: &Sysctl| matches!(key, Sysctl::ArpIgnore(_));
        self.by_text.values().map(|config| realserver::needs(config, &own)).any(|needs| {
            let four = needs.addresses.iter().any(|one| one.address.is_ipv4());
            four && !needs.settings.keys().any(ignores)
        })
    }

    pub(crate) fn of(&self, file: &ConfigFile) -> Result<Arc<Config>, Refusal> {
        let config = self.by_text.get(&file.text);
        config.cloned().ok_or_else(|| invalid(&format!("{} was not read", file.path)))
    }
}

fn virtuals<'a>(
    stand_ins: &StandIns,
    configs: impl Iterator<Item = &'a Arc<Config>>,
) -> Vec<Ipv4Addr> {
    let mut found: Vec<Ipv4Addr> = configs
        .flat_map(|config| config.groups.values())
        .flat_map(|group| &group.addresses)
        .filter_map(|address| stand_ins.of(address.address))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn invalid(text: &str) -> Refusal {
    Refusal::Invalid(text.to_owned())
}

pub(crate) fn interface(segment: &str) -> Result<InterfaceName, Refusal> {
    InterfaceName::new(segment)
        .map_err(|wrong| invalid(&format!("`{segment}` cannot be an interface: {wrong}")))
}

fn number(place: usize) -> Result<u16, Refusal> {
    u16::try_from(place).map_err(|_| invalid("the scenario is too large: 65,535 of anything"))
}
