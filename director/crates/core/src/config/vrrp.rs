//! What a group needs whose owner is elected by VRRP.

use crate::name::{InterfaceName, NodeName};
use alloc::collections::BTreeSet;
use alloc::string::String;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::num::NonZeroU8;
use core::time::Duration;

/// A virtual router (RFC 9568 §6.1; RFC 3768 §6.1 for version 2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Vrrp {
    /// Its number on the segment: the VRID.
    pub router: NonZeroU8,
    /// The interface that adverts leave by and are taken from.
    pub interface: InterfaceName,
    /// The version of the protocol, with what only that one has.
    pub dialect: Dialect,
    /// Between two adverts of the active router.
    pub interval: AdvertInterval,
    /// How long a better router waits before it takes the group from a worse one; `None` for ever.
    pub preempt: Option<Duration>,
    /// The node whose own addresses these are: it has priority 255.
    pub owner: Option<NodeName>,
    /// Whether the addresses have the virtual router's hardware address; `None` when they have the
    /// interface's own.
    pub mac: Option<AdvertMac>,
    /// Accept_Mode (§6.1): whether this node takes what is sent to the virtual addresses and is for
    /// no virtual service.
    pub accept: bool,
    /// Whom adverts are sent to and taken from; everybody, by multicast, when there is none. May
    /// have this node's own address.
    pub peers: BTreeSet<IpAddr>,
}

impl Vrrp {
    /// The version of the protocol.
    #[must_use]
    pub const fn version(&self) -> VrrpVersion {
        match self.dialect {
            Dialect::V2 { .. } => VrrpVersion::V2,
            Dialect::V3 { .. } => VrrpVersion::V3,
        }
    }
}

/// The hardware address that adverts leave with, where the addresses have the virtual router's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum AdvertMac {
    /// The virtual router's too (RFC 9568 §7.2): every advert tells the switches where it is.
    Virtual,
    /// The interface's own.
    Interface,
}

/// The hardware address of a virtual router (RFC 9568 §7.3), by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VirtualMac(pub NonZeroU8);

impl VirtualMac {
    /// Its six bytes: 00-00-5E-00-01-VRID over IPv4, 00-00-5E-00-02-VRID over IPv6.
    #[must_use]
    pub const fn bytes(self, ipv6: bool) -> [u8; 6] {
        [0, 0, 0x5e, 0, if ipv6 { 2 } else { 1 }, self.0.get()]
    }

    /// The number of those bytes, and whether they are for IPv6.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<(Self, bool)> {
        match *bytes {
            [0, 0, 0x5e, 0, family @ (1 | 2), number] => {
                Some((Self(NonZeroU8::new(number)?), family == 2))
            }
            _ => None,
        }
    }
}

/// The device on an interface that has a virtual router's hardware address, and holds its
/// addresses of one family.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VirtualDevice {
    /// The interface that its frames go by.
    pub interface: InterfaceName,
    /// Its hardware address.
    pub mac: VirtualMac,
    /// Of which family.
    pub ipv6: bool,
}

impl VirtualDevice {
    /// What it is called: `vrrp4.51`.
    #[must_use]
    pub fn name(&self) -> String {
        alloc::format!("vrrp{}.{}", if self.ipv6 { 6 } else { 4 }, self.mac.0)
    }
}

impl fmt::Display for VirtualDevice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name())
    }
}

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum VrrpVersion {
    /// RFC 3768: IPv4, whole seconds, one interval for all.
    V2,
    /// RFC 9568: both families, hundredths of a second, the active router's interval.
    V3,
}

impl fmt::Display for VrrpVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::V2 => "2",
            Self::V3 => "3",
        })
    }
}

/// A version of the protocol with what only that one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Dialect {
    /// Version 2.
    V2 {
        /// What every advert must carry (RFC 2338 §5.3.6.2; no protection, it can be read on the
        /// wire).
        password: Option<Password>,
    },
    /// Version 3.
    V3 {
        /// What the checksum of a sent advert covers over IPv4. Both are taken.
        coverage: Coverage,
    },
}

/// What the checksum of version 3 covers over IPv4. Over IPv6 it is always both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Coverage {
    /// The message alone (RFC 9568 §5.2.8).
    Message,
    /// A pseudo-header too, as RFC 5798 §5.2.8 was often read.
    PseudoHeader,
}

/// The simple password of version 2: at most eight bytes, filled with zeroes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Password(pub [u8; 8]);

impl Password {
    /// The password of this text, when it has one to eight bytes.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; 8];
        let place = bytes.get_mut(..text.len()).filter(|place| !place.is_empty())?;
        place.copy_from_slice(text.as_bytes());
        Some(Self(bytes))
    }
}

/// Hundredths of a second between two adverts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AdvertInterval(u16);

impl AdvertInterval {
    /// The most that version 3 can say: twelve bits.
    pub const MOST_V3: u16 = 0x0fff;
    /// The most that version 2 can say: 255 s.
    pub const MOST_V2: u16 = 25_500;

    /// So many hundredths of a second, when the version can say it.
    #[must_use]
    pub const fn new(version: VrrpVersion, centiseconds: u16) -> Option<Self> {
        let fits = match version {
            VrrpVersion::V2 => centiseconds <= Self::MOST_V2 && centiseconds.is_multiple_of(100),
            VrrpVersion::V3 => centiseconds <= Self::MOST_V3,
        };
        if fits && centiseconds > 0 { Some(Self(centiseconds)) } else { None }
    }

    /// Hundredths of a second.
    #[must_use]
    pub const fn centiseconds(self) -> u16 {
        self.0
    }

    /// The same as a duration.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_millis(10) * u32::from(self.0)
    }
}

/// Where adverts of the family of `like` go that are for everybody (RFC 9568 §5.1.1.2, §5.1.2.2).
#[must_use]
pub const fn everybody(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18)),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_what_the_version_can_say() {
        let is = |version, centiseconds| AdvertInterval::new(version, centiseconds).is_some();
        assert!(is(VrrpVersion::V3, 1) && is(VrrpVersion::V3, 4095));
        assert!(!is(VrrpVersion::V3, 0) && !is(VrrpVersion::V3, 4096));
        assert!(is(VrrpVersion::V2, 100) && is(VrrpVersion::V2, 25_500));
        assert!(!is(VrrpVersion::V2, 150) && !is(VrrpVersion::V2, 25_600));
        assert!(!is(VrrpVersion::V2, 0));
    }

    #[test]
    fn a_number_has_a_hardware_address_of_each_family() {
        let mac = VirtualMac(NonZeroU8::new(51).unwrap());
        assert_eq!(mac.bytes(false), [0, 0, 0x5e, 0, 1, 51]);
        assert_eq!(mac.bytes(true), [0, 0, 0x5e, 0, 2, 51]);
        for ipv6 in [false, true] {
            assert_eq!(VirtualMac::from_bytes(&mac.bytes(ipv6)), Some((mac, ipv6)));
        }
        let others: [&[u8]; 4] =
            [&[0, 0, 0x5e, 0, 1, 0], &[0, 0, 0x5e, 0, 3, 51], &[2, 0, 0x5e, 0, 1, 51], &[0, 0]];
        assert!(others.iter().all(|other| VirtualMac::from_bytes(other).is_none()));
    }

    #[test]
    fn passwords_have_one_to_eight_bytes() {
        assert_eq!(Password::new("abc"), Some(Password(*b"abc\0\0\0\0\0")));
        assert_eq!(Password::new(""), None);
        assert_eq!(Password::new("123456789"), None);
    }
}
