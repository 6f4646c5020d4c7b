//! Numbers that stand for IPv6 addresses.
//!
//! Packets of the model have 32 bits for an address. Every IPv6 address of a run is known when its
//! world is built: those of the scenario and of all its configurations. So inside each is a number
//! of class E (RFC 1112 §4), which no host can have; a group is one of a block that nobody is
//! given, and the loopback address one of the loopback network. Outside it is what it is: in what
//! directors and their kernels are told, in histories, and in captures.
//!
//! Linux keeps the neighbours of both families by one set of states and timers
//! (`net/core/neighbour.c`); where neighbour discovery asks, answers and believes otherwise than
//! ARP does, [`is_six`] tells which of the two it is.

use director_core::config::{Config, ServiceKey};
use scenario::Scenario;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;

/// A network has so many numbers: the lower half.
pub(crate) const MASK: u32 = 0xffff_0000;
const CLASS_E: u8 = 240;
/// `224.255.0.0/16`, transient groups.
const GROUPS: [u8; 2] = [224, 255];
/// `127.255.0.0/16`, which nothing listens on.
const LOOPBACK: [u8; 2] = [127, 255];
/// Where the addresses are that are on no network of a host; networks have lower numbers.
const NOWHERE: u8 = u8::MAX;

/// Whether it stands for an IPv6 address.
pub(crate) fn is_six(number: Ipv4Addr) -> bool {
    let [first, second, ..] = number.octets();
    first >= CLASS_E || [first, second] == GROUPS || [first, second] == LOOPBACK
}

/// Which number stands for which address.
#[derive(Clone, Debug, Default)]
pub(crate) struct StandIns {
    /// The upper bits of each network, and how many.
    networks: Vec<(u128, u8)>,
    /// An address's place is its number's lower half.
    known: Vec<(Ipv6Addr, Ipv4Addr)>,
    numbers: BTreeMap<Ipv6Addr, Ipv4Addr>,
}

impl StandIns {
    /// The numbers of a run. `None` when there are too many addresses or networks.
    pub(crate) fn of_run<'a>(
        scenario: &Scenario,
        configs: impl Iterator<Item = &'a Arc<Config>>,
    ) -> Option<Self> {
        let mut known = Self::default();
        for cidr in scenario.nodes.iter().flat_map(|node| &node.ports).flat_map(|it| it.cidrs()) {
            if let IpAddr::V6(address) = cidr.address {
                known.add_network(address, cidr.prefix)?;
            }
        }
        for cidr in scenario.nodes.iter().flat_map(|node| &node.ports).flat_map(|it| it.cidrs()) {
            known.add(cidr.address)?;
        }
        for client in &scenario.clients {
            known.add(client.target.ip())?;
        }
        for config in configs {
            named(config).try_for_each(|address| known.add(address))?;
        }
        Some(known)
    }

    /// The numbers of some addresses, on no network. `None` when there are too many.
    pub(crate) fn of_addresses(addresses: impl IntoIterator<Item = IpAddr>) -> Option<Self> {
        let mut known = Self::default();
        addresses.into_iter().try_for_each(|address| known.add(address))?;
        Some(known)
    }

    fn add_network(&mut self, address: Ipv6Addr, prefix: u8) -> Option<()> {
        let network = (upper(address, prefix), prefix);
        if !self.networks.contains(&network) {
            self.networks.push(network);
        }
        (self.networks.len() <= usize::from(NOWHERE)).then_some(())
    }

    /// The smallest network that an address is on.
    fn network(&self, address: Ipv6Addr) -> u8 {
        let on_it = |(_, (bits, prefix)): &(usize, &(u128, u8))| upper(address, *prefix) == *bits;
        let networks = self.networks.iter().enumerate().filter(on_it);
        let smallest = networks.max_by_key(|(_, (_, prefix))| *prefix);
        smallest.and_then(|(place, _)| u8::try_from(place).ok()).unwrap_or(NOWHERE)
    }

    /// `None` when there are too many.
    fn add(&mut self, address: IpAddr) -> Option<()> {
        let IpAddr::V6(address) = address else { return Some(()) };
        if self.numbers.contains_key(&address) {
            return Some(());
        }
        let [high, low] = u16::try_from(self.known.len()).ok()?.to_be_bytes();
        let [first, second] = if address.is_multicast() {
            GROUPS
        } else if address.is_loopback() {
            LOOPBACK
        } else {
            [CLASS_E, self.network(address)]
        };
        let number = Ipv4Addr::new(first, second, high, low);
        self.known.push((address, number));
        self.numbers.insert(address, number);
        Some(())
    }

    /// What the model calls an address; `None` for one of IPv6 that it does not know.
    pub(crate) fn of(&self, address: IpAddr) -> Option<Ipv4Addr> {
        match address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(address) => self.numbers.get(&address).copied(),
        }
    }

    /// The same with a port.
    pub(crate) fn of_socket(&self, address: SocketAddr) -> Option<SocketAddrV4> {
        Some(SocketAddrV4::new(self.of(address.ip())?, address.port()))
    }

    /// The key of a service that the model has.
    pub(crate) fn tcp(&self, key: ServiceKey) -> Option<SocketAddrV4> {
        match key {
            ServiceKey::Tcp(address) => self.of_socket(address),
            _ => None,
        }
    }

    /// The address itself.
    pub(crate) fn real(&self, number: Ipv4Addr) -> IpAddr {
        let [.., high, low] = number.octets();
        let found = self.known.get(usize::from(u16::from_be_bytes([high, low])));
        match found {
            Some((address, known)) if *known == number => IpAddr::V6(*address),
            _ => IpAddr::V4(number),
        }
    }

    /// The same with a port.
    pub(crate) fn real_socket(&self, number: SocketAddrV4) -> SocketAddr {
        SocketAddr::new(self.real(*number.ip()), number.port())
    }
}

