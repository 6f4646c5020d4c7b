//! What is otherwise in a kernel than it was.

use director_core::config::{
    ServiceKey, SyncDaemon, SyncRole, Traffic, VirtualAddress, VirtualDevice,
};
use director_core::desired::{Closed, Sysctl, SysctlValue};
use director_core::observed::{Lifetime, ObservedServer, ObservedService, Snapshot};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// What is otherwise of a map: what each key has now, or that it is gone.
type Changes<K, C> = Vec<(K, Option<C>)>;

/// What is otherwise in a kernel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Delta {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    services: Changes<ServiceKey, ServiceDelta>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addresses: Changes<VirtualAddress, Lifetime>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sysctls: Changes<Sysctl, SysctlValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sync: Changes<SyncRole, SyncDaemon>,
    /// What the marks are now, when they are others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marks: Vec<Option<Vec<(Traffic, u32)>>>,
    /// All devices, when they are others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    devices: Vec<BTreeSet<VirtualDevice>>,
    /// What is closed now, when that is otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    closed: Vec<Option<Closed>>,
}

/// What is otherwise of a service.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceDelta {
    /// All but its servers, when any of that is otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    head: Option<ObservedService>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    servers: Changes<SocketAddr, ObservedServer>,
}

impl Delta {
    pub(super) fn between(old: &Snapshot, new: &Snapshot) -> Self {
        let marks = new.marks.as_ref().map(|marks| marks.iter().map(|(k, v)| (*k, *v)).collect());
        let copy = |_: Option<&_>, now: &_| Clone::clone(now);
        Self {
            services: changes(&old.services, &new.services, ServiceDelta::between),
            addresses: changes(&old.addresses, &new.addresses, |_, now| *now),
            sysctls: changes(&old.sysctls, &new.sysctls, |_, now| *now),
            sync: changes(&old.sync, &new.sync, copy),
            marks: if old.marks == new.marks { Vec::new() } else { vec![marks] },
            devices: other(&old.devices, &new.devices),
            closed: other(&old.closed, &new.closed),
        }
    }

    pub(super) fn apply(self, to: &mut Snapshot) {
        let Self { services, addresses, sysctls, sync, marks, devices, closed } = self;
        for (key, change) in services {
            match change {
                None => drop(to.services.remove(&key)),
                Some(change) => change.apply(key, &mut to.services),
            }
        }
        apply(addresses, &mut to.addresses);
        apply(sysctls, &mut to.sysctls);
        apply(sync, &mut to.sync);
        for now in marks {
            to.marks = now.map(|marks| marks.into_iter().collect());
        }
        devices.into_iter().for_each(|now| to.devices = now);
        closed.into_iter().for_each(|now| to.closed = now);
    }
}

impl ServiceDelta {
    fn between(old: Option<&ObservedService>, new: &ObservedService) -> Self {
        let head = |of: &ObservedService| {
            let (scheduler, persistence) = (of.scheduler.clone(), of.persistence.clone());
            let servers = BTreeMap::new();
            ObservedService { scheduler, persistence, servers, ..*of }
        };
        let none = BTreeMap::new();
        let servers = old.map_or(&none, |old| &old.servers);
        Self {
            head: (old.map(head) != Some(head(new))).then(|| head(new)),
            servers: changes(servers, &new.servers, |_, now| *now),
        }
    }

    fn apply(self, key: ServiceKey, to: &mut BTreeMap<ServiceKey, ObservedService>) {
        if let Some(head) = self.head {
            let servers = to.remove(&key).map(|old| old.servers).unwrap_or_default();
            to.insert(key, ObservedService { servers, ..head });
        }
        if let Some(service) = to.get_mut(&key) {
            apply(self.servers, &mut service.servers);
        }
    }
}

/// What is there now, when it is otherwise.
fn other<T: Clone + PartialEq>(old: &T, new: &T) -> Vec<T> {
    if old == new { Vec::new() } else { vec![new.clone()] }
}

fn changes<K: Ord + Clone, V: PartialEq, C>(
    old: &BTreeMap<K, V>,
    new: &BTreeMap<K, V>,
    change: impl Fn(Option<&V>, &V) -> C,
) -> Changes<K, C> {
    let gone = old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), None));
    let other = new.iter().filter(|(key, now)| old.get(*key) != Some(*now));
    let other = other.map(|(key, now)| (key.clone(), Some(change(old.get(key), now))));
    gone.chain(other).collect()
}

fn apply<K: Ord, V>(changes: Changes<K, V>, to: &mut BTreeMap<K, V>) {
    for (key, change) in changes {
        match change {
            None => drop(to.remove(&key)),
            Some(now) => drop(to.insert(key, now)),
        }
    }
}
