//! Who else is at work on a kernel: what is theirs, and what they do.

use crate::case::Drift;
use director_core::config::{Forward, Scheduler, ServiceKey, Thresholds, VirtualAddress, Weight};
use director_core::desired::{DesiredServer, Marks, Sysctl, SysctlValue};
use director_core::name::InterfaceName;
use director_core::observed::{Lifetime, ObservedServer, ObservedService};
use director_engine::ports::{Kernel, KernelError, TableChange};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

type Entry = (ServiceKey, SocketAddr);

/// What is in a kernel and must stay as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Foreign {
    pub(crate) services: BTreeMap<ServiceKey, ObservedService>,
    /// In services of ours.
    pub(crate) servers: BTreeMap<Entry, ObservedServer>,
    pub(crate) addresses: BTreeMap<VirtualAddress, Lifetime>,
    /// Whether they changed settings.
    pub(crate) set: bool,
}

/// An address on the interface that all configurations name.
pub(crate) fn on_lan(last: u8) -> VirtualAddress {
    let address: IpAddr = Ipv4Addr::new(10, 0, 0, last).into();
    VirtualAddress { address, prefix: 24, interface: lan(), mac: None }
}

pub(crate) fn lan() -> InterfaceName {
    InterfaceName::new("lan").expect("a name")
}

/// Whatever a director sets.
pub(crate) fn settings() -> Vec<Sysctl> {
    let all = InterfaceName::new("all").expect("a name");
    vec![
        Sysctl::ArpIgnore(lan()),
        Sysctl::ArpAnnounce(lan()),
        Sysctl::SendRedirects(lan()),
        Sysctl::SendRedirects(all),
        Sysctl::Forwarding,
        Sysctl::ExpireNodestConn,
        Sysctl::ExpireQuiescentTemplate,
        Sysctl::ConnReuseMode,
        Sysctl::DropEntry,
        Sysctl::ReversePathFilter(lan()),
        Sysctl::SyncThreshold,
        Sysctl::SyncRefreshPeriod,
        Sysctl::SyncRetries,
    ]
}

impl Foreign {
    /// Whether a change would touch what is theirs.
    pub(crate) fn is_touched(&self, change: &TableChange) -> bool {
        let whole = |key: &ServiceKey| self.services.contains_key(key);
        match change {
            TableChange::AddService(key, _) | TableChange::EditService(key, _) => whole(key),
            TableChange::RemoveService(key) => {
                whole(key) || self.servers.keys().any(|(service, _)| service == key)
            }
            TableChange::AddServer(key, server, _)
            | TableChange::EditServer(key, server, _)
            | TableChange::RemoveServer(key, server) => {
                whole(key) || self.servers.contains_key(&(*key, *server))
            }
        }
    }

    pub(crate) fn forget_service(&mut self, key: &ServiceKey) {
        self.services.remove(key);
        self.servers.retain(|(service, _), _| service != key);
    }

    /// Changes the kernel as somebody else would. What is not there cannot be changed.
    pub(crate) fn drift(
        &mut self,
        kernel: &mut impl Kernel,
        what: Drift,
    ) -> Result<(), KernelError> {
        match what {
            Drift::RemoveServer { choice } => self.remove_server(kernel, choice),
            Drift::Weigh { choice, weight } => self.weigh(kernel, choice, Weight(weight)),
            Drift::RemoveService { choice } => {
                let table = kernel.services()?;
                let Some(key) = chosen(table.keys(), choice).copied() else { return Ok(()) };
                self.forget_service(&key);
                kernel.remove_service(key)
            }
            Drift::Clear => {
                (self.services, self.servers) = Default::default();
                let table = kernel.services()?;
                table.into_keys().try_for_each(|key| kernel.remove_service(key))
            }
            Drift::RemoveAddress { choice } => {
                let held = kernel.held(&lan())?;
                // Its own address is what a node lives by.
                let virtual_ones = held.keys().filter(|it| !self.addresses.contains_key(it));
                let address = chosen(virtual_ones, choice).cloned();
                address.map_or(Ok(()), |address| kernel.remove_address(&address))
            }
            Drift::Set { choice, value } => {
                let all = [Sysctl::ArpIgnore(lan()), Sysctl::ExpireNodestConn];
                let key = chosen(all.iter(), choice);
                self.set = true;
                key.map_or(Ok(()), |key| kernel.write_sysctl(key, SysctlValue::One(value)))
            }
            Drift::StopSync { choice } => {
                let running = kernel.sync_daemons()?;
                let role = chosen(running.keys(), choice).copied();
                role.map_or(Ok(()), |role| kernel.stop_sync(role))
            }
            Drift::RemoveMarks => kernel.set_marks(&Marks::new()),
            Drift::AddService { number } => self.add_service(kernel, number),
            Drift::AddServer { choice, number } => self.add_server(kernel, choice, number),
            Drift::AddAddress { number } => {
                let address = on_lan(66 + number);
                if kernel.held(&lan())?.contains_key(&address) {
                    return Ok(());
                }
                kernel.add_address(&address, Lifetime::Forever)?;
                self.addresses.insert(address, Lifetime::Forever);
                Ok(())
            }
        }
    }

