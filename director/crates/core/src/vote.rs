//! What directors ask a voter, and what it says.
//!
//! A voter is a third machine that grants each group of addresses to one director at a time at the
//! most. [`crate::voter`] decides, [`crate::wire::voter`] has the bytes.

use crate::beat::Incarnation;
use crate::name::{GroupName, NodeName};
use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

/// What a director asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Who asks.
    pub node: NodeName,
    /// Its present life.
    pub incarnation: Incarnation,
    /// The life of the voter that it knows of; `None` before the first answer.
    pub voter: Option<Incarnation>,
    /// Grows with every question of a life.
    pub number: u64,
    /// For how long what is granted is to be granted to nobody else.
    pub term: Duration,
    /// The groups whose addresses it may hold.
    pub holds: BTreeSet<GroupName>,
    /// The groups that it would take if they were granted to it.
    pub wants: BTreeSet<GroupName>,
}

/// What the voter says to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Answer {
    /// Who asked.
    pub node: NodeName,
    /// In which life.
    pub incarnation: Incarnation,
    /// The number of the question.
    pub number: u64,
    /// The voter's present life.
    pub voter: Incarnation,
    /// The groups that are the asker's for the term that it named, from now on.
    pub granted: BTreeSet<GroupName>,
    /// The groups that are another's.
    pub refused: BTreeMap<GroupName, NodeName>,
}
