//! The real server's side of direct routing and tunnelling, on this machine.

use crate::error::{NET_ADMIN, refused};
use crate::interface::{self, Interface};
use crate::kernel::LinuxKernel;
use crate::netlink;
use director_core::name::InterfaceName;
use director_core::observed::Lifetime;
use director_core::realserver::{Change, Found, Needs, Record, Tunnel};
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
        let loopback = InterfaceName::new(LOOPBACK).map_err(|e| KernelError::Other(e.to_string()));
        let addresses = self.kernel.held(&loopback?)?.into_keys().collect();
        let recorded = record.settings.iter().map(|(key, ..)| key);
        let settings = needs
            .settings
            .keys()
            .chain(recorded)
            .filter_map(|key| Some((key.clone(), self.kernel.read_sysctl(key).ok()?.number()?)))
            .collect();
        let interfaces = interfaces()?;
        let is_up = |tunnel: &Tunnel| interfaces.get(tunnel.device()).is_some_and(|one| one.up);
        let tunnels = Tunnel::ALL.iter().copied().filter(is_up).collect();
        Ok(Found { addresses, settings, tunnels })
    }

    /// Carries out one change.
    ///
    /// # Errors
    /// What the kernel said when it refused.
    pub fn carry_out(&mut self, change: &Change) -> Result<(), KernelError> {
        match change {
            Change::Raise(tunnel) => raise(*tunnel),
            Change::Lower(tunnel) => switch(*tunnel, LinkFlags::empty()),
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
fn raise(tunnel: Tunnel) -> Result<(), KernelError> {
    let kind = match tunnel {
        Tunnel::Ipip => InfoKind::IpIp,
        Tunnel::Ip6tnl => InfoKind::Ip6Tnl,
        Tunnel::Sit => InfoKind::SitTun,
    };
    if interface::index_of(tunnel.device()).is_none() {
        let mut device = LinkMessage::default();
        device.attributes.push(LinkAttribute::IfName(tunnel.device().to_owned()));
        device.attributes.push(LinkAttribute::LinkInfo(vec![LinkInfo::Kind(kind)]));
        match ask(tunnel, device, NLM_F_CREATE | NLM_F_EXCL) {
            Err(KernelError::Exists) => {}
            made => made?,
        }
    }
    switch(tunnel, LinkFlags::Up)
}

fn switch(tunnel: Tunnel, to: LinkFlags) -> Result<(), KernelError> {
    let mut device = LinkMessage::default();
    device.header.index = interface::index_of(tunnel.device()).ok_or(KernelError::Missing)?;
    device.header.flags = to;
    device.header.change_mask = LinkFlags::Up;
    ask(tunnel, device, 0)
}

fn ask(tunnel: Tunnel, device: LinkMessage, flags: u16) -> Result<(), KernelError> {
    let failed = |error: io::Error| refused(&error, &format!("switch {tunnel}"), NET_ADMIN);
    netlink::change(RouteNetlinkMessage::NewLink(device), flags).map_err(failed)
}
