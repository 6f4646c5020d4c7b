//! What one director has otherwise than the others.
//!
//! Only what the directors need not agree on: a setting by which they decide who owns what would
//! make each believe another thing.

use super::{Config, Digest, Hook, Operations};
use crate::name::{InterfaceName, NodeName};
use alloc::collections::BTreeMap;

/// What stands in the place of the configuration's on one node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Overrides {
    /// What the node's interfaces are called, by what the configuration calls them.
    pub interfaces: BTreeMap<InterfaceName, InterfaceName>,
    /// See [`Cluster::fence`](super::Cluster::fence).
    pub fence: Option<Hook>,
    /// See [`Cluster::notify`](super::Cluster::notify).
    pub notify: Option<Hook>,
    /// Each part of it by itself.
    pub operations: Operations,
}

impl Overrides {
    /// Whether nothing is otherwise.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What the node calls an interface.
    fn named(&self, common: &InterfaceName) -> InterfaceName {
        self.interfaces.get(common).unwrap_or(common).clone()
    }
}

impl Config {
    /// The configuration as one node has it.
    ///
    /// Its digest stays that of the configuration that all directors have.
    #[must_use]
    pub fn local(&self, node: &NodeName) -> Self {
        let mut local = self.clone();
        let own = local.nodes.get_mut(node).map(|node| core::mem::take(&mut node.overrides));
        let Some(own) = own.filter(|own| !own.is_empty()) else { return local };
        local.shared = Some(self.digest());
        local.rename(&own);
        let Overrides { fence, notify, operations, .. } = own;
        let Operations { metrics, maintenance, api } = operations;
        local.cluster.fence = fence.or(local.cluster.fence);
        local.cluster.notify = notify.or(local.cluster.notify);
        let common = &mut local.operations;
        common.metrics = metrics.or(common.metrics);
        common.maintenance = maintenance.or_else(|| common.maintenance.take());
        common.api = api.or_else(|| common.api.take());
        local
    }

    /// Calls every interface what the node calls it.
    fn rename(&mut self, own: &Overrides) {
        for link in &mut self.cluster.links {
            link.interface = own.named(&link.interface);
        }
        if let Some(sync) = &mut self.cluster.sync {
            sync.daemon.interface = own.named(&sync.daemon.interface);
        }
        for group in self.groups.values_mut() {
            let addresses = core::mem::take(&mut group.addresses).into_iter();
            group.addresses = addresses
                .map(|mut address| {
                    address.interface = own.named(&address.interface);
                    address
                })
                .collect();
            if let Some(vrrp) = &mut group.vrrp {
                vrrp.interface = own.named(&vrrp.interface);
            }
        }
        for node in self.nodes.values_mut() {
            let addresses = core::mem::take(&mut node.addresses).into_iter();
            // Another node may have an interface of its own by a name that is given here: what
            // has the common name counts.
            let (given, kept): (BTreeMap<_, _>, BTreeMap<_, _>) =
                addresses.partition(|(interface, _)| own.interfaces.contains_key(interface));
            node.addresses = kept;
            let given = given.into_iter().map(|(common, address)| (own.named(&common), address));
            node.addresses.extend(given);
        }
    }

    /// A number that tells configurations apart; peers compare it in every heartbeat.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let Self { cluster, nodes, groups, services, alerts, operations, shared } = self;
        let whole = (cluster, nodes, groups, services, alerts, operations);
        shared.unwrap_or_else(|| super::digest(&whole))
    }
}

#[cfg(test)]
mod tests {
    use crate::director::tests::{config, interface, node};
    use alloc::collections::BTreeMap;

    #[test]
    fn a_node_has_its_own_names_and_all_have_one_digest() {
        let mut all = config();
        let lan = interface("lan");
        let own = &mut all.nodes.get_mut(&node("d2")).unwrap().overrides;
        own.interfaces = BTreeMap::from([(lan.clone(), interface("ens3"))]);
        own.operations.maintenance = Some("/srv/down".into());
        let (first, second) = (all.local(&node("d1")), all.local(&node("d2")));
        assert_eq!(first.digest(), all.digest());
        assert_eq!(second.digest(), all.digest());
        assert_ne!(config().digest(), all.digest(), "what one has otherwise is told apart");
        assert_eq!(first.cluster.links, config().cluster.links);
        assert_eq!(first.operations, config().operations);
        assert!(second.cluster.links.iter().all(|link| link.interface != lan));
        let held = second.groups.values().flat_map(|group| &group.addresses);
        assert!(held.clone().count() > 0);
        assert!(held.clone().all(|address| address.interface == interface("ens3")));
        for (name, node) in &second.nodes {
            let before = all.nodes[name].addresses[&lan];
            assert_eq!(node.addresses.get(&interface("ens3")), Some(&before));
            assert!(!node.addresses.contains_key(&lan));
        }
        assert_eq!(second.operations.maintenance.as_deref(), Some("/srv/down"));
        assert_eq!(second.local(&node("d2")), second, "twice is once");
    }

    #[test]
    fn two_names_may_change_places() {
        let mut all = config();
        let own = &mut all.nodes.get_mut(&node("d2")).unwrap().overrides;
        let (lan, hb) = (interface("lan"), interface("hb"));
        own.interfaces = BTreeMap::from([(lan.clone(), hb.clone()), (hb.clone(), lan.clone())]);
        let second = all.local(&node("d2"));
        for (name, node) in &second.nodes {
            assert_eq!(node.addresses[&lan], all.nodes[name].addresses[&hb]);
            assert_eq!(node.addresses[&hb], all.nodes[name].addresses[&lan]);
        }
    }
}
