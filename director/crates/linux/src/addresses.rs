//! Addresses on interfaces, over rtnetlink.

use crate::error::{NET_ADMIN, refused};
use crate::kernel::LinuxKernel;
use crate::{devices, interface, netlink};
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
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
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

/// Makes no route to the address's subnet when another address of the interface has one.
///
/// Over IPv6 a renewal would bound that route's life too (`modify_prefix_route` in
/// `net/ipv6/addrconf.c`), and its end would cut the machine off. From a device with a hardware
/// address of its own a second route would lead, by which this machine would speak to its
/// neighbours as the virtual router.
fn spare_route(
    message: &mut AddressMessage,
    address: &VirtualAddress,
    held: &[Held],
) -> Result<(), KernelError> {
    let mut places = match (address.address, &address.mac) {
        // The kernel promotes the next address of a subnet and its route with it.
        (IpAddr::V4(_), None) => return Ok(()),
        (IpAddr::V4(_), Some(_)) => Vec::new(),
        (IpAddr::V6(_), _) => vec![message.header.index],
    };
    places.push(interface::needed(address.interface.as_str())?);
    let in_subnet = |other: &Held| {
        places.contains(&other.index)
            && other.prefix == address.prefix
            && other.address != address.address
            && subnet(other.address, other.prefix) == subnet(address.address, address.prefix)
    };
    if held.iter().any(in_subnet) {
        let mut flags = AddressFlags::Noprefixroute;
        if address.address.is_ipv6() {
            flags |= AddressFlags::Nodad;
        }
        message.attributes.push(AddressAttribute::Flags(flags));
    }
    Ok(())
}

/// An address without the bits of the host.
fn subnet(address: IpAddr, prefix: u8) -> IpAddr {
    let bits = |all: u32| all.saturating_sub(u32::from(prefix));
    match address {
        IpAddr::V4(one) => {
            let mask = u32::MAX.checked_shl(bits(32)).unwrap_or(0);
            Ipv4Addr::from_bits(one.to_bits() & mask).into()
        }
        IpAddr::V6(one) => {
            let mask = u128::MAX.checked_shl(bits(128)).unwrap_or(0);
            Ipv6Addr::from_bits(one.to_bits() & mask).into()
        }
    }
}

/// The addresses that Linux drops along with `gone`: when the first IPv4 address of a subnet leaves
/// an interface, the others of that subnet go too, unless `promote_secondaries` is set
/// (`__inet_del_ifa` in `net/ipv4/devinet.c`).
fn dependents(gone: &VirtualAddress, index: u32, before: Vec<Held>) -> Vec<Held> {
    let in_subnet = |other: &Held| {
        other.index == index
            && other.prefix == gone.prefix
            && other.address != gone.address
            && subnet(other.address, other.prefix) == subnet(gone.address, gone.prefix)
    };
    before.into_iter().filter(|other| gone.address.is_ipv4() && in_subnet(other)).collect()
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
        let devices = devices::on(interface).map_err(failed)?;
        let named = |held: Held| {
            let (address, prefix) = (held.address, held.prefix);
            let device = devices.iter().find(|(_, number)| **number == held.index);
            let mac = device.map(|(device, _)| device.mac);
            let here = held.index == index || mac.is_some();
            let interface = interface.clone();
            here.then_some((VirtualAddress { address, prefix, interface, mac }, held.life))
        };
        Ok(all().map_err(failed)?.into_iter().filter_map(named).collect())
    }

    fn add_address(&mut self, address: &VirtualAddress, life: Lifetime) -> Result<(), KernelError> {
        let index = devices::holder(address)?;
        let what = format!("add address {address}");
        let failed = |error: io::Error| refused(&error, &what, NET_ADMIN);
        let mut wanted = described(address, index, life);
        if address.address.is_ipv6() || address.mac.is_some() {
            spare_route(&mut wanted, address, &all().map_err(failed)?)?;
        }
        let wanted = RouteNetlinkMessage::NewAddress(wanted);
        netlink::change(wanted, NLM_F_CREATE | NLM_F_EXCL).map_err(failed)
    }

    fn renew_address(
        &mut self,
        address: &VirtualAddress,
        life: Lifetime,
    ) -> Result<(), KernelError> {
        let index = devices::holder(address)?;
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
        spare_route(&mut wanted, address, &held)?;
        netlink::change(RouteNetlinkMessage::NewAddress(wanted), NLM_F_REPLACE).map_err(failed)
    }

    fn remove_address(&mut self, address: &VirtualAddress) -> Result<(), KernelError> {
        let index = devices::holder(address)?;
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
