//! What the kernel needs beside services and addresses: settings, marks, synchronisation.

use crate::cluster::Warmth;
use crate::config::{
    Config, Forward, Group, Protocol, Service, ServiceKey, SyncDaemon, SyncRole, Via, Vrrp,
};
use crate::desired::{Closed, Marks, Open, Presence, Sysctl, SysctlValue};
use crate::input::Reconciled;
use crate::name::{InterfaceName, NodeName};
use crate::plan::{Ledger, Step};
use crate::time::Instant;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

/// What was changed once must be changed back, also when the configuration has forgotten it.
#[derive(Clone, Debug, Default)]
pub(super) struct Machinery {
    /// What the kernel had before this director, or one that was killed, set something else.
    before: BTreeMap<Sysctl, SysctlValue>,
    synchronised: bool,
    marked: bool,
    closed: bool,
    /// The settings that the configuration in use needs.
    wanted: BTreeMap<Sysctl, SysctlValue>,
    /// Since when this node has taken in what others tell of their connections.
    listening: Option<Instant>,
}

impl Machinery {
    /// What was changed before this process must be changed back as well.
    pub(super) fn inheriting(ledger: &Ledger) -> Self {
        Self {
            before: ledger.settings().clone(),
            synchronised: ledger.is_synchronised(),
            marked: ledger.is_marked(),
            closed: ledger.is_closed(),
            wanted: BTreeMap::new(),
            listening: None,
        }
    }

    /// This configuration is in use from now on.
    pub(super) fn adopt(&mut self, config: &Config) {
        self.synchronised |= config.cluster.sync.is_some();
        self.marked |= !marks(config).is_empty();
        self.closed |= virtual_routers(config).any(|(_, vrrp)| !vrrp.accept);
        self.wanted = sysctls(config);
    }

    /// The kernel has done this, and holds that.
    pub(super) fn reconciled(&mut self, result: &Reconciled, config: &Config, now: Instant) {
        for step in &result.done {
            if let Step::SetSysctl { key, from: Some(from), .. } = step {
                self.before.entry(key.clone()).or_insert(*from);
            }
        }
        let Ok(found) = &result.found else { return };
        // What is right already may be changed by others meanwhile.
        let mut before = Vec::new();
        for key in self.wanted.keys().filter(|key| !self.before.contains_key(*key)) {
            if let Some(value) = found.sysctls.get(key) {
                before.push((key.clone(), *value));
            }
        }
        self.before.extend(before);
        let starts = |step: &Step| matches!(step, Step::StartSync(SyncRole::Backup, _));
        let begun = result.done.iter().any(starts);
        let running = found.sync.get(&SyncRole::Backup);
        let wanted = config.cluster.sync.as_ref().map(|sync| &sync.daemon);
        let runs = running.is_some_and(|it| wanted.is_some_and(|wanted| wanted.is_run_by(it)));
        self.listening = self.listening.filter(|_| !begun).or(Some(now)).filter(|_| runs);
    }

    /// Since when this node has taken in what others tell.
    pub(super) fn listening(&self) -> Option<Instant> {
        self.listening
    }

    /// How far this node knows the connections that others have.
    pub(super) fn warmth(&self, config: &Config) -> Warmth {
        match (&config.cluster.sync, self.listening) {
            (None, _) => Warmth::Needless,
            (Some(_), None) => Warmth::Deaf,
            (Some(sync), Some(since)) => Warmth::Listening { since, enough: sync.warm },
        }
    }