fn upper(address: Ipv6Addr, prefix: u8) -> u128 {
    address.to_bits().checked_shr(u32::from(128_u8.saturating_sub(prefix))).unwrap_or(0)
}

/// Every address that a configuration names and something could be sent to.
fn named(config: &Config) -> impl Iterator<Item = IpAddr> + '_ {
    let cluster = &config.cluster;
    let groups = cluster.links.iter().filter_map(|link| link.multicast);
    let nodes = config.nodes.values().flat_map(|node| node.addresses.values().copied());
    let witnesses = cluster.witnesses.iter().copied().chain(cluster.voter.map(|it| it.ip()));
    let addresses = config.groups.values().flat_map(|group| &group.addresses);
    let services = config.services.values().flat_map(|service| {
        let servers = service.servers.keys().chain(&service.fallback).map(SocketAddr::ip);
        service.addresses().chain(servers)
    });
    let addresses = addresses.map(|address| address.address);
    groups.chain(nodes).chain(witnesses).chain(addresses).chain(services)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_of_one_network_as_their_addresses_are() {
        let mut known = StandIns::default();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for text in ["2001:db8:1::11", "2001:db8:2::11"] {
            known.add_network(text.parse().unwrap(), 64).unwrap();
        }
        let all = ["2001:db8:1::11", "2001:db8:1::100", "2001:db8:2::11", "2001:db8:3::1"];
        for text in all.iter().chain(&["ff02::94", "::1", "10.0.0.1", "10.0.0.1", "::1"]) {
            known.add(address(text)).unwrap();
            let number = known.of(address(text)).unwrap();
            assert_eq!(known.real(number), address(text));
            assert_eq!(number.is_multicast(), address(text).is_multicast());
            assert_eq!(number.is_loopback(), address(text).is_loopback());
            assert_eq!(is_six(number), address(text).is_ipv6());
        }
        let network = |text: &str| known.of(address(text)).unwrap().to_bits() & MASK;
        let [one, other, far, nowhere] = all.map(network);
        assert_eq!(one, other);
        assert!(one != far && far != nowhere && one != nowhere);
        assert_eq!(known.of(address("2001:db8::1")), None);
        assert_eq!(known.known.len(), 6, "each once");
    }
}
