//! A kernel under observation: it fails when it is told to, and sees what nobody may do.

use crate::foreign::Foreign;
use director_core::config::{
    ServiceKey, ServiceSettings, SyncDaemon, SyncRole, VirtualAddress, VirtualDevice,
};
use director_core::desired::{Closed, DesiredServer, Marks, Sysctl, SysctlValue};
use director_core::name::InterfaceName;
use director_core::observed::{Lifetime, ObservedService};
use director_engine::ports::{
    Addresses, ClosedAddresses, ConnectionSync, Devices, IpvsTable, Kernel, KernelError,
    PacketMarks, Sysctls, TableChange,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// A kernel, what is to go wrong with it, and what was seen.
pub(crate) struct Watched<K> {
    pub(crate) inner: K,
    /// Operations until the process dies; none while it is not to die.
    pub(crate) until_death: Option<u64>,
    /// Whether the process died: nothing happens any more until the next one starts.
    pub(crate) dead: bool,
    /// Operations that are still refused.
    pub(crate) refused: u64,
    /// Questions that are still not answered.
    pub(crate) mute: u64,
    pub(crate) foreign: Foreign,
    /// What of theirs was there when the present pass looked. The kernel removes a service with
    /// whatever came into it since: nobody can see that in time.
    pub(crate) seen: Foreign,
    /// Who may have a weight: checked with success by this process, or found with one.
    pub(crate) earned: BTreeSet<(ServiceKey, SocketAddr)>,
    /// Operations that were carried out.
    pub(crate) operations: u64,
    /// What nobody may do, in words.
    pub(crate) violations: Vec<String>,
}

impl<K: Kernel> Watched<K> {
    pub(crate) fn new(inner: K) -> Self {
        Self {
            inner,
            until_death: None,
            dead: false,
            refused: 0,
            mute: 0,
            foreign: Foreign::default(),
            seen: Foreign::default(),
            earned: BTreeSet::new(),
            operations: 0,
            violations: Vec::new(),
        }
    }

    /// Whether the next operation is carried out.
    fn admit(&mut self) -> Result<(), KernelError> {
        if self.until_death == Some(0) {
            self.dead = true;
        }
        if self.dead {
            return Err(KernelError::Other("the process is dead".to_owned()));
        }
        self.until_death = self.until_death.map(|left| left - 1);
        if self.refused > 0 {
            self.refused -= 1;
            return Err(KernelError::Other("refused on purpose".to_owned()));
        }
        self.operations += 1;
        Ok(())
    }

    fn asked(&mut self) -> Result<(), KernelError> {
        if self.dead {
            return Err(KernelError::Other("the process is dead".to_owned()));
        }
        if self.mute > 0 {
            self.mute -= 1;
            return Err(KernelError::Other("mute on purpose".to_owned()));
        }
        Ok(())
    }

    fn look_at(&mut self, change: &TableChange) {
        match change {
            TableChange::RemoveService(key) if !self.seen.is_touched(change) => {
                self.foreign.forget_service(key);
            }
            _ if self.foreign.is_touched(change) => {
                self.violations.push(format!("a foreign entry is touched: {change:?}"));
            }
            _ => {}
        }
        if let TableChange::AddServer(key, server, to) | TableChange::EditServer(key, server, to) =
            change
            && to.weight.0 > 0
            && !self.earned.contains(&(*key, *server))
        {
            let to = to.weight;
            self.violations.push(format!("{server} of {key} gets weight {to} unchecked"));
        }
    }

    fn look_at_address(&mut self, address: &VirtualAddress) {
        if self.foreign.addresses.contains_key(address) {
            self.violations.push(format!("the foreign address {address} is touched"));
        }
    }

    fn change(&mut self, change: TableChange) -> Result<(), KernelError> {
        self.admit()?;
        self.look_at(&change);
        match change {
            TableChange::AddService(key, to) => self.inner.add_service(key, to),
            TableChange::EditService(key, to) => self.inner.edit_service(key, to),
            TableChange::RemoveService(key) => self.inner.remove_service(key),
            TableChange::AddServer(key, server, to) => self.inner.add_server(key, server, to),
            TableChange::EditServer(key, server, to) => self.inner.edit_server(key, server, to),
            TableChange::RemoveServer(key, server) => self.inner.remove_server(key, server),
        }
    }
}

impl<K: Kernel> IpvsTable for Watched<K> {
    fn services(&mut self) -> Result<BTreeMap<ServiceKey, ObservedService>, KernelError> {
        self.asked()?;
        self.inner.services()
    }

    fn add_service(&mut self, key: ServiceKey, to: ServiceSettings) -> Result<(), KernelError> {
        self.change(TableChange::AddService(key, to))
    }

    fn edit_service(&mut self, key: ServiceKey, to: ServiceSettings) -> Result<(), KernelError> {
        self.change(TableChange::EditService(key, to))
    }

    fn remove_service(&mut self, key: ServiceKey) -> Result<(), KernelError> {
        self.change(TableChange::RemoveService(key))
    }

    fn add_server(
        &mut self,
        key: ServiceKey,
        server: SocketAddr,
        to: DesiredServer,
    ) -> Result<(), KernelError> {
        self.change(TableChange::AddServer(key, server, to))
    }

    fn edit_server(
        &mut self,
        key: ServiceKey,
        server: SocketAddr,
        to: DesiredServer,
    ) -> Result<(), KernelError> {
        self.change(TableChange::EditServer(key, server, to))
    }

    fn remove_server(&mut self, key: ServiceKey, server: SocketAddr) -> Result<(), KernelError> {
        self.change(TableChange::RemoveServer(key, server))
    }

    const AT_ONCE: usize = K::AT_ONCE;

    /// At once as the kernel has it, or one by one when something is to happen between two.
    fn change_table(&mut self, changes: &[TableChange]) -> Vec<Result<(), KernelError>> {
        if self.until_death.is_some() || self.dead || self.refused > 0 {
            return changes.iter().map(|change| self.change(*change)).collect();
        }
        changes.iter().for_each(|change| self.look_at(change));
        self.operations += changes.len() as u64;
        self.inner.change_table(changes)
    }
}

impl<K: Kernel> Addresses for Watched<K> {
    fn held(
        &mut self,
        interface: &InterfaceName,
    ) -> Result<BTreeMap<VirtualAddress, Lifetime>, KernelError> {
        self.asked()?;
        self.inner.held(interface)
    }

    fn add_address(&mut self, address: &VirtualAddress, life: Lifetime) -> Result<(), KernelError> {
        self.admit()?;
        self.look_at_address(address);
        self.inner.add_address(address, life)
    }

    fn renew_address(
        &mut self,
        address: &VirtualAddress,
        life: Lifetime,
    ) -> Result<(), KernelError> {
        self.admit()?;
        self.look_at_address(address);
        self.inner.renew_address(address, life)
    }

    fn remove_address(&mut self, address: &VirtualAddress) -> Result<(), KernelError> {
        self.admit()?;
        self.look_at_address(address);
        self.inner.remove_address(address)
    }
}

impl<K: Kernel> Devices for Watched<K> {
    fn devices(
        &mut self,
        interface: &InterfaceName,
    ) -> Result<BTreeSet<VirtualDevice>, KernelError> {
        self.inner.devices(interface)
    }

    fn add_device(&mut self, device: &VirtualDevice) -> Result<(), KernelError> {
        self.admit()?;
        self.inner.add_device(device)
    }

    fn remove_device(&mut self, device: &VirtualDevice) -> Result<(), KernelError> {
        self.admit()?;
        self.inner.remove_device(device)
    }
}

impl<K: Kernel> ClosedAddresses for Watched<K> {
    fn closed(&mut self) -> Result<Option<Closed>, KernelError> {
        self.asked()?;
        self.inner.closed()
    }

    fn close(&mut self, closed: &Closed) -> Result<(), KernelError> {
        self.admit()?;
        self.inner.close(closed)
    }
}

impl<K: Kernel> Sysctls for Watched<K> {
    fn read_sysctl(&mut self, key: &Sysctl) -> Result<SysctlValue, KernelError> {
        self.inner.read_sysctl(key)
    }

    fn write_sysctl(&mut self, key: &Sysctl, value: SysctlValue) -> Result<(), KernelError> {
        self.admit()?;
        self.inner.write_sysctl(key, value)
    }
}

impl<K: Kernel> ConnectionSync for Watched<K> {
    fn sync_daemons(&mut self) -> Result<BTreeMap<SyncRole, SyncDaemon>, KernelError> {
        self.asked()?;
        self.inner.sync_daemons()
    }

    fn start_sync(&mut self, role: SyncRole, daemon: &SyncDaemon) -> Result<(), KernelError> {
        self.admit()?;
        self.inner.start_sync(role, daemon)
    }

    fn stop_sync(&mut self, role: SyncRole) -> Result<(), KernelError> {
        self.admit()?;
        self.inner.stop_sync(role)
    }
}

impl<K: Kernel> PacketMarks for Watched<K> {
    fn marks(&mut self) -> Result<Option<Marks>, KernelError> {
        self.asked()?;
        self.inner.marks()
    }

    fn set_marks(&mut self, marks: &Marks) -> Result<(), KernelError> {
        self.admit()?;
        self.inner.set_marks(marks)
    }
}
