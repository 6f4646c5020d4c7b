//! What is known of each director from outside of it.

use crate::net::packet::NodeId;
use director_core::beat::{Beat, Body, Claim, Kind};
use director_core::config::ServiceKey;
use director_core::name::{GroupName, NodeName, ServiceName};
use director_core::probe::Ticket;
use director_core::report::{Health, PeerState, Role, RoleCause};
use director_core::time::Instant;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// One director's process, as it shows itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    /// Its present life, or its last one; 0 before the first.
    pub(super) incarnation: u64,
    pub(super) begun: Instant,
    pub(super) peers: Vec<PeerWatch>,
    pub(super) groups: Vec<GroupWatch>,
    pub(super) servers: Vec<ServerWatch>,
    pub(super) probes: Vec<ProbeWatch>,
    /// Since when it is not run, and how many statements there had been by then.
    pub(super) asleep: Option<(Instant, u32)>,
    /// It has slept long enough to have lost what it owns: until when it must have heard a peer
    /// before it says that it owns it.
    pub(super) drowsy: Option<Instant>,
    /// Until when it may be late through no fault of its own.
    pub(super) uneven: Instant,
    /// Until when it may doubt what it owns, since it has found that it was not run.
    pub(super) doubts_until: Instant,
    /// Until when it may find that it was not run.
    pub(super) waking: Instant,
    pub(super) beat_at: Option<Instant>,
    pub(super) owes_answer: bool,
    pub(super) owes_word: bool,
    pub(super) owes_announcement: bool,
    pub(super) stopping: bool,
    /// The newest sequence number that it has sent.
    pub(super) sent: u64,
    /// Questions to witnesses, the newest last, and when the newest was sent that was answered.
    pub(super) asked: Vec<(u64, Instant)>,
    pub(super) proof: Option<Instant>,
    /// When it must have tried again what its kernel refused.
    pub(super) retry_by: Option<Instant>,
    /// Since when an interface of a group has no carrier.
    pub(super) dark: Option<Instant>,
    /// Until when its kernel may not hold what it believes, because of others.
    pub(super) tampered: Instant,
    /// When they did last.
    pub(super) tampered_at: Option<Instant>,
    /// Servers of which the last failure may not have counted, for the director slept.
    pub(super) spared: Vec<SocketAddr>,
    /// The server whose failure must not count now.
    pub(super) void: Option<(SocketAddr, Instant)>,
    /// Until when its table may still be that of another configuration.
    pub(super) changing: Option<Instant>,
    /// The weights that it has given servers last.
    pub(super) weights: Vec<(SocketAddr, u16)>,
    /// Servers that had weight when it began, or have passed a check since.
    pub(super) earned: Vec<SocketAddr>,
    /// What had weight when it began, unless it uses another configuration since.
    pub(super) found: Vec<(ServiceKey, SocketAddr)>,
    /// The number of the pass that it asked for last.
    pub(super) pass: u64,
}

/// What has reached a director of another.
#[derive(Clone, Debug)]
pub(crate) struct PeerWatch {
    pub(super) node: NodeId,
    pub(super) name: NodeName,
    /// The life of it that has proved itself.
    proven: u64,
    newest: u64,
    seen: u64,
    pub(super) heard: Option<Instant>,
    /// Whether its last word was a goodbye.
    pub(super) left: bool,
    pub(super) state: PeerState,
    /// What it said last.
    pub(super) body: Option<Arc<Body>>,
    /// Whether it says that it may hold something.
    pub(super) holds: bool,
    /// Whether it says that it is ready to take what there is, and since when.
    pub(super) ready: bool,
    pub(super) ready_since: Option<Instant>,
    /// Questions over each link since it was suspected.
    pub(super) asked: [u8; 8],
    /// What it had sent when this director woke.
    pub(super) sent_before: u64,
    /// Since when it claims what this director owns too.
    pub(super) rival: Option<Instant>,
    /// Since when it says that it may hold what this director owns, by a claim or without one.
    pub(super) holding: Option<Instant>,
}

#[derive(Clone, Debug)]
pub(crate) struct GroupWatch {
    pub(super) name: GroupName,
    pub(super) role: Role,
    pub(super) since: Instant,
    pub(super) why: RoleCause,
    /// Announcements of the running burst that are to come.
    pub(super) left: u32,
    /// When it announced last, or should have begun to.
    pub(super) announced: Option<Instant>,
}

#[derive(Clone, Debug)]
pub(crate) struct ServerWatch {
    pub(super) service: ServiceName,
    pub(super) server: SocketAddr,
    pub(super) state: Health,
    pub(super) since: Instant,
    pub(super) failures: u32,
    pub(super) successes: u32,
    /// Whether these are the director's numbers, too.
    pub(super) counted: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct ProbeWatch {
    pub(super) ticket: Ticket,
    pub(super) target: SocketAddr,
    pub(super) timeout: Duration,
    pub(super) overdue: Instant,
    pub(super) slept: Slept,
}

/// Whether a director slept while a check waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slept {
    No,
    /// It may have noticed.
    Perhaps,
    /// For so long that it must have noticed.
    Certainly,
}

/// What a packet is worth to who gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    Newest,
    Overtaken,
    /// It was seen, or is of a life that is over.
    Stale,
    /// The receiver cannot know yet.
    Unproven,
}

