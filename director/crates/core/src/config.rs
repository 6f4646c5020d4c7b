//! The validated configuration: what an operator wants, with nothing invalid in it.
//!
//! Text becomes these values in the crate `director-config`, which reports every problem with line
//! and column. Values that need no context (names, weights, priorities) cannot be built wrong.

mod alert;
mod cluster;
pub mod dialogue;
mod digest;
mod forward;
mod key;
mod operations;
mod overrides;
mod policy;
mod scheduler;
mod service;
mod settings;
mod sync;
mod vrrp;

pub use alert::{Alert, Limit, Mail, Means, Retry, Security, Senders, Webhook};
pub use cluster::{
    Announce, Cluster, Detection, Failback, Group, Hook, Link, Node, Priority, VirtualAddress,
};
pub use dialogue::Dialogue;
pub use digest::Digest;
pub use forward::{Checksum, Forward, Tunnel};
pub use key::{CheckMarks, Protocol, ServiceKey, Traffic};
pub use operations::{Api, Operations};
pub use overrides::Overrides;
pub use policy::{Damping, Initial, Pace, Percent, Policy, Quorum};
pub use scheduler::{Scheduler, SchedulerFlags};
pub use service::{Check, OnFailure, Server, Service, Via, Weight};
pub use settings::{Persistence, PersistenceEngine, ServiceSettings, Thresholds};
pub use sync::{SyncDaemon, SyncRole, SyncSettings};
pub use vrrp::{
    AdvertInterval, AdvertMac, Coverage, Dialect, Password, VirtualDevice, VirtualMac, Vrrp,
    VrrpVersion, everybody,
};

pub(crate) use digest::of as digest;

use crate::name::{AlertName, GroupName, NodeName, ServiceName};
use alloc::collections::BTreeMap;

/// A whole configuration: what all directors have, or what one of them has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Config {
    /// What the directors have in common.
    pub cluster: Cluster,
    /// The directors.
    pub nodes: BTreeMap<NodeName, Node>,
    /// The virtual addresses, by what moves together.
    pub groups: BTreeMap<GroupName, Group>,
    /// The virtual services.
    pub services: BTreeMap<ServiceName, Service>,
    /// Who is told of what goes wrong.
    pub alerts: BTreeMap<AlertName, Alert>,
    /// What is for those who operate them.
    pub operations: Operations,
    /// The digest of the configuration that all directors have, where this is what one of them
    /// has: see [`Config::local`].
    pub shared: Option<Digest>,
}

impl Config {
    /// The order in which nodes come into question as owner of a group: by the priority that the
    /// group gives them, or else their own, then by name.
    ///
    /// `true` when `one` comes before `other`. A node that is not configured comes last.
    #[must_use]
    pub fn outranks(&self, group: &Group, one: &NodeName, other: &NodeName) -> bool {
        let rank = |name: &NodeName| {
            let own = self.nodes.get(name)?.priority;
            Some(group.priorities.get(name).copied().unwrap_or(own))
        };
        (rank(one), other) > (rank(other), one)
    }

    /// The priority with which a node speaks VRRP for a group: 255 when the addresses are its own.
    #[must_use]
    pub fn vrrp_priority(&self, group: &Group, node: &NodeName) -> u8 {
        let owner = group.vrrp.as_ref().and_then(|vrrp| vrrp.owner.as_ref());
        if owner == Some(node) {
            return u8::MAX;
        }
        let own = self.nodes.get(node).map(|node| node.priority);
        group.priorities.get(node).copied().or(own).map_or(1, Priority::get)
    }
}
