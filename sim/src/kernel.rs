//! A director's kernel: the one in memory, with a packet path and a note of every change.

mod synchronisation;

pub(crate) use synchronisation::LastWord;

use crate::clock::Pace;
use crate::ipvs::{self, Ipvs, Share};
use crate::moody::{Moody, Treated};
use crate::net::stand_in::StandIns;
use director_core::config::{
    Protocol, Scheduler, ServiceKey, ServiceSettings, VirtualAddress, VirtualDevice, VirtualMac,
};
use director_core::desired::{Closed, DesiredServer, Marks, Open, Sysctl, SysctlValue};
use director_core::name::InterfaceName;
use director_core::observed::{Lifetime, ObservedService, Snapshot};
use director_core::random::Stream;
use director_core::time::Instant;
use director_engine::memory::MemoryKernel;
use director_engine::ports::{
    Addresses, ClosedAddresses, Devices, IpvsTable, KernelError, PacketMarks, Sysctls,
};
use scenario::Mood;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

/// Something in a kernel that a history tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Address { address: Ipv4Addr, held: bool },
    Destination { service: SocketAddrV4, server: SocketAddr, weight: Option<u16> },
}

#[derive(Clone, Debug)]
pub(crate) struct SimKernel {
    memory: MemoryKernel,
    pub(crate) ipvs: Ipvs,
    /// By which the packets of the world call IPv6 addresses.
    pub(crate) stand_ins: Arc<StandIns>,
    /// What has changed and is not written down yet.
    pub(crate) changes: Vec<Change>,
    /// The moment of the operation that is carried out.
    pub(crate) now: Instant,
    interfaces: Vec<InterfaceName>,
    fixed: BTreeSet<VirtualAddress>,
    /// When the addresses that nobody renews go away by themselves.
    expiries: BTreeMap<VirtualAddress, Instant>,
    /// Addresses beside the fixed ones, with the place of their interface.
    local: Vec<(Ipv4Addr, Option<u8>)>,
    ignores_arp: Vec<bool>,
    forwards: bool,
    /// How fast its clock goes.
    pub(crate) pace: Pace,
    /// How it treats its director.
    pub(crate) moody: Moody,
    /// Requests that were refused or not answered, for who keeps count.
    pub(crate) refused: u32,
    /// The names of the schedulers that are there, when no module can be loaded.
    loaded: Option<BTreeSet<String>>,
    /// What is to be told of the connections, since the daemon that told of them was stopped.
    pub(crate) last_word: Option<LastWord>,
    /// How much longer the step takes that is being carried out.
    pub(crate) busy: Duration,
}

impl SimKernel {
    /// The kernel of a host with these interfaces and their own addresses.
    pub(crate) fn new(fixed: &[VirtualAddress], stand_ins: &Arc<StandIns>, moods: Stream) -> Self {
        let mut interfaces: Vec<InterfaceName> =
            fixed.iter().map(|address| address.interface.clone()).collect();
        interfaces.dedup();
        let mut kernel = Self {
            memory: MemoryKernel::default(),
            ipvs: Ipvs::default(),
            stand_ins: Arc::clone(stand_ins),
            changes: Vec::new(),
            now: Instant::ZERO,
            ignores_arp: vec![false; interfaces.len()],
            forwards: false,
            interfaces,
            fixed: fixed.iter().cloned().collect(),
            expiries: BTreeMap::new(),
            local: Vec::new(),
            pace: Pace::default(),
            moody: Moody::new(moods),
            refused: 0,
            loaded: None,
            last_word: None,
            busy: Duration::ZERO,
        };
        kernel.reset();
        kernel
    }

    /// As after a boot. Tells of no change: the power went, and with it everything.
    pub(crate) fn reset(&mut self) {
        self.memory = MemoryKernel::default();
        let fixed = self.fixed.iter().cloned();
        self.memory.state.addresses = fixed.map(|address| (address, Lifetime::Forever)).collect();
        self.expiries.clear();
        self.ipvs = Ipvs::among(&self.stand_ins);
        self.local.clear();
        self.ignores_arp.fill(false);
        self.forwards = false;
        self.changes.clear();
        self.moody.mood = Mood::Ok;
        self.loaded = None;
        self.last_word = None;
    }

    /// From now on every scheduler is to be had, or those alone that a service uses.
    pub(crate) fn let_modules(&mut self, can: bool) {
        let services = self.memory.state.services.values();
        let used = services.map(|service| service.scheduler.clone()).collect();
        self.loaded = (!can).then_some(used);
    }

