//! Which steps lead from one state to the other, and in which order.

use super::{Ledger, Step};
use crate::config::{ServiceKey, SyncRole};
use crate::desired::{DesiredServer, DesiredState, Presence};
use crate::observed::{Lifetime, ObservedServer, ObservedService, Snapshot};
use crate::planted::{Bug, planted};
use alloc::vec::Vec;
use core::net::SocketAddr;

/// The steps that make `found` equal to `desired`, in an order in which every prefix is safe:
///
/// 1. Addresses go first: a director that is no longer active must not draw traffic for a moment
///    longer than it takes. Those that stay are renewed next: no later step may outlast them.
/// 2. Settings, then services, then servers that gain weight: who takes over has taken over first.
/// 3. Then servers that lose weight, then those that go: the service never runs dry in between.
///    Marks and synchronisation stand between the two: a table that is ready gets its packets and
///    the connections of others, and gives its own away.
/// 4. Addresses come last: traffic is drawn only when it can be forwarded.
#[must_use]
pub fn diff(desired: &DesiredState, found: &Snapshot, ledger: &Ledger) -> Vec<Step> {
    let mut steps = Vec::new();
    if !planted(Bug::TableFlushedFirst) {
        remove_addresses(desired, found, ledger, &mut steps);
    }
    if planted(Bug::AddressBeforeServices) {
        add_addresses(desired, found, &mut steps);
    }
    renew_addresses(desired, found, &mut steps);
    for (key, to) in &desired.sysctls {
        let from = found.sysctls.get(key).copied();
        if from.is_none_or(|from| !key.is_met(from, *to)) {
            steps.push(Step::SetSysctl { key: key.clone(), from, to: *to });
        }
    }
    let (mut gains, mut losses, mut removals) = (Vec::new(), Vec::new(), Vec::new());
    for (key, service) in &desired.services {
        let current = found.services.get(key);
        match current {
            None => gains.push(Step::AddService(*key, service.settings)),
            Some(current) if current.has(&service.settings) => {}
            Some(_) => gains.push(Step::EditService(*key, service.settings)),
        }
        for (address, server) in &service.servers {
            let present = current.and_then(|current| current.servers.get(address));
            change_server(*key, *address, server, present, &mut gains, &mut losses);
        }
        let gone =
            current.into_iter().flat_map(|current| current.servers.keys()).filter(|server| {
                !service.servers.contains_key(*server)
                    && (ledger.has_server(*key, **server) || planted(Bug::ForeignDeleted))
            });
        removals.extend(gone.map(|server| Step::RemoveServer(*key, *server)));
    }
    let gone = found.services.iter().filter(|(key, _)| {
        !desired.services.contains_key(key)
            && (ledger.has_service(key) || planted(Bug::ForeignDeleted))
    });
    gone.for_each(|(key, service)| remove_service(*key, service, ledger, &mut removals));
    steps.append(&mut gains);
    if let Some(closed) = &desired.closed
        && found.closed.as_ref() != Some(closed)
    {
        steps.push(Step::SetClosed(closed.clone()));
    }
    if let Some(marks) = &desired.marks
        && found.marks.as_ref() != Some(marks)
    {
        steps.push(Step::SetMarks(marks.clone()));
    }
    synchronise(desired, found, &mut steps);
    steps.append(&mut losses);
    steps.append(&mut removals);
    if planted(Bug::TableFlushedFirst) {
        remove_addresses(desired, found, ledger, &mut steps);
    }
    if !planted(Bug::AddressBeforeServices) {
        add_addresses(desired, found, &mut steps);
    }
    steps
}

fn add_addresses(desired: &DesiredState, found: &Snapshot, steps: &mut Vec<Step>) {
    let devices = desired.devices().into_iter();
    let missing = devices.filter(|(device, presence)| {
        *presence == Presence::Held && !found.devices.contains(device)
    });
    steps.extend(missing.map(|(device, _)| Step::AddDevice(device)));
    for (address, presence) in &desired.addresses {
        if *presence == Presence::Held && !found.addresses.contains_key(address) {
            steps.push(Step::AddAddress(address.clone(), desired.lease.into()));
        }
    }
}

