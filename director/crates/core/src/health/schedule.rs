//! When which server is to be dealt with next.

use crate::time::Instant;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// One time per server; the earliest is found without looking at the others.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    queue: BTreeSet<(Instant, usize)>,
    times: Vec<Option<Instant>>,
}

impl Schedule {
    /// Sets the time of a server, in place of any that it had.
    pub(super) fn set(&mut self, index: usize, at: Instant) {
        if self.times.len() <= index {
            self.times.resize(index + 1, None);
        }
        if let Some(former) = self.times[index].replace(at) {
            self.queue.remove(&(former, index));
        }
        self.queue.insert((at, index));
    }

    /// Takes the time of a server away.
    pub(super) fn clear(&mut self, index: usize) {
        if let Some(former) = self.times.get_mut(index).and_then(Option::take) {
            self.queue.remove(&(former, index));
        }
    }

    pub(super) fn time(&self, index: usize) -> Option<Instant> {
        self.times.get(index).copied().flatten()
    }

    pub(super) fn has(&self, index: usize) -> bool {
        self.time(index).is_some()
    }

    /// The earliest time and its server.
    pub(super) fn first(&self) -> Option<(Instant, usize)> {
        self.queue.first().copied()
    }

    /// A server whose time has come; it has no time afterwards.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<usize> {
        let (_, index) = self.first().filter(|(at, _)| *at <= now)?;
        self.queue.pop_first();
        self.times[index] = None;
        Some(index)
    }
}
