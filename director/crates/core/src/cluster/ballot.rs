//! What this node asks the voter, and what the voter has said.
//!
//! With a voter nothing is taken because of a silent peer unless the voter has granted it in answer
//! to a question that was sent since the silence began, and its term has not run out since that
//! question, and no later question has left the group out: with that the voter is free to grant it
//! to another. An owner whose group is another's by the voter's word gives it up, unless it hears
//! that other itself. A voter that does not answer decides nothing: the other witnesses do.

use super::{Cluster, Out};
use crate::beat::Incarnation;
use crate::config::{Config, Detection};
use crate::effect::Effect;
use crate::name::{GroupName, NodeName};
use crate::planted::{Bug, planted};
use crate::report::Role;
use crate::time::Instant;
use crate::vote::{Answer, Question};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::net::SocketAddr;
use core::time::Duration;

/// Questions that are remembered.
const QUESTIONS_MAX: usize = 64;

/// The voter, and what it has said.
#[derive(Clone, Debug)]
pub(super) struct Ballot {
    voter: Option<SocketAddr>,
    /// The voter's life, once it is known.
    life: Option<Incarnation>,
    term: Duration,
    /// Without an answer for this long the voter decides nothing.
    patience: Duration,
    number: u64,
    asked: VecDeque<(u64, Instant)>,
    asked_at: Option<Instant>,
    /// The groups that were wanted in the last question.
    wanted: BTreeSet<GroupName>,
    answered_at: Instant,
    /// When the question was sent to which the last answer belongs.
    sent: Option<Instant>,
    granted: BTreeSet<GroupName>,
    refused: BTreeMap<GroupName, NodeName>,
    /// The number of that question.
    answered: u64,
    /// By group, the newest question that did not name it.
    left_out: BTreeMap<GroupName, u64>,
}

impl Ballot {
    /// Whether there is a voter to be asked.
    pub(super) fn is_held(&self) -> bool {
        self.voter.is_some()
    }

    pub(super) fn new(config: &Config, now: Instant) -> Self {
        let cluster = &config.cluster;
        let term = match cluster.detection {
            Detection::Ask { late, .. } => late,
            Detection::Deadtime => cluster.keepalive * 5 / 4,
        };
        Self {
            voter: cluster.voter,
            life: None,
            term,
            patience: cluster.deadtime.max(cluster.keepalive * 3),
            number: 0,
            asked: VecDeque::new(),
            asked_at: None,
            wanted: BTreeSet::new(),
            answered_at: now,
            sent: None,
            granted: BTreeSet::new(),
            refused: BTreeMap::new(),
            answered: 0,
            left_out: BTreeMap::new(),
        }
    }

    /// Whether there is a voter that decides; one that does not answer leaves it to others, if
    /// there are some.
    fn decides(&self, others: bool, now: Instant) -> bool {
        self.voter.is_some() && (!others || self.is_heard(now))
    }

    fn is_heard(&self, now: Instant) -> bool {
        now < self.answered_at + self.patience
    }

    fn is_granted(&self, group: &GroupName, since: Option<Instant>, now: Instant) -> bool {
        let valid =
            |sent: Instant| now < sent + self.term && since.is_none_or(|since| sent >= since);
        let let_go = self.left_out.get(group).is_some_and(|number| *number > self.answered);
        self.granted.contains(group) && self.sent.is_some_and(valid) && !let_go
    }

    /// Whether the voter has answered of late; `None` without a voter.
    pub(super) fn answers(&self, now: Instant) -> Option<bool> {
        self.voter.map(|_| self.sent.is_some() && self.is_heard(now))
    }

    /// Uses the voter of another configuration.
    pub(super) fn reload(&mut self, config: &Config, now: Instant) {
        let fresh = Self::new(config, now);
        if fresh.voter == self.voter {
            (self.term, self.patience) = (fresh.term, fresh.patience);
        } else {
            // No number is used twice in a life: another voter may know the ones before.
            *self = Self { number: self.number, ..fresh };
        }
    }
}

/// What the voter has said, as far as it matters now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Votes<'a> {
    ballot: &'a Ballot,
    /// Since when the last of the silent peers is silent, if some are.
    silent: Option<Option<Instant>>,
    /// Whether there are other witnesses.
    others: bool,
}

