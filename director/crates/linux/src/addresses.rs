//! Addresses on interfaces, over rtnetlink.

use crate::error::{NET_ADMIN, refused};
use crate::kernel::LinuxKernel;
use crate::{interface, netlink};
use director_core::config::VirtualAddress;
use director_core::name::InterfaceName;
use director_core::observed::Lifetime;
use director_engine::ports::{Addresses, KernelError};
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressHeaderFlags, AddressMessage, AddressScope, CacheInfo,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// `INFINITY_LIFE_TIME` (`net/addrconf.h`).
const INFINITY: u32 = u32::MAX;

/// An address on an interface, as the kernel lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// Number of the interface.
    pub(crate) index: u32,
    /// The address itself; on point-to-point interfaces the local one.
    pub(crate) address: IpAddr,
    /// Length of its prefix in bits.
    pub(crate) prefix: u8,
    /// What is left of its life.
    life: Lifetime,
    /// Everything the kernel said of it.
    message: AddressMessage,
}

/// All addresses of all interfaces, in the kernel's order.
pub(crate) fn all() -> io::Result<Vec<Held>> {
    let question = RouteNetlinkMessage::GetAddress(AddressMessage::default());
    Ok(netlink::dump(&question)?.into_iter().filter_map(held).collect())
}

fn held(entry: RouteNetlinkMessage) -> Option<Held> {
    let RouteNetlinkMessage::NewAddress(message) = entry else {
        return None;
    };
    let local = message.attributes.iter().find_map(|attribute| match attribute {
        AddressAttribute::Local(address) => Some(*address),
        _ => None,
    });
    // IPv6 has no local address beside IFA_ADDRESS, unless there is a peer (`linux/if_addr.h`).
    let address = local.or_else(|| {
        message.attributes.iter().find_map(|attribute| match attribute {
            AddressAttribute::Address(address) => Some(*address),
            _ => None,
        })
    })?;
    let (index, prefix) = (message.header.index, message.header.prefix_len);
    Some(Held { index, address, prefix, life: life(&message), message })
}

fn life(message: &AddressMessage) -> Lifetime {
    let valid = message.attributes.iter().find_map(|attribute| match attribute {
        AddressAttribute::CacheInfo(info) => Some(info.ifa_valid),
        _ => None,
    });
    match valid {
        None | Some(INFINITY) => Lifetime::Forever,
        Some(seconds) => Lifetime::For(Duration::from_secs(seconds.into())),
    }
}

/// A life in the kernel's words, which know whole seconds only and no life of none.
///
/// IPv6 addresses are deprecated from the start (RFC 4862 §5.5.4): what serves clients is not the
/// source of this machine's own connections (RFC 6724 §5, rule 3). A health check that came from a
/// virtual address would be answered by the real server to itself. With IPv4 the first address of a
/// subnet is the source.
fn cache_info(life: Lifetime, ipv6: bool) -> CacheInfo {
    let seconds = match life {
        Lifetime::Forever => INFINITY,
        Lifetime::For(time) => {
            let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
            u32::try_from(whole).unwrap_or(INFINITY).max(1)
        }
    };
    let mut info = CacheInfo::default();
    (info.ifa_preferred, info.ifa_valid) = (if ipv6 { 0 } else { seconds }, seconds);
    info
}

/// How the kernel is told of an address that lives so long.
///
/// No broadcast address: the kernel makes the subnet's own, and a virtual address needs no other.
fn described(address: &VirtualAddress, index: u32, life: Lifetime) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.index = index;
    message.header.prefix_len = address.prefix;
    message.header.scope =
        if address.address.is_loopback() { AddressScope::Host } else { AddressScope::Universe };
    if address.address.is_ipv6() {
        message.header.family = AddressFamily::Inet6;
        // Duplicate address detection (RFC 4862 §5.4) would keep the address unusable for a second,
        // and for good while a director that is about to die still answers for it.
        message.header.flags = AddressHeaderFlags::Nodad;
    } else {
        message.header.family = AddressFamily::Inet;
    }
    message.attributes.push(AddressAttribute::Local(address.address));
    message.attributes.push(AddressAttribute::Address(address.address));
    message
        .attributes
        .push(AddressAttribute::CacheInfo(cache_info(life, address.address.is_ipv6())));
    message
}

