//! Connection synchronisation: established connections survive a takeover.

use crate::name::InterfaceName;
use core::fmt;
use core::net::IpAddr;
use core::num::{NonZeroU8, NonZeroU16};
use core::time::Duration;

/// How directors tell each other of their connections.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct SyncSettings {
    /// What the kernel's daemons are started with.
    pub daemon: SyncDaemon,
    /// Packets of a client after which a connection is told of first, when there is no `refresh`
    /// (`sync_threshold`).
    pub threshold: u16,
    /// Packets between two times that it is told of, when there is no `refresh`
    /// (`sync_threshold`); 0 for only once.
    pub period: u16,
    /// Time between two times that it is told of (`sync_refresh_period`), instead of `period`: then
    /// the first is as soon as it is established.
    pub refresh: Option<Duration>,
    /// How often each time is repeated (`sync_retries`).
    pub retries: u8,
    /// How long a node must have taken in connections before it takes back addresses by itself.
    pub warm: Duration,
}

impl SyncSettings {
    /// How long it takes until a node that has just come knows every connection that is in use.
    ///
    /// With a `refresh` a connection is told of with its first packet after that time (or half of
    /// its timeout, 450 s for TCP, and at least 10 s; `ip_vs_sync_conn_needed` in `ip_vs_sync.c`),
    /// so that of those with a packet in each `refresh` all are told of within two. What is to be
    /// told waits up to 2 s for more (`IPVS_SYNC_FLUSH_TIME`); as long again is for what has to be
    /// told before it. With a `period` in packets no time is long enough for all: a minute is for
    /// those with a packet per second, at the default of 50.
    #[must_use]
    pub fn warm_by_default(refresh: Option<Duration>) -> Duration {
        refresh.map_or(Duration::from_secs(60), |refresh| 2 * refresh + Duration::from_secs(4))
    }
}

/// What a synchronisation daemon of the kernel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum SyncRole {
    /// It sends this node's connections.
    Master,
    /// It takes in those of others.
    Backup,
}

impl fmt::Display for SyncRole {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Master => "master",
            Self::Backup => "backup",
        })
    }
}

/// What a synchronisation daemon of the kernel is started with (`ipvs_sync_daemon_cfg` in
/// `net/ip_vs.h`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SyncDaemon {
    /// The interface of the multicast.
    pub interface: InterfaceName,
    /// Tells clusters on the same network apart; a backup with 0 takes in everybody's.
    pub id: u8,
    /// The multicast group.
    pub group: IpAddr,
    /// Its UDP port.
    pub port: NonZeroU16,
    /// Hops that a packet may make.
    pub ttl: NonZeroU8,
    /// Largest UDP payload in bytes; what the interface's MTU leaves when absent.
    pub max_payload: Option<NonZeroU16>,
}

impl SyncDaemon {
    /// Whether a running daemon, which always has a payload, is one that was started with this.
    #[must_use]
    pub fn is_run_by(&self, running: &Self) -> bool {
        let Self { max_payload, .. } = self;
        let payload = max_payload.or(running.max_payload);
        *running == Self { max_payload: payload, ..self.clone() }
    }
}

impl fmt::Display for SyncDaemon {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { interface, id, group, port, .. } = self;
        write!(formatter, "id {id} on {interface} to {group} port {port}")
    }
}
