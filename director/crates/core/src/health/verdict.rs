//! Rise and fall: the state of one real server from its checks.
//!
//! ```text
//!   Unknown ── one success ──► Up ── `fall` failures in a row ──► Down
//!      │                        ▲                                   │
//!      │                        └──── `rise` successes in a row ────┘
//!      └──────────────── `fall` failures in a row ──────────────────►
//! ```

use crate::probe::{Failure, Outcome};
use crate::report::{Health, ServerCause};
use crate::time::Instant;
use core::num::NonZeroU8;

/// What is known of one real server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    state: Health,
    pub(crate) since: Instant,
    pub(crate) why: Option<ServerCause>,
    /// Checks that have succeeded, or failed, in a row; one of them is 0.
    pub(crate) successes: u32,
    pub(crate) failures: u32,
    fall: NonZeroU8,
    rise: NonZeroU8,
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
}

impl Record {
    pub(super) fn new(fall: NonZeroU8, rise: NonZeroU8, now: Instant) -> Self {
        let state = Health::Unknown;
        Self { state, since: now, why: None, successes: 0, failures: 0, fall, rise }
    }

    pub(crate) fn state(&self) -> Health {
        self.state
    }

    /// It was found in use, by a life of this director that knew why.
    pub(super) fn adopt(&mut self, now: Instant) {
        self.enter(Health::Up, ServerCause::Adopted, now);
    }

    /// New limits hold from the next check on.
    pub(super) fn relimit(&mut self, fall: NonZeroU8, rise: NonZeroU8) {
        self.fall = fall;
        self.rise = rise;
    }

    fn enter(&mut self, state: Health, why: ServerCause, now: Instant) {
        self.state = state;
        self.since = now;
        self.why = Some(why);
    }

    /// Takes in the outcome of a check.
    pub(super) fn judge(&mut self, outcome: Outcome, now: Instant) -> Change {
        match outcome {
            Ok(()) => self.succeeded(now),
            Err(failure) => self.failed(failure, now),
        }
    }

    fn succeeded(&mut self, now: Instant) -> Change {
        self.failures = 0;
        self.successes = self.successes.saturating_add(1);
        let enough = match self.state {
            Health::Up => false,
            Health::Unknown => true,
            Health::Down => self.successes >= u32::from(self.rise.get()),
        };
        if !enough {
            return Change::None;
        }
        let why = ServerCause::Succeeded { checks: self.successes };
        self.enter(Health::Up, why.clone(), now);
        Change::Became(Health::Up, why)
    }

    fn failed(&mut self, failure: Failure, now: Instant) -> Change {
        self.successes = 0;
        self.failures = self.failures.saturating_add(1);
        let fall = u32::from(self.fall.get());
        if self.state == Health::Down {
            return Change::None;
        }
        if self.failures < fall {
            return Change::Failing { failures: self.failures, fall, failure };
        }
        let why = ServerCause::Failed { checks: self.failures, failure };
        self.enter(Health::Down, why.clone(), now);
        Change::Became(Health::Down, why)
    }
}
