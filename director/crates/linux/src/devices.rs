//! Devices with the hardware addresses of virtual routers: macvlan, one for each router and family.
//!
//! A device is there only while this node holds, or may hold, one of its addresses: without it the
//! interface does not take frames to that hardware address, as a backup must not (RFC 9568 §6.4.2).
//!
//! They are in *bridge* mode. In *private* mode the kernel gives a multicast frame whose source is
//! the hardware address of a device to that device alone (`macvlan_handle_frame` in
//! `drivers/net/macvlan.c`): the adverts of another router that is active too would never reach the
//! interface, where they are waited for.

use crate::error::{NET_ADMIN, refused};
use crate::kernel::LinuxKernel;
use crate::{interface, netlink};
use director_core::config::{VirtualAddress, VirtualDevice, VirtualMac};
use director_core::name::InterfaceName;
use director_engine::ports::{Devices, KernelError};
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoMacVlan, LinkAttribute, LinkFlags, LinkInfo, LinkMessage, MacVlanMode,
};
use std::collections::{BTreeMap, BTreeSet};
use std::{fs, io};

/// The devices on an interface, with their numbers.
pub(crate) fn on(interface: &InterfaceName) -> io::Result<BTreeMap<VirtualDevice, u32>> {
    let Some(index) = interface::index_of(interface.as_str())? else { return Ok(BTreeMap::new()) };
    let question = RouteNetlinkMessage::GetLink(LinkMessage::default());
    let links = netlink::dump(&question)?.into_iter().filter_map(|entry| match entry {
        RouteNetlinkMessage::NewLink(link) => Some(link),
        _ => None,
    });
    Ok(links
        .filter_map(|link| Some((device(&link, interface, index)?, link.header.index)))
        .collect())
}

/// The device that a link is, when it is one on this interface. Its name tells ours from those that
/// another program has made.
fn device(link: &LinkMessage, interface: &InterfaceName, index: u32) -> Option<VirtualDevice> {
    let (mut below, mut hardware, mut name, mut is_macvlan) = (None, None, None, false);
    for attribute in &link.attributes {
        match attribute {
            LinkAttribute::Link(number) => below = Some(*number),
            LinkAttribute::Address(bytes) => hardware = VirtualMac::from_bytes(bytes),
            LinkAttribute::IfName(text) => name = Some(text),
            LinkAttribute::LinkInfo(infos) => {
                is_macvlan = infos.contains(&LinkInfo::Kind(InfoKind::MacVlan));
            }
            _ => {}
        }
    }
    let (mac, ipv6) = hardware.filter(|_| is_macvlan && below == Some(index))?;
    let device = VirtualDevice { interface: interface.clone(), mac, ipv6 };
    (name? == &device.name()).then_some(device)
}

/// The number of the link that holds an address: its interface, or its device there.
///
/// # Errors
/// It is not there, or the kernel cannot be asked.
pub(crate) fn holder(address: &VirtualAddress) -> Result<u32, KernelError> {
    let Some(device) = address.device() else {
        return interface::needed(address.interface.as_str());
    };
    let failed = |error: io::Error| refused(&error, &format!("look up {device}"), NET_ADMIN);
    on(&device.interface).map_err(failed)?.get(&device).copied().ok_or(KernelError::Missing)
}

/// What its settings must be, below `/proc/sys/net`. They go with it.
///
/// Its routes lead by the interface, so that no packet would pass a strict reverse path filter; and
/// of itself it says nothing: no address of its own, no questions for routers.
fn settings(device: &VirtualDevice) -> Vec<(&'static str, &'static str, u8)> {
    let mut all = vec![("ipv4", "arp_ignore", 1), ("ipv4", "rp_filter", 2)];
    if device.ipv6 {
        all.extend([("ipv6", "addr_gen_mode", 1), ("ipv6", "accept_ra", 0)]);
    } else {
        all.push(("ipv6", "disable_ipv6", 1));
    }
    all
}

fn set(device: &VirtualDevice) -> Result<(), KernelError> {
    let name = device.name();
    for (family, key, value) in settings(device) {
        let path = format!("/proc/sys/net/{family}/conf/{name}/{key}");
        match fs::OpenOptions::new().write(true).open(&path) {
            // A kernel without IPv6.
            Err(error) if error.kind() == io::ErrorKind::NotFound && family == "ipv6" => {}
            opened => opened
                .and_then(|mut file| io::Write::write_all(&mut file, value.to_string().as_bytes()))
                .map_err(|error| refused(&error, &format!("set {path} = {value}"), NET_ADMIN))?,
        }
    }
    Ok(())
}

fn described(device: &VirtualDevice, below: u32) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.attributes.push(LinkAttribute::IfName(device.name()));
    message.attributes.push(LinkAttribute::Link(below));
    message.attributes.push(LinkAttribute::Address(device.mac.bytes(device.ipv6).to_vec()));
    message.attributes.push(LinkAttribute::LinkInfo(vec![
        LinkInfo::Kind(InfoKind::MacVlan),
        LinkInfo::Data(InfoData::MacVlan(vec![InfoMacVlan::Mode(MacVlanMode::Bridge)])),
    ]));
    message
}

fn remove(index: u32, what: &str) -> Result<(), KernelError> {
    let mut message = LinkMessage::default();
    message.header.index = index;
    netlink::change(RouteNetlinkMessage::DelLink(message), 0)
        .map_err(|error| refused(&error, what, NET_ADMIN))
}

/// Switches a device on that was just made.
fn raise(device: &VirtualDevice, index: u32, what: &str) -> Result<(), KernelError> {
    set(device)?;
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.header.flags = LinkFlags::Up;
    message.header.change_mask = LinkFlags::Up;
    netlink::change(RouteNetlinkMessage::NewLink(message), 0)
        .map_err(|error| refused(&error, what, NET_ADMIN))
}

impl Devices for LinuxKernel {
    fn devices(
        &mut self,
        interface: &InterfaceName,
    ) -> Result<BTreeSet<VirtualDevice>, KernelError> {
        let failed = |error: io::Error| refused(&error, "list interfaces", NET_ADMIN);
        Ok(on(interface).map_err(failed)?.into_keys().collect())
    }

    fn add_device(&mut self, device: &VirtualDevice) -> Result<(), KernelError> {
        let below = interface::needed(device.interface.as_str())?;
        let what = format!("add device {device} on {}", device.interface);
        let failed = |error: io::Error| refused(&error, &what, NET_ADMIN);
        let wanted = RouteNetlinkMessage::NewLink(described(device, below));
        let made = netlink::change(wanted, NLM_F_CREATE | NLM_F_EXCL).map_err(failed);
        if made == Err(KernelError::Exists) && !self.devices(&device.interface)?.contains(device) {
            return Err(KernelError::Other(format!(
                "cannot {what}: there is another device of that name; remove it"
            )));
        }
        made?;
        let index = interface::needed(&device.name())?;
        let raised = raise(device, index, &what);
        if raised.is_err() {
            // Half a device is none: it would be taken for a whole one.
            remove(index, &what)?;
        }
        raised
    }

    fn remove_device(&mut self, device: &VirtualDevice) -> Result<(), KernelError> {
        let what = format!("remove device {device} on {}", device.interface);
        let there = on(&device.interface).map_err(|error| refused(&error, &what, NET_ADMIN))?;
        remove(*there.get(device).ok_or(KernelError::Missing)?, &what)
    }
}
