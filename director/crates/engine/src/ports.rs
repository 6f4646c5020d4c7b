//! What the decisions need of the outside, cut by capability so that a lab can mix real and
//! simulated parts. All calls are synchronous; slow work is started through a port and ends as an
//! input.

use director_core::config::{
    ServiceKey, ServiceSettings, SyncDaemon, SyncRole, VirtualAddress, VirtualDevice,
};
use director_core::desired::{Closed, DesiredServer, Marks, Sysctl, SysctlValue};
use director_core::name::InterfaceName;
use director_core::observed::{Lifetime, ObservedService};
use director_core::plan::Step;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// Why the kernel did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KernelError {
    /// It is there already.
    #[error("it exists already")]
    Exists,
    /// It is not there.
    #[error("it does not exist")]
    Missing,
    /// This process may not.
    #[error("not permitted: this needs {capability}")]
    Denied {
        /// The capability that is needed, as in `capabilities(7)`.
        capability: &'static str,
    },
    /// The kernel cannot do it.
    #[error("this kernel cannot do it: {cure}")]
    Unsupported {
        /// What would cure that.
        cure: String,
    },
    /// Anything else, in the kernel's words.
    #[error("{0}")]
    Other(String),
}

/// The IPVS table.
pub trait IpvsTable {
    /// All services with their servers, whoever made them.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn services(&mut self) -> Result<BTreeMap<ServiceKey, ObservedService>, KernelError>;

    /// Adds a service without servers.
    ///
    /// # Errors
    /// [`KernelError::Exists`] when it is there; [`KernelError::Unsupported`] when the scheduler is
    /// not.
    fn add_service(&mut self, key: ServiceKey, to: ServiceSettings) -> Result<(), KernelError>;

    /// Changes the settings of a service.
    ///
    /// # Errors
    /// [`KernelError::Missing`] when it is not there.
    fn edit_service(&mut self, key: ServiceKey, to: ServiceSettings) -> Result<(), KernelError>;

    /// Removes a service with its servers.
    ///
    /// # Errors
    /// [`KernelError::Missing`] when it is not there.
    fn remove_service(&mut self, key: ServiceKey) -> Result<(), KernelError>;

    /// Adds a server to a service.
    ///
    /// # Errors
    /// [`KernelError::Exists`] when it is there, [`KernelError::Missing`] when the service is not.
    fn add_server(
        &mut self,
        key: ServiceKey,
        server: SocketAddr,
        to: DesiredServer,
    ) -> Result<(), KernelError>;

    /// Changes the settings of a server.
    ///
    /// # Errors
    /// [`KernelError::Missing`] when it or its service is not there.
    fn edit_server(
        &mut self,
        key: ServiceKey,
        server: SocketAddr,
        to: DesiredServer,
    ) -> Result<(), KernelError>;

    /// Removes a server from a service.
    ///
    /// # Errors
    /// [`KernelError::Missing`] when it or its service is not there.
    fn remove_server(&mut self, key: ServiceKey, server: SocketAddr) -> Result<(), KernelError>;

    /// How many changes [`change_table`](Self::change_table) gets at once. More than one saves
    /// exchanges with the kernel, and leaves no moment between two of them.
    const AT_ONCE: usize = 1;

    /// Whether a call may take a while, and is made where nobody waits for it. Only kernels of a
    /// simulation take no time.
    const WAITS: bool = true;

    /// Carries out changes in their order; one that fails does not keep the next from being tried.
    /// The answers have the same order.
    fn change_table(&mut self, changes: &[TableChange]) -> Vec<Result<(), KernelError>> {
        let change = |change: &TableChange| match *change {
            TableChange::AddService(key, to) => self.add_service(key, to),
            TableChange::EditService(key, to) => self.edit_service(key, to),
            TableChange::RemoveService(key) => self.remove_service(key),
            TableChange::AddServer(key, server, to) => self.add_server(key, server, to),
            TableChange::EditServer(key, server, to) => self.edit_server(key, server, to),
            TableChange::RemoveServer(key, server) => self.remove_server(key, server),
        };
        changes.iter().map(change).collect()
    }
}

/// A change of the IPVS table: one of the calls of [`IpvsTable`] as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableChange {
    /// [`IpvsTable::add_service`].
    AddService(ServiceKey, ServiceSettings),
    /// [`IpvsTable::edit_service`].
    EditService(ServiceKey, ServiceSettings),
    /// [`IpvsTable::remove_service`].
    RemoveService(ServiceKey),
    /// [`IpvsTable::add_server`].
    AddServer(ServiceKey, SocketAddr, DesiredServer),
    /// [`IpvsTable::edit_server`].
    EditServer(ServiceKey, SocketAddr, DesiredServer),
    /// [`IpvsTable::remove_server`].
    RemoveServer(ServiceKey, SocketAddr),
}

impl TableChange {
    /// The change that a step of a plan is, if it changes the table.
    #[must_use]
    pub const fn of(step: &Step) -> Option<Self> {
        Some(match *step {
            Step::AddService(key, to) => Self::AddService(key, to),
            Step::EditService(key, to) => Self::EditService(key, to),
            Step::RemoveService(key) => Self::RemoveService(key),
            Step::AddServer(key, server, to) => Self::AddServer(key, server, to),
            Step::EditServer(key, server, to) => Self::EditServer(key, server, to),
            Step::RemoveServer(key, server) => Self::RemoveServer(key, server),
            _ => return None,
        })
    }
}

/// What IPVS has counted for one server since it came into the table. The kernel folds these
/// every two seconds, so they trail the traffic (`net/netfilter/ipvs/ip_vs_est.c`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Connections that count as active now.
    pub active: u32,
    /// Connections that are winding down now.
    pub inactive: u32,
    /// Connections that it was given.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Packets to clients; 0 where answers do not pass the director.
    pub packets_out: u64,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes to clients; 0 where answers do not pass the director.
    pub bytes_out: u64,
}

