//! Who owns a group of virtual addresses: the machine of one group on one node.
//!
//! ```text
//!            heard all, or          nobody owns it,
//!            initial wait over      we come first            addresses held
//!   Waiting ───────────► Standby ──────────────────► Taking ───────────────► Active
//!      │                   ▲  ▲                        │                       │
//!      │ addresses found,  │  │ addresses released     │   a better-ranked peer asks for it,
//!      │ nobody owns it    │  │                        │   or owns it too, or we stop
//!      └─────────► Taking  │  └─────── Releasing ◄─────┴───────────────────────┘
//!                          │               │ we stop
//!                          └───────────    └──────────► Stopped
//! ```

use super::announce::Burst;
use super::ballot::Votes;
use super::fitness::Fitness;
use super::hold::Hold;
use super::peer::Peer;
use super::warmth::Warmth;
use crate::beat::{Claim, Incarnation, Merit, RELEASES};
use crate::config::VirtualAddress;
use crate::desired::Presence;
use crate::name::{GroupName, InterfaceName, NodeName};
use crate::planted::{Bug, planted};
use crate::report::{Role, RoleCause};
use crate::time::{Deadline, Instant, Reason, earlier};
use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

/// A takeover that has not succeeded after so many deadtimes is left to a peer that is ready.
pub(super) const TAKING_PATIENCE: u32 = 10;

/// What a group machine needs to know beside its own state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings<'a> {
    pub(super) us: &'a NodeName,
    pub(super) peers: &'a [Peer],
    /// Whether the initial wait is over.
    pub(super) listened: bool,
    /// Time after its return at which a better-ranked node asks for the group; `None` for never.
    pub(super) failback: Option<Duration>,
    /// How far this node knows the connections of others.
    pub(super) warmth: Warmth,
    /// How long others are waited for that should act first.
    pub(super) patience: Duration,
    pub(super) keepalive: Duration,
    pub(super) stopping: bool,
    /// Whether a witness is reached.
    pub(super) reached: bool,
    /// Whether silent peers are silent themselves, and off where that must be known.
    pub(super) certain: bool,
    /// What the voter has said.
    pub(super) votes: Votes<'a>,
    /// Interfaces without carrier.
    pub(super) dark: &'a BTreeSet<InterfaceName>,
    pub(super) now: Instant,
}

/// One group on this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: GroupName,
    pub(super) addresses: BTreeSet<VirtualAddress>,
    /// The peers that come after this node as owner.
    pub(super) behind: BTreeSet<NodeName>,
    pub(super) role: Role,
    pub(super) since: Instant,
    pub(super) why: RoleCause,
    /// While waiting: whether the addresses were found in the kernel.
    pub(super) holding: bool,
    /// While owning: whether this process slept for so long that another may own the group by now.
    pub(super) doubtful: bool,
    /// Whether the operator handed it over: it is not taken again while a peer is ready.
    pub(super) resting: bool,
    /// The first apply number whose result tells whether taking or releasing has been done.
    pub(super) awaited: Option<u64>,
    pub(super) burst: Burst,
    /// Who owned the group last, for telling why it is taken.
    pub(super) last_owner: Option<NodeName>,
    pub(super) unowned_since: Option<Instant>,
    pub(super) returned_at: Option<Instant>,
    /// When this node, which comes first, asks for the group; `None` for not in sight.
    pub(super) failback_at: Option<Instant>,
    pub(super) wants: bool,
    /// What this node was last for the group, and what peers may still believe of it: something
    /// worse, and since when it is better.
    pub(super) said: Merit,
    pub(super) was: Option<(Merit, Instant)>,
    /// While owning: when the wish of a better-ranked peer counts that was heard too early for it.
    wish_at: Option<Instant>,
    /// Since when another owner is heard.
    pub(super) rival_since: Option<Instant>,
    /// The other owner that was told of, and since when both may have owned.
    pub(super) rival: Option<(NodeName, Instant)>,
    /// Whether that owner has been given its time to hear us.
    rival_overdue: bool,
    /// Whether taking the group has gone on for too long.
    pub(super) taking_overdue: bool,
    /// While owning: whether the kernel holds the addresses.
    pub(super) hold: Hold,
    /// How far this node could serve the group.
    pub(super) fitness: Fitness,
    /// While no server of the group is usable from here: how long another's checks may take to
    /// find the same, or ours to find that it is over.
    pub(super) unserved: Option<Duration>,
    /// Meanwhile: whether none of its servers has passed its last check.
    pub(super) silent: bool,
    /// Since when a peer is ready to whom they are usable, while this node owns the group.
    pub(super) better_since: Option<Instant>,
    /// Whether that has been so for long enough.
    pub(super) better_long: bool,
    /// Since when a peer is ready and this node reaches no witness; whether that is long enough.
    pub(super) ready_since: Option<(Instant, bool)>,
    /// Whether it would take the group if it were known that its silent peers are dead.
    pub(super) barred: bool,
    /// How often this node has ceased to hold the addresses, modulo [`RELEASES`].
    pub(super) released: u8,
    /// The same of each peer in the life that is known of it.
    pub(super) releases_heard: BTreeMap<NodeName, (Incarnation, u8)>,
    /// Whether a peer has held and released the addresses while this node owned them, and every
    /// word of that was lost: the neighbours may believe it.
    pub(super) rival_unheard: bool,
}