    /// # Errors
    /// When the scheduler's module is not loaded and cannot be.
    fn load(&mut self, scheduler: Scheduler) -> Result<(), KernelError> {
        if self.loaded.as_ref().is_none_or(|loaded| loaded.contains(scheduler.name())) {
            return Ok(());
        }
        self.refused += 1;
        let cure = format!("load the module ip_vs_{scheduler}");
        Err(KernelError::Unsupported { cure })
    }

    /// Everything in it, as a director that starts finds it.
    pub(crate) fn observe_all(&mut self, now: Instant) -> Snapshot {
        self.now = now;
        let mut found = self.memory.state.clone();
        found.addresses.iter_mut().for_each(|(address, life)| *life = self.left(address));
        self.count(&mut found.services);
        found
    }

    /// What is left of an address's life.
    fn left(&self, address: &VirtualAddress) -> Lifetime {
        self.expiries.get(address).map(|at| self.pace.counts(at.since(self.now))).into()
    }

    /// When the next address goes away by itself.
    pub(crate) fn next_expiry(&self) -> Option<Instant> {
        self.expiries.values().min().copied()
    }

    /// Takes off what has outlived its lease. Whether that is anything.
    pub(crate) fn expire(&mut self, now: Instant) -> bool {
        self.now = now;
        let over = self.expiries.iter().filter(|(_, at)| **at <= now);
        let over: Vec<VirtualAddress> = over.map(|(address, _)| address.clone()).collect();
        for address in &over {
            // It is there: what is removed otherwise loses its expiry too.
            let _gone = self.take_off(address);
        }
        !over.is_empty()
    }

    fn take_off(&mut self, address: &VirtualAddress) -> Result<(), KernelError> {
        self.memory.remove_address(address)?;
        self.forget(address);
        Ok(())
    }

    /// An address has gone from the memory.
    fn forget(&mut self, address: &VirtualAddress) {
        self.expiries.remove(address);
        if let Some(address) = self.stand_ins.of(address.address) {
            self.local.retain(|(local, _)| *local != address);
            self.ipvs.forget_routes();
            self.changes.push(Change::Address { address, held: false });
        }
    }

    fn set_life(&mut self, address: &VirtualAddress, life: Lifetime) {
        match life {
            Lifetime::Forever => self.expiries.remove(address),
            Lifetime::For(time) => {
                self.expiries.insert(address.clone(), self.now + self.pace.lasts(time))
            }
        };
    }

    /// How a request is treated now.
    fn treat(&mut self) -> Result<Treated, KernelError> {
        let treated = self.moody.treat();
        self.refused += u32::from(treated != Ok(Treated::Well));
        treated
    }

    /// The servers that have weight.
    pub(crate) fn weighty(&self) -> Vec<(ServiceKey, SocketAddr)> {
        let services = self.memory.state.services.iter();
        let all = services.flat_map(|(key, service)| {
            service.servers.iter().map(move |(address, server)| (*key, *address, server.weight))
        });
        all.filter(|(.., weight)| weight.0 > 0).map(|(key, address, _)| (key, address)).collect()
    }

    /// A service as it is, without its connections.
    pub(crate) fn service(&self, key: ServiceKey) -> Option<ObservedService> {
        self.memory.state.services.get(&key).cloned()
    }

    pub(crate) fn holds(&self, address: Ipv4Addr) -> bool {
        self.local.iter().any(|(local, _)| *local == address)
    }

    pub(crate) fn holds_on(&self, address: Ipv4Addr, place: u8) -> bool {
        self.local.contains(&(address, Some(place)))
    }

    /// The hardware address by which neighbours know an address of this host, when that is not
    /// the interface's.
    pub(crate) fn mac_of(&self, address: Ipv4Addr) -> Option<VirtualMac> {
        let address = self.stand_ins.real(address);
        let mut held = self.memory.state.addresses.keys();
        held.find(|held| held.address == address).and_then(|held| held.mac)
    }

    /// Whether the interface takes frames for a virtual router.
    pub(crate) fn takes(&self, mac: VirtualMac, place: u8) -> bool {
        let mut devices = self.memory.state.devices.iter();
        devices.any(|it| !it.ipv6 && it.mac == mac && self.place(&it.interface) == Some(place))
    }

