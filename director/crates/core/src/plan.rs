//! The difference between what the kernel should hold and what it holds, as ordered steps.

mod diff;
mod ledger;
#[cfg(test)]
mod tests;

pub use diff::diff;
pub use ledger::Ledger;

use crate::config::{
    ServiceKey, ServiceSettings, SyncDaemon, SyncRole, VirtualAddress, VirtualDevice,
};
use crate::desired::{Closed, DesiredServer, Marks, Sysctl, SysctlValue};
use crate::observed::Lifetime;
use core::fmt;
use core::net::SocketAddr;

/// One operation on the kernel. The kernel does it wholly or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Step {
    /// Take an address off its interface.
    RemoveAddress(VirtualAddress),
    /// Have the kernel keep an address that is there for so long from now on.
    RenewAddress(VirtualAddress, Lifetime),
    /// Set a setting.
    SetSysctl {
        /// Which.
        key: Sysctl,
        /// What it was when the step was planned, if it could be read.
        from: Option<SysctlValue>,
        /// What it becomes.
        to: SysctlValue,
    },
    /// Add a virtual service without servers.
    AddService(ServiceKey, ServiceSettings),
    /// Change a virtual service.
    EditService(ServiceKey, ServiceSettings),
    /// Add a real server.
    AddServer(ServiceKey, SocketAddr, DesiredServer),
    /// Change a real server.
    EditServer(ServiceKey, SocketAddr, DesiredServer),
    /// Remove a real server.
    RemoveServer(ServiceKey, SocketAddr),
    /// Remove a virtual service with its servers.
    RemoveService(ServiceKey),
    /// Let packets have these firewall marks, and no others of ours.
    SetMarks(#[cfg_attr(feature = "serde", serde(with = "crate::pairs"))] Marks),
    /// Stop a synchronisation daemon.
    StopSync(SyncRole),
    /// Start a synchronisation daemon.
    StartSync(SyncRole, SyncDaemon),
    /// Take at these addresses nothing but this, and at no others of ours.
    SetClosed(Closed),
    /// Make the device with a virtual router's hardware address.
    AddDevice(VirtualDevice),
    /// Remove it, with the addresses on it.
    RemoveDevice(VirtualDevice),
    /// Put an address on its interface.
    AddAddress(VirtualAddress, Lifetime),
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RemoveAddress(address) => write!(formatter, "remove address {address}"),
            Self::RenewAddress(address, life) => write!(formatter, "keep address {address} {life}"),
            Self::SetSysctl { key, to, .. } => write!(formatter, "set {key} = {to}"),
            Self::AddService(key, to) => {
                write!(formatter, "add service {key} scheduler {to}")
            }
            Self::EditService(key, to) => {
                write!(formatter, "change service {key} to scheduler {to}")
            }
            Self::AddServer(key, server, to) => {
                write!(formatter, "add server {server} to {key}: {to}")
            }
            Self::EditServer(key, server, to) => {
                write!(formatter, "change server {server} of {key}: {to}")
            }
            Self::RemoveServer(key, server) => {
                write!(formatter, "remove server {server} from {key}")
            }
            Self::RemoveService(key) => write!(formatter, "remove service {key}"),
            Self::SetMarks(marks) if marks.is_empty() => write!(formatter, "remove firewall marks"),
            Self::SetMarks(marks) => {
                write!(formatter, "set firewall marks")?;
                for (number, (traffic, mark)) in marks.iter().enumerate() {
                    let comma = if number == 0 { "" } else { "," };
                    write!(formatter, "{comma} {mark} for {traffic}")?;
                }
                Ok(())
            }
            Self::StopSync(role) => write!(formatter, "stop synchronisation {role}"),
            Self::StartSync(role, daemon) => {
                write!(formatter, "start synchronisation {role} {daemon}")
            }
            Self::SetClosed(closed) if closed.is_empty() => write!(formatter, "close no address"),
            Self::SetClosed(closed) => {
                write!(formatter, "close to all but virtual services")?;
                for (number, address) in closed.keys().enumerate() {
                    write!(formatter, "{} {address}", if number == 0 { "" } else { "," })?;
                }
                Ok(())
            }
            Self::AddDevice(device) => {
                write!(formatter, "add device {device} on {}", device.interface)
            }
            Self::RemoveDevice(device) => {
                write!(formatter, "remove device {device} on {}", device.interface)
            }
            Self::AddAddress(address, _) => write!(formatter, "add address {address}"),
        }
    }
}
