//! What directors say to each other.
//!
//! A [`Beat`] is a value here. Its bytes and their authentication are in
//! [`crate::wire::heartbeat`]; what does not authenticate never becomes a `Beat`.

use crate::config::Digest;
#[cfg(feature = "serde")]
use crate::hexadecimal::Hexadecimal;
use crate::name::{GroupName, NodeName};
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
    Answer,
    /// The sender has released everything and stops.
    Goodbye,
}

/// What a director says of itself in every packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
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
    pub const fn may_hold(self) -> bool {
        matches!(self, Self::Holding | Self::Active | Self::Releasing)
    }

    /// Whether the sender is ready to take the group now.
    #[must_use]
    pub const fn is_ready(self) -> bool {
        matches!(self, Self::Standby | Self::Wants)
    }

    /// Whether the sender would take the group if nobody had it, now or as soon as it has listened.
    #[must_use]
    pub const fn may_come(self) -> bool {
        matches!(self, Self::Waiting | Self::Standby | Self::Wants)
    }
}
