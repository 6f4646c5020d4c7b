//! What happens to a director.

use crate::beat::{Beat, LinkId};
use crate::config::{Config, VirtualAddress};
use crate::name::{InterfaceName, NodeName};
use crate::observed::Snapshot;
use crate::order::Order;
use crate::plan::Step;
use crate::probe::{Outcome, Ticket};
use crate::standing::Subject;
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
    /// A probe ended by itself.
    ProbeFinished {
        /// Which.
        ticket: Ticket,
        /// How.
        outcome: Outcome,
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
    /// The fencing of a peer has ended.
    Fenced {
        /// Which.
        peer: NodeName,
        /// Whether it is off now; if not, why not, in words.
        result: Result<(), String>,
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
