//! What the files want, whoever wrote them: between their languages and the `director.toml`.

use crate::place::{At, Place};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// What all files together want.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) cluster: Cluster,
    pub(crate) nodes: Vec<Node>,
    pub(crate) groups: Vec<Group>,
    pub(crate) services: Vec<Service>,
    pub(crate) alerts: Vec<Mail>,
}

/// A channel of mails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) place: Place,
    pub(crate) to: Vec<String>,
    pub(crate) from: String,
    /// Name or address of the mail server, with its port where one is said; this host without.
    pub(crate) server: Option<(String, Option<u16>)>,
    /// The name that the director gives itself.
    pub(crate) helo: Option<String>,
    pub(crate) events: Vec<&'static str>,
    /// The services that it is for; all when there are none.
    pub(crate) services: Vec<String>,
    pub(crate) repeat: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
}

/// A mail address with a domain, as the grammar wants it.
pub(crate) fn mail_address(said: &str) -> String {
    let plain = said.trim().trim_matches(['<', '>', '"']);
    if plain.contains('@') { plain.to_owned() } else { format!("{plain}@localhost") }
}

/// What the directors have in common.
#[derive(Default)]
pub(crate) struct Cluster {
    pub(crate) name: Option<At<String>>,
    pub(crate) keepalive: Option<At<Duration>>,
    pub(crate) deadtime: Option<At<Duration>>,
    pub(crate) initdead: Option<At<Duration>>,
    pub(crate) failback: Option<At<bool>>,
    pub(crate) failback_delay: Option<At<Duration>>,
    pub(crate) port: Option<At<u16>>,
    pub(crate) links: Vec<At<String>>,
    /// The groups of links that have one, by their interface.
    pub(crate) multicast: BTreeMap<String, IpAddr>,
    pub(crate) announce_count: Option<At<u64>>,
    pub(crate) announce_interval: Option<At<Duration>>,
    pub(crate) announce_refresh: Option<At<Duration>>,
    pub(crate) secret: Option<At<String>>,
    /// Addresses that are asked whether this node still has a network.
    pub(crate) witnesses: Vec<At<IpAddr>>,
    pub(crate) sync: Option<At<Sync>>,
}

/// Synchronisation of connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sync {
    pub(crate) interface: String,
    pub(crate) id: Option<u16>,
    pub(crate) port: Option<u16>,
    pub(crate) ttl: Option<u16>,
    pub(crate) max_payload: Option<u16>,
    pub(crate) group: Option<IpAddr>,
}

/// A director.
pub(crate) struct Node {
    pub(crate) name: At<String>,
    pub(crate) addresses: BTreeMap<String, At<IpAddr>>,
    pub(crate) priority: At<u8>,
}

/// Addresses that move together.
pub(crate) struct Group {
    pub(crate) name: At<String>,
    pub(crate) addresses: Vec<At<Virtual>>,
}

/// A virtual address; what is not known of it is found out later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Virtual {
    pub(crate) address: IpAddr,
    pub(crate) prefix: Option<u8>,
    pub(crate) interface: Option<String>,
}

/// What clients connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Tcp(SocketAddr),
    Udp(SocketAddr),
    Sctp(SocketAddr),
    FwMark(u32),
    FwMark6(u32),
}

impl Key {
    pub(crate) const fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(it) | Self::Udp(it) | Self::Sctp(it) => Some(it),
            Self::FwMark(_) | Self::FwMark6(_) => None,
        }
    }

    pub(crate) const fn protocol(self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::Udp(_) => "udp",
            Self::Sctp(_) => "sctp",
            Self::FwMark(_) => "fwmark",
            Self::FwMark6(_) => "fwmark6",
        }
    }

    /// A name for the service.
    pub(crate) fn name(self) -> String {
        let protocol = self.protocol();
        match self {
            Self::FwMark(mark) | Self::FwMark6(mark) => format!("{protocol}-{mark}"),
            Self::Tcp(it) | Self::Udp(it) | Self::Sctp(it) => {
                format!("{protocol}-{}-{}", it.ip().to_string().replace(':', "-"), it.port())
            }
        }
    }
}

/// How packets reach a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Forward {
    Direct,
    Tunnel(Wrapping),
    Nat,
}

/// What a tunnelled packet is wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wrapping {
    Ipip,
    /// To a port of the server, with this checksum.
    Gue(u16, Checksum),
    Gre(Checksum),
}

/// What the checksum of a wrapping is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Checksum {
    Off,
    Outer,
    Remote,
}

