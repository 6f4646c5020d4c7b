//! What happens to a director.

use crate::alert::Undelivered;
use crate::beat::{Beat, LinkId};
use crate::cluster::Arrival;
use crate::config::{Config, VirtualAddress};
use crate::name::{AlertName, InterfaceName, NodeName};
use crate::observed::Snapshot;
use crate::order::Order;
use crate::plan::Step;
use crate::probe::{Outcome, Phases, Ticket};
use crate::standing::Subject;
use crate::vote::Answer;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

/// Something that happened, for [`crate::Director::handle`].
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The time of the next deadline has come.
    Deadline,
    /// A heartbeat packet with a valid authentication arrived.
    Beat {
        /// Over which link.
        link: LinkId,
        /// What it said.
        beat: Beat,
    },
    /// A packet arrived on the heartbeat port that is not to be believed.
    Rejected {
        /// Over which link.
        link: LinkId,
        /// From where.
        from: IpAddr,
        /// What is wrong with it.
        why: Rejection,
        /// Whether its sender may own a group, by its own unproven word.
        owns: bool,
    },
    /// A packet of VRRP's protocol arrived.
    Advert(Arrival),
    /// A probe ended by itself.
    ProbeFinished {
        /// Which.
        ticket: Ticket,
        /// How.
        outcome: Outcome,
        /// How long its parts took.
        phases: Phases,
    },
    /// The applier has finished one pass.
    Reconciled(Reconciled),
    /// An interface of ours got or lost its carrier, or an address of ours changed.
    LinkChanged {
        /// Which.
        interface: InterfaceName,
        /// Whether it has carrier now.
        up: bool,
    },
    /// A witness answered.
    WitnessAnswered {
        /// Which.
        witness: IpAddr,
        /// Which question.
        question: u64,
    },
    /// The voter answered, under the cluster's key.
    VoterAnswered(Answer),
    /// The fencing of a peer has ended.
    Fenced {
        /// Which.
        peer: NodeName,
        /// Whether it is off now; if not, why not, in words.
        result: Result<(), String>,
    },
    /// The delivery of an alert has ended.
    AlertEnded {
        /// By which channel.
        channel: AlertName,
        /// The alert's number.
        number: u64,
        /// Whether it was delivered; if not, why not.
        result: Result<(), Undelivered>,
    },
    /// The kernel told of a change that somebody made.
    KernelChanged,
    /// A new, valid configuration is to be used.
    Reload(Arc<Config>),
    /// The operator asks for something.
    Order(Order),
    /// The real servers for which this node has a maintenance file have changed.
    MaintenanceFiles(BTreeSet<Subject>),
    /// The operator, or the service manager, asks for an orderly stop.
    Stop,
}

/// Why a packet on the heartbeat port is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Rejection {
    /// It is not of this protocol, or cut short.
    Malformed,
    /// It is of a version that this release does not know.
    Version,
    /// It belongs to another cluster.
    OtherCluster,
    /// Its authentication does not fit the key.
    Authentication,
}

impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Malformed => "not a heartbeat packet",
            Self::Version => "of an unknown protocol version",
            Self::OtherCluster => "of another cluster",
            Self::Authentication => "authentication does not fit our key",
        })
    }
}

/// Why a heartbeat packet changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Ignored {
    /// It is not of this protocol, or cut short.
    Malformed,
    /// It is of a version that this release does not know.
    Version,
    /// It belongs to another cluster.
    OtherCluster,
    /// Its authentication does not fit the key.
    Authentication,
    /// No director of the configuration has this name.
    Stranger,
    /// It was heard before, or is of a life that is over.
    Replayed,
    /// It does not name this life of ours: it may be a recording, or its sender has just started.
    Unproven,
}

impl From<Rejection> for Ignored {
    fn from(why: Rejection) -> Self {
        match why {
            Rejection::Malformed => Self::Malformed,
            Rejection::Version => Self::Version,
            Rejection::OtherCluster => Self::OtherCluster,
            Rejection::Authentication => Self::Authentication,
        }
    }
}

impl Ignored {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Malformed,
        Self::Version,
        Self::OtherCluster,
        Self::Authentication,
        Self::Stranger,
        Self::Replayed,
        Self::Unproven,
    ];

    /// Its name in metrics and in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Version => "version",
            Self::OtherCluster => "other-cluster",
            Self::Authentication => "authentication",
            Self::Stranger => "stranger",
            Self::Replayed => "replayed",
            Self::Unproven => "unproven",
        }
    }
}

/// What one pass of the applier did and found.
#[derive(Clone, Debug, PartialEq)]
pub struct Reconciled {
    /// Number of the newest desired state that the pass knew.
    pub number: u64,
    /// Steps that were carried out, in order.
    pub done: Vec<Step>,
    /// Steps that the kernel refused; they will be tried again.
    pub failed: Vec<FailedStep>,
    /// What the kernel holds after the pass, or why it could not be asked.
    pub found: Result<Arc<Snapshot>, String>,
}

/// A step that the kernel refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct FailedStep {
    /// What was tried.
    pub step: Step,
    /// What the kernel said, in words.
    pub why: String,
}

impl Reconciled {
    /// Whether the kernel holds `address`, as far as this pass found out.
    #[must_use]
    pub fn holds(&self, address: &VirtualAddress) -> bool {
        self.found.as_ref().is_ok_and(|found| found.addresses.contains_key(address))
    }
}
