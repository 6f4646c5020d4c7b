//! The state machine of one virtual router, to the letter of RFC 9568 §6.4 (and of RFC 3768 §6.4
//! for version 2, whose Master is here called active, too).
//!
//! ```text
//!                    Startup, priority 255
//!      ┌────────────────────────────────────────────┐
//!      │                                            ▼
//! ┌────────────┐  Startup   ┌────────┐  down   ┌────────┐
//! │ Initialize │ ─────────► │ Backup │ ──────► │ Active │
//! └────────────┘            └────────┘ ◄────── └────────┘
//!      ▲   ▲     Shutdown       │       better     │
//!      │   └────────────────────┘       advert     │
//!      └───────────────────────────────────────────┘
//!                      Shutdown
//! ```
//!
//! Times: Skew_Time = (256 - priority) / 256 of the active router's interval (version 3, §6.1) or
//! of a second (version 2, RFC 3768 §6.1); Active_Down_Interval = 3 × interval + Skew_Time.
//! Fractions of hundredths of a second are kept.
//!
//! Where the texts differ: version 2 has one interval for all and is silent to a worse active
//! router; version 3 learns the active router's interval (§6.4.2) and answers a worse one at once
//! (§6.4.3, new in RFC 9568).
//!
//! What no RFC has, and keepalived does: a better router may wait before it takes over (`preempt`).

use crate::config::VrrpVersion;
use crate::time::Instant;
use core::time::Duration;

/// The priority that says that the sender gives up (§5.2.4).
pub(super) const RELEASE: u8 = 0;
/// The priority of the addresses' owner (§5.2.4).
pub(super) const OWNER: u8 = 255;

/// What a virtual router is configured to be (§6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) version: VrrpVersion,
    pub(super) priority: u8,
    /// Advertisement_Interval.
    pub(super) interval: Duration,
    /// Preempt_Mode, and how long it waits; `None` for false.
    pub(super) preempt: Option<Duration>,
}

/// A state with the timer that runs in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Initialize,
    Backup {
        /// Active_Down_Timer.
        down_at: Instant,
    },
    Active {
        /// Adver_Timer.
        advert_at: Instant,
    },
}

/// What happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Startup,
    Shutdown,
    /// Time has passed; too early changes nothing.
    Time,
    Heard(Heard),
}

/// What an advert says that is to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) priority: u8,
    pub(super) interval: Duration,
    /// Whether the sender's address is greater than ours, for equal priorities.
    pub(super) greater: bool,
}

/// What it does then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Deed {
    /// The priority in the advert that is sent.
    pub(super) send: Option<u8>,
    /// A worse active router was heard, and this one stays.
    pub(super) rival: bool,
}

impl Deed {
    const NOTHING: Self = Self { send: None, rival: false };

    const fn send(priority: u8) -> Self {
        Self { send: Some(priority), rival: false }
    }
}

/// One virtual router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Machine {
    pub(super) parameters: Parameters,
    pub(super) state: State,
    /// Active_Adver_Interval.
    active_interval: Duration,
    /// Before this time no worse router is pushed aside; since one is heard.
    patient_until: Option<Instant>,
    /// Whether it was handed over: it pushes nobody aside.
    pub(super) resting: bool,
}

impl Machine {
    pub(super) const fn new(parameters: Parameters) -> Self {
        Self {
            parameters,
            state: State::Initialize,
            active_interval: parameters.interval,
            patient_until: None,
            resting: false,
        }
    }

    /// Uses other parameters from now on; the state and its timer stay.
    pub(super) fn adopt(&mut self, parameters: Parameters) {
        if self.parameters.version != parameters.version
            || self.parameters.interval != parameters.interval
        {
            self.active_interval = parameters.interval;
        }
        self.parameters = parameters;
    }

