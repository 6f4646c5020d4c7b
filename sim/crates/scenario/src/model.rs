//! A scenario after parsing: topology, load, timeline and expectations.

use crate::{Action, Behaviour, Condition, Expectation, Facts, Span, Spread, Stream};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// One scenario file, complete and consistent: every name in it exists.
///
/// At time 0 every node has booted, every server serves, and the directors are started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// The file as the user named it.
    pub file: String,
    /// One line for the reader of a report.
    pub title: String,
    /// Why the scenario exists.
    pub why: String,
    /// How long it runs.
    pub length: Duration,
    /// The engines on which its expectations are meant to hold.
    pub engines: Vec<Engine>,
    /// The segments by name: those declared and those that nodes have a port on.
    pub segments: BTreeMap<String, Segment>,
    /// The nodes in the order of the file, ranges expanded.
    pub nodes: Vec<Node>,
    /// The load, in the order of the file.
    pub clients: Vec<Client>,
    /// What happens, in the order of the file.
    pub timeline: Vec<Statement>,
    /// What must be true, in the order of the file.
    pub expectations: Vec<Expectation>,
}

impl Scenario {
    /// The node of that name.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// The node that has that address on one of its ports.
    pub fn node_at(&self, address: IpAddr) -> Option<&Node> {
        self.nodes.iter().find(|node| node.addresses().any(|own| own == address))
    }

    /// The address by which a director knows a real server: one on a segment that both are on, or
    /// else its first.
    pub fn server_address(&self, director: &str, server: &str) -> Option<IpAddr> {
        let server = self.node(server)?;
        let shared = |port: &&Port| {
            self.node(director).is_some_and(|director| director.port(&port.segment).is_some())
        };
        let port = server.ports.iter().find(shared).or(server.ports.first());
        port.map(|port| port.cidr.address)
    }

    /// The directors with their configuration, in the order of the file.
    pub fn directors(&self) -> impl Iterator<Item = (&Node, &ConfigFile)> {
        self.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Director { config, .. } => Some((node, config)),
            _ => None,
        })
    }

    /// What the directors' configurations name, put together; nothing of those that are not TOML.
    pub fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        let reloads = self.timeline.iter().filter_map(|statement| match &statement.action {
            Action::Reload { config, .. } => Some(config),
            _ => None,
        });
        let configs = self.directors().map(|(_, config)| config).chain(reloads);
        configs.filter_map(ConfigFile::facts).for_each(|found| facts.merge(found.clone()));
        facts
    }

    /// The names of the nodes on a segment, in the order of the file.
    pub fn members<'a>(&'a self, segment: &'a str) -> impl Iterator<Item = &'a str> {
        self.nodes
            .iter()
            .filter(move |node| node.port(segment).is_some())
            .map(|node| node.name.as_str())
    }

    /// The timed statements with their times drawn from the seed, in time order; statements of one
    /// moment keep the order of the file.
    pub fn schedule(&self, seed: u64) -> Vec<Scheduled> {
        let drawn = self.drawn(seed).filter_map(|(statement, scheduled)| match statement.when {
            When::At(_) => Some(scheduled),
            When::Upon { .. } => None,
        });
        let mut scheduled: Vec<Scheduled> = drawn.collect();
        scheduled.sort_by_key(|entry| entry.at);
        scheduled
    }

    /// The statements that wait for a condition, in the order of the file, each with the time to
    /// let pass once it has become true.
    pub fn reactions(&self, seed: u64) -> Vec<(&Condition, Scheduled)> {
        let drawn = self.drawn(seed).filter_map(|(statement, scheduled)| match &statement.when {
            When::Upon { condition, .. } => Some((condition, scheduled)),
            When::At(_) => None,
        });
        drawn.collect()
    }

    fn drawn(&self, seed: u64) -> impl Iterator<Item = (&Statement, Scheduled)> {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        self.timeline.iter().enumerate().map(move |(index, statement)| {
            let nth = seen.entry(&statement.text).or_default();
            // By text, not by position: deleting one line leaves the others' times alone.
            let name = format!("timeline/{}/{nth}", statement.text);
            *nth += 1;
            let (When::At(spread) | When::Upon { offset: spread, .. }) = &statement.when;
            let at = spread.draw(&mut Stream::named(seed, &name));
            (statement, Scheduled { at, index, action: statement.action.clone() })
        })
    }
}

