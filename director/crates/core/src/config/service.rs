//! Virtual services, their real servers and their checks.

use super::dialogue::Dialogue;
use super::policy::{Pace, Policy};
use super::{Forward, Hook, ServiceKey, ServiceSettings, Thresholds, Traffic};
use alloc::collections::{BTreeMap, BTreeSet};
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::num::{NonZeroU8, NonZeroU16};
use core::time::Duration;

/// A virtual service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Service {
    /// What clients connect to.
    pub key: ServiceKey,
    /// The packets that get the firewall mark of `key`, when the director itself marks them.
    pub marked: BTreeSet<Traffic>,
    /// How connections are spread.
    pub settings: ServiceSettings,
    /// How packets reach the real servers, unless a server has a method of its own.
    pub forward: Forward,
    /// How the real servers are checked.
    pub check: Check,
    /// What happens to a real server that fails its check.
    pub on_failure: OnFailure,
    /// Who serves when no real server can.
    pub fallback: Option<SocketAddr>,
    /// What is run when no usable server is left (`start`), and when one is again (`stop`).
    pub fallback_command: Option<Hook>,
    /// The real servers, by address. The port is 0 where a firewall mark's packets keep theirs.
    pub servers: BTreeMap<SocketAddr, Server>,
    /// What is made of their states.
    pub policy: Policy,
    /// How long a server that leaves the configuration may still serve its connections.
    pub drain: Duration,
}

/// A real server of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Server {
    /// Its share of the connections.
    pub weight: Weight,
    /// How packets reach it, when not as the service says.
    pub forward: Option<Forward>,
    /// Between which numbers of connections it is overloaded.
    pub thresholds: Thresholds,
}

impl From<Weight> for Server {
    fn from(weight: Weight) -> Self {
        Self { weight, forward: None, thresholds: Thresholds::NONE }
    }
}

impl Service {
    /// How packets reach a server; one that is not configured is reached as the service says.
    #[must_use]
    pub fn forward_of(&self, server: &SocketAddr) -> Forward {
        self.servers.get(server).and_then(|server| server.forward).unwrap_or(self.forward)
    }

    /// Whether it speaks of the server, as one of its own or as its fallback.
    #[must_use]
    pub fn names(&self, server: &SocketAddr) -> bool {
        self.servers.contains_key(server) || self.fallback.as_ref() == Some(server)
    }

    /// The virtual addresses whose packets it takes, as far as the configuration tells.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let marked = self.marked.iter().map(|traffic| traffic.to);
        self.key.address().into_iter().chain(marked).map(|address| address.ip())
    }
}

/// A real server's share: 0 (no new connections) to 65,535, as `ipvsadm -w` takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Weight(pub u16);

impl Weight {
    /// No new connections.
    pub const ZERO: Self = Self(0);
    /// The share of a fallback server, and of a server without a configured weight.
    pub const ONE: Self = Self(1);
}

impl fmt::Display for Weight {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// What happens to a real server that fails its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum OnFailure {
    /// It stays in the table with weight 0: established connections go on, new ones go elsewhere.
    Quiesce,
    /// It leaves the table: established connections end.
    Remove,
}

/// A health check.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Check {
    /// What is said to the server and what it must answer.
    pub dialogue: Dialogue,
    /// By which way the server is reached.
    pub via: Via,
    /// The port that is asked, when it is not the server's own.
    pub port: Option<NonZeroU16>,
    /// Between the starts of two checks of one server.
    pub interval: Duration,
    /// For the whole check, from connecting to the last byte.
    pub timeout: Duration,
    /// Failures in a row that take a server out.
    pub fall: NonZeroU8,
    /// Successes in a row that put it back.
    pub rise: NonZeroU8,
    /// How often a server is asked that is not simply up, and what it is at first.
    pub pace: Pace,
}

/// By which way a check reaches a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Via {
    /// To the server's own address.
    #[default]
    Server,
    /// To the virtual address, by the service's forwarding method, as clients' packets do.
    Service,
}