/// Keeps the route of an IPv6 address's subnet out of its life when another address is in that
/// subnet: a renewal would bound the route's life too (`modify_prefix_route` in
/// `net/ipv6/addrconf.c`), and its end would cut the machine off.
fn spare_route(message: &mut AddressMessage, address: &VirtualAddress, index: u32, held: &[Held]) {
    let IpAddr::V6(wanted) = address.address else {
        return;
    };
    let host_bits = 128_u32.saturating_sub(u32::from(address.prefix));
    let network = |one: u128| one.checked_shr(host_bits).unwrap_or(0);
    let in_subnet = |other: &Held| match other.address {
        IpAddr::V6(one) => {
            other.index == index
                && other.prefix == address.prefix
                && one != wanted
                && network(one.to_bits()) == network(wanted.to_bits())
        }
        IpAddr::V4(_) => false,
    };
    if held.iter().any(in_subnet) {
        let flags = AddressFlags::Nodad | AddressFlags::Noprefixroute;
        message.attributes.push(AddressAttribute::Flags(flags));
    }
}

/// The addresses that Linux drops along with `gone`: when the first IPv4 address of a subnet leaves
/// an interface, the others of that subnet go too, unless `promote_secondaries` is set
/// (`__inet_del_ifa` in `net/ipv4/devinet.c`).
fn dependents(gone: &VirtualAddress, index: u32, before: Vec<Held>) -> Vec<Held> {
    let IpAddr::V4(first) = gone.address else {
        return Vec::new();
    };
    let in_subnet = |other: &Held| match other.address {
        IpAddr::V4(address) => {
            other.index == index
                && other.prefix == gone.prefix
                && address != first
                && network(address, gone.prefix) == network(first, gone.prefix)
        }
        IpAddr::V6(_) => false,
    };
    before.into_iter().filter(in_subnet).collect()
}

fn network(address: Ipv4Addr, prefix: u8) -> u32 {
    let host_bits = 32_u32.saturating_sub(u32::from(prefix));
    u32::from(address).checked_shr(host_bits).unwrap_or(0)
}

impl Addresses for LinuxKernel {
    fn held(
        &mut self,
        interface: &InterfaceName,
    ) -> Result<BTreeMap<VirtualAddress, Lifetime>, KernelError> {
        let failed = |error: io::Error| refused(&error, "list addresses", NET_ADMIN);
        let Some(index) = interface::index_of(interface.as_str()).map_err(failed)? else {
            return Ok(BTreeMap::new());
        };
        let all = all().map_err(failed)?;
        let named = |held: Held| {
            let (address, prefix) = (held.address, held.prefix);
            (VirtualAddress { address, prefix, interface: interface.clone() }, held.life)
        };
        Ok(all.into_iter().filter(|held| held.index == index).map(named).collect())
    }

    fn add_address(&mut self, address: &VirtualAddress, life: Lifetime) -> Result<(), KernelError> {
        let index = interface::needed(address.interface.as_str())?;
        let what = format!("add address {address}");
        let failed = |error: io::Error| refused(&error, &what, NET_ADMIN);
        let mut wanted = described(address, index, life);
        if address.address.is_ipv6() {
            spare_route(&mut wanted, address, index, &all().map_err(failed)?);
        }
        let wanted = RouteNetlinkMessage::NewAddress(wanted);
        netlink::change(wanted, NLM_F_CREATE | NLM_F_EXCL).map_err(failed)
    }

    fn renew_address(
        &mut self,
        address: &VirtualAddress,
        life: Lifetime,
    ) -> Result<(), KernelError> {
        let index = interface::needed(address.interface.as_str())?;
        let what = format!("renew address {address}");
        let failed = |error: io::Error| refused(&error, &what, NET_ADMIN);
        // The kernel would add it: replacing does not ask whether there is something to replace.
        let held = all().map_err(failed)?;
        let is_it = |held: &Held| {
            (held.index, held.address, held.prefix) == (index, address.address, address.prefix)
        };
        if !held.iter().any(is_it) {
            return Err(KernelError::Missing);
        }
        let mut wanted = described(address, index, life);
        spare_route(&mut wanted, address, index, &held);
        netlink::change(RouteNetlinkMessage::NewAddress(wanted), NLM_F_REPLACE).map_err(failed)
    }

    fn remove_address(&mut self, address: &VirtualAddress) -> Result<(), KernelError> {
        let index = interface::needed(address.interface.as_str())?;
        let what = format!("remove address {address}");
        let failed = |error: io::Error| refused(&error, &what, NET_ADMIN);
        let others = dependents(address, index, all().map_err(failed)?);
        let unwanted =
            RouteNetlinkMessage::DelAddress(described(address, index, Lifetime::Forever));
        netlink::change(unwanted, 0).map_err(failed)?;
        if others.is_empty() {
            return Ok(());
        }
        let left = all().map_err(failed)?;
        let lost = |other: &Held| {
            !left.iter().any(|one| one.index == index && one.address == other.address)
        };
        for other in others.into_iter().filter(lost) {
            let again = RouteNetlinkMessage::NewAddress(other.message);
            netlink::change(again, NLM_F_CREATE).map_err(|error| {
                let what = format!("put back {}, which left with {address}", other.address);
                refused(&error, &what, NET_ADMIN)
            })?;
        }
        Ok(())
    }
}