impl<'a> Votes<'a> {
    /// Whether this node may take the group as far as the voter is concerned.
    pub(super) fn grant(self, group: &GroupName, now: Instant) -> bool {
        let Some(since) = self.silent else { return true };
        let decides = self.ballot.decides(self.others, now) && !planted(Bug::VoteUnasked);
        !decides || self.ballot.is_granted(group, since, now)
    }

    /// Who has the group instead of this node, by the last answer.
    pub(super) fn holder(self, group: &GroupName) -> Option<&'a NodeName> {
        self.ballot.refused.get(group).filter(|_| !planted(Bug::RefusalIgnored))
    }
}

impl Cluster {
    pub(super) fn votes(&self) -> Votes<'_> {
        let others = self.witnesses.some_hosts();
        Votes { ballot: &self.ballot, silent: self.silent_since(), others }
    }

    /// Asks the voter about everything that this node holds or would take.
    pub(super) fn ask_voter(&mut self, now: Instant, out: &mut Out) {
        let Some(voter) = self.ballot.voter else { return };
        let holds = self.groups.iter().filter(|group| group.claim().may_hold());
        let holds: BTreeSet<_> = holds.map(|group| group.name.clone()).collect();
        let wants = self.groups.iter().filter(|group| group.barred && group.role == Role::Standby);
        let ballot = &mut self.ballot;
        ballot.wanted = wants.map(|group| group.name.clone()).collect();
        ballot.number += 1;
        for group in &self.groups {
            if !holds.contains(&group.name) && !ballot.wanted.contains(&group.name) {
                ballot.left_out.insert(group.name.clone(), ballot.number);
            }
        }
        ballot.asked_at = Some(now);
        ballot.asked.push_back((ballot.number, now));
        if ballot.asked.len() > QUESTIONS_MAX {
            ballot.asked.pop_front();
        }
        let question = Question {
            node: self.us.clone(),
            incarnation: self.incarnation,
            voter: ballot.life,
            number: ballot.number,
            term: ballot.term,
            holds,
            wants: ballot.wanted.clone(),
        };
        out.effects.push_back(Effect::AskVoter { voter, question: Box::new(question) });
    }

    /// The same, unless it was asked within the last half of an interval.
    pub(super) fn ask_voter_again(&mut self, now: Instant, out: &mut Out) {
        let pause = self.settings.keepalive / 2;
        let recent = self.ballot.asked_at.is_some_and(|at| now < at + pause);
        let urgent = self.groups.iter().any(|group| group.barred && group.role == Role::Standby);
        if !recent || urgent {
            self.ask_voter(now, out);
        }
    }

    /// The voter answered.
    pub(crate) fn voter_answered(&mut self, answer: Answer, now: Instant, out: &mut Out) {
        let ballot = &mut self.ballot;
        let ours = answer.node == self.us && answer.incarnation == self.incarnation;
        let place = ballot.asked.iter().position(|(number, _)| *number == answer.number);
        let Some((_, sent)) = place.filter(|_| ours).and_then(|place| ballot.asked.get(place))
        else {
            return;
        };
        let sent = *sent;
        // Each question is answered once, and what an older one was answered is outdated.
        ballot.asked.drain(..=place.unwrap_or_default());
        let met = ballot.life != Some(answer.voter);
        ballot.life = Some(answer.voter);
        ballot.answered_at = now;
        (ballot.sent, ballot.answered) = (Some(sent), answer.number);
        self.stirred |= ballot.granted != answer.granted || ballot.refused != answer.refused;
        (ballot.granted, ballot.refused) = (answer.granted, answer.refused);
        self.stirred |= self.groups.iter().any(|group| group.barred);
        self.heard_of_the_world(sent, now, out);
        if met {
            self.ask_voter(now, out);
        }
    }

    /// The group would be taken if the voter granted it.
    pub(super) fn want_vote(&mut self, group: &GroupName, now: Instant, out: &mut Out) {
        if !self.ballot.wanted.contains(group) {
            return self.ask_voter(now, out);
        }
        let refused = self.ballot.refused.contains_key(group);
        let pause = self.settings.keepalive / if refused { 4 } else { 10 };
        let asked_at = self.ballot.asked_at.unwrap_or(now);
        self.witnesses.hurry((asked_at + pause.max(Duration::from_millis(1))).max(now));
    }

    /// This process was not run for `late`: that the voter was not heard meanwhile proves nothing.
    pub(super) fn forgive_voter(&mut self, late: Duration, now: Instant) {
        self.ballot.answered_at = (self.ballot.answered_at + late).min(now);
    }
}
