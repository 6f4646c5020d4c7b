//! What was asked of the kernel, and what came of it.

use crate::cluster::Out;
use crate::config::VirtualAddress;
use crate::desired::{DesiredState, Presence};
use crate::effect::Effect;
use crate::input::Reconciled;
use crate::observed::{Lifetime, Snapshot};
use crate::plan::{Ledger, Step};
use crate::planted::{Bug, planted};
use crate::report::Report;
use crate::time::{Deadline, Instant, Reason};
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

/// After the kernel refused something it is asked again this much later.
const RETRY: Duration = Duration::from_secs(1);

/// What came of stating a desired state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// The kernel was asked for it.
    Ask { number: u64 },
    /// The kernel has been asked for just that already.
    Asked,
}

/// The director's side of reconciling.
#[derive(Clone, Debug)]
pub(super) struct KernelWatch {
    desired: Option<Arc<DesiredState>>,
    number: u64,
    /// The newest that a pass has ended with.
    answered: u64,
    /// When the kernel is to be compared again.
    compare_at: Instant,
    /// What for: anything, or lives of addresses that would run out.
    why: Reason,
    pub(super) converged: bool,
    pub(super) found: Option<(Arc<Snapshot>, Instant)>,
    pub(super) refused: Vec<String>,
    held: BTreeSet<VirtualAddress>,
    ledger: Ledger,
    pub(super) foreign: Vec<String>,
}