    /// Whether what comes to an address is dropped when no virtual service takes it.
    pub(crate) fn is_closed(&self, address: Ipv4Addr, port: Option<u16>) -> bool {
        let closed = self.memory.state.closed.as_ref();
        let open = closed.and_then(|closed| closed.get(&self.stand_ins.real(address)));
        open.is_some_and(|open| {
            !port.is_some_and(|port| open.contains(&Open::Port(Protocol::Tcp, port)))
        })
    }

    /// Whether it passes on what is for others (`net.ipv4.ip_forward`).
    pub(crate) fn forwards(&self) -> bool {
        self.forwards
    }

    pub(crate) fn ignores_arp(&self, place: u8) -> bool {
        self.ignores_arp.get(usize::from(place)).copied().unwrap_or(false)
    }

    fn place(&self, interface: &InterfaceName) -> Option<u8> {
        let place = self.interfaces.iter().position(|name| name == interface)?;
        u8::try_from(place).ok()
    }

    fn modelled(&self, key: ServiceKey) -> Result<SocketAddrV4, KernelError> {
        let cure = || "use TCP services in scenarios for this engine".to_owned();
        self.stand_ins.tcp(key).ok_or_else(|| KernelError::Unsupported { cure: cure() })
    }

    fn count(&self, services: &mut BTreeMap<ServiceKey, ObservedService>) {
        for (key, service) in services {
            let Some(key) = self.stand_ins.tcp(*key) else { continue };
            for (address, server) in &mut service.servers {
                (server.active, server.inactive) = self.ipvs.counts(key, *address);
            }
        }
    }
}

fn not_modelled(what: &str) -> KernelError {
    KernelError::Unsupported { cure: format!("this engine has no {what}; use the lab's") }
}

fn modelled_settings(settings: &ServiceSettings) -> Result<(), KernelError> {
    match ipvs::lacks(settings) {
        Some(what) => Err(not_modelled(what)),
        None => Ok(()),
    }
}

fn share(to: &DesiredServer) -> Share {
    Share { weight: to.weight.0, thresholds: to.thresholds, forward: to.forward }
}

impl IpvsTable for SimKernel {
    fn services(&mut self) -> Result<BTreeMap<ServiceKey, ObservedService>, KernelError> {
        let mut services = self.memory.services()?;
        self.count(&mut services);
        Ok(services)
    }

    fn add_service(&mut self, key: ServiceKey, to: ServiceSettings) -> Result<(), KernelError> {
        let treated = self.treat()?;
        let tcp = self.modelled(key)?;
        modelled_settings(&to)?;
        if self.memory.state.services.contains_key(&key) {
            return Err(KernelError::Exists);
        }
        self.load(to.scheduler)?;
        self.ipvs.add_service(tcp, to);
        self.memory.add_service(key, to)?;
        treated.answer()
    }

    fn edit_service(&mut self, key: ServiceKey, to: ServiceSettings) -> Result<(), KernelError> {
        let treated = self.treat()?;
        let tcp = self.modelled(key)?;
        modelled_settings(&to)?;
        self.load(to.scheduler)?;
        self.memory.edit_service(key, to)?;
        self.ipvs.edit_service(tcp, to);
        treated.answer()
    }

    fn remove_service(&mut self, key: ServiceKey) -> Result<(), KernelError> {
        let treated = self.treat()?;
        let service = self.modelled(key)?;
        let gone = self.memory.state.services.get(&key);
        let servers: Vec<SocketAddr> =
            gone.into_iter().flat_map(|gone| gone.servers.keys().copied()).collect();
        self.memory.remove_service(key)?;
        self.ipvs.remove_service(service, self.now);
        let gone = |server| Change::Destination { service, server, weight: None };
        self.changes.extend(servers.into_iter().map(gone));
        treated.answer()
    }

    fn add_server(
        &mut self,
        key: ServiceKey,
        server: SocketAddr,
        to: DesiredServer,
    ) -> Result<(), KernelError> {
        let treated = self.treat()?;
        let service = self.modelled(key)?;
        self.memory.add_server(key, server, to)?;
        self.ipvs.add_server(service, server, share(&to), self.now);
        self.changes.push(Change::Destination { service, server, weight: Some(to.weight.0) });
        treated.answer()
    }

    fn edit_server(
        &mut self,
        key: ServiceKey,
        server: SocketAddr,
        to: DesiredServer,
    ) -> Result<(), KernelError> {
        let treated = self.treat()?;
        let service = self.modelled(key)?;
        self.memory.edit_server(key, server, to)?;
        self.ipvs.edit_server(service, server, share(&to));
        self.changes.push(Change::Destination { service, server, weight: Some(to.weight.0) });
        treated.answer()
    }