/// A service goes with its servers, unless one of them is foreign: then it stays for that one.
fn remove_service(
    key: ServiceKey,
    found: &ObservedService,
    ledger: &Ledger,
    removals: &mut Vec<Step>,
) {
    let ours =
        |server: &&SocketAddr| ledger.has_server(key, **server) || planted(Bug::ForeignDeleted);
    if found.servers.keys().all(|server| ours(&server)) {
        removals.push(Step::RemoveService(key));
    } else {
        let servers = found.servers.keys().filter(ours);
        removals.extend(servers.map(|server| Step::RemoveServer(key, *server)));
    }
}

fn remove_addresses(
    desired: &DesiredState,
    found: &Snapshot,
    ledger: &Ledger,
    steps: &mut Vec<Step>,
) {
    for address in found.addresses.keys() {
        let unwanted = match desired.addresses.get(address) {
            Some(Presence::Released) => true,
            Some(Presence::Held | Presence::AsFound) => false,
            None => ledger.has_address(address),
        };
        if unwanted {
            steps.push(Step::RemoveAddress(address.clone()));
        }
    }
    remove_devices(desired, found, ledger, steps);
}

/// Without its device nobody takes the frames that a switch still sends here.
fn remove_devices(
    desired: &DesiredState,
    found: &Snapshot,
    ledger: &Ledger,
    steps: &mut Vec<Step>,
) {
    let wanted = desired.devices();
    for device in &found.devices {
        let unwanted = match wanted.get(device) {
            Some(Presence::Released) => true,
            Some(Presence::Held | Presence::AsFound) => false,
            None => ledger.has_device(device),
        };
        if unwanted {
            steps.push(Step::RemoveDevice(device.clone()));
        }
    }
}

/// Also what was found at the start is renewed: it must not run out while this node listens.
fn renew_addresses(desired: &DesiredState, found: &Snapshot, steps: &mut Vec<Step>) {
    for (address, life) in &found.addresses {
        let kept =
            matches!(desired.addresses.get(address), Some(Presence::Held | Presence::AsFound));
        // Half of the time between renewals: those of one pass shall not be due again in the next.
        let stale = match (life, desired.lease) {
            (Lifetime::Forever, lease) => lease.is_some(),
            (Lifetime::For(_), None) => true,
            (Lifetime::For(left), Some(lease)) => *left + lease / 8 <= lease,
        };
        if kept && stale && !planted(Bug::LeaseNotRenewed) {
            steps.push(Step::RenewAddress(address.clone(), desired.lease.into()));
        }
    }
}

/// The kernel cannot change a daemon that runs.
fn synchronise(desired: &DesiredState, found: &Snapshot, steps: &mut Vec<Step>) {
    let Some(wanted) = &desired.sync else { return };
    let fits = |role: &SyncRole| match (wanted.get(role), found.sync.get(role)) {
        (Some(wanted), Some(running)) => wanted.is_run_by(running),
        _ => false,
    };
    let stops = found.sync.keys().filter(|role| !fits(role));
    steps.extend(stops.map(|role| Step::StopSync(*role)));
    let starts = wanted.iter().filter(|(role, _)| !fits(role));
    steps.extend(starts.map(|(role, daemon)| Step::StartSync(*role, daemon.clone())));
}

fn change_server(
    key: ServiceKey,
    address: SocketAddr,
    server: &DesiredServer,
    present: Option<&ObservedServer>,
    gains: &mut Vec<Step>,
    losses: &mut Vec<Step>,
) {
    match present {
        None => gains.push(Step::AddServer(key, address, *server)),
        Some(present) if present.has(server) && !planted(Bug::StepsRepeated) => {}
        Some(present) if present.weight < server.weight => {
            gains.push(Step::EditServer(key, address, *server));
        }
        Some(_) => losses.push(Step::EditServer(key, address, *server)),
    }
}
