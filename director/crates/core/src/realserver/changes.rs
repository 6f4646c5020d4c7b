//! The way from what a host holds to what it needs, and back.

use super::{Device, GuePort, Needs};
use crate::config::VirtualAddress;
use crate::desired::Sysctl;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;

/// What the host holds of what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Addresses on the loopback interface and on tunnel devices.
    pub addresses: BTreeSet<VirtualAddress>,
    /// The settings that could be read; a device that is not there has none.
    pub settings: BTreeMap<Sysctl, i64>,
    /// The tunnel devices that are switched on.
    pub devices: BTreeSet<Device>,
    /// The ports that take packets in generic UDP encapsulation.
    pub ports: BTreeSet<GuePort>,
}

/// One operation on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Make the device if it is not there, and switch it on.
    Raise(Device),
    /// Switch the device off.
    Lower(Device),
    /// Take packets at the port.
    Open(GuePort),
    /// Take them no more.
    Close(GuePort),
    /// Set a setting.
    Set(Sysctl, i64),
    /// Put an address on its interface.
    Add(VirtualAddress),
    /// Take an address off its interface.
    Remove(VirtualAddress),
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raise(device) => write!(formatter, "switch on {device}"),
            Self::Lower(device) => write!(formatter, "switch off {device}"),
            Self::Open(port) => write!(formatter, "open {port}"),
            Self::Close(port) => write!(formatter, "close {port}"),
            Self::Set(key, value) => write!(formatter, "set {key} = {value}"),
            Self::Add(address) => write!(formatter, "add address {address}"),
            Self::Remove(address) => write!(formatter, "remove address {address}"),
        }
    }
}

/// The changes that give the host what it needs, in an order in which every prefix is safe: a
/// device has settings only once it is there, and the address comes last, when nobody can be told
/// any more that it is here.
#[must_use]
pub fn changes(needs: &Needs, found: &Found) -> Vec<Change> {
    let raise = needs.devices.difference(&found.devices).copied().map(Change::Raise);
    let open = needs.ports.difference(&found.ports).copied().map(Change::Open);
    let low = needs.settings.iter().filter(|(key, least)| found.settings.get(key) < Some(*least));
    let set = low.map(|(key, least)| Change::Set(key.clone(), *least));
    let add = needs.addresses.difference(&found.addresses).cloned().map(Change::Add);
    raise.chain(open).chain(set).chain(add).collect()
}

/// What was changed on a host, so that it can be undone: kept in a file until then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Record {
    /// Addresses that were added.
    pub addresses: BTreeSet<VirtualAddress>,
    /// Settings that were set: the value before, and the value now.
    pub settings: Vec<(Sysctl, i64, i64)>,
    /// Devices that were switched on.
    pub devices: BTreeSet<Device>,
    /// Ports that were opened.
    pub ports: BTreeSet<GuePort>,
}

impl Record {
    /// Notes what is about to be changed. What was noted first stays: it is the older state.
    ///
    /// A setting of a device that is not there yet has no value before, and none to go back to.
    pub fn note(&mut self, changes: &[Change], found: &Found) {
        for change in changes {
            match change {
                Change::Raise(device) => {
                    self.devices.insert(*device);
                }
                Change::Open(port) => {
                    self.ports.insert(*port);
                }
                Change::Add(address) => {
                    self.addresses.insert(address.clone());
                }
                Change::Set(key, value) => {
                    let known = self.settings.iter().any(|(noted, ..)| noted == key);
                    if let Some(before) = found.settings.get(key).filter(|_| !known) {
                        self.settings.push((key.clone(), *before, *value));
                    }
                }
                Change::Lower(_) | Change::Close(_) | Change::Remove(_) => {}
            }
        }
    }

    /// Whether nothing was changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The changes that undo what was recorded, addresses first: without the settings the host would
/// answer for them.
///
/// What somebody else has changed since stays as it is.
#[must_use]
pub fn undo(record: &Record, found: &Found) -> Vec<Change> {
    let remove = record.addresses.intersection(&found.addresses).cloned().map(Change::Remove);
    let ours = |(key, _, now): &&(Sysctl, i64, i64)| found.settings.get(key) == Some(now);
    let back = record.settings.iter().filter(ours);
    let set = back.map(|(key, before, _)| Change::Set(key.clone(), *before));
    let close = record.ports.intersection(&found.ports).copied().map(Change::Close);
    let lower = record.devices.intersection(&found.devices).copied().map(Change::Lower);
    remove.chain(set).chain(close).chain(lower).collect()
}