/// What runs the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Engine {
    /// The packet-level model with discrete events.
    World,
    /// turmoil's network under the asynchronous shell.
    Turmoil,
    /// A real kernel in simulated time.
    Timetravel,
    /// A user-mode kernel in real time.
    Uml,
    /// Network namespaces of this machine.
    Netns,
}

impl Engine {
    /// Every engine, in the order in which messages list them.
    pub const ALL: [Self; 5] =
        [Self::World, Self::Turmoil, Self::Timetravel, Self::Uml, Self::Netns];

    /// The word in a scenario file and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::World => "world",
            Self::Turmoil => "turmoil",
            Self::Timetravel => "timetravel",
            Self::Uml => "uml",
            Self::Netns => "netns",
        }
    }

    /// The engine of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|engine| engine.word() == word)
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A broadcast domain: one switch, every node with a port on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// From one node to another, through the switch.
    pub latency: Spread,
    /// The longest packet in bytes that its interfaces and its switch carry.
    pub mtu: u16,
}

impl Segment {
    /// What a segment has that no line describes: 100 to 200 microseconds, and Ethernet's 1500
    /// bytes.
    pub const DEFAULT: Self = Self {
        latency: Spread { from: Duration::from_micros(100), to: Duration::from_micros(200) },
        mtu: 1500,
    };
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name in statements, expectations and reports.
    pub name: String,
    /// What it is for.
    pub kind: NodeKind,
    /// One per segment, in the order of the file.
    pub ports: Vec<Port>,
    /// Where everything goes that is on none of its segments, when the file says; else that is the
    /// first router on one of them, and for a router nowhere.
    pub gateway: Option<IpAddr>,
    /// Whether a router is a firewall that passes on no ICMP and no ICMPv6.
    pub drops_icmp: bool,
    /// The configuration by which `director realserver apply` prepares the node as a real server.
    pub prepare: Option<ConfigFile>,
}

impl Node {
    /// The port on that segment.
    pub fn port(&self, segment: &str) -> Option<&Port> {
        self.ports.iter().find(|port| port.segment == segment)
    }

    /// What it serves.
    pub fn serves(&self) -> &[Serve] {
        match &self.kind {
            NodeKind::Server { serve, .. } | NodeKind::Director { serve, .. } => serve,
            NodeKind::Router | NodeKind::Client | NodeKind::Voter { .. } => &[],
        }
    }

    /// The addresses of all its ports.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.ports.iter().flat_map(Port::cidrs).map(|cidr| cidr.address)
    }
}

/// What a node is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// Forwards between its segments and keeps a neighbour table; clients live behind it.
    Router,
    /// Runs the director.
    Director {
        /// The real configuration file, unchanged.
        config: ConfigFile,
        /// What the director itself serves, as fallback; often empty.
        serve: Vec<Serve>,
    },
    /// A real server.
    Server {
        /// What it serves; never empty.
        serve: Vec<Serve>,
        /// Whether it holds every virtual address on `lo` without answering ARP for it.
        vip_on_lo: bool,
    },
    /// A host that clients connect from.
    Client,
    /// A third machine that runs the voter.
    Voter {
        /// The directors' configuration, which names it.
        config: ConfigFile,
    },
}

/// A node's interface; inside the node it has the segment's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The segment it is on.
    pub segment: String,
    /// Its address and prefix length.
    pub cidr: Cidr,
    /// Further ones; of another family, for example.
    pub also: Vec<Cidr>,
}

impl Port {
    /// All its addresses, the first one first.
    pub fn cidrs(&self) -> impl Iterator<Item = Cidr> {
        std::iter::once(self.cidr).chain(self.also.iter().copied())
    }
}

/// An address with its prefix length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    /// The address of the interface.
    pub address: IpAddr,
    /// Prefix length in bits.
    pub prefix: u8,
}

