//! A kernel with more than one holder: it outlives the director that works on it, as kernels do.

use crate::ports::{
    Addresses, ClosedAddresses, ConnectionSync, Devices, IpvsTable, Kernel, KernelError,
    PacketMarks, Sysctls, TableChange,
};
use director_core::config::{
    ServiceKey, ServiceSettings, SyncDaemon, SyncRole, VirtualAddress, VirtualDevice,
};
use director_core::desired::{Closed, DesiredServer, Marks, Sysctl, SysctlValue};
use director_core::name::InterfaceName;
use director_core::observed::{Lifetime, ObservedService};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A kernel that several own. Every call is carried out whole before the next begins. `WAITS` is
/// what [`IpvsTable::WAITS`] is: nobody needs to wait for a kernel of a simulation.
#[derive(Debug, Default)]
pub struct Shared<K, const WAITS: bool = true>(Arc<Mutex<K>>);

impl<K, const WAITS: bool> Clone for Shared<K, WAITS> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, const WAITS: bool> Shared<K, WAITS> {
    /// A kernel that others may hold too.
    pub fn new(kernel: K) -> Self {
        Self(Arc::new(Mutex::new(kernel)))
    }

    /// The kernel itself; whoever else calls it waits.
    pub fn lock(&self) -> MutexGuard<'_, K> {
        // A holder that panicked within a call has left a kernel all the same.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Done = Result<(), KernelError>;

impl<K: Kernel, const WAITS: bool> IpvsTable for Shared<K, WAITS> {
    const AT_ONCE: usize = K::AT_ONCE;
    const WAITS: bool = WAITS;

    fn services(&mut self) -> Result<BTreeMap<ServiceKey, ObservedService>, KernelError> {
        self.lock().services()
    }
    fn add_service(&mut self, key: ServiceKey, to: ServiceSettings) -> Done {
        self.lock().add_service(key, to)
    }
    fn edit_service(&mut self, key: ServiceKey, to: ServiceSettings) -> Done {
        self.lock().edit_service(key, to)
    }
    fn remove_service(&mut self, key: ServiceKey) -> Done {
        self.lock().remove_service(key)
    }
    fn add_server(&mut self, key: ServiceKey, server: SocketAddr, to: DesiredServer) -> Done {
        self.lock().add_server(key, server, to)
    }
    fn edit_server(&mut self, key: ServiceKey, server: SocketAddr, to: DesiredServer) -> Done {
        self.lock().edit_server(key, server, to)
    }
    fn remove_server(&mut self, key: ServiceKey, server: SocketAddr) -> Done {
        self.lock().remove_server(key, server)
    }
    fn change_table(&mut self, changes: &[TableChange]) -> Vec<Done> {
        self.lock().change_table(changes)
    }
}

impl<K: Kernel, const WAITS: bool> Addresses for Shared<K, WAITS> {
    fn held(
        &mut self,
        interface: &InterfaceName,
    ) -> Result<BTreeMap<VirtualAddress, Lifetime>, KernelError> {
        self.lock().held(interface)
    }
    fn add_address(&mut self, address: &VirtualAddress, life: Lifetime) -> Done {
        self.lock().add_address(address, life)
    }
    fn renew_address(&mut self, address: &VirtualAddress, life: Lifetime) -> Done {
        self.lock().renew_address(address, life)
    }
    fn remove_address(&mut self, address: &VirtualAddress) -> Done {
        self.lock().remove_address(address)
    }
}

impl<K: Kernel, const WAITS: bool> Devices for Shared<K, WAITS> {
    fn devices(
        &mut self,
        interface: &InterfaceName,
    ) -> Result<BTreeSet<VirtualDevice>, KernelError> {
        self.lock().devices(interface)
    }
    fn add_device(&mut self, device: &VirtualDevice) -> Done {
        self.lock().add_device(device)
    }
    fn remove_device(&mut self, device: &VirtualDevice) -> Done {
        self.lock().remove_device(device)
    }
}

impl<K: Kernel, const WAITS: bool> ClosedAddresses for Shared<K, WAITS> {
    fn closed(&mut self) -> Result<Option<Closed>, KernelError> {
        self.lock().closed()
    }
    fn close(&mut self, closed: &Closed) -> Done {
        self.lock().close(closed)
    }
}

impl<K: Kernel, const WAITS: bool> Sysctls for Shared<K, WAITS> {
    fn read_sysctl(&mut self, key: &Sysctl) -> Result<SysctlValue, KernelError> {
        self.lock().read_sysctl(key)
    }
    fn write_sysctl(&mut self, key: &Sysctl, value: SysctlValue) -> Done {
        self.lock().write_sysctl(key, value)
    }
}

impl<K: Kernel, const WAITS: bool> ConnectionSync for Shared<K, WAITS> {
    fn sync_daemons(&mut self) -> Result<BTreeMap<SyncRole, SyncDaemon>, KernelError> {
        self.lock().sync_daemons()
    }
    fn start_sync(&mut self, role: SyncRole, daemon: &SyncDaemon) -> Done {
        self.lock().start_sync(role, daemon)
    }
    fn stop_sync(&mut self, role: SyncRole) -> Done {
        self.lock().stop_sync(role)
    }
    fn take_unsaid(&mut self) -> Option<KernelError> {
        self.lock().take_unsaid()
    }
}

impl<K: Kernel, const WAITS: bool> PacketMarks for Shared<K, WAITS> {
    fn marks(&mut self) -> Result<Option<Marks>, KernelError> {
        self.lock().marks()
    }
    fn set_marks(&mut self, marks: &Marks) -> Done {
        self.lock().set_marks(marks)
    }
}
