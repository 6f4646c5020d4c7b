//! The ways to speak VRRP.

use std::fmt;

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) version: u8,
    pub(crate) ipv6: bool,
    pub(crate) unicast: bool,
    pub(crate) password: bool,
    pub(crate) mac: Mac,
    /// Whether the addresses are the director's own: it has priority 255.
    pub(crate) owner: bool,
    /// Milliseconds between two adverts.
    pub(crate) interval: u64,
}

/// Whose hardware address the virtual address has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mac {
    /// The interface's.
    Own,
    /// The virtual router's.
    Virtual,
    /// The same, and adverts have the interface's.
    VirtualButAdverts,
}

/// Version 3 over IPv4 by multicast, as keepalived speaks it by default.
const PLAIN: Cell = Cell {
    version: 3,
    ipv6: false,
    unicast: false,
    password: false,
    mac: Mac::Own,
    owner: false,
    interval: 500,
};
const TWO: Cell = Cell { version: 2, interval: 1000, ..PLAIN };

impl Cell {
    pub(crate) fn all() -> [Self; 7] {
        [
            PLAIN,
            Self { interval: 100, ..PLAIN },
            Self { unicast: true, ..PLAIN },
            TWO,
            Self { password: true, unicast: true, ..TWO },
            Self { ipv6: true, ..PLAIN },
            Self { ipv6: true, unicast: true, ..PLAIN },
        ]
    }

    /// Those in which the virtual router has a hardware address of its own, on both sides.
    pub(crate) fn with_virtual_mac() -> [Self; 5] {
        let behind = |cell: Self| Self { mac: Mac::Virtual, ..cell };
        [
            behind(PLAIN),
            behind(Self { interval: 100, ..PLAIN }),
            behind(TWO),
            behind(Self { ipv6: true, ..PLAIN }),
            Self { mac: Mac::VirtualButAdverts, ..PLAIN },
        ]
    }

    /// The hardware address of the virtual router.
    pub(crate) fn hardware(&self) -> &'static str {
        if self.ipv6 { "00:00:5e:00:02:33" } else { "00:00:5e:00:01:33" }
    }

    /// Those in which the director is the owner of the addresses.
    pub(crate) fn owned() -> [Self; 3] {
        let owned = |cell: Self| Self { owner: true, ..cell };
        [owned(PLAIN), owned(TWO), owned(Self { ipv6: true, ..PLAIN })]
    }

    /// The virtual address with its prefix.
    pub(crate) fn address(&self) -> &'static str {
        if self.ipv6 { "fd00:a::100/64" } else { "10.0.0.100/24" }
    }

    /// The other addresses of the nodes: the director's, keepalived's.
    pub(crate) fn own(&self) -> [&'static str; 2] {
        if self.ipv6 { ["fd00:a::1", "fd00:a::2"] } else { ["10.0.0.1", "10.0.0.2"] }
    }

    /// Skew_Time in milliseconds (RFC 9568 §6.1, RFC 3768 §6.1).
    pub(crate) fn skew(&self, priority: u8) -> u64 {
        let of = if self.version == 2 { 1000 } else { self.interval };
        of * (256 - u64::from(priority)) / 256
    }

    /// Active_Down_Interval in milliseconds.
    pub(crate) fn down(&self, priority: u8) -> u64 {
        3 * self.interval + self.skew(priority)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = if self.ipv6 { "IPv6" } else { "IPv4" };
        let way = if self.unicast { "unicast" } else { "multicast" };
        let mut text = format!("v{} {family} {way} {} ms", self.version, self.interval);
        if self.password {
            text.push_str(" password");
        }
        match self.mac {
            Mac::Own => {}
            Mac::Virtual => text.push_str(" MAC"),
            Mac::VirtualButAdverts => text.push_str(" MAC base"),
        }
        if self.owner {
            text.push_str(" owner");
        }
        formatter.pad(&text)
    }
}