/// The counters of the IPVS table.
pub trait Counting {
    /// Those of every server in the table, whoever made it.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn counters(&mut self) -> Result<BTreeMap<(ServiceKey, SocketAddr), Counted>, KernelError>;
}

/// Addresses on interfaces.
pub trait Addresses {
    /// All addresses on the interface and its devices, with what is left of their lives; none when
    /// there is no such interface.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn held(
        &mut self,
        interface: &InterfaceName,
    ) -> Result<BTreeMap<VirtualAddress, Lifetime>, KernelError>;

    /// Puts an address on its interface, for so long.
    ///
    /// # Errors
    /// [`KernelError::Exists`] when it is there, [`KernelError::Missing`] when the interface, or
    /// the address's device, is not.
    fn add_address(&mut self, address: &VirtualAddress, life: Lifetime) -> Result<(), KernelError>;

    /// Has the kernel keep an address that is there for so long from now on.
    ///
    /// # Errors
    /// [`KernelError::Missing`] when it or the interface is not there.
    fn renew_address(
        &mut self,
        address: &VirtualAddress,
        life: Lifetime,
    ) -> Result<(), KernelError>;

    /// Takes an address off its interface.
    ///
    /// # Errors
    /// [`KernelError::Missing`] when it or the interface is not there.
    fn remove_address(&mut self, address: &VirtualAddress) -> Result<(), KernelError>;
}

/// Devices with the hardware addresses of virtual routers.
pub trait Devices {
    /// Those on the interface; none when there is no such interface.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn devices(
        &mut self,
        interface: &InterfaceName,
    ) -> Result<BTreeSet<VirtualDevice>, KernelError>;

    /// Makes one that takes the frames to its hardware address and answers for its addresses alone.
    ///
    /// # Errors
    /// [`KernelError::Exists`] when it is there, [`KernelError::Missing`] when the interface is
    /// not.
    fn add_device(&mut self, device: &VirtualDevice) -> Result<(), KernelError>;

    /// Removes one, with the addresses on it.
    ///
    /// # Errors
    /// [`KernelError::Missing`] when it is not there.
    fn remove_device(&mut self, device: &VirtualDevice) -> Result<(), KernelError>;
}

/// The rules, in a table of the director's own, that keep virtual addresses to virtual services.
pub trait ClosedAddresses {
    /// The addresses that the rules close; none when there is no table, `None` when what is in the
    /// table is not as [`ClosedAddresses::close`] leaves it.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn closed(&mut self) -> Result<Option<Closed>, KernelError>;

    /// Replaces all rules at once. Without addresses there is no table afterwards.
    ///
    /// # Errors
    /// [`KernelError::Unsupported`] when this machine has no packet filter.
    fn close(&mut self, closed: &Closed) -> Result<(), KernelError>;
}

/// Settings of the kernel.
pub trait Sysctls {
    /// The present value.
    ///
    /// # Errors
    /// [`KernelError::Missing`] when this kernel has no such setting.
    fn read_sysctl(&mut self, key: &Sysctl) -> Result<SysctlValue, KernelError>;

    /// Sets a value.
    ///
    /// # Errors
    /// [`KernelError::Missing`] when this kernel has no such setting.
    fn write_sysctl(&mut self, key: &Sysctl, value: SysctlValue) -> Result<(), KernelError>;
}

/// Announcements of ownership to the neighbours on a segment.
pub trait Announcer {
    /// Sends one gratuitous ARP (RFC 5227 §3) or unsolicited neighbour advertisement
    /// (RFC 4861 §7.2.6) for the address.
    ///
    /// # Errors
    /// When it could not be sent.
    fn announce(&mut self, address: &VirtualAddress) -> Result<(), KernelError>;
}

/// The daemons that synchronise connections between directors.
pub trait ConnectionSync {
    /// Those that run, with all their settings.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn sync_daemons(&mut self) -> Result<BTreeMap<SyncRole, SyncDaemon>, KernelError>;

    /// Starts one.
    ///
    /// # Errors
    /// [`KernelError::Exists`] when one of this role runs, [`KernelError::Missing`] when there is
    /// no such interface.
    fn start_sync(&mut self, role: SyncRole, daemon: &SyncDaemon) -> Result<(), KernelError>;

    /// Stops one.
    ///
    /// # Errors
    /// [`KernelError::Missing`] when none of this role runs.
    fn stop_sync(&mut self, role: SyncRole) -> Result<(), KernelError>;

    /// What could not be told to the peers when a master's daemon was stopped, once: the step is
    /// done all the same, for the addresses wait for it.
    fn take_unsaid(&mut self) -> Option<KernelError> {
        None
    }
}

/// The rules, in a table of the director's own, that give packets their firewall marks.
pub trait PacketMarks {
    /// The marks that the rules give; none when there is no table, `None` when what is in the table
    /// is not as [`PacketMarks::set_marks`] leaves it.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn marks(&mut self) -> Result<Option<Marks>, KernelError>;

    /// Replaces all rules at once. Without marks there is no table afterwards.
    ///
    /// # Errors
    /// [`KernelError::Unsupported`] when this machine has no packet filter that can mark.
    fn set_marks(&mut self, marks: &Marks) -> Result<(), KernelError>;
}

/// What reconciling needs of the kernel.
pub trait Kernel:
    IpvsTable + Devices + Addresses + Sysctls + ConnectionSync + PacketMarks + ClosedAddresses
{
}

impl<T> Kernel for T where
    T: IpvsTable + Devices + Addresses + Sysctls + ConnectionSync + PacketMarks + ClosedAddresses
{
}
