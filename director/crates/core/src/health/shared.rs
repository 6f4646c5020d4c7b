//! One check for all services that ask the same of the same server.

use super::results::Results;
use super::verdict::Tempo;
use super::ways::Exit;
use crate::cluster::Out;
use crate::config::{Check, Dialogue, digest};
use crate::effect::Effect;
use crate::planted::{Bug, planted};
use crate::probe::{Advice, Outcome, Probe, Ticket, Way};
use crate::time::Instant;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::num::NonZeroU16;
use core::time::Duration;

/// What part of its time a check may be late.
const SLACK: u32 = 8;

/// A check and the servers of services that wait for its answers.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) cadence: Cadence,
    /// Places of the servers.
    pub(super) members: Vec<usize>,
    pub(super) running: Option<(Ticket, Instant)>,
    /// Plain connections that are made before the next whole check.
    connects_left: u16,
    /// Whether this process slept while the running check waited.
    disturbed: bool,
    /// Whether the last answer was a failure that did not count for that.
    spared: bool,
    /// Since when it should have begun, and could not.
    pub(super) hindered: Option<Instant>,
    pub(super) results: Results,
}

/// What is asked and how often: what makes two checks the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Cadence {
    target: SocketAddr,
    plan: Arc<Plan>,
    /// For a check through the service.
    through: Option<Box<Through>>,
}

/// What the checks of a service have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Plan {
    dialogue: Dialogue,
    /// The port that is asked, when it is not the server's own.
    port: Option<NonZeroU16>,
    timeout: Duration,
    /// How many plain connections follow a whole check that succeeded.
    connects: Option<NonZeroU16>,
    stable: Duration,
    changing: Duration,
    down: Duration,
}

/// By which way a check through the service goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Through {
    way: Way,
    /// Where its packets leave this director.
    exit: Option<Exit>,
}

impl Plan {
    pub(super) fn of(check: &Check) -> Arc<Self> {
        Arc::new(Self {
            dialogue: check.dialogue.clone(),
            port: check.port,
            timeout: check.timeout,
            connects: check.pace.connects,
            stable: check.interval,
            changing: check.pace.changing.unwrap_or(check.interval),
            down: check.pace.down.unwrap_or(check.interval),
        })
    }
}

impl Cadence {
    pub(super) fn of(plan: &Arc<Plan>, server: SocketAddr) -> Self {
        let port = plan.port.map_or(server.port(), NonZeroU16::get);
        let target = SocketAddr::new(server.ip(), port);
        Self { target, plan: Arc::clone(plan), through: None }
    }

    /// The check of a server through its service, asked at `target`.
    pub(super) fn through(
        plan: &Arc<Plan>,
        target: SocketAddr,
        way: Way,
        exit: Option<Exit>,
    ) -> Self {
        let through = Some(Box::new(Through { way, exit }));
        Self { target, plan: Arc::clone(plan), through }
    }
}

impl Shared {
    pub(super) fn new(cadence: Cadence) -> Self {
        Self {
            cadence,
            members: Vec::new(),
            running: None,
            connects_left: 0,
            disturbed: false,
            spared: false,
            hindered: None,
            results: Results::default(),
        }
    }

    /// Goes on where the same check was under another configuration.
    pub(super) fn keep(&mut self, former: &mut Self) {
        self.running = former.running.take();
        self.results = core::mem::take(&mut former.results);
        self.connects_left = former.connects_left;
        self.hindered = former.hindered;
        (self.disturbed, self.spared) = (former.disturbed, former.spared);
    }

    pub(super) fn way(&self) -> Option<Way> {
        self.cadence.through.as_ref().map(|through| through.way)
    }

    pub(super) fn exit(&self) -> Option<&Exit> {
        self.cadence.through.as_ref()?.exit.as_ref()
    }

    pub(super) fn target(&self) -> SocketAddr {
        self.cadence.target
    }

    pub(super) fn timeout(&self) -> Duration {
        self.cadence.plan.timeout
    }

    pub(super) fn start(&mut self, ticket: Ticket, now: Instant) -> Probe {
        self.running = Some((ticket, now));
        let plain = self.connects_left > 0;
        let dialogue = if plain { Dialogue::Tcp } else { self.cadence.plan.dialogue.clone() };
        let (target, timeout) = (self.target(), self.timeout());
        Probe { target, way: self.way(), dialogue, timeout }
    }

