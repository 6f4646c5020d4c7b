//! A kernel in memory: for dry runs, for tests, and as the base of simulated kernels.

use crate::ports::{Addresses, IpvsTable, KernelError, Sysctls};
use director_core::config::{Scheduler, ServiceKey, VirtualAddress};
use director_core::desired::{DesiredServer, Sysctl};
use director_core::name::InterfaceName;
use director_core::observed::{Lifetime, ObservedServer, ObservedService, Snapshot};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
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

    fn add_service(&mut self, key: ServiceKey, scheduler: Scheduler) -> Result<(), KernelError> {
        if self.state.services.contains_key(&key) {
            return Err(KernelError::Exists);
        }
        let service =
            ObservedService { scheduler: scheduler.name().to_owned(), servers: BTreeMap::new() };
        self.state.services.insert(key, service);
        Ok(())
    }

    fn edit_service(&mut self, key: ServiceKey, scheduler: Scheduler) -> Result<(), KernelError> {
        scheduler.name().clone_into(&mut self.service(key)?.scheduler);
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
        let DesiredServer { forward, weight } = to;
        let added = ObservedServer { forward, weight, active: 0, inactive: 0 };
        service.servers.insert(server, added);
        Ok(())
    }

    fn edit_server(
        &mut self,
        key: ServiceKey,
        server: SocketAddr,
        to: DesiredServer,
    ) -> Result<(), KernelError> {
        let present = self.service(key)?.servers.get_mut(&server).ok_or(KernelError::Missing)?;
        present.forward = to.forward;
        present.weight = to.weight;
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

impl Sysctls for MemoryKernel {
    fn read_sysctl(&mut self, key: &Sysctl) -> Result<i64, KernelError> {
        Ok(self.state.sysctls.get(key).copied().unwrap_or(0))
    }

    fn write_sysctl(&mut self, key: &Sysctl, value: i64) -> Result<(), KernelError> {
        self.state.sysctls.insert(key.clone(), value);
        Ok(())
    }
}
