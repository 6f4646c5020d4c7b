//! What the kernel needs beside services and addresses: settings, marks, synchronisation.

use crate::config::{Config, Forward, Service, SyncDaemon, SyncRole};
use crate::desired::{Marks, Presence, Sysctl, SysctlValue};
use crate::name::InterfaceName;
use crate::plan::Step;
use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

/// What was changed once must be changed back, also when the configuration has forgotten it.
#[derive(Clone, Debug, Default)]
pub(super) struct Machinery {
    /// What the kernel had before this director set something else.
    before: BTreeMap<Sysctl, SysctlValue>,
    synchronised: bool,
    marked: bool,
}

impl Machinery {
    /// This configuration is in use from now on.
    pub(super) fn adopt(&mut self, config: &Config) {
        self.synchronised |= config.cluster.sync.is_some();
        self.marked |= !marks(config).is_empty();
    }

    /// The kernel has done this.
    pub(super) fn done(&mut self, steps: &[Step]) {
        for step in steps {
            if let Step::SetSysctl { key, from: Some(from), .. } = step {
                self.before.entry(key.clone()).or_insert(*from);
            }
        }
    }

    /// The settings while this configuration is in use. What it no longer asks for is as before.
    pub(super) fn sysctls(&self, config: &Config) -> BTreeMap<Sysctl, SysctlValue> {
        let mut all = self.before.clone();
        all.extend(sysctls(config));
        all
    }

    /// The settings as they were found.
    pub(super) fn sysctls_before(&self) -> BTreeMap<Sysctl, SysctlValue> {
        self.before.clone()
    }

    /// The marks while this configuration is in use.
    pub(super) fn marks(&self, config: &Config) -> Option<Marks> {
        self.marked.then(|| marks(config))
    }

    /// No marks of ours.
    pub(super) fn no_marks(&self) -> Option<Marks> {
        self.marked.then(Marks::new)
    }

    /// The daemons that suit the addresses: who holds one tells, who does not hold one listens, and
    /// with several groups both may be true.
    ///
    /// A node that does not know yet whether it holds its addresses leaves the daemons as they are.
    pub(super) fn sync(
        &self,
        config: &Config,
        presences: impl Iterator<Item = Presence>,
    ) -> Option<BTreeMap<SyncRole, SyncDaemon>> {
        let Some(sync) = &config.cluster.sync else { return self.no_sync() };
        let presences: BTreeSet<Presence> = presences.collect();
        if presences.is_empty() || presences.contains(&Presence::AsFound) {
            return None;
        }
        let role = |presence| match presence {
            Presence::Held => SyncRole::Master,
            Presence::Released | Presence::AsFound => SyncRole::Backup,
        };
        Some(presences.into_iter().map(|it| (role(it), sync.daemon.clone())).collect())
    }

    /// No daemons of ours.
    pub(super) fn no_sync(&self) -> Option<BTreeMap<SyncRole, SyncDaemon>> {
        self.synchronised.then(BTreeMap::new)
    }
}

fn marks(config: &Config) -> Marks {
    let of_service = |service: &Service| {
        let mark = service.key.mark();
        service.marked.clone().into_iter().filter_map(move |traffic| Some((traffic, mark?)))
    };
    config.services.values().flat_map(of_service).collect()
}

/// The settings that a moving address, the table and its forwarding methods need.
fn sysctls(config: &Config) -> BTreeMap<Sysctl, SysctlValue> {
    let interfaces: BTreeSet<&InterfaceName> = config
        .groups
        .values()
        .flat_map(|group| group.addresses.iter().map(|address| &address.interface))
        .collect();
    let mut all = BTreeMap::new();
    let mut set = |key: Sysctl, value: i64| {
        all.insert(key, SysctlValue::One(value));
    };
    for interface in &interfaces {
        set(Sysctl::ArpIgnore((*interface).clone()), 1);
        set(Sysctl::ArpAnnounce((*interface).clone()), 2);
    }
    set(Sysctl::ExpireNodestConn, 1);
    set(Sysctl::ExpireQuiescentTemplate, 1);
    let behind_nat = |ipv6| config.services.values().any(|it| it.key.is_ipv6() == ipv6 && nat(it));
    if behind_nat(false) {
        set(Sysctl::Forwarding, 1);
        let everywhere = InterfaceName::new("all").ok();
        for interface in interfaces.into_iter().chain(&everywhere) {
            set(Sysctl::SendRedirects(interface.clone()), 0);
        }
    }
    if behind_nat(true) {
        set(Sysctl::Forwarding6, 1);
    }
    if !config.services.is_empty() {
        set(Sysctl::ConnReuseMode, 1);
    }
    if let Some(sync) = &config.cluster.sync {
        let (threshold, period) = (i64::from(sync.threshold), i64::from(sync.period));
        all.insert(Sysctl::SyncThreshold, SysctlValue::Two(threshold, period));
        let refresh = sync.refresh.as_ref().map_or(0, Duration::as_secs);
        let refresh = i64::try_from(refresh).unwrap_or(i64::MAX);
        all.insert(Sysctl::SyncRefreshPeriod, refresh.into());
        all.insert(Sysctl::SyncRetries, i64::from(sync.retries).into());
    }
    all
}

fn nat(service: &Service) -> bool {
    let own = service.servers.values().filter_map(|server| server.forward);
    own.chain([service.forward]).any(|forward| forward == Forward::Nat)
}