    fn remove_server(&mut self, key: ServiceKey, server: SocketAddr) -> Result<(), KernelError> {
        let treated = self.treat()?;
        let service = self.modelled(key)?;
        self.memory.remove_server(key, server)?;
        self.ipvs.remove_server(service, server, self.now);
        self.changes.push(Change::Destination { service, server, weight: None });
        treated.answer()
    }
}

impl Addresses for SimKernel {
    fn held(
        &mut self,
        interface: &InterfaceName,
    ) -> Result<BTreeMap<VirtualAddress, Lifetime>, KernelError> {
        let mut held = self.memory.held(interface)?;
        held.iter_mut().for_each(|(address, life)| *life = self.left(address));
        Ok(held)
    }

    fn add_address(&mut self, address: &VirtualAddress, life: Lifetime) -> Result<(), KernelError> {
        let treated = self.treat()?;
        let Some(place) = self.place(&address.interface) else { return Err(KernelError::Missing) };
        self.memory.add_address(address, life)?;
        self.set_life(address, life);
        if let Some(address) = self.stand_ins.of(address.address) {
            self.local.push((address, Some(place)));
            self.ipvs.forget_routes();
            self.changes.push(Change::Address { address, held: true });
        }
        treated.answer()
    }

    fn renew_address(
        &mut self,
        address: &VirtualAddress,
        life: Lifetime,
    ) -> Result<(), KernelError> {
        let treated = self.treat()?;
        self.memory.renew_address(address, life)?;
        self.set_life(address, life);
        treated.answer()
    }

    fn remove_address(&mut self, address: &VirtualAddress) -> Result<(), KernelError> {
        let treated = self.treat()?;
        self.take_off(address)?;
        treated.answer()
    }
}

impl Devices for SimKernel {
    fn devices(
        &mut self,
        interface: &InterfaceName,
    ) -> Result<BTreeSet<VirtualDevice>, KernelError> {
        self.memory.devices(interface)
    }

    fn add_device(&mut self, device: &VirtualDevice) -> Result<(), KernelError> {
        let treated = self.treat()?;
        self.place(&device.interface).ok_or(KernelError::Missing)?;
        self.memory.add_device(device)?;
        treated.answer()
    }

    fn remove_device(&mut self, device: &VirtualDevice) -> Result<(), KernelError> {
        let treated = self.treat()?;
        let on_it = |address: &&VirtualAddress| address.device().as_ref() == Some(device);
        let gone: Vec<_> = self.memory.state.addresses.keys().filter(on_it).cloned().collect();
        self.memory.remove_device(device)?;
        for address in gone {
            self.forget(&address);
        }
        treated.answer()
    }
}

impl ClosedAddresses for SimKernel {
    fn closed(&mut self) -> Result<Option<Closed>, KernelError> {
        self.memory.closed()
    }

    fn close(&mut self, closed: &Closed) -> Result<(), KernelError> {
        let treated = self.treat()?;
        self.memory.close(closed)?;
        treated.answer()
    }
}

impl Sysctls for SimKernel {
    fn read_sysctl(&mut self, key: &Sysctl) -> Result<SysctlValue, KernelError> {
        self.memory.read_sysctl(key)
    }

    fn write_sysctl(&mut self, key: &Sysctl, value: SysctlValue) -> Result<(), KernelError> {
        let on = value > SysctlValue::One(0);
        match key {
            Sysctl::ArpIgnore(interface) => {
                let place = self.place(interface).ok_or(KernelError::Missing)?;
                if let Some(ignores) = self.ignores_arp.get_mut(usize::from(place)) {
                    *ignores = on;
                }
            }
            Sysctl::Forwarding => self.forwards = on,
            Sysctl::SyncThreshold | Sysctl::SyncRefreshPeriod | Sysctl::SyncRetries => {
                self.tell_when(key, value);
            }
            Sysctl::ExpireNodestConn => self.ipvs.settings.expire_nodest_conn = on,
            Sysctl::ExpireQuiescentTemplate => self.ipvs.settings.expire_quiescent_template = on,
            // What these change does not happen in the model.
            _ => {}
        }
        self.memory.write_sysctl(key, value)
    }
}

impl PacketMarks for SimKernel {
    fn marks(&mut self) -> Result<Option<Marks>, KernelError> {
        self.memory.marks()
    }

    fn set_marks(&mut self, marks: &Marks) -> Result<(), KernelError> {
        if marks.is_empty() { Ok(()) } else { Err(not_modelled("firewall marks")) }
    }
}