/// A change of role that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) to: Role,
    pub(super) why: RoleCause,
}

pub(super) fn change(to: Role, why: RoleCause) -> Option<Change> {
    Some(Change { to, why })
}

impl Group {
    pub(super) fn new(
        name: GroupName,
        addresses: BTreeSet<VirtualAddress>,
        behind: BTreeSet<NodeName>,
        holding: bool,
        now: Instant,
    ) -> Self {
        Self {
            name,
            addresses,
            behind,
            role: Role::Waiting,
            since: now,
            why: RoleCause::Started,
            holding,
            doubtful: false,
            resting: false,
            awaited: None,
            burst: Burst::default(),
            last_owner: None,
            unowned_since: None,
            returned_at: None,
            failback_at: None,
            wants: false,
            said: Merit::Ready,
            was: None,
            wish_at: None,
            rival_since: None,
            rival: None,
            rival_overdue: false,
            taking_overdue: false,
            hold: Hold::default(),
            fitness: Fitness::Fit,
            unserved: None,
            silent: false,
            better_since: None,
            better_long: false,
            ready_since: None,
            barred: false,
            released: 0,
            releases_heard: BTreeMap::new(),
            rival_unheard: false,
        }
    }

    /// Whether this node comes before the peer as owner.
    pub(super) fn outranks(&self, peer: &Peer) -> bool {
        self.behind.contains(&peer.name)
    }

    /// What this node says of itself for the group.
    pub(super) fn claim(&self) -> Claim {
        match self.role {
            Role::Waiting if self.holding => Claim::Holding,
            Role::Waiting => Claim::Waiting,
            Role::Standby => match self.merit() {
                Merit::Ready if self.wants => Claim::Wants,
                Merit::Ready => Claim::Standby,
                Merit::Resting => Claim::Resting,
                Merit::Unserved => Claim::Unserved,
                Merit::RestingUnserved => Claim::RestingUnserved,
                Merit::Unfit => Claim::Unfit,
            },
            Role::Taking | Role::Active if self.doubtful => Claim::Holding,
            Role::Taking | Role::Active => Claim::Active,
            Role::Releasing if planted(Bug::ReleaseClaimedEarly) => Claim::Standby,
            Role::Releasing => Claim::Releasing,
            Role::Stopped => Claim::Leaving,
        }
    }

    /// Whether it is owned, and has an address on this interface.
    pub(super) fn is_on(&self, interface: &InterfaceName) -> bool {
        let on_it = |address: &VirtualAddress| address.interface == *interface;
        self.role == Role::Active && self.addresses.iter().any(on_it)
    }