    /// The settings while this configuration is in use. What it no longer asks for is as before.
    pub(super) fn sysctls(&self) -> BTreeMap<Sysctl, SysctlValue> {
        let mut all = self.before.clone();
        all.extend(self.wanted.iter().map(|(key, value)| (key.clone(), *value)));
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

    /// The addresses that are closed while this configuration is in use. Those of their owner are
    /// its own, and open.
    pub(super) fn closed(&self, config: &Config, us: &NodeName) -> Option<Closed> {
        self.closed.then(|| {
            let routers = virtual_routers(config);
            let shut = routers.filter(|(_, it)| !it.accept && it.owner.as_ref() != Some(us));
            let addresses = shut.flat_map(|(group, _)| &group.addresses).map(|it| it.address);
            addresses.map(|address| (address, open(config, address))).collect()
        })
    }

    /// No address of ours is closed.
    pub(super) fn none_closed(&self) -> Option<Closed> {
        self.closed.then(Closed::new)
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

fn virtual_routers(config: &Config) -> impl Iterator<Item = (&Group, &Vrrp)> {
    config.groups.values().filter_map(|group| Some((group, group.vrrp.as_ref()?)))
}

/// What the virtual services take at an address.
fn open(config: &Config, address: IpAddr) -> BTreeSet<Open> {
    let at =
        |to: &SocketAddr, protocol| (to.ip() == address).then_some(Open::Port(protocol, to.port()));
    let of = |service: &Service| match &service.key {
        ServiceKey::Tcp(to) => at(to, Protocol::Tcp),
        ServiceKey::Udp(to) => at(to, Protocol::Udp),
        ServiceKey::Sctp(to) => at(to, Protocol::Sctp),
        ServiceKey::FwMark(mark) => address.is_ipv4().then_some(Open::Mark(*mark)),
        ServiceKey::FwMark6(mark) => address.is_ipv6().then_some(Open::Mark(*mark)),
    };
    config.services.values().filter_map(of).collect()
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
    // With NAT the answers come back here: the way to the clients is this machine's own affair.
    if config.services.values().any(|service| !service.key.is_ipv6() && !nat_alone(service)) {
        for interface in addressed(config, IpAddr::is_ipv4) {
            set(Sysctl::ReversePathFilter(interface.clone()), 2);
        }
    }
    for interface in asking(config) {
        set(Sysctl::AcceptLocal(interface.clone()), 1);
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
        set(Sysctl::DropEntry, 1);
    }
    if let Some(sync) = &config.cluster.sync {
        // With both, the kernel waits for both (`ip_vs_sync_conn_needed` in `ip_vs_sync.c`).
        let period = if sync.refresh.is_some() { 0 } else { sync.period };
        let (threshold, period) = (i64::from(sync.threshold), i64::from(period));
        all.insert(Sysctl::SyncThreshold, SysctlValue::Two(threshold, period));
        let refresh = sync.refresh.as_ref().map_or(0, Duration::as_secs);
        let refresh = i64::try_from(refresh).unwrap_or(i64::MAX);
        all.insert(Sysctl::SyncRefreshPeriod, refresh.into());
        all.insert(Sysctl::SyncRetries, i64::from(sync.retries).into());
    }
    all
}

/// Interfaces of virtual addresses of a kind.
fn addressed(
    config: &Config,
    kind: impl Fn(&IpAddr) -> bool,
) -> impl Iterator<Item = &InterfaceName> {
    let held = config.groups.values().flat_map(|group| &group.addresses);
    held.filter(move |held| kind(&held.address)).map(|held| &held.interface)
}

/// Interfaces of IPv4 addresses at which real servers are checked through the service. IPv6 drops
/// no packet for such a source.
fn asking(config: &Config) -> impl Iterator<Item = &InterfaceName> {
    let through = config.services.values().filter(|it| it.check.via == Via::Service);
    let asked: BTreeSet<IpAddr> =
        through.filter_map(Service::checked_at).map(|target| target.ip()).collect();
    let held = config.groups.values().flat_map(|group| &group.addresses);
    let asked = held.filter(move |held| held.address.is_ipv4() && asked.contains(&held.address));
    asked.map(|held| &held.interface)
}

fn nat(service: &Service) -> bool {
    let own = service.servers.values().filter_map(|server| server.forward);
    own.chain([service.forward]).any(|forward| forward == Forward::Nat)
}

/// Whether the answers of all its servers come back through the director.
fn nat_alone(service: &Service) -> bool {
    let own = service.servers.keys().map(|server| service.forward_of(server));
    own.chain([service.forward]).all(|forward| forward == Forward::Nat)
}
