//! Networks of interfaces, of either family.

use scenario::Cidr;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Nobody's network of IPv6 has more machines in one configuration.
const MANY: u128 = 0xffff;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    Four,
    Six,
}

impl Family {
    pub(super) fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::Four } else { Self::Six }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::Four => Self::Six,
            Self::Six => Self::Four,
        }
    }

    fn width(self) -> u8 {
        match self {
            Self::Four => 32,
            Self::Six => 128,
        }
    }

    /// What an interface's network is taken for when no virtual address of it says so.
    pub(super) fn prefix(self) -> u8 {
        match self {
            Self::Four => 24,
            Self::Six => 64,
        }
    }

    /// An address with this prefix or a longer one stands for no network of others.
    pub(super) fn alone(self) -> u8 {
        self.width() - 1
    }
}

/// The network of an interface.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network {
    pub(super) any: IpAddr,
    pub(super) prefix: u8,
}

impl Network {
    fn family(self) -> Family {
        Family::of(self.any)
    }

    /// How many bits count the hosts.
    fn rest(self) -> u32 {
        u32::from(self.family().width().saturating_sub(self.prefix))
    }

    pub(super) fn has(self, address: IpAddr) -> bool {
        Cidr { address: self.any, prefix: self.prefix }.contains(address)
    }

    fn at(self, host: u128) -> IpAddr {
        let upper = bits(self.any).checked_shr(self.rest()).unwrap_or(0);
        let base = upper.checked_shl(self.rest()).unwrap_or(0);
        match self.family() {
            Family::Four => {
                let bits = u32::try_from(base | host).unwrap_or(u32::MAX);
                Ipv4Addr::from_bits(bits).into()
            }
            Family::Six => Ipv6Addr::from_bits(base | host).into(),
        }
    }

    /// The addresses that hosts can have, the first of very many.
    pub(super) fn hosts(self) -> impl Iterator<Item = IpAddr> {
        let all = 1_u128.checked_shl(self.rest().max(2)).unwrap_or(MANY).min(MANY);
        (1..all - 1).map(move |host| self.at(host))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.at(0), self.prefix)
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_its_hosts_and_no_others() {
        for (any, prefix, shown, first, last, other) in [
            ("10.0.0.11", 24, "10.0.0.0/24", "10.0.0.1", "10.0.0.254", "10.0.1.1"),
            ("10.0.0.11", 30, "10.0.0.8/30", "10.0.0.9", "10.0.0.10", "10.0.0.12"),
            ("fd00:1::11", 64, "fd00:1::/64", "fd00:1::1", "fd00:1::fffd", "fd00:2::1"),
        ] {
            let parse = |text: &str| text.parse::<IpAddr>().unwrap();
            let network = Network { any: parse(any), prefix };
            assert_eq!(network.to_string(), shown);
            assert_eq!(network.hosts().next(), Some(parse(first)));
            assert_eq!(network.hosts().last(), Some(parse(last)));
            assert!(network.has(parse(last)) && !network.has(parse(other)));
        }
        let four = Network { any: Ipv4Addr::UNSPECIFIED.into(), prefix: 0 };
        assert!(!four.has(Ipv6Addr::LOCALHOST.into()));
    }
}
