//! One other director: what is known of it, and which of its packets are believed.

use super::detector::Detector;
use super::fencing::Fence;
use super::replay::{Freshness, ReplayWindow};
use crate::beat::{Beat, Body, Claim, Incarnation, Kind, LinkId};
use crate::name::{GroupName, InterfaceName, NodeName};
use crate::planted::{Bug, planted};
use crate::time::Instant;
use crate::wire::heartbeat::VERSION;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

/// Lives of a peer that are over and remembered, so that recordings of them prove nothing.
const RETIRED_MAX: usize = 16;

/// One heartbeat link to a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PeerLink {
    pub(super) id: LinkId,
    pub(super) interface: InterfaceName,
    /// The peer's address on it.
    pub(super) address: SocketAddr,
    /// Where everybody listens on it, when beats go to a group.
    pub(super) group: Option<SocketAddr>,
    pub(super) heard_at: Option<Instant>,
    pub(super) up: bool,
    /// Beats that should have come between two that came while the link was up.
    pub(super) missed: u64,
}

/// A life of a peer that has proved to be the present one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) incarnation: Incarnation,
    window: ReplayWindow,
    pub(super) body: Arc<Body>,
}

/// One other director.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) name: NodeName,
    /// Whether this node comes before the peer as owner of every group.
    pub(super) we_outrank: bool,
    pub(super) links: Vec<PeerLink>,
    pub(super) detector: Detector,
    pub(super) fence: Fence,
    pub(super) life: Option<Life>,
    /// When it had been heard last before the silence that ended last.
    pub(super) silent_from: Option<Instant>,
    retired: VecDeque<Incarnation>,
    greeted_at: Option<Instant>,
    pub(super) differs: bool,
    /// The version that it speaks, when it is not ours.
    pub(super) speaks: Option<u8>,
    /// While its packets may have waited while this process slept: the first question that was
    /// asked after the sleep. Only an answer to that one or a later one counts.
    doubted: Option<u64>,
    /// When a packet came from it last that does not authenticate, and whether it may own a group.
    pub(super) unproven: Option<(Instant, bool)>,
    /// Whether this node has told that it waits because of such packets.
    pub(super) waited_for: bool,
    /// Whether it has just said that it is no longer unfit.
    pub(super) recovered: bool,
}

/// What a packet of a peer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credit {
    /// It is of the present life; `news` when it says something else than before.
    Believed {
        /// Whether its content differs from what was known.
        news: bool,
    },
    /// It is the first of a new life, and proves to be recent.
    NewLife {
        /// Whether another life was known before.
        restarted: bool,
    },
    /// It may be of a new life, or a recording; it must name our own incarnation to tell.
    Unproven,
    /// A repetition, or of a life that is over.
    Stale,
}

/// Whether who was unfit for a group before is not any more.
fn recovers(before: &Body, now: &Body) -> bool {
    let mut unfit = before.claims.iter().filter(|(_, claim)| **claim == Claim::Unfit);
    unfit.any(|(group, _)| now.claims.get(group).is_some_and(|claim| *claim != Claim::Unfit))
}

impl Peer {
    pub(super) fn new(name: NodeName, we_outrank: bool, links: Vec<PeerLink>) -> Self {
        Self {
            name,
            we_outrank,
            links,
            detector: Detector::new(),
            fence: Fence::Idle,
            life: None,
            silent_from: None,
            retired: VecDeque::new(),
            greeted_at: None,
            differs: false,
            speaks: None,
            doubted: None,
            unproven: None,
            waited_for: false,
            recovered: false,
        }
    }

    /// Judges a packet and takes in its content when it is to be believed.
    pub(super) fn credit(&mut self, beat: &Beat, us: &NodeName, our: Incarnation) -> Credit {
        if let Some(life) = &mut self.life
            && (life.incarnation == beat.body.incarnation || planted(Bug::RestartUnnoticed))
        {
            return match life.window.take(beat.sequence) {
                Freshness::Replayed if !planted(Bug::ReplayAccepted) => Credit::Stale,
                Freshness::Overtaken if !planted(Bug::OvertakenCounts) => {
                    Credit::Believed { news: false }
                }
                _ => {
                    let same = Arc::ptr_eq(&life.body, &beat.body) || life.body == beat.body;
                    if !same {
                        self.recovered = recovers(&life.body, &beat.body);
                        life.body = Arc::clone(&beat.body);
                    }
                    Credit::Believed { news: !same }
                }
            };
        }
        let any = planted(Bug::OldIncarnationAccepted);
        if !any && self.retired.contains(&beat.body.incarnation) {
            return Credit::Stale;
        }
        if !any && beat.body.heard.get(us) != Some(&our) {
            return Credit::Unproven;
        }
        let life = Life {
            incarnation: beat.body.incarnation,
            window: ReplayWindow::starting_at(beat.sequence),
            body: Arc::clone(&beat.body),
        };
        let former = self.life.replace(life);
        if let Some(former) = &former {
            self.retired.push_back(former.incarnation);
            if self.retired.len() > RETIRED_MAX {
                self.retired.pop_front();
            }
        }
        Credit::NewLife { restarted: former.is_some() }
    }

    /// Whether an unproven packet is to be answered with its own incarnation, so that the next one
    /// can prove itself. Not more often than every `pause`: recordings shall not make us chatter.
    pub(super) fn may_greet(&mut self, now: Instant, pause: Duration) -> bool {
        let may = self.greeted_at.is_none_or(|before| now.since(before) >= pause);
        if may {
            self.greeted_at = Some(now);
        }
        may
    }

    /// This process has slept; what the peer has said in the meantime may be outdated.
    /// The next question has this sequence number.
    pub(super) fn doubt(&mut self, question: u64) {
        self.doubted = Some(question);
        self.detector.doubt();
    }

    /// Any packet counts again.
    pub(super) fn believe(&mut self) {
        self.doubted = None;
    }

    /// Whether a packet of this kind may be one that waited. The answer to a question that was
    /// asked since is not.
    pub(super) fn is_outdated(&mut self, kind: Kind) -> bool {
        let proves = |first| matches!(kind, Kind::Answer { question } if question >= first);
        self.doubted = self.doubted.filter(|first| !proves(*first));
        self.is_doubted()
    }

    /// Whether it has not answered since this process slept.
    pub(super) fn is_doubted(&self) -> bool {
        self.doubted.is_some()
    }

    /// What it claims to be for a group, when it is to be reckoned with at all.
    pub(super) fn claim(&self, group: &GroupName) -> Option<Claim> {
        if !self.detector.is_live() {
            return None;
        }
        let body = &self.life.as_ref()?.body;
        // One that says more than we understand may own anything.
        let unknown = (body.version > VERSION).then_some(Claim::Holding);
        body.claims.get(group).copied().or(unknown)
    }

    /// Whether it hears us, as far as it has told.
    pub(super) fn hears(&self, us: &NodeName) -> bool {
        self.life.as_ref().is_some_and(|life| life.body.heard.contains_key(us))
    }
}
