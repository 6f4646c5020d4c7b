//! Numbers that stand for the IPv6 addresses of heartbeats.
//!
//! Packets of the model have 32 bits for an address, and over IPv6 goes nothing in it but
//! heartbeats. Linux keeps the neighbours of both families by one set of states and timers
//! (`net/core/neighbour.c`), and neighbour discovery asks and answers as ARP does (RFC 4861 §7.2).
//! So an IPv6 address is known inside by a number of class E (RFC 1112 §4), which no host can have,
//! and a group by one of a block that nobody is given. Outside it is what it is: in what directors
//! are told, and in captures.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network has so many numbers: the lower half.
const MASK: u32 = 0xffff_0000;
const CLASS_E: u8 = 240;
/// `224.255.0.0/16`, transient groups.
const GROUPS: [u8; 2] = [224, 255];

/// Which number stands for which address.
#[derive(Clone, Debug, Default)]
pub(crate) struct StandIns {
    networks: Vec<(u128, u8)>,
    known: Vec<(Ipv6Addr, Ipv4Addr)>,
}

impl StandIns {
    /// A host's address: its number and the mask of its network. `None` when there are too many.
    pub(crate) fn add(&mut self, address: Ipv6Addr, prefix: u8) -> Option<(Ipv4Addr, u32)> {
        let shift = u32::from(128_u8.saturating_sub(prefix));
        let network = (address.to_bits().checked_shr(shift).unwrap_or(0), prefix);
        let place = self.networks.iter().position(|known| *known == network);
        let place = place.unwrap_or(self.networks.len());
        if place == self.networks.len() {
            self.networks.push(network);
        }
        let [high, low] = u16::try_from(self.known.len()).ok()?.to_be_bytes();
        let number = Ipv4Addr::new(CLASS_E, u8::try_from(place).ok()?, high, low);
        self.known.push((address, number));
        Some((number, MASK))
    }

    /// A group that heartbeats go to.
    pub(crate) fn add_group(&mut self, group: Ipv6Addr) {
        if self.of(group.into()).is_none()
            && let Ok(place) = u16::try_from(self.known.len())
        {
            let ([one, two], [high, low]) = (GROUPS, place.to_be_bytes());
            self.known.push((group, Ipv4Addr::new(one, two, high, low)));
        }
    }

    /// What the model calls an address; `None` for one of IPv6 that it does not know.
    pub(crate) fn of(&self, address: IpAddr) -> Option<Ipv4Addr> {
        match address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(address) => {
                self.known.iter().find(|(known, _)| *known == address).map(|(_, number)| *number)
            }
        }
    }

    /// The address itself.
    pub(crate) fn real(&self, number: Ipv4Addr) -> IpAddr {
        let found = self.known.iter().find(|(_, known)| *known == number);
        found.map_or(IpAddr::V4(number), |(address, _)| IpAddr::V6(*address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_of_one_network_as_their_addresses_are() {
        let mut stand_ins = StandIns::default();
        let mut add = |text: &str| stand_ins.add(text.parse().unwrap(), 64).unwrap();
        let (one, mask) = add("2001:db8:1::11");
        let (other, _) = add("2001:db8:1::12");
        let (far, _) = add("2001:db8:2::11");
        let network = |number: Ipv4Addr| number.to_bits() & mask;
        assert_eq!(network(one), network(other));
        assert_ne!(network(one), network(far));
        stand_ins.add_group("ff02::94".parse().unwrap());
        stand_ins.add_group("ff02::94".parse().unwrap());
        for text in ["2001:db8:1::11", "2001:db8:1::12", "2001:db8:2::11", "ff02::94", "10.0.0.1"] {
            let address: IpAddr = text.parse().unwrap();
            let number = stand_ins.of(address).unwrap();
            assert_eq!(stand_ins.real(number), address);
            assert_eq!(number.is_multicast(), address.is_multicast());
        }
        assert_eq!(stand_ins.of("2001:db8::1".parse().unwrap()), None);
    }
}
