//! Observe, compare, apply step by step, observe again.

use crate::ports::{Kernel, KernelError, TableChange};
use director_core::desired::DesiredState;
use director_core::input::{FailedStep, Reconciled};
use director_core::name::InterfaceName;
use director_core::observed::Snapshot;
use director_core::plan::{Ledger, Step, diff};
use director_core::planted::{Bug, planted};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// What the kernel holds of everything that `desired` speaks of.
///
/// A setting that the kernel does not have is left out, and so is tried and reported by the steps;
/// so are the rules of closed addresses when they cannot be read: no address waits for them.
///
/// # Errors
/// When the kernel cannot be asked for its table or its addresses.
pub fn observe(kernel: &mut impl Kernel, desired: &DesiredState) -> Result<Snapshot, KernelError> {
    let services = kernel.services()?;
    let interfaces: BTreeSet<&InterfaceName> =
        desired.addresses.keys().map(|address| &address.interface).collect();
    let mut addresses = BTreeMap::new();
    let mut devices = BTreeSet::new();
    for interface in interfaces {
        addresses.append(&mut kernel.held(interface)?);
        devices.append(&mut kernel.devices(interface)?);
    }
    let sysctls = desired
        .sysctls
        .keys()
        .filter_map(|key| Some((key.clone(), kernel.read_sysctl(key).ok()?)))
        .collect();
    let sync = match &desired.sync {
        Some(_) => kernel.sync_daemons()?,
        None => BTreeMap::new(),
    };
    let marks = if desired.marks.is_some() { kernel.marks()? } else { None };
    let closed = desired.closed.as_ref().and_then(|_| kernel.closed().unwrap_or_default());
    Ok(Snapshot { services, addresses, devices, sysctls, sync, closed, marks })
}

/// Carries out one step.
///
/// # Errors
/// What the kernel said when it refused.
pub fn apply(kernel: &mut impl Kernel, step: &Step) -> Result<(), KernelError> {
    match step {
        Step::RemoveAddress(address) => kernel.remove_address(address),
        Step::SetSysctl { key, to, .. } => kernel.write_sysctl(key, *to),
        Step::AddService(key, to) => kernel.add_service(*key, *to),
        Step::EditService(key, to) => kernel.edit_service(*key, *to),
        Step::AddServer(key, server, to) => kernel.add_server(*key, *server, *to),
        Step::EditServer(key, server, to) => kernel.edit_server(*key, *server, *to),
        Step::RemoveServer(key, server) => kernel.remove_server(*key, *server),
        Step::RemoveService(key) => kernel.remove_service(*key),
        Step::SetMarks(marks) => kernel.set_marks(marks),
        Step::SetClosed(closed) => kernel.close(closed),
        Step::AddDevice(device) => kernel.add_device(device),
        Step::RemoveDevice(device) => kernel.remove_device(device),
        Step::StopSync(role) => kernel.stop_sync(*role),
        Step::StartSync(role, daemon) => kernel.start_sync(*role, daemon),
        Step::AddAddress(address, life) => kernel.add_address(address, *life),
        Step::RenewAddress(address, life) => kernel.renew_address(address, *life),
    }
}

/// One pass, cut into steps so that a simulator can let time pass, or a host crash, between any
/// two.
#[derive(Clone, Debug)]
pub struct Pass {
    number: u64,
    desired: Arc<DesiredState>,
    /// What was there at the beginning.
    found: Arc<Snapshot>,
    todo: VecDeque<Step>,
    done: Vec<Step>,
    failed: Vec<FailedStep>,
}

/// Whether a pass has more to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// One step was tried; there are more, or the closing observation.
    More,
    /// The pass is over, and this came of it.
    Over(Reconciled),
}

