use director_core::config::{
    ServiceKey, ServiceSettings, SyncDaemon, SyncRole, VirtualAddress, VirtualDevice,
};
use director_core::desired::{Closed, DesiredServer, Marks, Sysctl, SysctlValue};
use director_core::name::InterfaceName;
use director_core::observed::{Lifetime, ObservedService, Snapshot};
use director_core::plan::Ledger;
use director_engine::memory::MemoryKernel;
use director_engine::ports::{
    Addresses, ClosedAddresses, ConnectionSync, Counted, Counting, Devices, IpvsTable, KernelError,
    PacketMarks, Sysctls,
};
use director_shell::memory::Memory;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// A kernel that outlives its director, as kernels do.
#[derive(Clone, Default)]
pub(crate) struct FakeKernel(
    Arc<Mutex<MemoryKernel>>,
    Arc<AtomicBool>,
    Arc<AtomicU64>,
    FakeMemory,
    Arc<Mutex<LastWord>>,
    Arc<AtomicBool>,
);

/// What becomes of the last word of a master's daemon.
#[derive(Clone, Default)]
struct LastWord {
    fails: bool,
    unsaid: Option<KernelError>,
}

/// What outlives it beside the kernel.
#[derive(Clone, Default)]
pub(crate) struct FakeMemory(Arc<Mutex<Ledger>>);

impl FakeMemory {
    pub(crate) fn ledger(&self) -> Ledger {
        self.0.lock().unwrap().clone()
    }
}

impl Memory for FakeMemory {
    fn keep(&mut self, ledger: &Ledger) -> std::io::Result<()> {
        self.0.lock().unwrap().clone_from(ledger);
        Ok(())
    }
}

impl FakeKernel {
    pub(crate) fn state(&self) -> Snapshot {
        self.lock().state.clone()
    }

    pub(crate) fn memory(&self) -> FakeMemory {
        self.3.clone()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, MemoryKernel> {
        self.0.lock().unwrap()
    }

    /// Keeps every address that it has from now on.
    pub(crate) fn refuse_release(&self) {
        self.1.store(true, Ordering::Relaxed);
    }

    /// Has no packet filter from now on.
    pub(crate) fn lose_packet_filter(&self) {
        self.5.store(true, Ordering::Relaxed);
    }

    fn packet_filter(&self) -> Done {
        let cure = "install the package nftables".to_owned();
        let lost = self.5.load(Ordering::Relaxed);
        if lost { Err(KernelError::Unsupported { cure }) } else { Ok(()) }
    }

    /// Tells the peers nothing from now on when a daemon is stopped.
    pub(crate) fn swallow_last_words(&self) {
        self.4.lock().unwrap().fails = true;
    }
}

type Done = Result<(), KernelError>;

impl IpvsTable for FakeKernel {
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

impl Devices for FakeKernel {
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

impl ClosedAddresses for FakeKernel {
    fn closed(&mut self) -> Result<Option<Closed>, KernelError> {
        self.packet_filter()?;
        self.lock().closed()
    }
    fn close(&mut self, closed: &Closed) -> Done {
        self.packet_filter()?;
        self.lock().close(closed)
    }
}

impl Sysctls for FakeKernel {
    fn read_sysctl(&mut self, key: &Sysctl) -> Result<SysctlValue, KernelError> {
        self.lock().read_sysctl(key)
    }
    fn write_sysctl(&mut self, key: &Sysctl, value: SysctlValue) -> Done {
        self.lock().write_sysctl(key, value)
    }
}

impl ConnectionSync for FakeKernel {
    fn sync_daemons(&mut self) -> Result<BTreeMap<SyncRole, SyncDaemon>, KernelError> {
        self.lock().sync_daemons()
    }
    fn start_sync(&mut self, role: SyncRole, daemon: &SyncDaemon) -> Done {
        self.lock().start_sync(role, daemon)
    }
    fn stop_sync(&mut self, role: SyncRole) -> Done {
        let mut word = self.4.lock().unwrap();
        if word.fails && role == SyncRole::Master {
            word.unsaid = Some(KernelError::Other("the network is unreachable".into()));
        }
        self.lock().stop_sync(role)
    }
    fn take_unsaid(&mut self) -> Option<KernelError> {
        self.4.lock().unwrap().unsaid.take()
    }
}

impl PacketMarks for FakeKernel {
    fn marks(&mut self) -> Result<Option<Marks>, KernelError> {
        self.lock().marks()
    }
    fn set_marks(&mut self, marks: &Marks) -> Done {
        self.lock().set_marks(marks)
    }
}

/// Every reading finds a hundred connections more.
impl Counting for FakeKernel {
    fn counters(&mut self) -> Result<BTreeMap<(ServiceKey, SocketAddr), Counted>, KernelError> {
        let connections = 100 * (1 + self.2.fetch_add(1, Ordering::Relaxed));
        let counted = Counted { connections, bytes_in: 60 * connections, ..Counted::default() };
        let table = self.lock().services()?;
        let servers = table.iter().flat_map(|(key, service)| {
            service.servers.keys().map(|server| ((*key, *server), counted))
        });
        Ok(servers.collect())
    }
}
