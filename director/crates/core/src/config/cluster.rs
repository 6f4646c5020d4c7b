//! What the directors have in common: heartbeat, roles, virtual addresses.

use super::{CheckMarks, Overrides, SyncSettings, VirtualDevice, VirtualMac, Vrrp};
use crate::name::{ClusterName, InterfaceName, NodeName};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::net::{IpAddr, SocketAddr};
use core::num::{NonZeroU8, NonZeroU16};
use core::time::Duration;

/// Settings of the whole cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Cluster {
    /// Heartbeats of other clusters on the same network are ignored.
    pub name: ClusterName,
    /// Interval between heartbeats.
    pub keepalive: Duration,
    /// How a missing heartbeat becomes a dead peer.
    pub detection: Detection,
    /// A peer that has been silent for this long is dead, whatever else is known.
    pub deadtime: Duration,
    /// How long a node that has just started listens before it may take an address of which no
    /// peer has spoken. Ends early when every peer has been heard.
    pub initdead: Duration,
    /// Whether a better-ranked node takes addresses back.
    pub failback: Failback,
    /// UDP port of heartbeats; 694 is `ha-cluster` in IANA's register.
    pub port: NonZeroU16,
    /// File with the secret that all directors of the cluster share.
    pub key_file: String,
    /// The paths over which heartbeats are sent, each on its own.
    pub links: Vec<Link>,
    /// How long the kernel keeps an address that no live director renews, in whole seconds; `None`
    /// for ever.
    pub lease: Option<Duration>,
    /// Hosts one of which must answer before a node may believe that its peer is dead; none to
    /// believe it always.
    pub witnesses: BTreeSet<IpAddr>,
    /// Who grants each group to one director at a time when they do not hear each other; a witness
    /// too.
    pub voter: Option<SocketAddr>,
    /// What makes sure that a silent peer is off before anything is taken from it; the peer's name
    /// is added to its arguments. `None` when nothing needs to be sure.
    pub fence: Option<Hook>,
    /// What is told of every change of role; group and role are added to its arguments.
    pub notify: Option<Hook>,
    /// How ownership is announced to the neighbours.
    pub announce: Announce,
    /// Interval at which the kernel is compared with what is desired.
    pub resync: Duration,
    /// How directors tell each other of their connections, when they do.
    pub sync: Option<SyncSettings>,
    /// The firewall marks of checks through the services.
    pub check_marks: CheckMarks,
}

impl Cluster {
    /// Whether anybody is asked before a silent peer is believed dead.
    #[must_use]
    pub fn is_witnessed(&self) -> bool {
        !self.witnesses.is_empty() || self.voter.is_some()
    }
}

/// A path of heartbeats.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Link {
    /// The interface by which they leave and arrive.
    pub interface: InterfaceName,
    /// The group to which a beat that is for everybody goes once; each peer is sent its own when
    /// `None`. Questions and answers always go to whom they are for.
    pub multicast: Option<IpAddr>,
}

/// Each peer is sent its own beats.
impl From<InterfaceName> for Link {
    fn from(interface: InterfaceName) -> Self {
        Self { interface, multicast: None }
    }
}

/// A link without a group has the digest that it had before there were any.
impl Hash for Link {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { interface, multicast } = self;
        interface.hash(state);
        if let Some(group) = multicast {
            group.hash(state);
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.interface.fmt(formatter)
    }
}

/// A command of the operator's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Hook {
    /// The program, by its full path, and its first arguments; never empty.
    pub command: Vec<String>,
    /// How long it may run.
    pub timeout: Duration,
}

/// How a missing heartbeat becomes a dead peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Detection {
    /// By silence for the whole deadtime alone.
    Deadtime,
    /// When a beat is late the peer is asked directly, several times over every link; silence on
    /// all questions is death, and any answer clears the suspicion.
    Ask {
        /// Silence that makes a peer suspect; counted from its last packet.
        late: Duration,
        /// Questions per link.
        asks: NonZeroU8,
        /// Between two questions.
        spacing: Duration,
        /// How long the last question may go unanswered.
        patience: Duration,
    },
}