    pub(super) fn handle(&mut self, event: Event, now: Instant) -> Deed {
        match (self.state, event) {
            (State::Initialize, Event::Startup) => self.start(now),
            (State::Initialize, _) | (_, Event::Startup) => Deed::NOTHING,
            (State::Backup { .. }, Event::Shutdown) => self.end(Deed::NOTHING),
            (State::Active { .. }, Event::Shutdown) => self.end(Deed::send(RELEASE)),
            (State::Backup { down_at }, Event::Time) if now >= down_at => self.rise(now),
            (State::Active { advert_at }, Event::Time) if now >= advert_at => {
                // Late once, not late for ever.
                let next = advert_at + self.parameters.interval;
                let advert_at = if next > now { next } else { now + self.parameters.interval };
                self.state = State::Active { advert_at };
                Deed::send(self.parameters.priority)
            }
            (_, Event::Time) => Deed::NOTHING,
            (State::Backup { .. }, Event::Heard(heard)) => self.hear_as_backup(heard, now),
            (State::Active { .. }, Event::Heard(heard)) => self.hear_as_active(heard, now),
        }
    }

    /// When [`Event::Time`] changes something.
    pub(super) const fn due(&self) -> Option<Instant> {
        match self.state {
            State::Initialize => None,
            State::Backup { down_at } => Some(down_at),
            State::Active { advert_at } => Some(advert_at),
        }
    }

    /// Active_Down_Interval.
    pub(super) fn down_interval(&self) -> Duration {
        self.active_interval * 3 + self.skew()
    }

    /// Skew_Time.
    pub(super) fn skew(&self) -> Duration {
        let of = match self.parameters.version {
            VrrpVersion::V2 => Duration::from_secs(1),
            VrrpVersion::V3 => self.active_interval,
        };
        of * (256 - u32::from(self.parameters.priority)) / 256
    }

    /// §6.4.1.
    fn start(&mut self, now: Instant) -> Deed {
        self.active_interval = self.parameters.interval;
        self.patient_until = None;
        if self.parameters.priority == OWNER {
            return self.rise(now);
        }
        self.state = State::Backup { down_at: now + self.down_interval() };
        Deed::NOTHING
    }

    fn end(&mut self, deed: Deed) -> Deed {
        self.state = State::Initialize;
        deed
    }

    fn rise(&mut self, now: Instant) -> Deed {
        self.patient_until = None;
        self.state = State::Active { advert_at: now + self.parameters.interval };
        Deed::send(self.parameters.priority)
    }

    /// §6.4.2.
    fn hear_as_backup(&mut self, heard: Heard, now: Instant) -> Deed {
        if heard.priority == RELEASE {
            self.state = State::Backup { down_at: now + self.skew() };
        } else if heard.priority >= self.parameters.priority {
            self.patient_until = None;
            self.follow(heard, now);
        } else if !self.may_preempt(now) {
            self.follow(heard, now);
        }
        Deed::NOTHING
    }

    /// Whether a worse router is ignored. It is obeyed for as long as this one is patient.
    fn may_preempt(&mut self, now: Instant) -> bool {
        let Some(delay) = self.parameters.preempt.filter(|_| !self.resting) else {
            return false;
        };
        now >= *self.patient_until.get_or_insert(now + delay)
    }

    fn follow(&mut self, heard: Heard, now: Instant) {
        self.active_interval = match self.parameters.version {
            VrrpVersion::V2 => self.parameters.interval,
            VrrpVersion::V3 => heard.interval,
        };
        self.state = State::Backup { down_at: now + self.down_interval() };
    }

    /// §6.4.3.
    fn hear_as_active(&mut self, heard: Heard, now: Instant) -> Deed {
        let ours = self.parameters.priority;
        if heard.priority == RELEASE {
            self.state = State::Active { advert_at: now + self.parameters.interval };
            return Deed::send(ours);
        }
        if heard.priority > ours || (heard.priority == ours && heard.greater) {
            self.patient_until = None;
            self.follow(heard, now);
            // Its last word: see the deviations in the parent.
            return Deed::send(ours);
        }
        let answers = self.parameters.version == VrrpVersion::V3;
        Deed { send: answers.then_some(ours), rival: true }
    }
}

#[cfg(test)]
mod tests;
