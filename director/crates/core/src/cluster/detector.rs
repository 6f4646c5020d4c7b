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

use crate::config::Detection;
use crate::report::{PeerCause, PeerState};
use crate::time::{Deadline, Instant, Reason};
use core::time::Duration;

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
    Suspect { asked: u8, next: Instant },
    Dead,
    Left,
}

/// The failure detector for one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Detector {
    state: State,
    heard_at: Instant,
    /// Whether it was heard before it became unknown.
    met: bool,
}

impl Detector {
    pub(super) fn new() -> Self {
        Self { state: State::Unknown, heard_at: Instant::ZERO, met: false }
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

    /// The peer was heard.
    pub(super) fn heard(&mut self, now: Instant) -> Option<Action> {
        let cause = match self.state {
            State::Alive => None,
            State::Unknown if !self.met => Some(PeerCause::FirstHeard),
            State::Unknown | State::Suspect { .. } | State::Dead | State::Left => {
                Some(PeerCause::HeardAgain)
            }
        };
        self.state = State::Alive;
        self.heard_at = now;
        self.met = true;
        cause.map(|cause| Action::Became(PeerState::Alive, cause))
    }

    /// The peer said goodbye.
    pub(super) fn left(&mut self, now: Instant) -> Option<Action> {
        let was = core::mem::replace(&mut self.state, State::Left);
        self.heard_at = now;
        (was != State::Left).then_some(Action::Became(PeerState::Left, PeerCause::Goodbye))
    }

    /// This process was not run for `late`; its own sleep proves nothing about the peer.
    pub(super) fn forgive(&mut self, late: Duration, now: Instant) {
        if !self.is_live() {
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

    /// What is due at `now`; to be called until it returns nothing.
    pub(super) fn due(&mut self, limits: Limits, now: Instant) -> Option<Action> {
        let deadline = self.next_deadline(limits)?;
        if now < deadline.at {
            return None;
        }
        let silent = now.since(self.heard_at);
        let silent_ms = u64::try_from(silent.as_millis()).unwrap_or(u64::MAX);
        if silent >= limits.deadtime {
            self.state = State::Dead;
            return Some(Action::Became(PeerState::Dead, PeerCause::Deadtime { silent_ms }));
        }
        let Detection::Ask { asks, spacing, patience, .. } = limits.detection else {
            return None;
        };
        match self.state {
            State::Alive => {
                self.state = State::Suspect { asked: 0, next: now };
                Some(Action::Became(PeerState::Suspect, PeerCause::Late { silent_ms }))
            }
            State::Suspect { asked, .. } if asked < asks.get() => {
                let asked = asked + 1;
                let wait = if asked == asks.get() { patience } else { spacing };
                self.state = State::Suspect { asked, next: now + wait };
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

    pub(super) fn next_deadline(&self, limits: Limits) -> Option<Deadline> {
        let given_up = self.heard_at + limits.deadtime;
        let next = match (self.state, limits.detection) {
            (State::Unknown | State::Dead | State::Left, _) => return None,
            (State::Alive, Detection::Ask { late, .. }) => self.heard_at + late,
            (State::Suspect { next, .. }, Detection::Ask { .. }) => next,
            (State::Alive | State::Suspect { .. }, Detection::Deadtime) => given_up,
        };
        Some(Deadline { at: next.min(given_up), reason: Reason::PeerLate })
    }
}

#[cfg(test)]
mod tests;
