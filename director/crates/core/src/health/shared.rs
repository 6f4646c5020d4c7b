//! One check for all services that ask the same of the same server.

use super::results::Results;
use super::verdict::Tempo;
use super::ways::Exit;
use crate::cluster::Out;
use crate::config::{Check, Dialogue, digest};
use crate::effect::Effect;
use crate::probe::{Advice, Outcome, Probe, Ticket, Way};
use crate::time::Instant;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::num::NonZeroU16;
use core::time::Duration;

/// A check and the servers of services that wait for its answers.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) cadence: Cadence,
    /// Places of the servers.
    pub(super) members: Vec<usize>,
    pub(super) running: Option<(Ticket, Instant)>,
    /// Plain connections that are made before the next whole check.
    connects_left: u16,
    /// Since when it should have begun, and could not.
    pub(super) hindered: Option<Instant>,
    pub(super) results: Results,
}

/// What is asked and how often: what makes two checks the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Cadence {
    probe: Arc<Probe>,
    /// A plain connection, and how many of them follow a whole check that succeeded.
    connect: Option<(Arc<Probe>, NonZeroU16)>,
    stable: Duration,
    changing: Duration,
    down: Duration,
    /// Where the packets of a check through the service leave this director.
    exit: Option<Exit>,
}

impl Cadence {
    pub(super) fn of(check: &Check, server: SocketAddr) -> Self {
        let port = check.port.map_or(server.port(), NonZeroU16::get);
        Self::of_probe(check, SocketAddr::new(server.ip(), port), None, None)
    }

    /// The check of a server through its service, asked at `target`.
    pub(super) fn through(check: &Check, target: SocketAddr, way: Way, exit: Option<Exit>) -> Self {
        Self::of_probe(check, target, Some(way), exit)
    }

    fn of_probe(check: &Check, target: SocketAddr, way: Option<Way>, exit: Option<Exit>) -> Self {
        let (dialogue, timeout) = (check.dialogue.clone(), check.timeout);
        let probe = Probe { target, way, dialogue, timeout };
        let connect = check.pace.connects.map(|count| {
            let plain = Probe { dialogue: Dialogue::Tcp, ..probe.clone() };
            (Arc::new(plain), count)
        });
        Self {
            probe: Arc::new(probe),
            connect,
            stable: check.interval,
            changing: check.pace.changing.unwrap_or(check.interval),
            down: check.pace.down.unwrap_or(check.interval),
            exit,
        }
    }
}

impl Shared {
    pub(super) fn new(cadence: Cadence) -> Self {
        let results = Results::default();
        let members = Vec::new();
        Self { cadence, members, running: None, connects_left: 0, hindered: None, results }
    }

    pub(super) fn way(&self) -> Option<Way> {
        self.cadence.probe.way
    }

    pub(super) fn exit(&self) -> Option<&Exit> {
        self.cadence.exit.as_ref()
    }

    pub(super) fn target(&self) -> SocketAddr {
        self.cadence.probe.target
    }

    pub(super) fn timeout(&self) -> Duration {
        self.cadence.probe.timeout
    }

    pub(super) fn start(&mut self, ticket: Ticket, now: Instant) -> Arc<Probe> {
        self.running = Some((ticket, now));
        match &self.cadence.connect {
            Some((connect, _)) if self.connects_left > 0 => Arc::clone(connect),
            _ => Arc::clone(&self.cadence.probe),
        }
    }

    /// What the server's agent has said just now; a plain connection says nothing.
    pub(super) fn advice(&self, outcome: &Outcome) -> Option<Advice> {
        let whole = self.cadence.connect.is_none() || self.connects_left == 0;
        let agent = matches!(self.cadence.probe.dialogue, Dialogue::Agent(_));
        outcome.as_ref().ok().filter(|_| whole && agent).map(|passed| passed.advice)
    }

    /// Decides by the last answer what is asked next: after a whole check that succeeded, plain
    /// connections; after any failure the whole check.
    pub(super) fn answered(&mut self, good: bool) {
        let fresh = self.cadence.connect.as_ref().map_or(0, |(_, count)| count.get());
        self.connects_left = match (good, self.connects_left) {
            (false, _) => 0,
            (true, 0) => fresh,
            (true, left) => left - 1,
        };
    }

    pub(super) fn cancel(&mut self, out: &mut Out) {
        if let Some((ticket, _)) = self.running.take() {
            out.effects.push_back(Effect::CancelProbe { ticket });
        }
    }

    /// Between the starts of two checks.
    pub(super) fn interval(&self, tempo: Option<Tempo>) -> Duration {
        match tempo {
            Some(Tempo::Changing) => self.cadence.changing,
            Some(Tempo::Down) => self.cadence.down,
            Some(Tempo::Stable) | None => self.cadence.stable,
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
        Shared::new(Cadence::of(&check, "10.0.0.21:80".parse().unwrap()))
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