    fn remove_server(&mut self, kernel: &mut impl Kernel, choice: u64) -> Result<(), KernelError> {
        let table = kernel.services()?;
        let Some((key, server)) = chosen(entries(&table).iter(), choice).copied() else {
            return Ok(());
        };
        self.servers.remove(&(key, server));
        if let Some(service) = self.services.get_mut(&key) {
            service.servers.remove(&server);
        }
        kernel.remove_server(key, server)
    }

    fn weigh(
        &mut self,
        kernel: &mut impl Kernel,
        choice: u64,
        weight: Weight,
    ) -> Result<(), KernelError> {
        let table = kernel.services()?;
        let Some((key, server)) = chosen(entries(&table).iter(), choice).copied() else {
            return Ok(());
        };
        let present = table[&key].servers[&server];
        let ObservedServer { forward, thresholds, .. } = present;
        kernel.edit_server(key, server, DesiredServer { forward, weight, thresholds })?;
        let theirs = self.services.get_mut(&key).and_then(|it| it.servers.get_mut(&server));
        let theirs = theirs.into_iter().chain(self.servers.get_mut(&(key, server)));
        theirs.for_each(|server| server.weight = weight);
        Ok(())
    }

    fn add_service(&mut self, kernel: &mut impl Kernel, number: u16) -> Result<(), KernelError> {
        let at = SocketAddr::from(([10, 0, 0, 99], 9_000 + number));
        let key = ServiceKey::Tcp(at);
        if self.services.contains_key(&key) {
            return Ok(());
        }
        kernel.add_service(key, Scheduler::Rr.into())?;
        let server = SocketAddr::from(([10, 0, 0, 66], at.port()));
        let to = DesiredServer::new(Forward::Direct, Weight(5));
        kernel.add_server(key, server, to)?;
        let mut service = ObservedService::new(&Scheduler::Rr.into());
        service.servers.insert(server, ObservedServer::idle(&to));
        self.services.insert(key, service);
        Ok(())
    }

    fn add_server(
        &mut self,
        kernel: &mut impl Kernel,
        choice: u64,
        number: u8,
    ) -> Result<(), KernelError> {
        let table = kernel.services()?;
        let Some(key) = chosen(table.keys(), choice).copied() else { return Ok(()) };
        let port = key.address().map_or(0, |address| address.port());
        let server = SocketAddr::from(([10, 0, 0, 67 + number], port));
        if table[&key].servers.contains_key(&server) {
            return Ok(());
        }
        let thresholds = Thresholds { upper: 9, lower: 3 };
        let to = DesiredServer { forward: Forward::Direct, weight: Weight(3), thresholds };
        kernel.add_server(key, server, to)?;
        match self.services.get_mut(&key) {
            Some(theirs) => theirs.servers.insert(server, ObservedServer::idle(&to)),
            None => self.servers.insert((key, server), ObservedServer::idle(&to)),
        };
        Ok(())
    }
}

fn entries(table: &BTreeMap<ServiceKey, ObservedService>) -> Vec<Entry> {
    let of = |(key, service): (&ServiceKey, &ObservedService)| {
        service.servers.keys().map(|server| (*key, *server)).collect::<Vec<_>>()
    };
    table.iter().flat_map(of).collect()
}

fn chosen<T>(all: impl Iterator<Item = T>, choice: u64) -> Option<T> {
    let all: Vec<T> = all.collect();
    let place = usize::try_from(choice % (all.len().max(1) as u64)).ok()?;
    all.into_iter().nth(place)
}
