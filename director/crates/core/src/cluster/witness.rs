//! Is this node itself cut off? It asks hosts that should always be there.
//!
//! Seen from inside, a peer that died and a cable that was pulled look the same: silence. A witness
//! tells them apart. Whoever reaches no witness has no reason to think that it is the others who
//! are gone:
//!
//! * it takes nothing because of a silent peer, until a question that was sent after the peer fell
//!   silent has been answered;
//! * as owner it gives way to a peer that is ready, and when it hears no peer at all.
//!
//! One answer is enough, from whichever witness; a voter's ([`super::ballot`]) is one of them. Who
//! comes back from isolation gives its peers a deadtime to be heard before it believes that they
//! are gone.

use super::{Cluster, Out};
use crate::config::{Config, Detection};
use crate::effect::Effect;
use crate::planted::{Bug, planted};
use crate::report::{AnnounceCause, PeerState, Report};
use crate::time::{Deadline, Instant, Reason};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

/// Questions that are remembered: an answer that comes later than so many questions proves nothing.
const QUESTIONS_MAX: usize = 64;
/// No witness is asked more often than this while nothing is wrong.
const SHORTEST: Duration = Duration::from_millis(20);

/// The witnesses, and what they have proved.
#[derive(Clone, Debug)]
pub(super) struct Witnesses {
    hosts: Vec<IpAddr>,
    /// Whether there is a voter, whose answers prove as much.
    voter: bool,
    /// Between two questions while nothing is wrong, and while one was not answered.
    every: Duration,
    hasty: Duration,
    /// Without an answer for this long no witness is reached.
    patience: Duration,
    /// How long peers are listened to after an isolation.
    settle: Duration,
    next: Instant,
    number: u64,
    asked: VecDeque<(u64, Instant)>,
    /// When the last question was sent that has been answered.
    proof: Option<Instant>,
    /// When an answer came last; this process's own sleep does not count.
    answered_at: Instant,
    /// When the isolation ended.
    regained_at: Option<Instant>,
    /// Whether something would have been taken if there were a proof.
    wanting: bool,
    reached: bool,
}

impl Witnesses {
    /// Witnesses that are taken to be reached until the first questions have had their time.
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        let every = config.cluster.keepalive.max(SHORTEST);
        let deadtime = config.cluster.deadtime;
        Self {
            hosts: config.cluster.witnesses.iter().copied().collect(),
            voter: config.cluster.voter.is_some(),
            every,
            hasty: (every / 10).max(Duration::from_millis(1)),
            patience: deadtime.max(every * 3),
            settle: deadtime,
            next: now,
            number: 0,
            asked: VecDeque::new(),
            proof: None,
            answered_at: now,
            regained_at: None,
            wanting: false,
            reached: true,
        }
    }

    /// Whether there are any.
    pub(super) fn some(&self) -> bool {
        self.voter || self.some_hosts()
    }

    /// Whether there are others than the voter.
    pub(super) fn some_hosts(&self) -> bool {
        !self.hosts.is_empty()
    }

    /// Has them asked at that time, if not earlier.
    pub(super) fn hurry(&mut self, at: Instant) {
        self.next = self.next.min(at);
    }

    /// Whether a witness is reached; always, when there are none to be asked.
    pub(super) fn reached(&self) -> bool {
        self.reached || !self.some()
    }

    /// Whether the silence of peers since `silent` is theirs and not this node's own isolation.
    fn proves(&self, silent: Option<Instant>, now: Instant) -> bool {
        let settled = self.regained_at.is_none_or(|at| now >= at + self.settle);
        let old = planted(Bug::OldWitnessAnswer);
        let proved = self.proof.is_some_and(|at| old || silent.is_none_or(|since| at >= since));
        !self.some() || planted(Bug::WitnessUnasked) || (self.reached && settled && proved)
    }

    fn ask(&mut self, now: Instant, out: &mut Out) {
        self.next = now + if self.is_late(now) { self.hasty } else { self.every };
        if self.hosts.is_empty() || self.asked.back().is_some_and(|(_, at)| *at == now) {
            return;
        }
        self.number += 1;
        self.asked.push_back((self.number, now));
        if self.asked.len() > QUESTIONS_MAX {
            self.asked.pop_front();
        }
        let question = self.number;
        let ask = |witness: &IpAddr| Effect::AskWitness { witness: *witness, question };
        out.effects.extend(self.hosts.iter().map(ask));
    }

    /// Whether an answer is overdue and there is still hope.
    fn is_late(&self, now: Instant) -> bool {
        self.reached && now >= self.answered_at + self.every * 3 / 2
    }

    fn lost_at(&self) -> Instant {
        self.answered_at + self.patience
    }

    fn next_deadline(&self) -> Option<Deadline> {
        if !self.some() {
            return None;
        }
        let lost = self.reached.then_some(self.lost_at());
        let settled = self.regained_at.map(|at| at + self.settle);
        let at = [lost, settled].into_iter().flatten().fold(self.next, Instant::min);
        Some(Deadline { at, reason: Reason::WitnessDue })
    }
}

