//! What the operator may ask of a running director, and why it may refuse.

use crate::name::{GroupName, NodeName};
use core::fmt;

/// A request. Without a group it is for every group for which it makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case", tag = "order"))]
pub enum Order {
    /// Give a group that this node owns to a peer, and do not take it again while a peer is ready.
    Handover {
        /// The group.
        group: Option<GroupName>,
    },
    /// End the rest that a handover began.
    Ready {
        /// The group.
        group: Option<GroupName>,
    },
}

/// Why an order is not carried out. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such group.
    NoGroup {
        /// What was asked for.
        group: GroupName,
    },
    /// This node does not own the group.
    NotOwner {
        /// The group.
        group: GroupName,
        /// Who does, as far as is known.
        owner: Option<NodeName>,
    },
    /// This node owns no group.
    OwnsNothing,
    /// No peer is ready to take the group: it would be left without owner.
    NobodyReady {
        /// The group.
        group: GroupName,
    },
    /// The director is stopping.
    Stopping,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoGroup { group } => {
                write!(formatter, "there is no group {group}; `director status` lists them")
            }
            Self::NotOwner { group, owner: Some(owner) } => {
                write!(formatter, "{owner} owns the group {group}: run this there")
            }
            Self::NotOwner { group, owner: None } => {
                write!(formatter, "nobody owns the group {group}, as far as this node knows")
            }
            Self::OwnsNothing => {
                write!(formatter, "this node owns no group: run this on the one that does")
            }
            Self::NobodyReady { group } => write!(
                formatter,
                "no peer is ready to take the group {group}: it would be left without owner; \
                 `director status` shows the peers"
            ),
            Self::Stopping => write!(formatter, "this director is stopping"),
        }
    }
}

impl core::error::Error for Refusal {}
