//! Rise and fall: the state of one real server from its checks.
//!
//! ```text
//!   Unknown ── one success ──► Up ── `fall` failures in a row ──► Down
//!      │                        ▲                                   │
//!      │                        └──── `rise` successes in a row ────┘
//!      └──────────────── `fall` failures in a row ──────────────────►
//! ```
//!
//! With `initial = "down"` the first success is not enough for a server that was never checked.
//! A check that this host could not carry out says nothing about the server: one that is up stays
//! up, however many there are; one that was never checked is not taken for healthy.
//! A server that is damped goes up only when it has also not failed for the time of its hold.

use crate::config::{Check, Damping, Initial};
use crate::planted::{Bug, planted};
use crate::probe::{Failure, Outcome};
use crate::report::{Health, ServerCause};
use crate::time::Instant;
use alloc::collections::VecDeque;
use core::num::NonZeroU8;
use core::time::Duration;

/// What is known of one real server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    state: Health,
    pub(crate) since: Instant,
    pub(crate) why: Option<ServerCause>,
    /// Checks that have succeeded, or failed, in a row; one of them is 0.
    pub(crate) successes: u32,
    pub(crate) failures: u32,
    /// Whether it has ever passed a check, or was found in use: what never has gets no weight,
    /// whatever becomes of the other servers.
    pub(crate) proven: bool,
    /// Whether it was told that checks cannot be carried out, since the last that was.
    told_unable: bool,
    limits: Limits,
    /// When it fell, newest last; no longer ago than damping looks back.
    falls: VecDeque<Instant>,
    /// Until when it may not go up.
    held_until: Option<Instant>,
}

/// What it takes to change the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    fall: NonZeroU8,
    rise: NonZeroU8,
    initial: Initial,
    damping: Option<Damping>,
}

impl Limits {
    pub(super) fn of(check: &Check, damping: Option<Damping>) -> Self {
        Self { fall: check.fall, rise: check.rise, initial: check.pace.initial, damping }
    }
}

/// How soon a server is to be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tempo {
    /// Nothing changes.
    Stable,
    /// It is down and answers nothing good.
    Down,
    /// Some of the answers that change its state have come.
    Changing,
}

/// What a check changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing worth telling.
    None,
    /// It failed, with no consequence yet.
    Failing { failures: u32, fall: u32, failure: Failure },
    /// The state changed.
    Became(Health, ServerCause),
    /// It went down once too often and is held there for a while.
    Damped { why: ServerCause, falls: u32, hold: Duration },
}

impl Record {
    pub(super) fn new(limits: Limits, now: Instant) -> Self {
        Self {
            state: Health::Unknown,
            since: now,
            why: None,
            successes: 0,
            failures: 0,
            proven: false,
            told_unable: false,
            limits,
            falls: VecDeque::new(),
            held_until: None,
        }
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn state(&self) -> Health {
        self.state
    }

    /// Until when damping keeps it down.
    pub(crate) fn held_until(&self) -> Option<Instant> {
        self.held_until.filter(|_| self.state == Health::Down)
    }

    /// It was found in use, by a life of this director that knew why.
    pub(super) fn adopt(&mut self, now: Instant) {
        self.enter(Health::Up, ServerCause::Adopted, now);
    }

    /// New limits hold from the next check on.
    pub(super) fn relimit(&mut self, limits: Limits) {
        self.limits = limits;
        if limits.damping.is_none() {
            self.falls.clear();
            self.held_until = None;
        }
    }

    pub(super) fn tempo(&self) -> Tempo {
        match self.state {
            Health::Up if self.failures == 0 => Tempo::Stable,
            Health::Down if self.successes == 0 => Tempo::Down,
            Health::Up | Health::Down | Health::Unknown => Tempo::Changing,
        }
    }

    fn enter(&mut self, state: Health, why: ServerCause, now: Instant) {
        self.state = state;
        self.since = now;
        self.why = Some(why);
        self.proven |= state == Health::Up;
    }

    /// Takes in the outcome of a check.
    pub(super) fn judge(&mut self, outcome: &Outcome, now: Instant) -> Change {
        match outcome {
            Ok(_) => self.succeeded(now),
            Err(failure @ Failure::Local { .. }) if self.state == Health::Up => {
                self.unable(failure)
            }
            Err(failure) => self.failed(failure.clone(), now),
        }
    }

    /// Told once, until a check is carried out again.
    fn unable(&mut self, failure: &Failure) -> Change {
        if core::mem::replace(&mut self.told_unable, true) {
            return Change::None;
        }
        let (failures, fall) = (self.failures, u32::from(self.limits.fall.get()));
        Change::Failing { failures, fall, failure: failure.clone() }
    }

    fn succeeded(&mut self, now: Instant) -> Change {
        if !planted(Bug::FailuresNotReset) {
            self.failures = 0;
        }
        self.told_unable = false;
        self.successes = self.successes.saturating_add(1);
        let risen = self.successes >= u32::from(self.limits.rise.get());
        let enough = match (self.state, self.limits.initial) {
            (Health::Up, _) => false,
            (Health::Unknown, Initial::Unknown) => true,
            (Health::Unknown, Initial::Down) => risen,
            (Health::Down, _) => {
                (risen || planted(Bug::RiseEarly))
                    && self.held_until.is_none_or(|until| until <= now)
            }
        };
        if !enough {
            return Change::None;
        }
        self.held_until = None;
        let why = ServerCause::Succeeded { checks: self.successes };
        self.enter(Health::Up, why.clone(), now);
        Change::Became(Health::Up, why)
    }

    fn failed(&mut self, failure: Failure, now: Instant) -> Change {
        self.told_unable = false;
        self.successes = 0;
        self.failures = self.failures.saturating_add(1);
        let fall = u32::from(self.limits.fall.get()) + u32::from(planted(Bug::FallLate))
            - u32::from(planted(Bug::FallEarly));
        if self.state == Health::Down {
            if let (Some(until), Some(damping)) = (&mut self.held_until, self.limits.damping) {
                *until = now + damping.hold;
            }
            return Change::None;
        }
        if self.failures < fall {
            return Change::Failing { failures: self.failures, fall, failure };
        }
        let was_up = self.state == Health::Up;
        let why = ServerCause::Failed { checks: self.failures, failure };
        self.enter(Health::Down, why.clone(), now);
        match self.limits.damping.filter(|_| was_up) {
            Some(damping) => self.damp(damping, why, now),
            None => Change::Became(Health::Down, why),
        }
    }

    /// Counts a fall; too many in a short time keep the server out for longer.
    fn damp(&mut self, damping: Damping, why: ServerCause, now: Instant) -> Change {
        self.falls.retain(|at| now.since(*at) < damping.within);
        self.falls.push_back(now);
        let falls = self.falls.len();
        if falls < usize::from(damping.changes.get()) {
            return Change::Became(Health::Down, why);
        }
        self.falls.clear();
        self.held_until = Some(now + damping.hold);
        let falls = u32::try_from(falls).unwrap_or(u32::MAX);
        Change::Damped { why, falls, hold: damping.hold }
    }
}

#[cfg(test)]
mod tests;
