//! What the kernel holds, as last observed.

use crate::config::{
    Forward, Persistence, PersistenceEngine, Scheduler, SchedulerFlags, ServiceKey,
    ServiceSettings, SyncDaemon, SyncRole, Thresholds, VirtualAddress, VirtualDevice, Weight,
};
use crate::desired::{Closed, DesiredServer, Marks, Sysctl, SysctlValue};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

/// What the kernel held at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The IPVS table, whoever made it.
    pub services: BTreeMap<ServiceKey, ObservedService>,
    /// All addresses on the interfaces that the configuration names, and how much longer the
    /// kernel keeps each.
    pub addresses: BTreeMap<VirtualAddress, Lifetime>,
    /// The devices with hardware addresses of virtual routers on those interfaces.
    pub devices: BTreeSet<VirtualDevice>,
    /// The addresses at which only virtual services are to be had, when they were asked for; `None`
    /// too when the rules are not as the director writes them.
    pub closed: Option<Closed>,
    /// The settings that were asked for.
    pub sysctls: BTreeMap<Sysctl, SysctlValue>,
    /// The synchronisation daemons, when they were asked for.
    pub sync: BTreeMap<SyncRole, SyncDaemon>,
    /// The firewall marks that our rules give; `None` when they were not asked for, or when the
    /// rules are not as the director writes them.
    pub marks: Option<Marks>,
}

/// How long the kernel keeps an address when nobody renews it (`IFA_CACHEINFO` in
/// `linux/if_addr.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Lifetime {
    /// So long, then it takes the address off by itself. The kernel counts in whole seconds.
    For(Duration),
    /// Until somebody takes it off.
    Forever,
}

impl From<Option<Duration>> for Lifetime {
    fn from(lease: Option<Duration>) -> Self {
        lease.map_or(Self::Forever, Self::For)
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(time) => write!(formatter, "for {} ms", time.as_millis()),
            Self::Forever => formatter.write_str("for ever"),
        }
    }
}

/// A virtual service in the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct ObservedService {
    /// The kernel's name of its scheduler; one that we have no name for may be among them.
    pub scheduler: String,
    /// Options of its scheduler.
    pub flags: SchedulerFlags,
    /// Whether, and how, clients stay with their server.
    pub persistence: Option<ObservedPersistence>,
    /// Whether every UDP datagram is scheduled by itself.
    pub one_packet: bool,
    /// Its real servers.
    pub servers: BTreeMap<SocketAddr, ObservedServer>,
}

/// How clients stay with their server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct ObservedPersistence {
    /// How long after a client's last connection.
    pub timeout: Duration,
    /// Bits of a client's address that count; `None` for a mask that is no prefix.
    pub prefix: Option<u8>,
    /// The kernel's name of the engine that tells clients apart beside their address.
    pub engine: Option<String>,
}

impl ObservedService {
    /// A service with these settings, without servers.
    #[must_use]
    pub fn new(settings: &ServiceSettings) -> Self {
        let mut service = Self {
            scheduler: String::new(),
            flags: SchedulerFlags::NONE,
            persistence: None,
            one_packet: false,
            servers: BTreeMap::new(),
        };
        service.set(settings);
        service
    }

    /// Gives it these settings, as a kernel that is told to.
    pub fn set(&mut self, settings: &ServiceSettings) {
        self.scheduler = String::from(settings.scheduler.name());
        self.flags = settings.flags;
        self.persistence = settings.persistence.map(|persistence| ObservedPersistence {
            timeout: persistence.timeout,
            prefix: Some(persistence.prefix),
            engine: persistence.engine.map(|engine| String::from(engine.name())),
        });
        self.one_packet = settings.one_packet;
    }

    /// Its settings, if they are such as a configuration can ask for.
    #[must_use]
    pub fn settings(&self) -> Option<ServiceSettings> {
        let persistence = match &self.persistence {
            None => None,
            Some(ObservedPersistence { timeout, prefix, engine }) => {
                let engine = match engine.as_deref() {
                    None => None,
                    Some(name) => Some(PersistenceEngine::from_name(name)?),
                };
                Some(Persistence { timeout: *timeout, prefix: (*prefix)?, engine })
            }
        };
        let (flags, one_packet) = (self.flags, self.one_packet);
        let scheduler = Scheduler::from_name(&self.scheduler)?;
        Some(ServiceSettings { scheduler, flags, persistence, one_packet })
    }

    /// Whether it has these settings.
    #[must_use]
    pub fn has(&self, settings: &ServiceSettings) -> bool {
        let persistence = match (&self.persistence, &settings.persistence) {
            (None, None) => true,
            (Some(found), Some(wanted)) => {
                found.timeout == wanted.timeout
                    && found.prefix == Some(wanted.prefix)
                    && found.engine.as_deref() == wanted.engine.map(PersistenceEngine::name)
            }
            _ => false,
        };
        persistence
            && self.scheduler == settings.scheduler.name()
            && self.flags == settings.flags
            && self.one_packet == settings.one_packet
    }
}

/// A real server in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct ObservedServer {
    /// How packets reach it.
    pub forward: Forward,
    /// Its share.
    pub weight: Weight,
    /// Between which numbers of connections it is overloaded.
    pub thresholds: Thresholds,
    /// Connections that count as active (`ip_vs_conn` states, see `ip_vs_proto_tcp.c`).
    pub active: u32,
    /// Connections that are winding down.
    pub inactive: u32,
}

impl ObservedServer {
    /// A server with these settings, without connections.
    #[must_use]
    pub const fn idle(to: &DesiredServer) -> Self {
        let DesiredServer { forward, weight, thresholds } = *to;
        Self { forward, weight, thresholds, active: 0, inactive: 0 }
    }

    /// Gives it these settings, as a kernel that is told to.
    pub fn set(&mut self, to: &DesiredServer) {
        let (active, inactive) = (self.active, self.inactive);
        *self = Self { active, inactive, ..Self::idle(to) };
    }

    /// Whether it has these settings.
    #[must_use]
    pub fn has(&self, to: &DesiredServer) -> bool {
        (self.forward, self.weight, self.thresholds) == (to.forward, to.weight, to.thresholds)
    }
}