impl Cluster {
    /// A witness answered a question.
    pub(crate) fn witness_answered(
        &mut self,
        witness: IpAddr,
        question: u64,
        now: Instant,
        out: &mut Out,
    ) {
        let witnesses = &mut self.witnesses;
        let sent = witnesses.asked.iter().find(|(number, _)| *number == question);
        let Some((_, sent)) = sent.copied().filter(|_| witnesses.hosts.contains(&witness)) else {
            return;
        };
        self.heard_of_the_world(sent, now, out);
    }

    /// A question that was sent then has been answered: this node is not cut off.
    pub(super) fn heard_of_the_world(&mut self, sent: Instant, now: Instant, out: &mut Out) {
        let witnesses = &mut self.witnesses;
        witnesses.proof = witnesses.proof.max(Some(sent));
        witnesses.answered_at = now;
        if !witnesses.reached || core::mem::take(&mut witnesses.wanting) {
            witnesses.regained_at = Some(now);
            self.stirred = true;
        }
        if !core::mem::replace(&mut witnesses.reached, true) {
            out.reports.push_back(Report::Witness { reached: true });
            // What was between may have cut off those who send to the group, too, and no link
            // between directors tells.
            self.announce_all(AnnounceCause::WitnessReached, now, out);
        }
    }

    pub(super) fn witnesses_due(&mut self, now: Instant, out: &mut Out) {
        let witnesses = &mut self.witnesses;
        if !witnesses.some() {
            return;
        }
        if witnesses.reached && now >= witnesses.lost_at() {
            witnesses.reached = false;
            self.stirred = true;
            out.reports.push_back(Report::Witness { reached: false });
        }
        if witnesses.regained_at.is_some_and(|at| now >= at + witnesses.settle) {
            witnesses.regained_at = None;
            self.stirred = true;
        }
        if now >= witnesses.next {
            witnesses.ask(now, out);
            self.ask_voter_again(now, out);
        }
    }

    /// A peer is late: what the witnesses say from now on decides whose isolation it is.
    ///
    /// Only the answer to a question that was sent since counts, however short ago the last one was
    /// sent.
    pub(super) fn ask_witnesses(&mut self, now: Instant, out: &mut Out) {
        self.witnesses.ask(now, out);
        self.ask_voter(now, out);
    }

    /// Whether silent peers, if there are some, are proved to be silent themselves.
    pub(super) fn silence_is_proved(&self, now: Instant) -> bool {
        self.silent_since().is_none_or(|since| self.witnesses.proves(since, now))
    }

    /// Since when the last of the silent peers is silent, as far as it was ever heard; `None` when
    /// there are no silent peers.
    pub(super) fn silent_since(&self) -> Option<Option<Instant>> {
        let limits = self.settings.limits;
        let late = match limits.detection {
            Detection::Ask { late, .. } => late,
            Detection::Deadtime => limits.deadtime / 2,
        };
        let silent = |peer: &&super::Peer| {
            matches!(peer.detector.state(), PeerState::Dead | PeerState::Unknown)
        };
        if !self.peers.iter().any(|peer| silent(&peer)) {
            return None;
        }
        let heard = self.peers.iter().filter(silent).filter_map(|peer| peer.detector.heard_at());
        Some(heard.max().map(|at| at + late))
    }

    /// Something would have been taken if it were certain that silent peers are dead.
    pub(super) fn want_certainty(&mut self, index: usize, now: Instant, out: &mut Out) {
        let group = self.groups[index].name.clone();
        if !self.silence_is_proved(now) {
            self.witnesses.wanting |= self.witnesses.regained_at.is_none();
        } else if !self.votes().grant(&group, now) {
            self.want_vote(&group, now, out);
        } else {
            self.want_fence(now);
        }
    }

    /// This process was not run for so long that everything may be otherwise: what was proved of
    /// silent peers before must be proved again.
    pub(super) fn forget_proof(&mut self, now: Instant) {
        self.witnesses.proof = None;
        self.witnesses.hurry(now);
    }

    /// This process was not run for `late`: that a witness was not heard meanwhile proves nothing.
    pub(super) fn forgive_witnesses(&mut self, late: Duration, now: Instant) {
        self.witnesses.answered_at = (self.witnesses.answered_at + late).min(now);
        self.forgive_voter(late, now);
    }

    pub(super) fn witness_deadline(&self) -> Option<Deadline> {
        self.witnesses.next_deadline()
    }

    /// Uses the witnesses of another configuration; what was proved stays proved.
    pub(super) fn reload_witnesses(&mut self, config: &Config, now: Instant) {
        self.ballot.reload(config, now);
        let fresh = Witnesses::new(config, now);
        if (&fresh.hosts, fresh.voter) != (&self.witnesses.hosts, self.witnesses.voter) {
            self.witnesses = fresh;
            return;
        }
        let Witnesses { every, hasty, patience, settle, .. } = fresh;
        self.witnesses = Witnesses { every, hasty, patience, settle, ..self.witnesses.clone() };
    }
}
