//! What directors say to each other.
//!
//! A [`Beat`] is a value here. Its bytes and their authentication are in
//! [`crate::wire::heartbeat`]; what does not authenticate never becomes a `Beat`.

use crate::config::Digest;
#[cfg(feature = "serde")]
use crate::hexadecimal::Hexadecimal;
use crate::name::{GroupName, NodeName};
use crate::planted::{Bug, planted};
use crate::standing::Entry;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// One life of a director, from the start of its process to the end: a random number, never 0.
///
/// A receiver accepts an incarnation once it has seen a packet of it that names the receiver's own
/// incarnation ([`Body::heard`]), so that a recording of an earlier life proves nothing. (The same
/// idea as BFD's discriminators, RFC 5880 §6.3.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Hexadecimal", into = "Hexadecimal"))]
pub struct Incarnation(pub u64);

#[cfg(feature = "serde")]
crate::hexadecimal::through_text!(Incarnation);

impl fmt::Display for Incarnation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

/// Number of a link in the order of the configuration, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LinkId(pub u8);

/// One packet of the heartbeat protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Beat {
    /// What the packet is for.
    pub kind: Kind,
    /// Grows with every packet of an incarnation; no two packets have the same.
    pub sequence: u64,
    /// What the sender says of itself; shared by packets between which nothing changed.
    pub body: Arc<Body>,
}

/// What a packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Kind {
    /// The regular heartbeat, and whatever is news.
    Regular,
    /// The receiver is suspected to be dead and must answer at once.
    Ask,
    /// The answer to [`Kind::Ask`].
    Answer {
        /// The sequence number of the question: an answer that waited answers an older one.
        question: u64,
    },
    /// The sender has released everything and stops.
    Goodbye,
}

/// Releases of a group are counted modulo this.
pub const RELEASES: u8 = 16;

/// What a director says of itself in every packet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Body {
    /// The version of the packets that say this, see [`crate::wire::heartbeat`].
    ///
    /// Of a version that is newer than ours only what every version keeps is known: that the sender
    /// lives and whom it hears. It may own anything.
    pub version: u8,
    /// The sender.
    pub node: NodeName,
    /// The sender's present life.
    pub incarnation: Incarnation,
    /// Digest of the sender's configuration.
    pub config: Digest,
    /// The incarnation of each peer that the sender has heard last.
    pub heard: BTreeMap<NodeName, Incarnation>,
    /// What the sender claims to be for each group.
    pub claims: BTreeMap<GroupName, Claim>,
    /// How often in this life the sender has ceased to hold each group's addresses, modulo
    /// [`RELEASES`]; groups of which it never did are left out.
    ///
    /// Every packet says it, so that a claim and a release of which each word was lost are noticed
    /// with the first packet that is not.
    pub released: BTreeMap<GroupName, u8>,
    /// What was ordered for real servers: a few of the orders that the sender knows.
    pub orders: Vec<Entry>,
}

/// What a director claims to be for a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Claim {
    /// It has just started and listens; it will not take the group yet.
    Waiting,
    /// It has just started, found the addresses in its kernel, and keeps them until it has heard
    /// that another owns the group.
    Holding,
    /// It is ready to take the group.
    Standby,
    /// It is ready, outranks the owner, and asks for the group (failback).
    Wants,
    /// It was handed over by its operator; it takes the group only when nobody else would.
    Resting,
    /// None of the group's servers passes its checks there: it takes the group when nobody would
    /// to whom they do.
    Unserved,
    /// It was handed over by its operator, and none of the group's servers passes its checks there.
    RestingUnserved,
    /// It reaches no witness, or the group's interface has no carrier: it takes the group only when
    /// nobody else would.
    Unfit,
    /// It owns the group, or is about to.
    Active,
    /// It gives the group up but may still hold its addresses.
    Releasing,
    /// It will not take the group: it stops.
    Leaving,
}

impl Claim {
    /// Whether the sender may hold the group's addresses.
    #[must_use]
    pub fn may_hold(self) -> bool {
        if self == Self::Holding && planted(Bug::HoldingIgnored) {
            return false;
        }
        matches!(self, Self::Holding | Self::Active | Self::Releasing)
    }

    /// Whether the sender is ready to take the group now, and can serve it.
    #[must_use]
    pub const fn is_ready(self) -> bool {
        matches!(self, Self::Standby | Self::Wants)
    }

    /// How good a candidate the sender is for a group that nobody has; `None` when it has it, or
    /// will not take it.
    #[must_use]
    pub const fn merit(self) -> Option<Merit> {
        match self {
            Self::Waiting | Self::Standby | Self::Wants => Some(Merit::Ready),
            Self::Resting => Some(Merit::Resting),
            Self::Unserved => Some(Merit::Unserved),
            Self::RestingUnserved => Some(Merit::RestingUnserved),
            Self::Unfit => Some(Merit::Unfit),
            Self::Holding | Self::Active | Self::Releasing | Self::Leaving => None,
        }
    }
}

/// How good a candidate for a group is that nobody has, the best first. Of equals the priority
/// decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Merit {
    /// It would take the group at once, or as soon as it has listened.
    Ready,
    /// Its operator wants another to have the group.
    Resting,
    /// No server of the group passes its checks there.
    Unserved,
    /// Both.
    RestingUnserved,
    /// Nobody would reach the group there.
    Unfit,
}