    /// Whether the kernel should hold the addresses.
    pub(super) fn presence(&self) -> Presence {
        match self.role {
            Role::Waiting => Presence::AsFound,
            // Nothing is put back that may be another's by now; what is there does not run out.
            Role::Taking | Role::Active if self.doubtful => Presence::AsFound,
            Role::Taking | Role::Active => Presence::Held,
            Role::Standby | Role::Releasing | Role::Stopped => Presence::Released,
        }
    }

    /// The change of role that is due, if any. Remembers since when it waits for what.
    pub(super) fn next_change(&mut self, around: Surroundings<'_>) -> Option<Change> {
        self.fitness = Fitness::of(self.unfitness(around).as_ref());
        self.note_merit(around.now);
        self.barred = false;
        self.note_ready(around);
        self.hear_releases(around.peers);
        match self.role {
            Role::Waiting => self.leave_waiting(around),
            Role::Standby => self.leave_standby(around),
            Role::Taking | Role::Active => self.leave_active(around),
            Role::Releasing => self.leave_releasing(around),
            Role::Stopped => None,
        }
    }

    fn leave_waiting(&self, around: Surroundings<'_>) -> Option<Change> {
        let give_up = |why: RoleCause| {
            change(if self.holding { Role::Releasing } else { Role::Standby }, why)
        };
        if around.stopping {
            let to = if self.holding { Role::Releasing } else { Role::Stopped };
            return change(to, RoleCause::Stop);
        }
        // Two that hold: the better-ranked one stays.
        let owns = |peer: &&Peer| match peer.claim(&self.name) {
            Some(Claim::Active | Claim::Releasing) => true,
            Some(Claim::Holding) => !(self.holding && self.outranks(peer)),
            _ => false,
        };
        if let Some(owner) = around.peers.iter().find(owns) {
            return give_up(RoleCause::OwnedBy { peer: owner.name.clone() });
        }
        if !around.listened {
            return None;
        }
        if self.holding && !planted(Bug::AdoptionForgotten) {
            return change(Role::Taking, RoleCause::Adopted);
        }
        change(Role::Standby, RoleCause::Heard)
    }

    fn leave_active(&mut self, around: Surroundings<'_>) -> Option<Change> {
        if around.stopping {
            return change(Role::Releasing, RoleCause::Stop);
        }
        if let Some(why) = self.must_give_way(around) {
            return change(Role::Releasing, why);
        }
        let name = self.name.clone();
        let behind = self.behind.clone();
        let rivals = || around.peers.iter().filter(|peer| peer.claim(&name) == Some(Claim::Active));
        if self.cannot_take(around) {
            self.resting = true;
            return change(Role::Releasing, RoleCause::CannotTake);
        }
        if self.cannot_keep(around) {
            self.resting = true;
            return change(Role::Releasing, RoleCause::CannotKeep);
        }
        if self.doubtful {
            if let Some(owner) = rivals().next() {
                let why = RoleCause::OwnedBy { peer: owner.name.clone() };
                return change(Role::Releasing, why);
            }
            if !around.listened || self.hold.is_unsure() {
                return None;
            }
            self.doubtful = false;
            self.burst.go_on(self.hold.is_missing(), around.now);
        }
        // One that gives way held the addresses, too: the neighbours may believe it.
        let holds = |peer: &Peer| peer.claim(&name).is_some_and(Claim::may_hold);
        if !around.peers.iter().any(holds) {
            self.rival_since = None;
            self.rival_overdue = false;
        } else {
            let since = *self.rival_since.get_or_insert(around.now);
            // A rival that does not hear us cannot give way, whatever its rank. It is given the
            // time to be heard again first: right after a heal both sides are deaf in each other's
            // last word.
            let overdue = around.now.since(since) >= around.patience;
            let deaf = |peer: &Peer| overdue && !peer.hears(around.us);
            let wins = |peer: &&Peer| {
                if planted(Bug::BothRelease) {
                    true
                } else if planted(Bug::NeitherReleases) {
                    false
                } else if planted(Bug::WrongOneReleases) {
                    behind.contains(&peer.name)
                } else if planted(Bug::DeafRivalWaitedFor) {
                    !behind.contains(&peer.name)
                } else {
                    !behind.contains(&peer.name) || deaf(peer)
                }
            };
            self.rival_overdue = overdue;
            if let Some(winner) = rivals().find(wins) {
                let why = RoleCause::LostConflict { peer: winner.name.clone() };
                return change(Role::Releasing, why);
            }
        }
        self.heed_wish(around)
    }

