//! What the guest is told to do: a scenario with every choice made, as JSON between two processes.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::stack::Stack;
use crate::translate::ConfigText;

/// One run, complete: nothing in it is left to chance but the kernel's own entropy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Whether the guest owns its machine and must power it off.
    pub(crate) machine: bool,
    /// Whether all frames are captured.
    pub(crate) capture: bool,
    /// Whether the guest answers requests after the last step, until it is asked to end.
    pub(crate) stays: bool,
    /// How often the table of a director is looked at.
    pub(crate) look: Duration,
    /// How long the directors run before the scenario begins.
    pub(crate) head_start: Duration,
    /// How long the run lasts.
    pub(crate) length: Duration,
    /// The switches by segment name.
    pub(crate) segments: Vec<String>,
    /// The machines in the order of the file.
    pub(crate) nodes: Vec<Node>,
    /// What happens, in time order.
    pub(crate) steps: Vec<Step>,
    /// The virtual addresses of every director's configuration.
    pub(crate) addresses: Vec<IpAddr>,
    /// Hardware address to node name.
    pub(crate) hardware: BTreeMap<String, String>,
    /// What is counted for every director, when an expectation asks for it.
    pub(crate) returning: Option<Returning>,
    /// What else is counted.
    pub(crate) counting: Counting,
}

/// What directors spend, and whether it is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counting {
    /// The packets that they send on their own account.
    pub(crate) packets: bool,
    /// The time that processors work for their processes; nothing where computing takes no time.
    pub(crate) computing: bool,
}

/// Packets on their way from a real server to a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Returning {
    /// The hardware addresses of real servers.
    pub(crate) from: Vec<String>,
    /// The addresses of nodes that clients run on.
    pub(crate) to: Vec<IpAddr>,
}

/// One machine of the topology.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Node {
    /// Its name; also its host name.
    pub(crate) name: String,
    /// What runs on it.
    pub(crate) role: Role,
    /// Its interfaces.
    pub(crate) ports: Vec<Port>,
    /// Where everything else goes to.
    pub(crate) gateways: Vec<IpAddr>,
    /// What makes it a real server.
    pub(crate) prepare: Option<Prepare>,
}

/// What runs on a node.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Forwards, and clients live on it.
    Router {
        /// Whether it passes packets on between its segments.
        forwards: bool,
        /// Whether ICMP is excepted from that.
        drops_icmp: bool,
        /// The load that starts here.
        clients: Vec<Client>,
    },
    /// The load balancer.
    Director(DirectorRole),
    /// Tells the directors who may own what.
    Voter(DirectorRole),
    /// A real server.
    Server {
        /// What it serves.
        serves: Vec<Serve>,
        /// The virtual addresses that it holds on `lo`.
        loopback: Vec<IpAddr>,
    },
}

/// A real server that `director realserver apply` prepares.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Prepare {
    /// The program as the guest sees it.
    pub(crate) program: String,
    /// The directors' configuration.
    pub(crate) file: ConfigText,
}

/// What is spoken on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Speech {
    /// HTTP/1.1.
    Http,
    /// The same over TLS.
    Https,
    /// One line for each TCP connection.
    Line,
    /// One datagram for each datagram.
    Datagram,
    /// PostgreSQL, a query for each connection.
    Postgresql,
}

impl From<scenario::Protocol> for Speech {
    fn from(value: scenario::Protocol) -> Self {
        match value {
            scenario::Protocol::Http => Self::Http,
            scenario::Protocol::Https => Self::Https,
            scenario::Protocol::Tcp => Self::Line,
            scenario::Protocol::Udp => Self::Datagram,
            scenario::Protocol::Postgresql => Self::Postgresql,
        }
    }
}

/// How the director is run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DirectorRole {
    /// What runs.
    pub(crate) stack: Stack,
    /// The program as the guest sees it.
    pub(crate) program: String,
    /// Its configuration, in its own language.
    pub(crate) files: Vec<ConfigText>,
    /// The key file that the director's configuration names.
    pub(crate) key_file: Option<String>,
    /// What the node itself serves, as fallback.
    pub(crate) serves: Vec<Serve>,
    /// How long after the beginning it is started.
    pub(crate) launch: Duration,
}

