//! Is the peer alive? Suspect first, then ask.
//!
//! ```text
//!             heard                 late               no answer, or deadtime
//!   Unknown ────────► Alive ─────────────► Suspect ───────────────────────────► Dead
//!                       ▲  ◄──────────────── │ heard                              │
//!                       └────────────────────┴──────────────── heard ────────────┘
//!   any ── goodbye ──► Left ── heard ──► Alive
//! ```
//!
//! With [`Detection::Deadtime`] a peer goes from alive to dead without being asked.
//!
//! A suspicion that ends with a packet was a false alarm: something between the two loses or delays
//! packets; so does a link on which a packet is late while the other links carry on. From then on,
//! until [`TRUST`] keepalives have passed without another sign, the detector is wary: it asks in
//! rounds, and only the deadtime decides. On a line that loses nothing it stays quick; on one that
//! loses it is as slow as a count of missed beats, with many more chances to hear the peer.
//!
//! A death that was none, since the same life is heard again, is remembered for much longer
//! ([`TRUST_REGAINED`]): a line that did that once may do it again.
//!
//! Trust is a matter of time and not of packets: questions and their answers come in dozens, and
//! show nothing about whether the next beat will be in time.

use crate::config::Detection;
use crate::planted::{Bug, planted};
use crate::report::{PeerCause, PeerState};
use crate::time::{Deadline, Instant, Reason};
use core::time::Duration;

/// Keepalives after a sign of loss, and after a peer was met, until its line is trusted.
const TRUST: u32 = 64;
const TRUST_NEW: u32 = 16;
/// Keepalives after a peer was given up and turned out to live.
const TRUST_REGAINED: u32 = 1024;

/// What the detector wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Ask the peer over every link.
    Ask,
    /// The peer's state changed.
    Became(PeerState, PeerCause),
}

/// Times of the detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) keepalive: Duration,
    pub(super) detection: Detection,
    pub(super) deadtime: Duration,
}

