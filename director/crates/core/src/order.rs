//! What the operator may ask of a running director, and why it may refuse.

use crate::config::Weight;
use crate::name::{GroupName, NodeName, ServiceName};
use crate::standing::Subject;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

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
    /// Be no owner while a peer can be: hand over what this node owns, and rest in every case.
    Standby {
        /// The group.
        group: Option<GroupName>,
    },
    /// Give a real server no new connections; those that it has go on.
    Drain {
        /// Which.
        server: Subject,
        /// When it leaves the table, which ends the connections that are left; never when absent.
        #[cfg_attr(
            feature = "serde",
            serde(rename = "deadline_ms", default, with = "crate::millis")
        )]
        deadline: Option<Duration>,
        /// Also when a service would be left without a usable server.
        #[cfg_attr(feature = "serde", serde(default))]
        force: bool,
    },
    /// End a drain.
    Undrain {
        /// Which.
        server: Subject,
    },
    /// Give a real server no new connections and do not check it.
    Maintenance {
        /// Which.
        server: Subject,
        /// Whether it begins or ends. A server that comes back must pass a check first.
        on: bool,
        /// Also when a service would be left without a usable server.
        #[cfg_attr(feature = "serde", serde(default))]
        force: bool,
    },
    /// Give a real server another weight than the configuration does.
    Weight {
        /// Which.
        server: Subject,
        /// The weight; the configuration's when absent.
        #[cfg_attr(feature = "serde", serde(default))]
        weight: Option<Weight>,
    },
}

impl fmt::Display for Order {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handover { group: None } => write!(formatter, "hand over every group"),
            Self::Handover { group: Some(group) } => write!(formatter, "hand over group {group}"),
            Self::Ready { group: None } => write!(formatter, "be ready for every group"),
            Self::Ready { group: Some(group) } => write!(formatter, "be ready for group {group}"),
            Self::Standby { group: None } => write!(formatter, "stand by for every group"),
            Self::Standby { group: Some(group) } => write!(formatter, "stand by for group {group}"),
            Self::Drain { server, deadline: None, .. } => write!(formatter, "drain {server}"),
            Self::Drain { server, deadline: Some(deadline), .. } => {
                write!(formatter, "drain {server} within {} s", deadline.as_secs())
            }
            Self::Undrain { server } => write!(formatter, "end the drain of {server}"),
            Self::Maintenance { server, on: true, .. } => {
                write!(formatter, "begin maintenance of {server}")
            }
            Self::Maintenance { server, .. } => write!(formatter, "end maintenance of {server}"),
            Self::Weight { server, weight: Some(weight) } => {
                write!(formatter, "give {server} the weight {weight}")
            }
            Self::Weight { server, weight: None } => {
                write!(formatter, "give {server} its configured weight")
            }
        }
    }
}

/// Who asks, and why, for the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Author {
    /// Who.
    pub who: String,
    /// Why, in the author's words; empty when none were given.
    pub why: String,
}

impl fmt::Display for Author {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = if self.who.is_empty() { "the operator" } else { &self.who };
        if self.why.is_empty() {
            formatter.write_str(who)
        } else {
            write!(formatter, "{who}: {}", self.why)
        }
    }
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
    /// This node is just taking the group.
    Taking {
        /// The group.
        group: GroupName,
    },
    /// No peer is ready to take the group: it would be left without owner.
    NobodyReady {
        /// The group.
        group: GroupName,
        /// Peers that would be, but rest because an operator has said so.
        resting: Vec<NodeName>,
    },
    /// No service has such a real server.
    NoServer {
        /// What was asked for.
        server: Subject,
    },
    /// No usable server would be left.
    LastServer {
        /// In which service.
        service: ServiceName,
    },
    /// This node has just started: what its peers know of earlier orders would contradict this one.
    Listening,
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
            Self::Taking { group } => {
                write!(formatter, "this node is just taking the group {group}: try again")
            }
            Self::NobodyReady { group, resting } if !resting.is_empty() => {
                let names: Vec<&str> = resting.iter().map(NodeName::as_str).collect();
                let names = names.join(", ");
                write!(
                    formatter,
                    "no peer is ready to take the group {group}: {names} rests since a handover or \
                     `standby`; run `director ready` there first"
                )
            }
            Self::NobodyReady { group, .. } => write!(
                formatter,
                "no peer is ready to take the group {group}: it would be left without owner; \
                 `director status` shows the peers"
            ),
            Self::NoServer { server } => {
                write!(
                    formatter,
                    "no service has the server {server}; `director status` lists them"
                )
            }
            Self::LastServer { service } => write!(
                formatter,
                "service {service} would be left without a usable server; --force does it anyway"
            ),
            Self::Listening => write!(
                formatter,
                "this director has just started and still listens to what its peers know; \
                 try again in a few seconds"
            ),
            Self::Stopping => write!(formatter, "this director is stopping"),
        }
    }
}

impl core::error::Error for Refusal {}
