//! The real server's side of direct routing and tunnelling, on this machine.

mod gue;
mod iproute;

use crate::error::{NET_ADMIN, refused};
use crate::interface::{self, Interface};
use crate::kernel::LinuxKernel;
use crate::netlink;
use director_core::name::InterfaceName;
use director_core::observed::Lifetime;
use director_core::realserver::{Change, Device, Found, Needs, Record};
use director_engine::ports::{Addresses, KernelError, Sysctls};
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{InfoKind, LinkAttribute, LinkFlags, LinkInfo, LinkMessage};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;

/// The loopback interface, whose addresses are nobody's own.
const LOOPBACK: &str = "lo";

/// A host as a real server; its kernel is the one of the calling thread's network namespace.
#[derive(Debug, Default)]
pub struct RealServerHost {
    kernel: LinuxKernel,
}

impl RealServerHost {
    /// This host.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The addresses by which others know this host: all but those of the loopback interface.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn own_addresses(&self) -> Result<BTreeSet<IpAddr>, KernelError> {
        let outward = |(name, _): &(String, Interface)| name != LOOPBACK;
        let addresses = |(_, interface): (String, Interface)| interface.addresses;
        let all = interfaces()?.into_iter().filter(outward).flat_map(addresses);
        Ok(all.map(|(address, _)| address).collect())
    }

    /// What this host holds of what it needs, and of what was recorded.
    ///
    /// # Errors
    /// When the kernel cannot be asked. A setting that cannot be read is left out.
    pub fn find(&mut self, needs: &Needs, record: &Record) -> Result<Found, KernelError> {
        let interfaces = interfaces()?;
        let there = |device: &&Device| interfaces.contains_key(device.name());
        let devices = Device::ALL.iter().filter(there).map(|device| device.interface());
        let loopback = InterfaceName::new(LOOPBACK).map_err(|e| KernelError::Other(e.to_string()));
        let mut addresses = BTreeSet::new();
        for interface in devices.chain([loopback?]) {
            addresses.extend(self.kernel.held(&interface)?.into_keys());
        }
        let recorded = record.settings.iter().map(|(key, ..)| key);
        let settings = needs
            .settings
            .keys()
            .chain(recorded)
            .filter_map(|key| Some((key.clone(), self.kernel.read_sysctl(key).ok()?.number()?)))
            .collect();
        let is_up = |device: &Device| interfaces.get(device.name()).is_some_and(|one| one.up);
        let devices = Device::ALL.iter().copied().filter(is_up).collect();
        // The kernel is asked only where it matters: it may not know of them at all.
        let ported = !needs.ports.is_empty() || !record.ports.is_empty();
        let ports = if ported { gue::open()? } else { BTreeSet::new() };
        Ok(Found { addresses, settings, devices, ports })
    }

    /// Carries out one change.
    ///
    /// # Errors
    /// What the kernel said when it refused.
    pub fn carry_out(&mut self, change: &Change) -> Result<(), KernelError> {
        match change {
            Change::Raise(device) => raise(*device),
            Change::Lower(device) => switch(*device, LinkFlags::empty()),
            Change::Open(port) => gue::change("add", *port),
            Change::Close(port) => gue::change("del", *port),
            Change::Set(key, value) => self.kernel.write_sysctl(key, (*value).into()),
            Change::Add(address) => self.kernel.add_address(address, Lifetime::Forever),
            Change::Remove(address) => self.kernel.remove_address(address),
        }
    }
}

fn interfaces() -> Result<BTreeMap<String, Interface>, KernelError> {
    interface::all().map_err(|error| refused(&error, "list the interfaces", NET_ADMIN))
}

/// The kernel makes the device when it loads the module, which asking for it does; but not in a
/// namespace of its own when `net/core/fb_tunnels_only_for_init_net` is set, and then it is made
/// here.
fn raise(device: Device) -> Result<(), KernelError> {
    let kind = match device {
        Device::Ipip => InfoKind::IpIp,
        Device::Ip6tnl => InfoKind::Ip6Tnl,
        Device::Sit => InfoKind::SitTun,
        Device::Gre => InfoKind::GreTun,
        Device::Ip6gre => InfoKind::GreTun6,
    };
    if matches!(interface::needed(device.name()), Err(KernelError::Missing)) {
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::IfName(device.name().to_owned()));
        message.attributes.push(LinkAttribute::LinkInfo(vec![LinkInfo::Kind(kind)]));
        match ask(device, message, NLM_F_CREATE | NLM_F_EXCL) {
            Err(KernelError::Exists) => {}
            made => made?,
        }
    }
    if device == Device::Ip6tnl {
        // As the kernel makes it, it unwraps IPv6 alone.
        iproute::ip(&["-6", "tunnel", "change", device.name(), "mode", "any"])?;
    }
    switch(device, LinkFlags::Up)
}

fn switch(device: Device, to: LinkFlags) -> Result<(), KernelError> {
    let mut message = LinkMessage::default();
    message.header.index = interface::needed(device.name())?;
    message.header.flags = to;
    message.header.change_mask = LinkFlags::Up;
    ask(device, message, 0)
}

fn ask(device: Device, message: LinkMessage, flags: u16) -> Result<(), KernelError> {
    let failed = |error: io::Error| refused(&error, &format!("switch {device}"), NET_ADMIN);
    netlink::change(RouteNetlinkMessage::NewLink(message), flags).map_err(failed)
}