impl Limits {
    /// The shortest silence after which a peer may be given up.
    pub(super) fn quickest(&self) -> Duration {
        match self.detection {
            Detection::Deadtime => self.deadtime,
            Detection::Ask { late, asks, spacing, patience } => {
                let asking = spacing * u32::from(asks.get() - 1);
                (late + asking + patience).min(self.deadtime)
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unknown,
    Alive,
    Suspect { asked: u16, wary: bool, next: Instant },
    Dead,
    Left,
}

/// The failure detector for one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Detector {
    state: State,
    heard_at: Instant,
    /// When it was heard for the first time.
    met_at: Option<Instant>,
    /// When the line lost or delayed a packet last, as far as it is known.
    alarmed_at: Option<Instant>,
    /// When it turned out last that it had been given up wrongly.
    regained_at: Option<Instant>,
}

impl Detector {
    pub(super) fn new() -> Self {
        Self {
            state: State::Unknown,
            heard_at: Instant::ZERO,
            met_at: None,
            alarmed_at: None,
            regained_at: None,
        }
    }

    pub(super) fn state(&self) -> PeerState {
        match self.state {
            State::Unknown => PeerState::Unknown,
            State::Alive => PeerState::Alive,
            State::Suspect { .. } => PeerState::Suspect,
            State::Dead => PeerState::Dead,
            State::Left => PeerState::Left,
        }
    }

    /// Whether the peer is to be reckoned with. A suspect is, until it is given up.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.state, State::Alive | State::Suspect { .. })
    }

    /// When it was heard last, if ever.
    pub(super) fn heard_at(&self) -> Option<Instant> {
        (self.state != State::Unknown).then_some(self.heard_at)
    }

    /// When it was heard last, whatever has become of it since.
    pub(super) fn last_heard(&self) -> Option<Instant> {
        self.met_at.map(|_| self.heard_at)
    }

    /// The peer was heard.
    pub(super) fn heard(&mut self, now: Instant) -> Option<Action> {
        let cause = match self.state {
            State::Alive => None,
            State::Unknown if self.met_at.is_none() => Some(PeerCause::FirstHeard),
            State::Unknown | State::Suspect { .. } | State::Dead | State::Left => {
                Some(PeerCause::HeardAgain)
            }
        };
        let deaf = match self.state {
            State::Suspect { .. } => planted(Bug::SuspicionNotCleared),
            State::Dead => planted(Bug::DeadForEver),
            _ => false,
        };
        if deaf {
            return None;
        }
        if matches!(self.state, State::Suspect { .. } | State::Dead) {
            self.be_wary(now);
        }
        self.state = State::Alive;
        self.heard_at = now;
        self.met_at.get_or_insert(now);
        cause.map(|cause| Action::Became(PeerState::Alive, cause))
    }

    /// A packet was lost or late, though the peer itself was not suspected for it.
    pub(super) fn be_wary(&mut self, now: Instant) {
        self.alarmed_at = Some(now);
    }

    /// It had been given up though it lived.
    pub(super) fn regained(&mut self, now: Instant) {
        self.regained_at = Some(now);
    }

    /// When it has been heard for so long since it had been given up wrongly, if it ever was.
    pub(super) fn steady_at(&self, after: Duration) -> Option<Instant> {
        self.regained_at.map(|at| at + after)
    }

    /// Whether silence may be the line's and not the peer's.
    fn is_wary(&self, limits: Limits, now: Instant) -> bool {
        let within = |since: Option<Instant>, keepalives: u32| {
            since.is_some_and(|since| now < since + limits.keepalive * keepalives)
        };
        within(self.alarmed_at, TRUST)
            || within(self.met_at, TRUST_NEW)
            || within(self.regained_at, TRUST_REGAINED)
    }

    /// The peer said goodbye.
    pub(super) fn left(&mut self, now: Instant) -> Option<Action> {
        let was = core::mem::replace(&mut self.state, State::Left);
        self.heard_at = now;
        (was != State::Left).then_some(Action::Became(PeerState::Left, PeerCause::Goodbye))
    }

    /// This process was not run for `late`; its own sleep proves nothing about the peer.
    pub(super) fn forgive(&mut self, late: Duration, now: Instant) {
        if !self.is_live() || planted(Bug::OwnSleepCountsAsSilence) {
            return;
        }
        self.heard_at = (self.heard_at + late).min(now);
        self.state = State::Alive;
    }

    /// What was known of it may be outdated: it must be heard again to be reckoned with. One that
    /// was dead or had left may own by now.
    pub(super) fn doubt(&mut self) {
        self.state = State::Unknown;
    }

    /// It was [doubted](Self::doubt), and has said nothing while it was listened to.
    pub(super) fn give_up(&mut self, now: Instant) -> Option<Action> {
        if self.state != State::Unknown || self.met_at.is_none() {
            return None;
        }
        Some(self.die_of_silence(now))
    }

    fn die_of_silence(&mut self, now: Instant) -> Action {
        self.state = State::Dead;
        let silent_ms = self.silent_ms(now);
        Action::Became(PeerState::Dead, PeerCause::Deadtime { silent_ms })
    }

    fn silent_ms(&self, now: Instant) -> u64 {
        u64::try_from(now.since(self.heard_at).as_millis()).unwrap_or(u64::MAX)
    }

    /// What is due at `now`; to be called until it returns nothing.
    pub(super) fn due(&mut self, limits: Limits, now: Instant) -> Option<Action> {
        let deadline = self.next_deadline(&limits)?;
        if now < deadline.at {
            return None;
        }
        let silent_ms = self.silent_ms(now);
        if now.since(self.heard_at) >= limits.deadtime {
            return Some(self.die_of_silence(now));
        }
        let Detection::Ask { late, asks, spacing, patience } = limits.detection else {
            return None;
        };
        match self.state {
            State::Alive if planted(Bug::LateIsDead) => Some(self.die_of_silence(now)),
            State::Alive => {
                let wary = self.is_wary(limits, now);
                self.state = State::Suspect { asked: 0, wary, next: now };
                Some(Action::Became(PeerState::Suspect, PeerCause::Late { silent_ms }))
            }
            State::Suspect { asked, wary, .. }
                if (wary || asked < u16::from(asks.get()))
                    && !(asked > 0 && planted(Bug::OneQuestionEnough)) =>
            {
                let asked = asked.saturating_add(1);
                let wait = match asked.is_multiple_of(u16::from(asks.get())) {
                    true if wary => late * 2 / 5,
                    true => patience,
                    false => spacing,
                };
                self.state = State::Suspect { asked, wary, next: now + wait };
                Some(Action::Ask)
            }
            State::Suspect { asked, .. } => {
                self.state = State::Dead;
                let cause = PeerCause::Unanswered { silent_ms, asks: u32::from(asked) };
                Some(Action::Became(PeerState::Dead, cause))
            }
            State::Unknown | State::Dead | State::Left => None,
        }
    }

    pub(super) fn next_deadline(&self, limits: &Limits) -> Option<Deadline> {
        let given_up = self.heard_at + limits.deadtime;
        let next = match (self.state, limits.detection) {
            (State::Unknown | State::Dead | State::Left, _) => return None,
            (State::Alive, Detection::Ask { late, .. }) => self.heard_at + late,
            (State::Suspect { next, .. }, Detection::Ask { .. }) => next,
            (_, Detection::Deadtime) if planted(Bug::DeadtimeNeverUsed) => return None,
            (State::Alive | State::Suspect { .. }, Detection::Deadtime) => given_up,
        };
        Some(Deadline { at: next.min(given_up), reason: Reason::PeerLate })
    }
}

#[cfg(test)]
mod tests;