/// One interface.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Port {
    /// The segment, which is the interface's name inside the node.
    pub(crate) segment: String,
    /// The name of the other end, on the switch.
    pub(crate) switch_port: String,
    /// Hardware address.
    pub(crate) hardware: String,
    /// The addresses of the interface, each with its prefix length in bits.
    pub(crate) addresses: Vec<(IpAddr, u8)>,
    /// How long a frame takes from the switch to this interface.
    pub(crate) latency: Duration,
    /// The longest packet in bytes that the segment carries.
    pub(crate) mtu: u16,
}

/// One listening port of a real server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Serve {
    /// What is spoken.
    pub(crate) speech: Speech,
    /// TCP or UDP port.
    pub(crate) port: u16,
    /// Whether Apache serves it, not nginx.
    pub(crate) by_apache: bool,
    /// How it answers, as the scenario words it.
    pub(crate) behaviour: Behaviour,
    /// The right answer.
    pub(crate) body: String,
    /// What it shows of itself over TLS.
    pub(crate) identity: Option<Identity>,
}

/// The certificates of a server, as PEM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// The one that holds.
    pub(crate) right: String,
    /// One that has expired, for the same name and key.
    pub(crate) expired: String,
    /// The private key of both.
    pub(crate) key: String,
}

/// How a real server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Behaviour {
    /// The right answer.
    Ok,
    /// Status 200 with another page.
    Wrong,
    /// Status 503.
    Error,
    /// Nothing listens.
    Refuse,
    /// Accepts and never answers.
    Hang,
    /// Its certificate has expired.
    Expired,
}

impl From<scenario::Behaviour> for Behaviour {
    fn from(value: scenario::Behaviour) -> Self {
        match value {
            scenario::Behaviour::Ok => Self::Ok,
            scenario::Behaviour::Wrong => Self::Wrong,
            scenario::Behaviour::Error => Self::Error,
            scenario::Behaviour::Refuse => Self::Refuse,
            scenario::Behaviour::Hang => Self::Hang,
            scenario::Behaviour::Expired => Self::Expired,
        }
    }
}

/// One load.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Client {
    /// Its name.
    pub(crate) name: String,
    /// Where it connects to.
    pub(crate) target: SocketAddr,
    /// When its first connection starts, from the start of the run.
    pub(crate) first: Duration,
    /// From one connection to the next.
    pub(crate) interval: Duration,
    /// When it gives up on one, and on each answer of one that it holds.
    pub(crate) timeout: Duration,
    /// How long it holds each, asking again and again.
    pub(crate) hold: Option<Duration>,
    /// How long a request is in bytes, when that is said.
    pub(crate) request: Option<u16>,
    /// What is spoken.
    pub(crate) speech: Speech,
    /// The right answers, by the node that gives them.
    pub(crate) answers: BTreeMap<String, String>,
}

/// One statement of the timeline.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Step {
    /// When, from the start of the run.
    pub(crate) at: Duration,
    /// Its place in the scenario's timeline.
    pub(crate) index: usize,
    /// As the reader sees it.
    pub(crate) text: String,
    /// What is done, in this order.
    pub(crate) deeds: Vec<Deed>,
}

/// What a statement does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Deed {
    /// The node loses power.
    PowerOff(String),
    /// The node is built again.
    PowerOn(String),
    /// The node's agent carries it out.
    Order(String, Order),
    /// From now on the wires are like this.
    Wires(Wires),
    /// The segment's switch forgets behind which port each hardware address is.
    Forget(String),
    /// The wall clock of the machine jumps by so many nanoseconds.
    Clock(i64),
}