impl KernelWatch {
    pub(super) fn new(found: &Snapshot, ledger: &Ledger, now: Instant) -> Self {
        Self {
            desired: None,
            number: 0,
            answered: 0,
            compare_at: now,
            why: Reason::Resync,
            converged: false,
            found: Some((Arc::new(found.clone()), now)),
            refused: Vec::new(),
            held: BTreeSet::new(),
            ledger: ledger.clone(),
            foreign: Vec::new(),
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Addresses of ours that the kernel held when it was asked last.
    pub(super) fn held(&self) -> Vec<VirtualAddress> {
        self.held.iter().cloned().collect()
    }

    /// What it held when it was asked last.
    pub(super) fn found(&self) -> Option<&Snapshot> {
        self.found.as_ref().map(|(found, _)| &**found)
    }

    pub(super) fn desired(&self) -> Option<&DesiredState> {
        self.desired.as_deref()
    }

    /// The kernel may have changed: compare at once.
    pub(super) fn look(&mut self, now: Instant) {
        self.compare_at = now;
        self.why = Reason::Resync;
    }

    /// Somebody waits for what the kernel will show: compare at `at` at the latest.
    pub(super) fn look_by(&mut self, at: Instant) {
        self.compare_at = self.compare_at.min(at);
    }

    /// Whether a pass has still to end that was asked for.
    pub(super) fn is_busy(&self) -> bool {
        self.answered < self.number
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        now >= self.compare_at
    }

    pub(super) fn next_deadline(&self) -> Option<Deadline> {
        Some(Deadline { at: self.compare_at, reason: self.why })
    }

    /// States what is desired now; asks for it when it is new or when it is time to compare.
    pub(super) fn want(
        &mut self,
        desired: DesiredState,
        resync: Duration,
        now: Instant,
        out: &mut Out,
    ) -> Settled {
        let known = self.desired.as_deref() == Some(&desired);
        if known && !self.is_due(now) {
            return Settled::Asked;
        }
        if !known {
            self.ledger.note(&desired);
            self.converged = false;
            self.desired = Some(Arc::new(desired));
        }
        let Some(desired) = &self.desired else {
            return Settled::Asked;
        };
        self.number += 1;
        // A pass whose result never comes must not be waited for for ever.
        let pause = resync.max(RETRY);
        let renewal = desired.renewal().filter(|renewal| *renewal < pause);
        let far = pause * if planted(Bug::ResyncForgotten) { 1_000_000 } else { 1 };
        self.compare_at = now + renewal.unwrap_or(far);
        self.why = if renewal.is_some() { Reason::LeaseDue } else { Reason::Resync };
        let desired = Arc::clone(desired);
        out.effects.push_back(Effect::Reconcile { number: self.number, desired });
        Settled::Ask { number: self.number }
    }

    /// Takes in what a pass did and found. Returns owned addresses that have come back. `own` are
    /// the node's own addresses.
    pub(super) fn reconciled(
        &mut self,
        result: &Reconciled,
        own: &BTreeSet<IpAddr>,
        now: Instant,
        out: &mut Out,
    ) -> Vec<VirtualAddress> {
        let newest = result.number == self.number;
        self.answered = self.answered.max(result.number);
        // A live director renews all the time: that is no news.
        let done = result.done.iter().filter(|step| !matches!(step, Step::RenewAddress(..)));
        for step in done {
            let step = step.to_string();
            let drifted = newest && self.converged;
            out.reports.push_back(if drifted {
                Report::Drift { step }
            } else {
                Report::StepDone { step }
            });
        }
        for failed in &result.failed {
            let (step, why) = (failed.step.to_string(), failed.why.clone());
            out.reports.push_back(Report::StepFailed { step, why });
        }
        self.refused =
            result.failed.iter().map(|f| alloc::format!("{}: {}", f.step, f.why)).collect();
        let back = match &result.found {
            Ok(found) => {
                self.tell_foreign(found, own, out);
                self.take_in(found, result, now, out)
            }
            Err(why) => {
                out.reports.push_back(Report::ObserveFailed { why: why.clone() });
                self.refused.push(why.clone());
                Vec::new()
            }
        };
        if newest {
            let failed = !result.failed.is_empty() || result.found.is_err();
            self.converged = !failed;
            if failed {
                self.compare_at = self.compare_at.min(now + RETRY);
            }
        }
        back
    }

    fn take_in(
        &mut self,
        found: &Arc<Snapshot>,
        result: &Reconciled,
        now: Instant,
        out: &mut Out,
    ) -> Vec<VirtualAddress> {
        let ours = |address: &&VirtualAddress| {
            let desired = self.desired.as_ref();
            desired.is_some_and(|desired| desired.addresses.contains_key(*address))
        };
        let held: BTreeSet<_> = found.addresses.keys().filter(ours).cloned().collect();
        let mut back = Vec::new();
        for address in held.difference(&self.held) {
            out.reports.push_back(Report::Address { address: address.clone(), held: true });
            back.push(address.clone());
        }
        for address in self.held.difference(&held) {
            out.reports.push_back(Report::Address { address: address.clone(), held: false });
        }
        // Taken off and put back within one pass: the neighbours may have noticed.
        let put_back = result.done.iter().filter_map(|step| match step {
            Step::AddAddress(address, _) if self.held.contains(address) => Some(address.clone()),
            _ => None,
        });
        back.extend(put_back);
        self.held = held;
        self.found = Some((Arc::clone(found), now));
        if let Some(desired) = &self.desired {
            self.ledger.forget_gone(desired, found);
        }
        // One that comes back while its owner doubts is announced when the doubt is over.
        back.retain(|address| {
            let wanted = self.desired.as_ref().and_then(|desired| desired.addresses.get(address));
            matches!(wanted, Some(Presence::Held | Presence::AsFound))
        });
        back
    }

    /// Each is told of once for as long as it is there.
    fn tell_foreign(&mut self, found: &Snapshot, own: &BTreeSet<IpAddr>, out: &mut Out) {
        let entries = self.ledger.foreign(found);
        let entries = entries.map(|(service, server)| Report::Foreign { service, server });
        let addresses = foreign_addresses(found, &self.ledger, own);
        let addresses = addresses.map(|address| Report::ForeignAddress { address });
        let mut foreign = Vec::new();
        for report in entries.chain(addresses) {
            let words = report.to_string();
            if !self.foreign.contains(&words) {
                out.reports.push_back(report);
            }
            foreign.push(words);
        }
        self.foreign = foreign;
    }
}

/// What somebody has put beside the virtual addresses. What has a bounded life has come by itself,
/// as link-local addresses have: DHCP and router advertisements give none without end.
fn foreign_addresses<'a>(
    found: &'a Snapshot,
    ledger: &'a Ledger,
    own: &'a BTreeSet<IpAddr>,
) -> impl Iterator<Item = VirtualAddress> + 'a {
    let local = |address: IpAddr| match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unicast_link_local(),
    };
    let there = found.addresses.iter().filter(move |(address, life)| {
        **life == Lifetime::Forever
            && !ledger.has_address(address)
            && !own.contains(&address.address)
            && !local(address.address)
    });
    there.map(|(address, _)| address.clone())
}
