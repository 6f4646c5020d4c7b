//! One check for all services that ask the same of the same server.

use super::verdict::Tempo;
use crate::cluster::Out;
use crate::config::{Check, digest};
use crate::effect::Effect;
use crate::probe::{Probe, Ticket};
use crate::time::Instant;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

/// A check and the servers of services that wait for its answers.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) cadence: Cadence,
    /// Places of the servers.
    pub(super) members: Vec<usize>,
    pub(super) running: Option<(Ticket, Instant)>,
}

/// What is asked and how often: what makes two checks the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Cadence {
    probe: Arc<Probe>,
    stable: Duration,
    changing: Duration,
    down: Duration,
}

impl Cadence {
    pub(super) fn of(check: &Check, server: SocketAddr) -> Self {
        let port = check.port.map_or(server.port(), core::num::NonZeroU16::get);
        let probe = Probe {
            target: SocketAddr::new(server.ip(), port),
            dialogue: check.dialogue.clone(),
            timeout: check.timeout,
        };
        Self {
            probe: Arc::new(probe),
            stable: check.interval,
            changing: check.pace.changing.unwrap_or(check.interval),
            down: check.pace.down.unwrap_or(check.interval),
        }
    }
}

impl Shared {
    pub(super) fn new(cadence: Cadence) -> Self {
        Self { cadence, members: Vec::new(), running: None }
    }

    pub(super) fn start(&mut self, ticket: Ticket, now: Instant) -> Arc<Probe> {
        self.running = Some((ticket, now));
        Arc::clone(&self.cadence.probe)
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
