//! What would bite: from facts about a host to findings, each with its consequence and its cure.
//!
//! ```text
//! Config, interfaces ─► questions() ─► asked on the wire ─┐
//! kernel, limits ───────────────────────────► Facts ────┴─► director(), real_server() ─► Finding
//! ```
//!
//! Findings are about what no refusal of the kernel shows: every one of these hosts starts, and
//! fails later, or in part, or for some clients only.

mod director;
mod realserver;
#[cfg(test)]
mod tests;

pub use director::director;
pub use realserver::real_server;

use crate::config::Config;
use crate::name::InterfaceName;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

/// What is known of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its interfaces.
    pub interfaces: BTreeMap<InterfaceName, Interface>,
    /// Settings of its kernel, by the file below `/proc/sys`; one that it does not have is absent.
    pub settings: BTreeMap<String, i64>,
    /// Who answered for which address.
    pub answers: Vec<Answer>,
    /// Its IPv4 default gateways.
    pub gateways: BTreeSet<IpAddr>,
    /// Where something on it accepts TCP connections; an unspecified address stands for all.
    pub listeners: BTreeSet<SocketAddr>,
    /// Files that a process may have open (`RLIMIT_NOFILE`).
    pub open_files: Option<u64>,
}

/// An interface of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its largest packet in bytes.
    pub mtu: u32,
    /// Its addresses with the length of their prefix in bits.
    pub addresses: Vec<(IpAddr, u8)>,
}

/// Somebody on a segment says that an address is his (an ARP reply, RFC 826).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// Where it was asked.
    pub interface: InterfaceName,
    /// For what.
    pub address: IpAddr,
    /// Who answered.
    pub mac: Mac,
}

/// A hardware address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(formatter, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Severity {
    /// It does not work as configured.
    Problem,
    /// It works, and can surprise.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Problem => "problem",
            Self::Warning => "warning",
        })
    }
}

/// Something that would bite.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Finding {
    /// Its name, for looking it up.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is so.
    pub what: String,
    /// What comes of it.
    pub consequence: String,
    /// What to do about it.
    pub cure: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}[{}]: {}", self.severity, self.code, self.what)?;
        writeln!(formatter, "  so:   {}", self.consequence)?;
        write!(formatter, "  cure: {}", self.cure)
    }
}

/// Which addresses are to be asked for on which interface, so that whoever answers for a virtual
/// address can be told by name: the virtual addresses, and every director and real server that is a
/// neighbour there.
///
/// IPv4 only: a host answers a neighbour solicitation for addresses of the asked interface only, so
/// that the virtual address on a real server's `lo` is never told.
#[must_use]
pub fn questions(config: &Config, facts: &Facts) -> BTreeSet<(InterfaceName, Ipv4Addr)> {
    let mut asked = BTreeSet::new();
    for address in config.groups.values().flat_map(|group| &group.addresses) {
        let Some(interface) = facts.interfaces.get(&address.interface) else { continue };
        let nodes = config.nodes.values().flat_map(|node| node.addresses.values().copied());
        let servers = config.services.values().flat_map(|service| service.servers.keys());
        let others = nodes.chain(servers.map(SocketAddr::ip));
        let near = others.filter(|other| interface.is_neighbour(*other));
        for one in near.chain([address.address]) {
            if let IpAddr::V4(one) = one {
                asked.insert((address.interface.clone(), one));
            }
        }
    }
    asked
}

impl Interface {
    /// Whether the address is on the segment, and not the interface's own.
    #[must_use]
    pub fn is_neighbour(&self, address: IpAddr) -> bool {
        let IpAddr::V4(address) = address else { return false };
        self.addresses.iter().any(|(own, prefix)| match own {
            IpAddr::V4(own) => {
                own != &address && network(*own, *prefix) == network(address, *prefix)
            }
            IpAddr::V6(_) => false,
        })
    }
}

/// The network's part of an address.
fn network(address: Ipv4Addr, prefix: u8) -> u32 {
    let host = 32_u32.saturating_sub(u32::from(prefix));
    u32::from(address).checked_shr(host).unwrap_or(0)
}

impl Facts {
    /// A setting; `None` when the kernel does not have it.
    fn setting(&self, path: &str) -> Option<i64> {
        self.settings.get(path).copied()
    }

    /// What the kernel uses of a setting that it has for all interfaces and for each: the greater.
    fn effective(&self, interface: &InterfaceName, name: &str) -> Option<i64> {
        let all = self.setting(&alloc::format!("net/ipv4/conf/all/{name}"));
        let own = self.setting(&alloc::format!("net/ipv4/conf/{interface}/{name}"));
        all.max(own)
    }
}

/// The settings that findings are made of, below `/proc/sys`.
#[must_use]
pub fn settings(facts: &Facts) -> Vec<String> {
    let scopes = facts.interfaces.keys().map(InterfaceName::as_str).chain(["all"]);
    let of = |scope: &str| {
        let four = ["rp_filter", "send_redirects", "arp_ignore", "arp_announce"]
            .map(|name| alloc::format!("net/ipv4/conf/{scope}/{name}"));
        let six = ["disable_ipv6", "accept_ra"]
            .map(|name| alloc::format!("net/ipv6/conf/{scope}/{name}"));
        four.into_iter().chain(six)
    };
    let whole = ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/ipv4/vs/pmtu_disc"];
    scopes.flat_map(of).chain(whole.map(String::from)).collect()
}