impl Cidr {
    /// Whether an address is on its network.
    pub fn contains(&self, address: IpAddr) -> bool {
        let network = |address: IpAddr| match address {
            IpAddr::V4(address) => (u128::from(address.to_bits()), 32_u8),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        let ((own, width), (other, others)) = (network(self.address), network(address));
        let differ = (own ^ other).checked_shr(width.saturating_sub(self.prefix).into());
        width == others && differ.unwrap_or(0) == 0
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// A director's configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFile {
    /// As written in the scenario, relative to the scenario file.
    pub path: String,
    /// What stands in it.
    pub text: String,
    /// What it names. Read once: a hunt asks of each run several times.
    facts: Option<Arc<Facts>>,
}

impl ConfigFile {
    /// A file of that name and content.
    pub fn new(path: impl Into<String>, text: String) -> Self {
        let facts = Facts::of(&text).map(Arc::new);
        Self { path: path.into(), text, facts }
    }

    /// What it names; nothing when it is not TOML.
    pub fn facts(&self) -> Option<&Facts> {
        self.facts.as_deref()
    }
}

/// One listening port of a node: `http 80 ok`, `http 80 ok OK`, `https 443 ok`, `tcp 25 ok`,
/// `postgresql 5432 ok`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serve {
    /// What is spoken there.
    pub protocol: Protocol,
    /// TCP or UDP port, not 0.
    pub port: u16,
    /// Which program speaks it in the lab.
    pub software: Software,
    /// How it answers at the start.
    pub behaviour: Behaviour,
    /// The body of this node's right answer; `OK` when the file does not say.
    pub body: String,
}

/// What a real server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1, any path.
    Http,
    /// The same over TLS, with a certificate for the server's own address.
    Https,
    /// Accepts, sends the body as a line, closes.
    Tcp,
    /// Answers every datagram with one.
    Udp,
    /// PostgreSQL: a query whose answer is one row, the server's name and the body.
    Postgresql,
}

/// A web server of the lab's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Software {
    /// nginx.
    #[default]
    Nginx,
    /// The Apache HTTP server: `apache/http 80 ok`.
    Apache,
}

/// Connections that are opened at a steady rate; of UDP each is a question from a port of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its name in expectations and reports.
    pub name: String,
    /// Where it connects to.
    pub target: SocketAddr,
    /// How often.
    pub new: Rate,
    /// When its first connection starts, counted from the scenario's start.
    pub start: Duration,
    /// When it gives up on a connection, counted from its start, and on each further answer.
    pub timeout: Duration,
    /// For how long it holds each connection, asking again and again; one answer each if `None`.
    pub hold: Option<Duration>,
    /// How long each request is in bytes, its header included; a short one if `None`.
    pub request: Option<u16>,
    /// The node it runs on: a router or a client.
    pub from: String,
}

/// So many per so long; neither is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In how long.
    pub per: Duration,
}

impl Rate {
    /// From one to the next.
    pub fn interval(self) -> Duration {
        self.per / self.count.max(1)
    }
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// When.
    pub when: When,
    /// What.
    pub action: Action,
    /// The line as written, without surplus blanks.
    pub text: String,
    /// Where the line stands in the file.
    pub span: Span,
}

/// When a statement is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// At this time, counted from the start.
    At(Spread),
    /// `at CONDITION + OFFSET`: once, that long after the condition has become true first.
    Upon {
        /// What is waited for.
        condition: Condition,
        /// How long to wait then.
        offset: Spread,
    },
}

/// A statement with its time drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduled {
    /// When, counted from the start, or from what it waits for.
    pub at: Duration,
    /// Its place in [`Scenario::timeline`].
    pub index: usize,
    /// What to do.
    pub action: Action,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_on_a_network_of_its_own_family() {
        for (address, prefix, on, off) in [
            ("10.0.0.11", 24, "10.0.0.254", "10.0.1.11"),
            ("10.0.0.11", 32, "10.0.0.11", "10.0.0.10"),
            ("10.0.0.11", 0, "192.0.2.1", "2001:db8::1"),
            ("2001:db8::11", 64, "2001:db8::ffff", "2001:db8:0:1::11"),
            ("2001:db8::11", 128, "2001:db8::11", "2001:db8::10"),
            ("::11", 0, "2001:db8::1", "0.0.0.17"),
        ] {
            let parse = |text: &str| text.parse::<IpAddr>().unwrap();
            let cidr = Cidr { address: parse(address), prefix };
            assert!(cidr.contains(parse(on)), "{cidr} has not {on}");
            assert!(!cidr.contains(parse(off)), "{cidr} has {off}");
        }
    }
}