impl PeerWatch {
    pub(super) fn new(node: NodeId, name: NodeName) -> Self {
        Self {
            node,
            name,
            proven: 0,
            newest: 0,
            seen: 0,
            heard: None,
            left: false,
            state: PeerState::Unknown,
            body: None,
            holds: false,
            ready: false,
            ready_since: None,
            asked: [0; 8],
            sent_before: 0,
            rival: None,
            holding: None,
        }
    }

    /// Judges a packet that is handed over; `present` is the sender's present life.
    pub(super) fn worth(&mut self, beat: &Beat, present: u64, us: (&NodeName, u64)) -> Worth {
        let life = beat.body.incarnation.0;
        if life == self.proven {
            return self.take(beat.sequence);
        }
        if self.proven == present && life != present {
            return Worth::Stale;
        }
        let names_us = beat.body.heard.get(us.0).is_some_and(|one| one.0 == us.1);
        if life != present || !names_us {
            return Worth::Unproven;
        }
        (self.proven, self.newest, self.seen) = (life, beat.sequence, 1);
        // A new life counts from the beginning: whatever it says was said since.
        self.sent_before = 0;
        Worth::Newest
    }

    fn take(&mut self, sequence: u64) -> Worth {
        if sequence > self.newest {
            let ahead = u32::try_from(sequence - self.newest).unwrap_or(u32::MAX);
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.newest = sequence;
            return Worth::Newest;
        }
        let behind = u32::try_from(self.newest - sequence).unwrap_or(u32::MAX);
        match 1_u64.checked_shl(behind) {
            Some(bit) if self.seen & bit == 0 => {
                self.seen |= bit;
                Worth::Overtaken
            }
            _ => Worth::Stale,
        }
    }

    /// Whether it says that it may hold something.
    pub(super) fn tells_of_holding(&self, beat: &Beat) -> bool {
        if self.says_the_same(beat) {
            return self.holds;
        }
        let may = [Claim::Holding, Claim::Active, Claim::Releasing];
        beat.body.claims.values().any(|claim| may.contains(claim))
    }

    /// Whether it is what it said last, as nearly every packet is.
    fn says_the_same(&self, beat: &Beat) -> bool {
        self.body.as_ref().is_some_and(|body| Arc::ptr_eq(body, &beat.body))
    }

    /// What its newest packet says; `holds` whether it may hold something.
    pub(super) fn take_in(&mut self, beat: &Beat, holds: bool, now: Instant) {
        if !self.says_the_same(beat) {
            self.body = Some(Arc::clone(&beat.body));
            // Who reaches no server is still better than who cannot be reached.
            let ready = [Claim::Standby, Claim::Wants, Claim::Unserved];
            self.ready = beat.body.claims.values().all(|claim| ready.contains(claim));
        }
        self.ready_since = self.ready_since.filter(|_| self.ready).or(self.ready.then_some(now));
        self.holds = holds;
    }

    /// A packet that counts.
    pub(super) fn hear(&mut self, beat: &Beat, now: Instant) {
        self.heard = Some(now);
        self.left = beat.kind == Kind::Goodbye;
    }
}

impl Watch {
    /// A process that begins; what it slept and sent before is another's.
    pub(super) fn begin(&mut self, peers: Vec<PeerWatch>, now: Instant) {
        let incarnation = self.incarnation;
        *self = Self { incarnation, begun: now, peers, uneven: now, ..Self::default() };
    }

    pub(super) fn group(&self, name: &GroupName) -> Option<&GroupWatch> {
        self.groups.iter().find(|group| group.name == *name)
    }

    pub(super) fn is_drowsy(&self, now: Instant) -> bool {
        self.drowsy.is_some_and(|until| now < until)
    }

    /// Whoever owns something announces it.
    pub(super) fn owe_announcement(&mut self) {
        self.owes_announcement |= self.groups.iter().any(|group| group.role == Role::Active);
    }

    pub(super) fn owns(&self, name: &GroupName) -> bool {
        self.group(name).is_some_and(|group| group.role == Role::Active)
    }

    /// The entries of a server in all services.
    pub(super) fn of_target(
        &mut self,
        target: SocketAddr,
    ) -> impl Iterator<Item = &mut ServerWatch> {
        self.servers.iter_mut().filter(move |one| one.server == target)
    }

    pub(super) fn server(&mut self, service: &ServiceName, server: SocketAddr) -> &mut ServerWatch {
        let place =
            self.servers.iter().position(|one| one.server == server && one.service == *service);
        let place = place.unwrap_or_else(|| {
            self.servers.push(ServerWatch {
                service: service.clone(),
                server,
                state: Health::Unknown,
                since: Instant::ZERO,
                failures: 0,
                successes: 0,
                counted: false,
            });
            self.servers.len() - 1
        });
        &mut self.servers[place]
    }

    /// It is run again after this long.
    pub(super) fn wake(&mut self, slept: Duration, now: Instant) {
        for peer in &mut self.peers {
            peer.heard = peer.heard.map(|at| (at + slept).min(now));
            peer.rival = None;
        }
    }
}

/// What a director must tell its peers at once when it changes.
pub(super) fn word(role: Role) -> Claim {
    match role {
        Role::Waiting => Claim::Waiting,
        Role::Standby => Claim::Standby,
        Role::Taking | Role::Active => Claim::Active,
        Role::Releasing => Claim::Releasing,
        Role::Stopped => Claim::Leaving,
    }
}