impl Detection {
    /// The default at an interval of `keepalive`: late after 1.25 intervals, five questions within
    /// a twentieth of it, at least 50 µs apart, and 0.4 intervals for the last answer.
    ///
    /// All in all 1.69 intervals after the last packet, on a line that loses nothing.
    #[must_use]
    pub fn ask(keepalive: Duration) -> Self {
        Self::Ask {
            late: keepalive * 5 / 4,
            asks: NonZeroU8::MIN.saturating_add(4),
            spacing: (keepalive / 100).max(Duration::from_micros(50)),
            patience: keepalive * 2 / 5,
        }
    }
}

/// Whether a better-ranked node takes addresses back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Failback {
    /// It does, after it has been back for this long.
    Auto {
        /// Time between its return and its request.
        delay: Duration,
    },
    /// It waits until the owner fails or hands over.
    Manual,
}

/// How ownership is announced to the neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Announce {
    /// Gratuitous ARPs per address after a takeover and after a heal.
    pub count: NonZeroU8,
    /// Between two of them.
    pub interval: Duration,
    /// Between repetitions for as long as the address is held; `None` for no repetition.
    pub refresh: Option<Duration>,
}

/// One director.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Node {
    /// Its own, fixed address on each link.
    pub addresses: BTreeMap<InterfaceName, IpAddr>,
    /// How much it is preferred as owner.
    pub priority: Priority,
    /// What it has otherwise than the others.
    pub overrides: Overrides,
}

/// Where nothing is otherwise, the digest of a configuration is what it was before anything could
/// be: directors of two releases agree.
impl Hash for Node {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { addresses, priority, overrides } = self;
        (addresses, priority).hash(state);
        if !overrides.is_empty() {
            overrides.hash(state);
        }
    }
}

/// How much a node is preferred as owner: 1 (least) to 254 (most), as in VRRP (RFC 9568 §5.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u8", into = "u8"))]
pub struct Priority(u8);

impl Priority {
    /// The priority with this value, if it is one.
    #[must_use]
    pub const fn new(value: u8) -> Option<Self> {
        if value >= 1 && value <= 254 { Some(Self(value)) } else { None }
    }

    /// The value.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

#[cfg(feature = "serde")]
crate::checked::through_number!(Priority, u8, Priority::new, Priority::get, "not from 1 to 254");

/// Virtual addresses that move together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Group {
    /// The addresses; never empty.
    pub addresses: BTreeSet<VirtualAddress>,
    /// How much nodes are preferred as owner of this group, where that is not their own priority.
    pub priorities: BTreeMap<NodeName, Priority>,
    /// How VRRP elects its owner; by heartbeats when `None`.
    pub vrrp: Option<Vrrp>,
}

/// A virtual address on an interface: `10.0.0.100/24 on eth0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VirtualAddress {
    /// The address.
    pub address: IpAddr,
    /// Length of its network prefix in bits.
    pub prefix: u8,
    /// The interface that holds it.
    pub interface: InterfaceName,
    /// The hardware address that neighbours know it by, when it is not the interface's own.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub mac: Option<VirtualMac>,
}

impl VirtualAddress {
    /// The device that holds it, when it has a hardware address of its own.
    #[must_use]
    pub fn device(&self) -> Option<VirtualDevice> {
        let (interface, ipv6) = (self.interface.clone(), self.address.is_ipv6());
        self.mac.map(|mac| VirtualDevice { interface, mac, ipv6 })
    }
}

impl fmt::Display for VirtualAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{} on {}", self.address, self.prefix, self.interface)?;
        match self.device() {
            Some(device) => write!(formatter, " as {device}"),
            None => Ok(()),
        }
    }
}