impl Pass {
    /// Observes the kernel and plans. Nothing is changed yet, and `ledger` is complete: what keeps
    /// it outside of the process does so now.
    ///
    /// # Errors
    /// The end of the pass, when the kernel cannot be asked: nothing was changed.
    pub fn begin(
        kernel: &mut impl Kernel,
        number: u64,
        desired: Arc<DesiredState>,
        ledger: &mut Ledger,
    ) -> Result<Self, Reconciled> {
        ledger.note(&desired);
        match observe(kernel, &desired) {
            Ok(found) => {
                ledger.note_settings(&found);
                let todo = diff(&desired, &found, ledger).into();
                let (done, failed) = (Vec::new(), Vec::new());
                Ok(Self { number, desired, found: Arc::new(found), todo, done, failed })
            }
            Err(error) => Err(Reconciled {
                number,
                done: Vec::new(),
                failed: Vec::new(),
                found: Err(error.to_string()),
            }),
        }
    }

    /// Steps that are still to be tried.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.todo.len()
    }

    /// Tries the next step, or observes again when there is none and one was tried.
    ///
    /// An address is not taken while a step before it failed: traffic must not be drawn to a
    /// director that cannot forward it. Whether the pass is then repeated is decided elsewhere.
    pub fn advance(&mut self, kernel: &mut impl Kernel) -> Progress {
        let Some(step) = self.todo.pop_front() else {
            let found = if self.done.is_empty() && self.failed.is_empty() {
                Ok(Arc::clone(&self.found))
            } else {
                observe(kernel, &self.desired).map(Arc::new).map_err(|e| e.to_string())
            };
            return Progress::Over(Reconciled {
                number: self.number,
                done: std::mem::take(&mut self.done),
                failed: std::mem::take(&mut self.failed),
                found,
            });
        };
        if let Some(change) = TableChange::of(&step) {
            self.change_table(kernel, step, change);
            return Progress::More;
        }
        let draws_traffic = matches!(step, Step::AddAddress(..));
        let blocked = self.failed.iter().find(|failed| is_table_step(&failed.step));
        match blocked {
            Some(blocked) if draws_traffic && !planted(Bug::AddressInSpiteOfFailure) => {
                let why = format!("not tried: without \"{}\" it could not forward", blocked.step);
                self.failed.push(FailedStep { step, why });
            }
            _ => {
                let answer = apply(kernel, &step);
                self.settle(step, answer);
            }
        }
        Progress::More
    }

    /// Changes the table by this step, and by those after it as far as the kernel takes them at
    /// once.
    fn change_table<K: Kernel>(&mut self, kernel: &mut K, first: Step, change: TableChange) {
        let (mut steps, mut changes) = (vec![first], vec![change]);
        while changes.len() < K::AT_ONCE
            && let Some(change) = self.todo.front().and_then(TableChange::of)
        {
            steps.extend(self.todo.pop_front());
            changes.push(change);
        }
        for (step, answer) in steps.into_iter().zip(kernel.change_table(&changes)) {
            self.settle(step, answer);
        }
    }

    fn settle(&mut self, step: Step, answer: Result<(), KernelError>) {
        match answer {
            Ok(()) => self.done.push(step),
            Err(_) if planted(Bug::FailedStepDone) => self.done.push(step),
            Err(error) => self.failed.push(FailedStep { step, why: error.to_string() }),
        }
    }
}

/// Whether the step fills the IPVS table: without it, packets for the service would find nobody.
fn is_table_step(step: &Step) -> bool {
    matches!(step, Step::AddService(..) | Step::AddServer(..))
}

/// A whole pass at once.
pub fn reconcile(
    kernel: &mut impl Kernel,
    number: u64,
    desired: Arc<DesiredState>,
    ledger: &mut Ledger,
) -> Reconciled {
    reconcile_keeping(kernel, number, desired, ledger, |_| {})
}

/// A whole pass at once. `keep` gets the ledger before anything is changed, and after what has gone
/// is forgotten.
pub fn reconcile_keeping(
    kernel: &mut impl Kernel,
    number: u64,
    desired: Arc<DesiredState>,
    ledger: &mut Ledger,
    mut keep: impl FnMut(&Ledger),
) -> Reconciled {
    let wanted = Arc::clone(&desired);
    let mut pass = match Pass::begin(kernel, number, desired, ledger) {
        Ok(pass) => pass,
        Err(over) => return over,
    };
    keep(ledger);
    loop {
        if let Progress::Over(over) = pass.advance(kernel) {
            if let Ok(found) = &over.found {
                ledger.forget_gone(&wanted, found);
                keep(ledger);
            }
            return over;
        }
    }
}
