//! Facts about this machine, for finding what would bite.

mod neighbours;

pub use neighbours::ask;

use crate::error::{NET_ADMIN, refused};
use crate::{interface, netlink};
use director_core::doctor::{Facts, Interface, settings};
use director_core::name::InterfaceName;
use director_engine::ports::KernelError;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkAttribute, LinkMessage};
use procfs::net::{RouteEntries, TcpNetEntries, TcpState};
use procfs::{FromRead, FromReadSI, current_system_info};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::{fs, io};

/// What can be known of this machine without asking on the wire: interfaces, settings, gateways,
/// listeners, limits.
///
/// # Errors
/// When the interfaces cannot be listed. What else cannot be read is left out.
pub fn facts() -> Result<Facts, KernelError> {
    let mut facts = Facts { interfaces: interfaces()?, ..Facts::default() };
    for path in settings(&facts) {
        let text = fs::read_to_string(Path::new("/proc/sys").join(&path)).unwrap_or_default();
        if let Ok(value) = text.trim().parse() {
            facts.settings.insert(path, value);
        }
    }
    facts.gateways = gateways();
    facts.listeners = listeners();
    facts.open_files = open_files();
    Ok(facts)
}

fn interfaces() -> Result<BTreeMap<InterfaceName, Interface>, KernelError> {
    let failed = |error: io::Error| refused(&error, "list interfaces", NET_ADMIN);
    let (all, sizes) = (interface::all().map_err(failed)?, sizes().map_err(failed)?);
    let told = |(name, interface): (String, interface::Interface)| {
        let mtu = sizes.get(&interface.index).copied().unwrap_or(0);
        // Names that no configuration could hold can play no part in one.
        let name = InterfaceName::new(&name).ok()?;
        Some((name, Interface { mtu, addresses: interface.addresses }))
    };
    Ok(all.into_iter().filter_map(told).collect())
}

/// The largest packet of each interface in bytes, by its number. Not by `/sys`, which shows the
/// namespace of whoever mounted it.
fn sizes() -> io::Result<BTreeMap<u32, u32>> {
    let question = RouteNetlinkMessage::GetLink(LinkMessage::default());
    let size = |entry| {
        let RouteNetlinkMessage::NewLink(link) = entry else { return None };
        let mtu = link.attributes.iter().find_map(|attribute| match attribute {
            LinkAttribute::Mtu(mtu) => Some(*mtu),
            _ => None,
        })?;
        Some((link.header.index, mtu))
    };
    Ok(netlink::dump(&question)?.into_iter().filter_map(size).collect())
}

/// The gateways of routes to everywhere. By thread: namespaces belong to threads.
fn gateways() -> BTreeSet<IpAddr> {
    let routes = RouteEntries::from_file("/proc/thread-self/net/route");
    let routes = routes.map(|RouteEntries(routes)| routes).unwrap_or_default();
    let default = routes
        .into_iter()
        .filter(|route| route.destination.is_unspecified() && route.mask.is_unspecified());
    let gateways = default.map(|route| route.gateway).filter(|gateway| !gateway.is_unspecified());
    gateways.map(IpAddr::V4).collect()
}

fn listeners() -> BTreeSet<SocketAddr> {
    let of = |file| {
        let path = format!("/proc/thread-self/net/{file}");
        let entries = TcpNetEntries::from_file(path, current_system_info());
        entries.map(|TcpNetEntries(entries)| entries).unwrap_or_default()
    };
    let all = of("tcp").into_iter().chain(of("tcp6"));
    all.filter(|one| one.state == TcpState::Listen).map(|one| one.local_address).collect()
}

fn open_files() -> Option<u64> {
    let limits = procfs::process::Process::myself().and_then(|process| process.limits()).ok()?;
    match limits.max_open_files.soft_limit {
        procfs::process::LimitValue::Value(files) => Some(files),
        procfs::process::LimitValue::Unlimited => None,
    }
}
