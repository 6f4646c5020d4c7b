//! Two wires of a host: one with its neighbours, one that its packets come from.

use std::io;
use std::net::{Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use anyhow::{Context, bail};
use director_sim::neighbours::{Act, Said, WAITING};
use pnet::datalink::{self, Channel, DataLinkReceiver, DataLinkSender};
use rustix::net::{SendFlags, sendto};

use super::case::Family;
use super::frames::{datagram, done, said, told};
use crate::wire::{batch, sysctl};

/// Nothing else comes after so long; on the lab's clock it costs nothing.
const SILENCE: Duration = Duration::from_millis(2);

/// `MSG_PROBE`: with `MSG_CONFIRM` nothing is sent, and the neighbour is confirmed all the same
/// (`do_confirm` of `net/ipv4/udp.c`, `net/ipv6/udp.c`).
const PROBE: SendFlags = SendFlags::from_bits_retain(0x10);

/// Bytes that wait while the size of one packet is found out; more than one takes more than 256.
const TRIED: usize = 65_536;

/// A day and more.
const LONG_MS: &str = "864000000";

const COMMANDS: &str = "link set dev lo up\n\
    link add lan address 02:00:00:00:00:01 type veth peer name out\n\
    link add far address 02:00:00:00:00:02 type veth peer name beyond\n\
    link set dev out promisc on up\n\
    link set dev beyond promisc on up\n\
    addr add 10.0.0.1/24 dev lan\n\
    addr add 198.51.100.1/24 dev far\n\
    addr add 10.0.0.100/32 dev lo\n\
    link set dev lan up\n\
    link set dev far up\n\
    addr add 2001:db8:a::1/64 dev lan nodad\n\
    addr add 2001:db8:c::1/64 dev far nodad\n\
    addr add 2001:db8:a::64/128 dev lo nodad\n\
    neigh replace 198.51.100.9 lladdr 02:00:00:00:00:03 dev far nud permanent\n\
    neigh replace 2001:db8:c::9 lladdr 02:00:00:00:00:03 dev far nud permanent\n";

struct Tap {
    to: Box<dyn DataLinkSender>,
    from: Box<dyn DataLinkReceiver>,
}

impl Tap {
    fn of(name: &str) -> anyhow::Result<Self> {
        let interfaces = datalink::interfaces();
        let found = interfaces.iter().find(|interface| interface.name == name);
        let config =
            datalink::Config { read_timeout: Some(SILENCE), ..datalink::Config::default() };
        match datalink::channel(found.context("no such interface")?, config).context("a tap")? {
            Channel::Ethernet(to, from) => Ok(Self { to, from }),
            _ => bail!("the wire has no frames"),
        }
    }

    fn send(&mut self, frame: &[u8]) -> anyhow::Result<()> {
        self.to.send_to(frame, None).context("the wire takes nothing")?.context("sending")
    }

    /// Whatever has come that says something.
    fn hear(&mut self, acts: &mut Vec<Act>, said: fn(&[u8]) -> Option<Act>) -> anyhow::Result<()> {
        loop {
            match self.from.next() {
                Ok(frame) => acts.extend(said(frame)),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Ok(()),
                Err(error) => return Err(error).context("reading the wire"),
            }
        }
    }
}

pub(crate) struct Wire {
    lan: Tap,
    far: Tap,
    socket: UdpSocket,
}

impl Wire {
    /// Builds the wires in this network namespace.
    pub(crate) fn build() -> anyhow::Result<Self> {
        // Every word to a sender counts: none may be held back for having had many before it.
        for (file, value) in [
            ("ipv4/icmp_ratelimit", "0"),
            ("ipv4/icmp_msgs_per_sec", "1000000"),
            ("ipv4/icmp_msgs_burst", "1000000"),
            ("ipv4/conf/all/rp_filter", "0"),
            ("ipv4/conf/default/rp_filter", "0"),
            ("ipv4/ip_forward", "1"),
            ("ipv6/icmp/ratelimit", "0"),
            ("ipv6/conf/all/forwarding", "1"),
            ("ipv6/conf/default/accept_ra", "0"),
            ("ipv6/conf/default/router_solicitations", "0"),
            ("ipv6/conf/default/accept_dad", "0"),
        ] {
            sysctl(file, value)?;
        }
        batch(COMMANDS).context("building the wires")?;
        sysctl("ipv4/conf/lan/arp_ignore", "1")?;
        // Only a story's beginning draws how long entries are reachable for
        // (`neigh_periodic_work`).
        for table in ["ipv4", "ipv6"] {
            sysctl(&format!("{table}/neigh/default/base_reachable_time_ms"), LONG_MS)?;
        }
        // Its next turn comes within half a minute, the one after that in days.
        std::thread::sleep(Duration::from_secs(60));
        let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).context("a socket")?;
        let mut wire = Self { lan: Tap::of("out")?, far: Tap::of("beyond")?, socket };
        wire.bound(Family::Four, "ipv4")?;
        wire.bound(Family::Six, "ipv6")?;
        Ok(wire)
    }

    /// Lets as many packets wait as in the model: the kernel counts their bytes, and what it adds
    /// to them is its own affair.
    fn bound(&mut self, family: Family, version: &str) -> anyhow::Result<()> {
        let file = format!("{version}/neigh/lan/unres_qlen_bytes");
        sysctl(&file, &TRIED.to_string())?;
        for number in 0..TRIED / 256 {
            self.pass(family, 0, u16::try_from(number)?)?;
        }
        self.heard()?;
        // Three questions, a second each.
        std::thread::sleep(Duration::from_secs(4));
        let refused = |act: &&Act| matches!(act, Act::Refuses(_));
        let waited = self.heard()?.iter().filter(refused).count();
        if waited < WAITING / 4 {
            bail!("only {waited} packets have waited");
        }
        // Half a packet more than as many as should.
        sysctl(&file, &(TRIED * (2 * WAITING + 1) / (2 * waited + 1)).to_string())
    }

    /// A packet for the host to pass on.
    pub(crate) fn pass(&mut self, family: Family, to: u8, number: u16) -> anyhow::Result<()> {
        self.far.send(&datagram(family.client(), family.neighbour(to), number))
    }

    /// A neighbour says something.
    pub(crate) fn say(
        &mut self,
        family: Family,
        words: Said,
        (address, mac): (u8, u16),
        aloud: bool,
    ) -> anyhow::Result<()> {
        self.lan.send(&said(words, family.neighbour(address), family.own(), mac, aloud))
    }

    /// An upper layer has heard from a neighbour.
    pub(crate) fn confirm(&self, family: Family, address: u8) -> anyhow::Result<()> {
        let to = match family.neighbour(address) {
            std::net::IpAddr::V4(address) => address.to_ipv6_mapped(),
            std::net::IpAddr::V6(address) => address,
        };
        let to = SocketAddr::new(to.into(), 9);
        sendto(&self.socket, &[], SendFlags::CONFIRM | PROBE, &to).context("confirming")?;
        Ok(())
    }

    /// The host's interface loses its carrier and has it again.
    pub(crate) fn unplug(&mut self) -> anyhow::Result<()> {
        batch("link set dev out down\n")?;
        // The kernel's own time to notice.
        std::thread::sleep(Duration::from_millis(100));
        batch("link set dev out up\n")?;
        // The same.
        std::thread::sleep(Duration::from_millis(100));
        // A tap does not outlive it.
        self.lan = Tap::of("out")?;
        Ok(())
    }

    /// What the host has done since it was last asked.
    pub(crate) fn heard(&mut self) -> anyhow::Result<Vec<Act>> {
        let mut acts = Vec::new();
        self.lan.hear(&mut acts, done)?;
        self.far.hear(&mut acts, told)?;
        Ok(acts)
    }
}
