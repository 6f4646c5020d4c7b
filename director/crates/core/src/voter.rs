//! The voter: who of those that have lost each other may own a group.
//!
//! ```text
//!            somebody asks for it, or holds it        its holder asks again, and names it
//!   free ──────────────────────────────────► granted ◄──────┐
//!     ▲                                        │   └────────┘
//!     └────────────────────────────────────────┘
//!       the term is over, or the holder asks again and does not name it
//! ```
//!
//! One rule makes it sound: while a group is granted, nobody else gets it. Who asks first has it
//! for a term, and each further question begins the term anew. So a standby gets a group one term
//! after the owner's last question at the earliest, and an owner that comes back later is told
//! whose it is.
//!
//! A voter that has just started does not know what it granted before. For one term it lets those
//! have a group who hold it, and nobody who would take it.
//!
//! Questions are believed as heartbeats are: a life of a director counts once it has named this
//! life of the voter, which no recording of an earlier one does; a life that is over never counts
//! again, and no number counts twice. Who is not believed yet is answered, so that it can name this
//! life.

use crate::beat::Incarnation;
use crate::name::{GroupName, NodeName};
use crate::planted::{Bug, planted};
use crate::time::Instant;
use crate::vote::{Answer, Question};
use alloc::collections::{BTreeMap, VecDeque};

/// Lives of a director that are over and are remembered.
const LIVES: usize = 64;
/// Directors, and groups, of which a voter keeps something; a cluster has fewer.
const MOST: usize = 4_096;

/// A voter's memory.
#[derive(Clone, Debug)]
pub struct Voter {
    life: Incarnation,
    started: Instant,
    askers: BTreeMap<NodeName, Asker>,
    grants: BTreeMap<GroupName, Grant>,
}

/// What is known of a director.
#[derive(Clone, Debug)]
struct Asker {
    incarnation: Incarnation,
    newest: u64,
    over: VecDeque<Incarnation>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Grant {
    node: NodeName,
    until: Instant,
}

/// How far a question is believed.
enum Credit {
    /// It was seen, or is of a life that is over.
    Stale,
    /// It may be a recording: it does not name this life.
    Unproven,
    Believed,
}

impl Voter {
    /// A voter whose life begins now.
    #[must_use]
    pub fn new(life: Incarnation, now: Instant) -> Self {
        Self { life, started: now, askers: BTreeMap::new(), grants: BTreeMap::new() }
    }

    /// Who has the group now.
    #[must_use]
    pub fn holder(&self, group: &GroupName, now: Instant) -> Option<&NodeName> {
        self.grants.get(group).filter(|grant| now < grant.until).map(|grant| &grant.node)
    }

    /// The groups that are granted now, and to whom.
    pub fn granted(&self, now: Instant) -> impl Iterator<Item = (&GroupName, &NodeName)> {
        let lasting = self.grants.iter().filter(move |(_, grant)| now < grant.until);
        lasting.map(|(group, grant)| (group, &grant.node))
    }

    /// Decides a question. `None` for one that was seen before: it gets no answer.
    pub fn answer(&mut self, question: &Question, now: Instant) -> Option<Answer> {
        let mut answer = Answer {
            node: question.node.clone(),
            incarnation: question.incarnation,
            number: question.number,
            voter: self.life,
            granted: [].into(),
            refused: [].into(),
        };
        match self.credit(question) {
            Credit::Stale => return None,
            Credit::Unproven => return Some(answer),
            Credit::Believed => {}
        }
        self.grants.retain(|group, grant| {
            let named = question.holds.contains(group) || question.wants.contains(group);
            now < grant.until && (named || grant.node != question.node)
        });
        let fresh = now < self.started + question.term;
        let groups = question.holds.iter().map(|group| (group, true));
        for (group, holds) in groups.chain(question.wants.iter().map(|group| (group, false))) {
            match self.grants.get(group).filter(|grant| grant.node != question.node) {
                Some(other) if !planted(Bug::VoterGrantsTwice) => {
                    answer.refused.insert(group.clone(), other.node.clone());
                }
                // What another may hold is not known yet.
                _ if fresh && !holds => {}
                _ if self.grants.len() >= MOST && !self.grants.contains_key(group) => {}
                _ => {
                    let until = now + question.term;
                    let grant = Grant { node: question.node.clone(), until };
                    self.grants.insert(group.clone(), grant);
                    answer.granted.insert(group.clone());
                }
            }
        }
        Some(answer)
    }

    fn credit(&mut self, question: &Question) -> Credit {
        let Some(asker) = self.askers.get_mut(&question.node) else {
            let proven = question.voter == Some(self.life) && self.askers.len() < MOST;
            if proven {
                self.askers.insert(question.node.clone(), Asker::new(question));
            }
            return if proven { Credit::Believed } else { Credit::Unproven };
        };
        if asker.incarnation == question.incarnation {
            if question.number <= asker.newest {
                return Credit::Stale;
            }
            asker.newest = question.number;
            return Credit::Believed;
        }
        if asker.over.contains(&question.incarnation) {
            return Credit::Stale;
        }
        if question.voter != Some(self.life) {
            return Credit::Unproven;
        }
        let over = core::mem::replace(asker, Asker::new(question));
        asker.over = over.over;
        asker.over.push_back(over.incarnation);
        if asker.over.len() > LIVES {
            asker.over.pop_front();
        }
        Credit::Believed
    }
}

impl Asker {
    fn new(question: &Question) -> Self {
        let Question { incarnation, number, .. } = *question;
        Self { incarnation, newest: number, over: VecDeque::new() }
    }
}

#[cfg(test)]
mod tests;
