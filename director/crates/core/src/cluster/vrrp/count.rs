//! What virtual routers count, and what is told of packets that changed nothing.

use super::Out;
use crate::advert::Fault;
use crate::name::InterfaceName;
use crate::report::Report;
use crate::time::Instant;
use alloc::collections::BTreeMap;
use core::net::IpAddr;
use core::time::Duration;

/// A sender is told of once in this time.
const PAUSE: Duration = Duration::from_secs(60);
/// Senders that are remembered.
const MOST: usize = 64;

/// Adverts of one virtual router since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) sent: u64,
    pub(super) heard: u64,
    pub(super) ignored: BTreeMap<Fault, u64>,
}

impl Count {
    pub(super) fn ignored(&mut self, why: Fault) {
        *self.ignored.entry(why).or_default() += 1;
    }
}

/// Which senders have been told of, and when.
#[derive(Clone, Debug, Default)]
pub(super) struct Told(BTreeMap<(IpAddr, Fault), Instant>);

impl Told {
    pub(super) fn note(
        &mut self,
        interface: InterfaceName,
        from: IpAddr,
        why: Fault,
        now: Instant,
        out: &mut Out,
    ) {
        let recent = |at: &Instant| now.since(*at) < PAUSE;
        if self.0.get(&(from, why)).is_some_and(recent) {
            return;
        }
        self.0.retain(|_, at| recent(at));
        if self.0.len() < MOST {
            self.0.insert((from, why), now);
            out.reports.push_back(Report::AdvertIgnored { interface, from, why });
        }
    }
}
