//! A kernel in memory: for dry runs, for tests, and as the base of simulated kernels.

use crate::ports::{
    Addresses, ClosedAddresses, ConnectionSync, Devices, IpvsTable, KernelError, PacketMarks,
    Sysctls,
};
use director_core::config::{
    ServiceKey, ServiceSettings, SyncDaemon, SyncRole, VirtualAddress, VirtualDevice,
};
use director_core::desired::{Closed, DesiredServer, Marks, Sysctl, SysctlValue};
use director_core::name::InterfaceName;
use director_core::observed::{Lifetime, ObservedServer, ObservedService, Snapshot};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// A kernel that is only a [`Snapshot`]. It knows every interface and every setting, and no time:
/// the lives of addresses do not pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryKernel {
    /// What it holds.
    pub state: Snapshot,
}

impl MemoryKernel {
    fn service(&mut self, key: ServiceKey) -> Result<&mut ObservedService, KernelError> {
        self.state.services.get_mut(&key).ok_or(KernelError::Missing)
    }
}

impl IpvsTable for MemoryKernel {
    fn services(&mut self) -> Result<BTreeMap<ServiceKey, ObservedService>, KernelError> {
        Ok(self.state.services.clone())
    }

    fn add_service(&mut self, key: ServiceKey, to: ServiceSettings) -> Result<(), KernelError> {
        if self.state.services.contains_key(&key) {
            return Err(KernelError::Exists);
        }
        self.state.services.insert(key, ObservedService::new(&to));
        Ok(())
    }

    fn edit_service(&mut self, key: ServiceKey, to: ServiceSettings) -> Result<(), KernelError> {
        self.service(key)?.set(&to);
        Ok(())
    }

    fn remove_service(&mut self, key: ServiceKey) -> Result<(), KernelError> {
        self.state.services.remove(&key).map(|_| ()).ok_or(KernelError::Missing)
    }

    fn add_server(
        &mut self,
        key: ServiceKey,
        server: SocketAddr,
        to: DesiredServer,
    ) -> Result<(), KernelError> {
        let service = self.service(key)?;
        if service.servers.contains_key(&server) {
            return Err(KernelError::Exists);
        }
        service.servers.insert(server, ObservedServer::idle(&to));
        Ok(())
    }

    fn edit_server(
        &mut self,
        key: ServiceKey,
        server: SocketAddr,
        to: DesiredServer,
    ) -> Result<(), KernelError> {
        let present = self.service(key)?.servers.get_mut(&server).ok_or(KernelError::Missing)?;
        present.set(&to);
        Ok(())
    }

    fn remove_server(&mut self, key: ServiceKey, server: SocketAddr) -> Result<(), KernelError> {
        self.service(key)?.servers.remove(&server).map(|_| ()).ok_or(KernelError::Missing)
    }
}

impl Addresses for MemoryKernel {
    fn held(
        &mut self,
        interface: &InterfaceName,
    ) -> Result<BTreeMap<VirtualAddress, Lifetime>, KernelError> {
        let all = self.state.addresses.iter();
        let on_it = all.filter(|(address, _)| address.interface == *interface);
        Ok(on_it.map(|(address, life)| (address.clone(), *life)).collect())
    }

    fn add_address(&mut self, address: &VirtualAddress, life: Lifetime) -> Result<(), KernelError> {
        let device = address.device();
        if device.is_some_and(|device| !self.state.devices.contains(&device)) {
            return Err(KernelError::Missing);
        }
        match self.state.addresses.entry(address.clone()) {
            Entry::Vacant(free) => {
                free.insert(life);
                Ok(())
            }
            Entry::Occupied(_) => Err(KernelError::Exists),
        }
    }

    fn renew_address(
        &mut self,
        address: &VirtualAddress,
        life: Lifetime,
    ) -> Result<(), KernelError> {
        let held = self.state.addresses.get_mut(address).ok_or(KernelError::Missing)?;
        *held = life;
        Ok(())
    }

    fn remove_address(&mut self, address: &VirtualAddress) -> Result<(), KernelError> {
        self.state.addresses.remove(address).map(|_| ()).ok_or(KernelError::Missing)
    }
}

impl Devices for MemoryKernel {
    fn devices(
        &mut self,
        interface: &InterfaceName,
    ) -> Result<BTreeSet<VirtualDevice>, KernelError> {
        let all = self.state.devices.iter();
        Ok(all.filter(|device| device.interface == *interface).cloned().collect())
    }

    fn add_device(&mut self, device: &VirtualDevice) -> Result<(), KernelError> {
        let new = self.state.devices.insert(device.clone());
        if new { Ok(()) } else { Err(KernelError::Exists) }
    }

    fn remove_device(&mut self, device: &VirtualDevice) -> Result<(), KernelError> {
        if !self.state.devices.remove(device) {
            return Err(KernelError::Missing);
        }
        self.state.addresses.retain(|address, _| address.device().as_ref() != Some(device));
        Ok(())
    }
}

impl ClosedAddresses for MemoryKernel {
    fn closed(&mut self) -> Result<Option<Closed>, KernelError> {
        Ok(Some(self.state.closed.clone().unwrap_or_default()))
    }

    fn close(&mut self, closed: &Closed) -> Result<(), KernelError> {
        self.state.closed = Some(closed.clone());
        Ok(())
    }
}

impl Sysctls for MemoryKernel {
    fn read_sysctl(&mut self, key: &Sysctl) -> Result<SysctlValue, KernelError> {
        Ok(self.state.sysctls.get(key).copied().unwrap_or(SysctlValue::One(0)))
    }

    fn write_sysctl(&mut self, key: &Sysctl, value: SysctlValue) -> Result<(), KernelError> {
        self.state.sysctls.insert(key.clone(), value);
        Ok(())
    }
}

impl ConnectionSync for MemoryKernel {
    fn sync_daemons(&mut self) -> Result<BTreeMap<SyncRole, SyncDaemon>, KernelError> {
        Ok(self.state.sync.clone())
    }

    fn start_sync(&mut self, role: SyncRole, daemon: &SyncDaemon) -> Result<(), KernelError> {
        if self.state.sync.contains_key(&role) {
            return Err(KernelError::Exists);
        }
        self.state.sync.insert(role, daemon.clone());
        Ok(())
    }

    fn stop_sync(&mut self, role: SyncRole) -> Result<(), KernelError> {
        self.state.sync.remove(&role).map(|_| ()).ok_or(KernelError::Missing)
    }
}

impl PacketMarks for MemoryKernel {
    fn marks(&mut self) -> Result<Option<Marks>, KernelError> {
        Ok(Some(self.state.marks.clone().unwrap_or_default()))
    }

    fn set_marks(&mut self, marks: &Marks) -> Result<(), KernelError> {
        self.state.marks = Some(marks.clone());
        Ok(())
    }
}