impl Checksum {
    const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Outer => "outer",
            Self::Remote => "remote",
        }
    }
}

impl Wrapping {
    /// Of the parts that a command line or a file names; `None` when they do not go together.
    pub(crate) fn of(kind: &str, port: Option<u16>, checksum: Checksum) -> Option<Self> {
        match (kind, port) {
            ("ipip", None) if checksum == Checksum::Off => Some(Self::Ipip),
            ("gue", Some(port)) if port > 0 => Some(Self::Gue(port, checksum)),
            ("gre", None) if checksum != Checksum::Remote => Some(Self::Gre(checksum)),
            _ => None,
        }
    }
}

impl Forward {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Tunnel(_) => "tunnel",
            Self::Nat => "nat",
        }
    }

    /// Whether the server gets packets with the port that the client wrote.
    pub(crate) const fn keeps_port(self) -> bool {
        matches!(self, Self::Direct | Self::Tunnel(_))
    }

    /// The table `tunnel` of a wrapping that is not the usual one.
    pub(crate) fn tunnel(self) -> Option<String> {
        match self {
            Self::Direct | Self::Nat | Self::Tunnel(Wrapping::Ipip) => None,
            Self::Tunnel(Wrapping::Gue(port, checksum)) => {
                let checksum = checksum.word();
                Some(format!("{{ type = \"gue\", port = {port}, checksum = \"{checksum}\" }}"))
            }
            Self::Tunnel(Wrapping::Gre(checksum)) => {
                Some(format!("{{ type = \"gre\", checksum = \"{}\" }}", checksum.word()))
            }
        }
    }
}

/// A virtual service.
pub(crate) struct Service {
    pub(crate) place: Place,
    pub(crate) name: String,
    pub(crate) key: At<Key>,
    pub(crate) scheduler: Option<At<String>>,
    pub(crate) flags: Vec<At<String>>,
    pub(crate) one_packet: Option<Place>,
    pub(crate) persistence: Option<At<Persistence>>,
    pub(crate) forward: At<Forward>,
    pub(crate) check: Option<Check>,
    /// `true` when a failed server keeps its connections.
    pub(crate) quiesce: At<bool>,
    pub(crate) fallback: Option<At<Fallback>>,
    /// A program and its arguments.
    pub(crate) fallback_command: Option<At<Vec<String>>>,
    pub(crate) quorum: Option<At<Quorum>>,
    pub(crate) servers: Vec<Server>,
}

/// That a client stays with its server.
pub(crate) struct Persistence {
    pub(crate) timeout: Duration,
    /// Length of the prefix that makes clients one.
    pub(crate) prefix: Option<At<u8>>,
    pub(crate) engine: Option<At<String>>,
}

/// The weight below which the fallback serves.
#[derive(Clone, Copy)]
pub(crate) struct Quorum {
    pub(crate) weight: u32,
    pub(crate) hysteresis: u32,
}

/// Who serves when nobody else can.
#[derive(Clone, Copy)]
pub(crate) struct Fallback {
    pub(crate) address: IpAddr,
    pub(crate) port: Option<u16>,
}

/// A real server.
pub(crate) struct Server {
    pub(crate) place: Place,
    pub(crate) address: IpAddr,
    pub(crate) port: Option<u16>,
    pub(crate) weight: u32,
    pub(crate) forward: Forward,
    pub(crate) upper: Option<At<u32>>,
    pub(crate) lower: Option<At<u32>>,
}

/// How servers are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) place: Place,
    pub(crate) dialogue: Dialogue,
    pub(crate) port: Option<u16>,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) fall: u32,
    pub(crate) rise: u32,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dialogue {
    /// The check's type.
    pub(crate) kind: &'static str,
    /// Its settings.
    pub(crate) settings: Vec<Setting>,
}

/// A setting of a check; without a place when nobody wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) key: &'static str,
    pub(crate) value: Value,
    pub(crate) place: Option<Place>,
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Flag(bool),
    Texts(Vec<String>),
}

impl Dialogue {
    pub(crate) const fn of(kind: &'static str) -> Self {
        Self { kind, settings: Vec::new() }
    }

    /// Adds a setting.
    pub(crate) fn with(
        mut self,
        key: &'static str,
        value: impl Into<Value>,
        place: Option<Place>,
    ) -> Self {
        self.settings.push(Setting { key, value: value.into(), place });
        self
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        Self::Texts(texts)
    }
}
