//! What is ours in the kernel, and what was there before.

use crate::config::{CheckMarks, ServiceKey, VirtualAddress, VirtualDevice};
use crate::desired::{DesiredService, DesiredState, Sysctl, SysctlValue};
use crate::observed::Snapshot;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

/// What the director has made itself or adopted by configuration, and may therefore delete; and
/// what it must put back.
///
/// Everything else in the kernel is foreign: it is reported and left alone.
///
/// It is complete before the kernel is changed. Kept outside of the process, it tells the next one
/// what a killed one left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case", default))]
pub struct Ledger {
    /// Services with these marks are ours, whoever made them.
    #[cfg_attr(feature = "serde", serde(skip))]
    check_marks: CheckMarks,
    services: BTreeSet<ServiceKey>,
    /// By service. Copies of a ledger share what they have in common.
    #[cfg_attr(feature = "serde", serde(with = "seats"))]
    servers: BTreeMap<ServiceKey, Arc<BTreeSet<SocketAddr>>>,
    addresses: BTreeSet<VirtualAddress>,
    /// How long the servers of our services drain, should these leave the configuration.
    #[cfg_attr(feature = "serde", serde(with = "crate::pairs"))]
    drains: BTreeMap<ServiceKey, Duration>,
    /// What the kernel had before something else was set.
    #[cfg_attr(feature = "serde", serde(with = "crate::pairs"))]
    settings: BTreeMap<Sysctl, SysctlValue>,
    /// Whether there were synchronisation daemons.
    synchronised: bool,
    /// Whether there were firewall marks.
    marked: bool,
    /// Whether there were closed addresses.
    closed: bool,
}

impl Ledger {
    /// Takes everything that `desired` names as ours. What was ours stays ours.
    pub fn note(&mut self, desired: &DesiredState) {
        self.check_marks = desired.check_marks;
        for (key, service) in &desired.services {
            self.services.insert(*key);
            self.note_servers(*key, service);
        }
        self.addresses.extend(desired.addresses.keys().cloned());
        // One that has left and drains already keeps the time that it was given.
        self.drains.extend(&desired.drains);
        self.synchronised |= desired.sync.is_some();
        self.marked |= desired.marks.is_some();
        self.closed |= desired.closed.is_some();
    }

    fn note_servers(&mut self, key: ServiceKey, service: &DesiredService) {
        let known = self.servers.get(&key);
        let is_new = |server: &&SocketAddr| known.is_none_or(|known| !known.contains(*server));
        let named = service.servers.keys().chain(&service.absent);
        let new: Vec<SocketAddr> = named.filter(is_new).copied().collect();
        if !new.is_empty() {
            // A set that is made at once takes half the room of one to which they are added.
            let all = known.into_iter().flat_map(|known| known.iter().copied()).chain(new);
            self.servers.insert(key, Arc::new(all.collect()));
        }
    }

    /// Remembers the settings as they are found first: also one that is right already, for somebody
    /// else may change it meanwhile.
    pub fn note_settings(&mut self, found: &Snapshot) {
        for (key, value) in &found.sysctls {
            self.settings.entry(key.clone()).or_insert(*value);
        }
    }

    /// Forgets what is neither wanted nor there: should it come again, somebody else has made it.
    pub fn forget_gone(&mut self, desired: &DesiredState, found: &Snapshot) {
        let wanted = |key: &ServiceKey| desired.services.get(key);
        let there = |key: &ServiceKey| found.services.get(key);
        self.services.retain(|key| wanted(key).is_some() || there(key).is_some());
        self.drains.retain(|key, _| self.services.contains(key));
        self.servers.retain(|key, servers| {
            let (wanted, there) = (wanted(key), there(key));
            let stays = |server: &&SocketAddr| {
                wanted.is_some_and(|service| service.names(server))
                    || there.is_some_and(|service| service.servers.contains_key(*server))
            };
            if !servers.iter().all(|server| stays(&server)) {
                *servers = Arc::new(servers.iter().filter(stays).copied().collect());
            }
            !servers.is_empty()
        });
        self.addresses.retain(|address| {
            let device = address.device();
            desired.addresses.contains_key(address)
                || found.addresses.contains_key(address)
                || device.is_some_and(|device| found.devices.contains(&device))
        });
    }

    /// Whether a service is ours.
    #[must_use]
    pub fn has_service(&self, key: &ServiceKey) -> bool {
        self.services.contains(key) || self.check_marks.has(key)
    }

    /// Whether a server of a service is ours.
    #[must_use]
    pub fn has_server(&self, key: ServiceKey, server: SocketAddr) -> bool {
        let ours = self.servers.get(&key).is_some_and(|servers| servers.contains(&server));
        ours || self.check_marks.has(&key)
    }

    /// Whether an address is ours.
    #[must_use]
    pub fn has_address(&self, address: &VirtualAddress) -> bool {
        self.addresses.contains(address)
    }

    /// Whether a device is ours: it is there for an address of ours.
    #[must_use]
    pub fn has_device(&self, device: &VirtualDevice) -> bool {
        self.addresses.iter().any(|address| address.device().as_ref() == Some(device))
    }

    /// Our services with how long their servers drain when they leave the configuration.
    pub fn services(&self) -> impl Iterator<Item = (ServiceKey, Duration)> {
        let drain = |key: &ServiceKey| self.drains.get(key).copied().unwrap_or_default();
        self.services.iter().map(move |key| (*key, drain(key)))
    }

    /// The settings as they were found.
    #[must_use]
    pub fn settings(&self) -> &BTreeMap<Sysctl, SysctlValue> {
        &self.settings
    }

    /// Whether synchronisation daemons were any business of ours.
    #[must_use]
    pub fn is_synchronised(&self) -> bool {
        self.synchronised
    }

    /// Whether firewall marks were any business of ours.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.marked
    }

    /// Whether closed addresses were any business of ours.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Services and servers of the kernel that are not ours, in order.
    pub fn foreign<'a>(
        &'a self,
        found: &'a Snapshot,
    ) -> impl Iterator<Item = (ServiceKey, Option<SocketAddr>)> + 'a {
        found.services.iter().flat_map(|(key, service)| {
            let whole = (!self.has_service(key)).then_some((*key, None));
            let parts = service
                .servers
                .keys()
                .filter(|server| self.has_service(key) && !self.has_server(*key, **server))
                .map(|server| (*key, Some(*server)));
            whole.into_iter().chain(parts)
        })
    }
}

/// Servers by service as a list of pairs.
#[cfg(feature = "serde")]
mod seats {
    use super::{Arc, BTreeMap, BTreeSet, ServiceKey, SocketAddr, Vec};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        servers: &BTreeMap<ServiceKey, Arc<BTreeSet<SocketAddr>>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let pairs = |(key, all): (_, &Arc<BTreeSet<SocketAddr>>)| {
            all.iter().map(move |server| (key, *server)).collect::<Vec<_>>()
        };
        serializer.collect_seq(servers.iter().flat_map(pairs))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<ServiceKey, Arc<BTreeSet<SocketAddr>>>, D::Error> {
        let mut servers: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (key, server) in Vec::<(ServiceKey, SocketAddr)>::deserialize(deserializer)? {
            servers.entry(key).or_default().insert(server);
        }
        Ok(servers.into_iter().map(|(key, all)| (key, Arc::new(all))).collect())
    }
}
