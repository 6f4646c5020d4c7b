//! Telling the neighbours on a segment who owns an address.

mod frame;

pub(crate) use frame::probe;

use crate::error::{NET_RAW, refused};
use director_core::config::VirtualAddress;
use director_engine::ports::{Announcer, KernelError};
use nix::errno::Errno;
use nix::net::if_::InterfaceFlags;
use nix::sys::socket::{AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, sendto, socket};
use pnet::util::MacAddr;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};

/// `ARPHRD_ETHER` (`linux/if_arp.h`).
const ETHERNET: u16 = 1;

/// Announces addresses on Ethernet interfaces through one packet socket (packet(7)).
#[derive(Debug, Default)]
pub struct LinuxAnnouncer {
    /// Made at first use and kept: closing a packet socket waits for every processor.
    socket: Option<OwnedFd>,
}

impl LinuxAnnouncer {
    /// An announcer for the calling thread's network namespace.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The socket. Protocol 0: it sends, and never receives a frame.
    fn socket(&mut self) -> Result<&OwnedFd, Errno> {
        let opened = match self.socket.take() {
            Some(socket) => socket,
            None => socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None)?,
        };
        Ok(self.socket.insert(opened))
    }
}

/// An interface's place on its segment.
enum Segment {
    /// Frames leave from here.
    Ethernet(LinkAddr, MacAddr),
    /// Nobody on it resolves addresses.
    NoNeighbours,
}

/// Looked up at every announcement: number and MAC address of an interface may change.
fn segment(address: &VirtualAddress) -> Result<Segment, KernelError> {
    let name = address.interface.as_str();
    let failed = |errno: Errno| refused(&io::Error::from(errno), "list interfaces", NET_RAW);
    let entries = nix::ifaddrs::getifaddrs().map_err(failed)?;
    for entry in entries.filter(|entry| entry.interface_name == name) {
        let Some(link) = entry.address.as_ref().and_then(|address| address.as_link_addr()) else {
            continue;
        };
        if entry.flags.intersects(InterfaceFlags::IFF_LOOPBACK | InterfaceFlags::IFF_NOARP) {
            return Ok(Segment::NoNeighbours);
        }
        return match link.addr() {
            Some(mac) if link.hatype() == ETHERNET && link.halen() == mac.len() => {
                Ok(Segment::Ethernet(*link, MacAddr::from(mac)))
            }
            _ => Err(KernelError::Unsupported {
                cure: format!("{name} is no Ethernet interface; put {} on one", address.address),
            }),
        };
    }
    Err(KernelError::Missing)
}

impl Announcer for LinuxAnnouncer {
    fn announce(&mut self, address: &VirtualAddress) -> Result<(), KernelError> {
        let Segment::Ethernet(link, own) = segment(address)? else {
            return Ok(());
        };
        let mac = address.mac.map_or(own, |mac| mac.bytes(address.address.is_ipv6()).into());
        let frame = match address.address {
            IpAddr::V4(ip) => frame::gratuitous_arp(mac, ip),
            IpAddr::V6(ip) => {
                frame::neighbour_advertisement(mac, ip, forwards(address.interface.as_str()))
            }
        };
        let what = format!("announce {address}");
        let failed = |errno: Errno| refused(&io::Error::from(errno), &what, NET_RAW);
        let socket = self.socket().map_err(failed)?;
        match sendto(socket.as_raw_fd(), &frame, &link, MsgFlags::MSG_DONTWAIT) {
            Ok(sent) if sent == frame.len() => Ok(()),
            Ok(sent) => Err(KernelError::Other(format!(
                "cannot {what}: {sent} of {} bytes were sent",
                frame.len()
            ))),
            Err(errno) => Err(failed(errno)),
        }
    }
}

/// Whether this machine is an IPv6 router on the interface.
fn forwards(interface: &str) -> bool {
    let setting = format!("/proc/sys/net/ipv6/conf/{interface}/forwarding");
    std::fs::read_to_string(setting).is_ok_and(|text| text.trim() != "0")
}