    /// Gives the group to a better-ranked peer that asks for it. What waited on the way while that
    /// peer was not heard comes first, and may be old: it counts a keepalive later.
    fn heed_wish(&mut self, around: Surroundings<'_>) -> Option<Change> {
        self.wish_at = None;
        if around.failback.is_none() && !planted(Bug::FailbackIgnoresManual) {
            return None;
        }
        let asks = |peer: &&Peer| {
            (!self.outranks(peer) || planted(Bug::SecondWantsToo))
                && peer.claim(&self.name) == Some(Claim::Wants)
        };
        let better = around.peers.iter().find(asks)?;
        let counts_at = better.detector.steady_at(around.keepalive);
        self.wish_at = counts_at.filter(|at| around.now < *at);
        let why = RoleCause::Failback { peer: better.name.clone() };
        self.wish_at.is_none().then_some(Change { to: Role::Releasing, why })
    }

    fn leave_releasing(&self, around: Surroundings<'_>) -> Option<Change> {
        let overdue = around.now >= self.since + around.patience;
        overdue.then(|| Change { to: self.after_release(around), why: RoleCause::ReleaseOverdue })
    }

    /// What a node becomes once it has released the addresses.
    pub(super) fn after_release(&self, around: Surroundings<'_>) -> Role {
        if around.stopping { Role::Stopped } else { Role::Standby }
    }

    /// Enters a role.
    pub(super) fn enter(&mut self, change: Change, now: Instant) {
        if self.claim().may_hold() && matches!(change.to, Role::Standby | Role::Stopped) {
            self.released = (self.released + 1) % RELEASES;
        }
        self.role = change.to;
        self.why = change.why;
        self.since = now;
        self.awaited = None;
        self.unowned_since = None;
        (self.wish_at, self.was) = (None, None);
        self.forget_failback();
        self.rival_since = None;
        self.rival_overdue = false;
        self.taking_overdue = false;
        if change.to != Role::Active {
            self.hold = Hold::default();
        }
        (self.better_since, self.better_long) = (None, false);
        self.holding = false;
        self.doubtful = false;
        self.barred = false;
        if matches!(change.to, Role::Taking | Role::Active) {
            self.resting = false;
        } else {
            self.burst.stop();
        }
    }

    /// When a role may have to change because time has passed.
    pub(super) fn next_deadline(&self, patience: Duration) -> Option<Deadline> {
        match self.role {
            Role::Releasing => {
                Some(Deadline { at: self.since + patience, reason: Reason::ReleaseOverdue })
            }
            Role::Standby => self.standby_deadline(patience),
            // The end of the listening decides first.
            Role::Taking | Role::Active if self.doubtful => None,
            Role::Taking if !self.taking_overdue => Some(Deadline {
                at: self.since + patience * TAKING_PATIENCE,
                reason: Reason::TakingOverdue,
            }),
            Role::Taking | Role::Active => {
                let since = self.rival_since.filter(|_| !self.rival_overdue);
                let rival =
                    since.map(|at| Deadline { at: at + patience, reason: Reason::ElectionOver });
                let better = self.better_since.filter(|_| !self.better_long).zip(self.unserved);
                let better = better.map(|(since, unserved)| Deadline {
                    at: since + unserved,
                    reason: Reason::ElectionOver,
                });
                let owns = self.role == Role::Active;
                let lost = owns.then(|| self.hold.deadline(patience * TAKING_PATIENCE)).flatten();
                let lost = lost.map(|at| Deadline { at, reason: Reason::TakingOverdue });
                let wish = self.wish_at.map(|at| Deadline { at, reason: Reason::FailbackDue });
                let wish = earlier(wish, self.ready_deadline(patience));
                earlier(earlier(rival, better), earlier(lost, wish))
            }
            Role::Waiting | Role::Stopped => None,
        }
    }
}