    /// What the server's agent has said just now; a plain connection says nothing.
    pub(super) fn advice(&self, outcome: &Outcome) -> Option<Advice> {
        let whole = self.connects_left == 0;
        let agent = matches!(self.cadence.plan.dialogue, Dialogue::Agent(_));
        outcome.as_ref().ok().filter(|_| whole && agent).map(|passed| passed.advice)
    }

    /// Decides by the last answer what is asked next: after a whole check that succeeded, plain
    /// connections; after any failure the whole check.
    pub(super) fn answered(&mut self, good: bool) {
        let fresh = self.cadence.plan.connects.map_or(0, NonZeroU16::get);
        self.connects_left = match (good, self.connects_left) {
            (false, _) => 0,
            (true, 0) => fresh,
            (true, left) => left - 1,
        };
    }

    /// This process was not run for `late`. A sleep that is short beside the time of a check
    /// changes nothing.
    pub(super) fn stalled(&mut self, late: Duration) {
        self.disturbed |= self.running.is_some() && late * SLACK >= self.timeout();
    }

    /// Whether this outcome proves nothing: a check has failed while this process slept, whose part
    /// in it that may have been. Its repetition counts, or a dead server would stay in use beside
    /// a process that is always late.
    pub(super) fn spare(&mut self, outcome: &Outcome) -> bool {
        let disturbed = core::mem::take(&mut self.disturbed) && !planted(Bug::SleepFailsChecks);
        self.spared = outcome.is_err() && disturbed && !self.spared;
        self.spared
    }

    /// The longest that the running check takes. The prober has its own deadline and says how far
    /// it came; this is for a prober that hangs.
    pub(super) fn patience(&self) -> Duration {
        self.timeout() + self.timeout() / SLACK
    }

    pub(super) fn cancel(&mut self, out: &mut Out) {
        if let Some((ticket, _)) = self.running.take() {
            out.effects.push_back(Effect::CancelProbe { ticket });
        }
    }

    /// Between the starts of two checks.
    pub(super) fn interval(&self, tempo: Option<Tempo>) -> Duration {
        match tempo {
            Some(Tempo::Changing) => self.cadence.plan.changing,
            Some(Tempo::Down) => self.cadence.plan.down,
            Some(Tempo::Stable) | None => self.cadence.plan.stable,
        }
    }
}

/// Finds equal checks without comparing each with each.
#[derive(Debug, Default)]
pub(super) struct Index(BTreeMap<u64, Vec<usize>>);

impl Index {
    /// The place of an equal check among `all`.
    pub(super) fn find(&self, all: &[Shared], cadence: &Cadence) -> Option<usize> {
        let places = self.0.get(&digest(cadence).0)?;
        places.iter().copied().find(|place| all[*place].cadence == *cadence)
    }

    pub(super) fn add(&mut self, cadence: &Cadence, place: usize) {
        self.0.entry(digest(cadence).0).or_default().push(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Pace, Via, dialogue::Http};
    use core::num::NonZeroU8;

    fn shared(connects: u16) -> Shared {
        let check = Check {
            dialogue: Dialogue::Http(Http::get("/").into()),
            via: Via::Server,
            port: None,
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            fall: NonZeroU8::MIN,
            rise: NonZeroU8::MIN,
            pace: Pace { connects: NonZeroU16::new(connects), ..Pace::default() },
        };
        Shared::new(Cadence::of(&Plan::of(&check), "10.0.0.21:80".parse().unwrap()))
    }

    /// What is asked in turn when the answers are these: `w` whole, `c` a connection.
    fn asked(connects: u16, answers: &[bool]) -> String {
        let mut shared = shared(connects);
        let ask = |good: &bool| {
            let probe = shared.start(Ticket(1), Instant::ZERO);
            shared.answered(*good);
            if probe.dialogue == Dialogue::Tcp { 'c' } else { 'w' }
        };
        answers.iter().map(ask).collect()
    }

    #[test]
    fn connections_follow_a_success_and_end_with_a_failure() {
        let (good, bad) = (true, false);
        assert_eq!(asked(0, &[good; 4]), "wwww");
        assert_eq!(asked(2, &[good; 7]), "wccwccw");
        assert_eq!(asked(2, &[good, good, bad, good, good]), "wccwc");
        assert_eq!(asked(2, &[bad, bad, good, bad, bad, good, good]), "wwwcwwc");
    }
}
