//! What the kernel of a test makes of a step.

use crate::observed::{ObservedServer, ObservedService, Snapshot};
use crate::plan::Step;

/// Panics on what a kernel would refuse.
pub(super) fn apply(kernel: &mut Snapshot, step: &Step) {
    match step {
        Step::RemoveAddress(address) => assert!(kernel.addresses.remove(address).is_some()),
        Step::RenewAddress(address, life) => {
            assert!(kernel.addresses.insert(address.clone(), *life).is_some());
        }
        Step::SetSysctl { key, to, .. } => {
            kernel.sysctls.insert(key.clone(), *to);
        }
        Step::AddService(key, to) | Step::EditService(key, to) => {
            kernel.services.entry(*key).or_insert_with(|| ObservedService::new(to)).set(to);
        }
        Step::AddServer(key, server, to) | Step::EditServer(key, server, to) => {
            let servers = &mut kernel.services.get_mut(key).unwrap().servers;
            servers.entry(*server).or_insert_with(|| ObservedServer::idle(to)).set(to);
        }
        Step::RemoveServer(key, server) => {
            kernel.services.get_mut(key).unwrap().servers.remove(server).unwrap();
        }
        Step::RemoveService(key) => {
            kernel.services.remove(key).unwrap();
        }
        Step::SetMarks(marks) => kernel.marks = Some(marks.clone()),
        Step::SetClosed(closed) => kernel.closed = Some(closed.clone()),
        Step::AddDevice(device) => assert!(kernel.devices.insert(device.clone())),
        Step::RemoveDevice(device) => {
            assert!(kernel.devices.remove(device));
            kernel.addresses.retain(|address, _| address.device().as_ref() != Some(device));
        }
        Step::StopSync(role) => {
            kernel.sync.remove(role).unwrap();
        }
        Step::StartSync(role, daemon) => {
            assert!(kernel.sync.insert(*role, daemon.clone()).is_none());
        }
        Step::AddAddress(address, life) => {
            let device = address.device();
            assert!(device.is_none_or(|device| kernel.devices.contains(&device)));
            assert!(kernel.addresses.insert(address.clone(), *life).is_none());
        }
    }
}
