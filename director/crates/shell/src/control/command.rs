//! What can be asked on the control socket.

use director_core::config::Weight;
use director_core::name::GroupName;
use director_core::order::Order;
use director_core::standing::Subject;
use serde::{Deserialize, Serialize};
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
    /// Read the configuration anew.
    Reload {
        /// Why.
        #[serde(default)]
        reason: String,
    },
}

impl Command {
    /// Whether it changes something.
    pub(super) fn is_order(&self) -> bool {
        let questions = matches!(self, Self::Status { .. } | Self::Explain { .. });
        !questions && !matches!(self, Self::Metrics | Self::Events)
    }

    /// The order for the director, and why it is given.
    pub(super) fn operation(self) -> Option<(Order, String)> {
        Some(match self {
            Self::Status { .. }
            | Self::Explain { .. }
            | Self::Metrics
            | Self::Events
            | Self::Reload { .. } => return None,
            Self::Handover { group, reason } => (Order::Handover { group }, reason),
            Self::Ready { group, reason } => (Order::Ready { group }, reason),
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
