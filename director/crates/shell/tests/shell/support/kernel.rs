use director_core::config::{Scheduler, ServiceKey, VirtualAddress};
use director_core::desired::{DesiredServer, Sysctl};
use director_core::name::InterfaceName;
use director_core::observed::{Lifetime, ObservedService, Snapshot};
use director_engine::memory::MemoryKernel;
use director_engine::ports::{Addresses, IpvsTable, KernelError, Sysctls};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// A kernel that outlives its director, as kernels do.
#[derive(Clone, Default)]
pub(crate) struct FakeKernel(Arc<Mutex<MemoryKernel>>, Arc<AtomicBool>);

impl FakeKernel {
    pub(crate) fn state(&self) -> Snapshot {
        self.lock().state.clone()
    }

    /// Keeps every address that it has from now on.
    pub(crate) fn refuse_release(&self) {
        self.1.store(true, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, MemoryKernel> {
        self.0.lock().unwrap()
    }
}

type Done = Result<(), KernelError>;

impl IpvsTable for FakeKernel {
    fn services(&mut self) -> Result<BTreeMap<ServiceKey, ObservedService>, KernelError> {
        self.lock().services()
    }
    fn add_service(&mut self, key: ServiceKey, scheduler: Scheduler) -> Done {
        self.lock().add_service(key, scheduler)
    }
    fn edit_service(&mut self, key: ServiceKey, scheduler: Scheduler) -> Done {
        self.lock().edit_service(key, scheduler)
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
}

impl Addresses for FakeKernel {
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
        if self.1.load(Ordering::Relaxed) {
            return Err(KernelError::Other("no".into()));
        }
        self.lock().remove_address(address)
    }
}

impl Sysctls for FakeKernel {
    fn read_sysctl(&mut self, key: &Sysctl) -> Result<i64, KernelError> {
        self.lock().read_sysctl(key)
    }
    fn write_sysctl(&mut self, key: &Sysctl, value: i64) -> Done {
        self.lock().write_sysctl(key, value)
    }
}