/// What a director can run out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Resource {
    /// File descriptors.
    Descriptors,
    /// Space on the disks that it writes to.
    Disk,
    /// Memory.
    Memory,
    /// Modules of the kernel that all machines share.
    Modules,
}

impl From<scenario::Resource> for Resource {
    fn from(value: scenario::Resource) -> Self {
        match value {
            scenario::Resource::Descriptors => Self::Descriptors,
            scenario::Resource::Disk => Self::Disk,
            scenario::Resource::Memory => Self::Memory,
            scenario::Resource::Modules => Self::Modules,
        }
    }
}

/// All that is wrong with the wires.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wires {
    /// Pairs of switch ports, from and to, between which nothing passes.
    pub(crate) blocked: Vec<(String, String)>,
    /// Switch ports from which nothing passes, and what is on its way to them waits: of machines
    /// that stand still.
    pub(crate) muted: Vec<String>,
    /// Switch ports whose other end has no carrier.
    pub(crate) unplugged: Vec<String>,
    /// Ways on which frames fare badly.
    pub(crate) impaired: Vec<Impaired>,
}

/// A way from one interface to another on which frames fare badly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Impaired {
    /// The switch port at the receiver.
    pub(crate) port: String,
    /// The sender's hardware address.
    pub(crate) from: String,
    /// How they fare, in the words of tc-netem(8).
    pub(crate) netem: String,
}

/// What the outside tells the agent of a node, one JSON value per line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Become this node.
    Build(Box<Setup>),
    /// The run begins, or began, at this moment of the monotonic clock: clients and directors
    /// start.
    Begin(Duration),
    /// The director is asked to end.
    Stop,
    /// The director is ordered to give what it owns to its peer.
    Handover,
    /// The director's program is called with these arguments, to order a running one something.
    Operate(Vec<String>),
    /// The director is started.
    Start,
    /// The director is killed.
    Kill,
    /// The director gets this configuration and is told so.
    Reload(Vec<ConfigText>),
    /// The director's processes are not run.
    Freeze,
    /// They are run again.
    Thaw,
    /// No process of the node is run.
    Pause,
    /// All are run again.
    Resume,
    /// A command of the user's; what it prints is the answer.
    Exec(Vec<String>),
    /// Somebody types these commands on the node.
    Tamper(Vec<Vec<String>>),
    /// The real server answers like this on all ports.
    Serve(Behaviour),
    /// The director has no more of it.
    Exhaust(Resource),
    /// It has as much as before.
    Replenish(Resource),
    /// Write down the last observations.
    Finish,
}

/// Everything that an agent needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// The node.
    pub(crate) node: Node,
    /// How long the run lasts.
    pub(crate) length: Duration,
    /// How often the table of a director is looked at.
    pub(crate) look: Duration,
    /// The virtual addresses.
    pub(crate) addresses: Vec<IpAddr>,
    /// Hardware address to node name.
    pub(crate) hardware: BTreeMap<String, String>,
    /// The control group that its processes are counted in.
    pub(crate) group: Option<String>,
}

/// What an agent answers to an order, one JSON value per line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// Done.
    Done,
    /// A command of the user's has ended.
    Said {
        /// Its exit status.
        status: u8,
        /// What it printed.
        output: String,
    },
    /// Not done, and why.
    Failed(String),
}

/// Where in the run directory requests to a playground are put.
pub(crate) const REQUESTS: &str = "requests";
/// Where its answers are, each under its request's name.
pub(crate) const ANSWERS: &str = "answers";
/// A file that is there as soon as a playground is up.
pub(crate) const READY: &str = "ready";

/// What a playground can be asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Request {
    /// A statement is carried out.
    Step(Step),
    /// A command is run on a node.
    Exec {
        /// The node.
        node: String,
        /// The program and its arguments.
        command: Vec<String>,
    },
    /// It is over.
    Down,
}

/// What came of a request.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Why it could not be done.
    pub(crate) error: Option<String>,
    /// Exit status of a command.
    pub(crate) status: u8,
    /// What a command printed.
    pub(crate) output: String,
}
