//! Whether the kernel holds the addresses that this node owns, and until when that is certain.
//!
//! An owner that its kernel does not obey serves nobody, and its peers hear it all the same: they
//! would leave it alone for ever. With a lease the addresses of an owner that cannot renew them run
//! out by themselves. From that moment on nobody is harmed by giving the group up.

use super::group::{Group, Surroundings, TAKING_PATIENCE};
use crate::config::VirtualAddress;
use crate::input::Reconciled;
use crate::observed::Lifetime;
use crate::report::Role;
use crate::time::Instant;
use alloc::collections::BTreeSet;
use core::time::Duration;

/// The kernel counts lives in whole seconds (`ifa_valid`, `linux/if_addr.h`).
const ROUNDED: Duration = Duration::from_secs(1);

/// What is known of the addresses of an owner's group.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Hold {
    /// Since when looks at the kernel have shown that one of them is missing.
    missing_since: Option<Instant>,
    /// Those that the last look has not shown.
    missing: BTreeSet<VirtualAddress>,
    /// When the first of them runs out unless it is renewed; `None` when none does.
    until: Option<Instant>,
    /// Whether a peer that is ready should have the group.
    lost: bool,
    /// Whether this process has slept past the end of a life, and has not looked since.
    unsure: bool,
}

impl Hold {
    /// Takes in what a pass has found; one that could not look says nothing.
    pub(super) fn observe(
        &mut self,
        addresses: &BTreeSet<VirtualAddress>,
        result: &Reconciled,
        now: Instant,
    ) {
        self.unsure = false;
        let Ok(found) = &result.found else { return };
        let missing = addresses.iter().filter(|one| !found.addresses.contains_key(*one));
        self.missing = missing.cloned().collect();
        if !self.missing.is_empty() {
            self.missing_since.get_or_insert(now);
            return;
        }
        let lives = addresses.iter().filter_map(|address| found.addresses.get(address));
        let ends = lives.filter_map(|life| match life {
            Lifetime::For(left) => Some(now + *left + ROUNDED),
            Lifetime::Forever => None,
        });
        *self = Self { until: ends.min(), ..Self::default() };
    }

    /// Whether the last look at the kernel has shown that one of them is missing.
    pub(super) fn is_missing(&self) -> bool {
        self.missing_since.is_some()
    }

    /// Whether the last look at the kernel has shown this one, as far as there was one.
    pub(super) fn has(&self, address: &VirtualAddress) -> bool {
        !self.missing.contains(address)
    }

    /// Whether the kernel may have taken addresses off while this process slept.
    pub(super) fn is_unsure(&self) -> bool {
        self.unsure
    }

    /// This process was not run for so long: nothing was tried meanwhile.
    pub(super) fn forgive(&mut self, late: Duration, now: Instant) {
        self.unsure |= self.until.is_some_and(|until| now >= until);
        self.missing_since = self.missing_since.map(|since| since + late);
        self.until = self.until.map(|until| until + late);
    }

    /// When the group is as good as lost, unless a pass shows otherwise before.
    pub(super) fn deadline(&self, patience: Duration) -> Option<Instant> {
        let missing = self.missing_since.map(|since| since + patience);
        let ends = [missing, self.until].into_iter().flatten().min();
        ends.filter(|_| !self.lost)
    }

    /// Whether a peer that is ready should have it.
    pub(super) fn is_lost(&mut self, patience: Duration, now: Instant) -> bool {
        self.lost |= self.deadline(patience).is_some_and(|at| now >= at);
        self.lost
    }
}

impl Group {
    /// Whether the kernel has refused the addresses for so long that a ready peer should try.
    pub(super) fn cannot_take(&mut self, around: Surroundings<'_>) -> bool {
        let limit = around.patience * TAKING_PATIENCE;
        self.taking_overdue = self.role == Role::Taking && around.now.since(self.since) >= limit;
        self.taking_overdue && around.peers.iter().any(|peer| self.is_ready(peer))
    }

    /// Whether the kernel holds the addresses no longer, and a peer is ready.
    pub(super) fn cannot_keep(&mut self, around: Surroundings<'_>) -> bool {
        let limit = around.patience * TAKING_PATIENCE;
        let lost = self.role == Role::Active && self.hold.is_lost(limit, around.now);
        lost && around.peers.iter().any(|peer| self.is_ready(peer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::Snapshot;
    use alloc::sync::Arc;

    const PATIENCE: Duration = Duration::from_secs(3);

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    fn ours() -> BTreeSet<VirtualAddress> {
        let interface = crate::name::InterfaceName::new("lan").unwrap();
        let held = |last| VirtualAddress {
            address: core::net::IpAddr::from([10, 0, 0, last]),
            prefix: 24,
            interface: interface.clone(),
            mac: None,
        };
        [held(100), held(101)].into()
    }

    fn seen(lives: &[Option<Lifetime>]) -> Reconciled {
        let held = ours().into_iter().zip(lives);
        let addresses = held.filter_map(|(address, life)| Some((address, (*life)?))).collect();
        let found = Snapshot { addresses, ..Snapshot::default() };
        Reconciled { number: 1, done: vec![], failed: vec![], found: Ok(Arc::new(found)) }
    }

    fn life(seconds: u64) -> Option<Lifetime> {
        Some(Lifetime::For(Duration::from_secs(seconds)))
    }

    #[test]
    fn it_is_lost_when_the_first_address_has_certainly_run_out() {
        let mut hold = Hold::default();
        hold.observe(&ours(), &seen(&[life(10), life(8)]), at(20));
        assert_eq!(hold.deadline(PATIENCE), Some(at(29)));
        let blind = Reconciled { found: Err("no descriptor".into()), ..seen(&[]) };
        hold.observe(&ours(), &blind, at(25));
        assert!(!hold.is_lost(PATIENCE, at(28)));
        assert!(hold.is_lost(PATIENCE, at(29)));
        // Nobody is woken again for what is known.
        assert_eq!(hold.deadline(PATIENCE), None);
        hold.observe(&ours(), &seen(&[life(10), life(10)]), at(30));
        assert!(!hold.is_lost(PATIENCE, at(30)));
    }

    #[test]
    fn who_slept_past_the_end_of_a_life_must_look_first() {
        let mut hold = Hold::default();
        hold.observe(&ours(), &seen(&[life(10), life(10)]), at(20));
        hold.forgive(Duration::from_secs(5), at(25));
        assert!(!hold.is_unsure(), "it ends at 31 at the earliest");
        hold.forgive(Duration::from_secs(20), at(46));
        assert!(hold.is_unsure());
        let blind = Reconciled { found: Err("no descriptor".into()), ..seen(&[]) };
        hold.observe(&ours(), &blind, at(46));
        assert!(!hold.is_unsure(), "who cannot look must not doubt for ever");
    }

    #[test]
    fn without_a_lease_only_what_is_missing_counts() {
        let mut hold = Hold::default();
        hold.observe(&ours(), &seen(&[Some(Lifetime::Forever); 2]), at(20));
        assert_eq!(hold.deadline(PATIENCE), None);
        hold.observe(&ours(), &seen(&[Some(Lifetime::Forever), None]), at(21));
        hold.observe(&ours(), &seen(&[None, None]), at(22));
        assert_eq!(hold.deadline(PATIENCE), Some(at(24)));
        hold.observe(&ours(), &seen(&[Some(Lifetime::Forever); 2]), at(23));
        assert!(!hold.is_lost(PATIENCE, at(24)));
    }
}
