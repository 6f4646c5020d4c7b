//! Random deeds of a host and its neighbours.

use std::net::IpAddr;
use std::time::Duration;

use director_core::random::Stream;
use director_sim::neighbours::Said;

/// Addresses of neighbours, and hardware addresses that claim them.
pub(crate) const ADDRESSES: u8 = 3;
pub(crate) const MACS: u64 = 3;

/// More packets than may wait.
const MANY: u8 = 130;

/// Pauses in milliseconds: amid a second of waiting and of lock, five of delay, and what is left of
/// an entry's 15 to 45 as a reachable one.
const PAUSES: [u64; 12] =
    [30, 200, 600, 1_100, 1_400, 2_600, 4_000, 6_300, 11_000, 21_000, 50_000, 150_000];

/// Of what kind a story's addresses are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// ARP.
    Four,
    /// Neighbour discovery.
    Six,
}

impl Family {
    pub(crate) const ALL: [Self; 2] = [Self::Four, Self::Six];

    fn on_lan(self, last: u8) -> IpAddr {
        match self {
            Self::Four => [10, 0, 0, last].into(),
            Self::Six => [0x2001, 0xdb8, 0xa, 0, 0, 0, 0, last.into()].into(),
        }
    }

    /// The host's.
    pub(crate) fn own(self) -> IpAddr {
        self.on_lan(1)
    }

    /// The host has it, and does not answer for it.
    pub(crate) fn silent(self) -> IpAddr {
        self.on_lan(100)
    }

    /// A neighbour's.
    pub(crate) fn neighbour(self, number: u8) -> IpAddr {
        self.on_lan(21 + number)
    }

    pub(crate) fn neighbours(self) -> impl Iterator<Item = IpAddr> {
        (0..ADDRESSES).map(move |number| self.neighbour(number))
    }

    /// Who sends what the host passes on.
    pub(crate) fn client(self) -> IpAddr {
        match self {
            Self::Four => [198, 51, 100, 9].into(),
            Self::Six => [0x2001, 0xdb8, 0xc, 0, 0, 0, 0, 9].into(),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Four => "ARP",
            Self::Six => "neighbour discovery",
        }
    }
}

/// Something that happens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    /// So many packets go to a neighbour's address.
    Send(u8, u8),
    /// A neighbour says something of its address; to everybody, where ARP leaves the choice.
    Hear { said: Said, address: u8, mac: u16, aloud: bool },
    /// An upper layer has heard from the neighbour.
    Confirm(u8),
    /// The interface loses its carrier, and has it again.
    Forget,
    /// Nothing for a while.
    Pause(Duration),
}

/// What happens in a story.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) family: Family,
    stream: Stream,
    /// Whom something was sent to last.
    sent: Option<u8>,
}

impl Case {
    pub(crate) fn new(family: Family, seed: u64) -> Self {
        Self { family, stream: Stream::named(seed, family.name()), sent: None }
    }

    /// The next deed.
    pub(crate) fn happens(&mut self) -> Deed {
        let address = self.address();
        // Who is asked mostly answers, and at once.
        let sent = self.sent.take().filter(|_| self.stream.below(3) == 0);
        if let Some(address) = sent {
            let (mac, aloud) = (self.mac(address), false);
            return Deed::Hear { said: Said::Reply, address, mac, aloud };
        }
        match self.stream.below(100) {
            0..=29 => {
                let many = match self.stream.below(40) {
                    0 => MANY,
                    1..=9 => 3,
                    _ => 1,
                };
                self.sent = Some(address);
                Deed::Send(address, many)
            }
            30..=59 => {
                let (said, aloud) = (self.said(address), self.stream.below(2) == 0);
                Deed::Hear { said, address, mac: self.mac(address), aloud }
            }
            60..=64 => Deed::Confirm(address),
            65 => Deed::Forget,
            _ => {
                let place = usize::try_from(self.stream.below(PAUSES.len() as u64)).unwrap_or(0);
                // Not always the same: what takes whole seconds must not always be met so.
                let more = self.stream.below(PAUSES[place]);
                Deed::Pause(Duration::from_millis(PAUSES[place] + more / 2))
            }
        }
    }

    fn address(&mut self) -> u8 {
        u8::try_from(self.stream.below(ADDRESSES.into())).unwrap_or(0)
    }

    /// Half of what is said of an address comes from its owner.
    fn mac(&mut self, address: u8) -> u16 {
        let any = u16::try_from(1 + self.stream.below(MACS)).unwrap_or(1);
        if self.stream.below(3) == 0 { any } else { 1 + u16::from(address) }
    }

    /// What the neighbour with this address says of it.
    fn said(&mut self, address: u8) -> Said {
        match self.stream.below(12) {
            0..=1 => Said::Request(self.family.own()),
            2 => Said::Request(self.family.silent()),
            3 => {
                let other = 1 + u8::try_from(self.stream.below(2)).unwrap_or(0);
                Said::Request(self.family.neighbour((address + other) % ADDRESSES))
            }
            4 if self.family == Family::Six => Said::Probe(self.family.own()),
            5..=8 => Said::Reply,
            9 if self.family == Family::Six => Said::Confirmation,
            4 => Said::Request(self.family.own()),
            _ => Said::Announcement,
        }
    }
}
