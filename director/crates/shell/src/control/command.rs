//! What can be asked on the control socket.

use director_core::alter::{Alteration, Change};
use director_core::config::Weight;
use director_core::name::{GroupName, ServiceName};
use director_core::order::Order;
use director_core::standing::Subject;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;

/// Version of the protocol.
pub const VERSION: u32 = 1;

/// A question or an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    /// What everything looks like.
    Status {
        /// In which form.
        #[serde(default)]
        format: Shape,
    },
    /// Why a server, service, group, address or node is as it is.
    Explain {
        /// Which: its name or address.
        subject: String,
        /// In which form.
        #[serde(default)]
        format: Shape,
    },
    /// All metrics, in the text form of OpenMetrics.
    Metrics,
    /// What IPVS has counted for every server of ours.
    Counters,
    /// Every event from now on, one line each, until the connection ends.
    Events,
    /// Give a group to a peer and rest; every owned group when none is named.
    Handover {
        /// The group.
        #[serde(default)]
        group: Option<GroupName>,
        /// Why, for the log.
        #[serde(default)]
        reason: String,
    },
    /// End the rest that a handover began.
    Ready {
        /// The group.
        #[serde(default)]
        group: Option<GroupName>,
        /// Why, for the log.
        #[serde(default)]
        reason: String,
    },
    /// Be no owner while a peer can be; for every group when none is named.
    Standby {
        /// The group.
        #[serde(default)]
        group: Option<GroupName>,
        /// Why, for the log.
        #[serde(default)]
        reason: String,
    },
    /// Give a real server no new connections.
    Drain {
        /// Which: `10.0.0.21`, `10.0.0.21:80`, `http/10.0.0.21`.
        server: Subject,
        /// When it leaves the table.
        #[serde(default)]
        deadline_ms: Option<u64>,
        /// Also when a service would be left without a usable server.
        #[serde(default)]
        force: bool,
        /// Why, for the log and for the status.
        #[serde(default)]
        reason: String,
    },
    /// End a drain.
    Undrain {
        /// Which.
        server: Subject,
        /// Why.
        #[serde(default)]
        reason: String,
    },
    /// Begin or end maintenance of a real server.
    Maintenance {
        /// Which.
        server: Subject,
        /// Whether it begins.
        on: bool,
        /// Also when a service would be left without a usable server.
        #[serde(default)]
        force: bool,
        /// Why.
        #[serde(default)]
        reason: String,
    },
    /// Give a real server another weight than the configuration does.
    Weight {
        /// Which.
        server: Subject,
        /// The weight; the configuration's when absent.
        #[serde(default)]
        weight: Option<u16>,
        /// Why.
        #[serde(default)]
        reason: String,
    },
    /// Add a real server to a service.
    AddServer {
        /// The service.
        service: ServiceName,
        /// The server's address.
        address: IpAddr,
        /// Its port; the service's when absent.
        #[serde(default)]
        port: Option<u16>,
        /// Its weight; 1 when absent.
        #[serde(default = "one")]
        weight: u16,
        /// Why.
        #[serde(default)]
        reason: String,
    },
    /// Remove a real server from a service, after its drain.
    RemoveServer {
        /// The service.
        service: ServiceName,
        /// The server's address.
        address: IpAddr,
        /// Its port; the service's when absent.
        #[serde(default)]
        port: Option<u16>,
        /// Also when it is the service's only one.
        #[serde(default)]
        force: bool,
        /// Why.
        #[serde(default)]
        reason: String,
    },
    /// What was added and removed so, and the digest of the configuration that was read.
    Altered,
    /// Read the configuration anew.
    Reload {
        /// Why.
        #[serde(default)]
        reason: String,
    },
}

fn one() -> u16 {
    1
}

impl Command {
    /// Whether it changes something.
    pub(super) fn is_order(&self) -> bool {
        let questions = matches!(self, Self::Status { .. } | Self::Explain { .. });
        !questions && !matches!(self, Self::Metrics | Self::Counters | Self::Events | Self::Altered)
    }

    /// What it does to a service's servers, and why.
    pub(super) fn alteration(&self) -> Option<(Alteration, String)> {
        let (service, address, port, change, reason) = match self {
            Self::AddServer { service, address, port, weight, reason } => {
                (service, address, port, Change::Add { weight: Weight(*weight) }, reason)
            }
            Self::RemoveServer { service, address, port, force, reason } => {
                (service, address, port, Change::Remove { force: *force }, reason)
            }
            _ => return None,
        };
        let (service, address, port) = (service.clone(), *address, *port);
        Some((Alteration { service, address, port, change }, reason.clone()))
    }

    /// The order for the director, and why it is given.
    pub(super) fn operation(self) -> Option<(Order, String)> {
        Some(match self {
            Self::Status { .. }
            | Self::Explain { .. }
            | Self::Metrics
            | Self::Counters
            | Self::Events
            | Self::Altered
            | Self::AddServer { .. }
            | Self::RemoveServer { .. }
            | Self::Reload { .. } => return None,
            Self::Handover { group, reason } => (Order::Handover { group }, reason),
            Self::Ready { group, reason } => (Order::Ready { group }, reason),
            Self::Standby { group, reason } => (Order::Standby { group }, reason),
            Self::Drain { server, deadline_ms, force, reason } => {
                let deadline = deadline_ms.map(Duration::from_millis);
                (Order::Drain { server, deadline, force }, reason)
            }
            Self::Undrain { server, reason } => (Order::Undrain { server }, reason),
            Self::Maintenance { server, on, force, reason } => {
                (Order::Maintenance { server, on, force }, reason)
            }
            Self::Weight { server, weight, reason } => {
                (Order::Weight { server, weight: weight.map(Weight) }, reason)
            }
        })
    }
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// For programs.
    #[default]
    Json,
    /// For people.
    Text,
}
