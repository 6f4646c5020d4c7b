//! The configuration in use and where a new one comes from.

use director_core::config::Config;
use director_core::name::{InterfaceName, NodeName};
use director_core::wire::heartbeat::Key;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a director is started with, and what a reload replaces.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The validated configuration.
    pub config: Arc<Config>,
    /// The secret from its key file.
    pub key: Key,
}

/// Where the configuration comes from.
pub trait Source {
    /// Reads and validates all of it.
    ///
    /// # Errors
    /// Every problem that was found, each as a text for people.
    fn load(&mut self) -> Result<Settings, Vec<String>>;
}

/// The interfaces and families of VRRP, each with a socket of its own.
fn spoken(config: &Config) -> BTreeSet<(&InterfaceName, bool)> {
    let groups = config.groups.values();
    let place = |group: &'_ director_core::config::Group| {
        group.addresses.first().is_some_and(|address| address.address.is_ipv6())
    };
    groups.filter_map(|it| Some((&it.vrrp.as_ref()?.interface, place(it)))).collect()
}

/// What differs between two configurations that a running director cannot change: its sockets and
/// its own place in the cluster.
pub(crate) fn needs_restart(old: &Config, new: &Config, node: &NodeName) -> Vec<String> {
    let Some(me) = new.nodes.get(node) else {
        return vec![format!("node {node} is no longer configured: stop this director instead")];
    };
    let own = old.nodes.get(node).map(|me| &me.addresses);
    let changed = [
        ("the cluster's name", old.cluster.name != new.cluster.name),
        ("the heartbeat port", old.cluster.port != new.cluster.port),
        ("the heartbeat links", old.cluster.links != new.cluster.links),
        ("this node's own addresses", own != Some(&me.addresses)),
        ("where VRRP is spoken", !spoken(new).is_subset(&spoken(old))),
    ];
    changed
        .into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(what, _)| format!("{what} cannot change while the director runs: restart it"))
        .collect()
}
