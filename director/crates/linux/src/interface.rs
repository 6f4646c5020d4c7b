//! The interfaces of this machine, for looking up and for telling.

use crate::addresses;
use crate::error::{NET_ADMIN, refused};
use director_engine::ports::KernelError;
use nix::errno::Errno;
use nix::net::if_::{InterfaceFlags, if_nametoindex};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::net::IpAddr;

/// A network interface at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interface {
    /// Its number; another after it was removed and made again.
    pub(crate) index: u32,
    /// Whether it is switched on and has carrier.
    pub(crate) up: bool,
    /// Addresses on it, with the length of their prefix in bits.
    pub(crate) addresses: Vec<(IpAddr, u8)>,
}

/// The number of an interface; `None` when there is no such interface.
///
/// # Errors
/// It cannot be looked up: that takes a socket, and says nothing about the interface.
pub(crate) fn index_of(name: &str) -> io::Result<Option<u32>> {
    match if_nametoindex(name) {
        Ok(index) => Ok(Some(index)),
        Err(Errno::ENODEV | Errno::ENXIO) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The same for a change to it.
///
/// # Errors
/// There is no such interface, or it cannot be looked up.
pub(crate) fn needed(name: &str) -> Result<u32, KernelError> {
    let failed = |error| refused(&error, &format!("look up interface {name}"), NET_ADMIN);
    index_of(name).map_err(failed)?.ok_or(KernelError::Missing)
}

/// All interfaces, by name.
pub(crate) fn all() -> io::Result<BTreeMap<String, Interface>> {
    let mut interfaces = BTreeMap::new();
    for entry in nix::ifaddrs::getifaddrs()? {
        let Some(link) = entry.address.as_ref().and_then(|address| address.as_link_addr()) else {
            continue;
        };
        let carrier = InterfaceFlags::IFF_RUNNING | InterfaceFlags::IFF_LOWER_UP;
        let index = u32::try_from(link.ifindex()).map_err(io::Error::other)?;
        let up = entry.flags.contains(carrier);
        interfaces.insert(entry.interface_name, Interface { index, up, addresses: Vec::new() });
    }
    for held in addresses::all()? {
        let on_it = |interface: &&mut Interface| interface.index == held.index;
        if let Some(interface) = interfaces.values_mut().find(on_it) {
            interface.addresses.push((held.address, held.prefix));
        }
    }
    Ok(interfaces)
}

/// The names of all interfaces: `eth0, eth1, lo`.
pub(crate) fn names(interfaces: &BTreeMap<String, Interface>) -> String {
    interfaces.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The addresses of all interfaces that have some: `eth0 has 10.0.0.11/24; lo has 127.0.0.1/8`.
pub(crate) fn inventory(interfaces: &BTreeMap<String, Interface>) -> String {
    let mut text = String::new();
    for (name, interface) in interfaces {
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(name);
        text.push_str(if interface.addresses.is_empty() { " has none" } else { " has " });
        for (number, (address, prefix)) in interface.addresses.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            let _ = write!(text, "{comma}{address}/{prefix}");
        }
    }
    text
}
