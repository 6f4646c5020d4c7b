//! The difference between what the kernel should hold and what it holds, as ordered steps.

mod diff;
#[cfg(test)]
mod tests;

pub use diff::{Ledger, diff};

use crate::config::{Scheduler, ServiceKey, VirtualAddress};
use crate::desired::{DesiredServer, Sysctl};
use crate::observed::Lifetime;
use core::fmt;
use core::net::SocketAddr;

/// One operation on the kernel. The kernel does it wholly or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Take an address off its interface.
    RemoveAddress(VirtualAddress),
    /// Have the kernel keep an address that is there for so long from now on.
    RenewAddress(VirtualAddress, Lifetime),
    /// Set a setting.
    SetSysctl(Sysctl, i64),
    /// Add a virtual service without servers.
    AddService(ServiceKey, Scheduler),
    /// Change a virtual service.
    EditService(ServiceKey, Scheduler),
    /// Add a real server.
    AddServer(ServiceKey, SocketAddr, DesiredServer),
    /// Change a real server.
    EditServer(ServiceKey, SocketAddr, DesiredServer),
    /// Remove a real server.
    RemoveServer(ServiceKey, SocketAddr),
    /// Remove a virtual service with its servers.
    RemoveService(ServiceKey),
    /// Put an address on its interface.
    AddAddress(VirtualAddress, Lifetime),
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RemoveAddress(address) => write!(formatter, "remove address {address}"),
            Self::RenewAddress(address, life) => write!(formatter, "keep address {address} {life}"),
            Self::SetSysctl(key, value) => write!(formatter, "set {key} = {value}"),
            Self::AddService(key, scheduler) => {
                write!(formatter, "add service {key} scheduler {scheduler}")
            }
            Self::EditService(key, scheduler) => {
                write!(formatter, "change service {key} to scheduler {scheduler}")
            }
            Self::AddServer(key, server, to) => write!(
                formatter,
                "add server {server} to {key}: {} weight {}",
                to.forward, to.weight
            ),
            Self::EditServer(key, server, to) => write!(
                formatter,
                "change server {server} of {key}: {} weight {}",
                to.forward, to.weight
            ),
            Self::RemoveServer(key, server) => {
                write!(formatter, "remove server {server} from {key}")
            }
            Self::RemoveService(key) => write!(formatter, "remove service {key}"),
            Self::AddAddress(address, _) => write!(formatter, "add address {address}"),
        }
    }
}
