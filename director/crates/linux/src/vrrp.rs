//! Sockets for VRRP adverts: IP protocol 112, one for each interface and family.

mod frame;
mod packet;

use crate::heartbeat::no_interface;
use crate::interface::{self, Interface};
use crate::problem::{Problem, Problems};
use director_core::advert::Advert;
use director_core::cluster::Arrival;
use director_core::config::{AdvertMac, Config, Coverage, VirtualMac, Vrrp, everybody};
use director_core::name::{InterfaceName, NodeName};
use director_core::wire::vrrp::{HOP_LIMIT, PROTOCOL, decode, encode};
use nix::errno::Errno;
use nix::sys::socket::sockopt::{BindToDevice, Ipv6RecvHopLimit, Ipv6RecvPacketInfo, Priority};
use nix::sys::socket::{LinkAddr, MsgFlags, SockFlag, SockType, sendto, setsockopt, socket};
use packet::Received;
use rustix::net::{AddressFamily, Protocol, SocketFlags, SocketType, sockopt};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::sync::Arc;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Class selector 6, network control (RFC 4594 §3.2), as the byte of the header.
const CLASS_SELECTOR_6: u8 = 0xc0;
/// `TC_PRIO_INTERACTIVE` (`linux/pkt_sched.h`): the first band of this machine's own queue.
const QUEUE_PRIORITY: i32 = 6;

/// The socket of one interface and family. Clones are the same socket.
#[derive(Clone, Debug)]
pub struct VrrpSocket(Arc<Socket>);

#[derive(Debug)]
struct Socket {
    interface: InterfaceName,
    ipv6: bool,
    /// The source of what goes to everybody: the primary address, or the link-local one.
    primary: IpAddr,
    /// The source of what goes to peers.
    own: IpAddr,
    fd: UdpSocket,
    /// For whole frames, where a virtual router has a hardware address of its own.
    frames: Option<Frames>,
}

/// A socket that sends whole frames by an interface (packet(7)).
#[derive(Debug)]
struct Frames {
    fd: OwnedFd,
    link: LinkAddr,
}

impl VrrpSocket {
    /// The sockets that a configuration needs. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// Every one that cannot be opened, with what to do about it.
    pub fn open_all(config: &Config, node: &NodeName) -> Result<Vec<Self>, Problems> {
        let mut wanted: BTreeSet<(InterfaceName, bool)> = BTreeSet::new();
        for group in config.groups.values() {
            let ipv6 = group.addresses.first().is_some_and(|address| address.address.is_ipv6());
            wanted.extend(group.vrrp.iter().map(|vrrp| (vrrp.interface.clone(), ipv6)));
        }
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let interfaces = interface::all().map_err(|error| {
            let what = format!("cannot list the interfaces: {error}");
            Problems(vec![Problem::new("this machine", what, "see the kernel's log")])
        })?;
        let (mut sockets, mut problems) = (Vec::new(), Vec::new());
        for (name, ipv6) in wanted {
            match open(config, node, &name, ipv6, &interfaces) {
                Ok(socket) => sockets.push(Self(Arc::new(socket))),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(sockets) } else { Err(Problems(problems)) }
    }

    /// Whether adverts by this interface to such an address go over this socket.
    #[must_use]
    pub fn serves(&self, interface: &InterfaceName, to: IpAddr) -> bool {
        self.0.interface == *interface && self.0.ipv6 == to.is_ipv6()
    }

    /// Sends an advert without waiting.
    ///
    /// # Errors
    /// What the system says, as when the interface is down.
    pub fn send(
        &self,
        to: IpAddr,
        advert: &Advert,
        coverage: Coverage,
        mac: Option<VirtualMac>,
    ) -> io::Result<()> {
        let from = if to.is_multicast() { self.0.primary } else { self.0.own };
        let bytes = encode(advert, from, to, coverage);
        let Some(mac) = mac else {
            return Ok(packet::send(self.0.fd.as_fd(), from, to, &bytes)?);
        };
        let frames = self.0.frames.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let frame = frame::of(mac, from, to, &bytes).ok_or(io::ErrorKind::InvalidInput)?;
        frames.send(&frame)
    }

    /// Waits for the next packet. Dropping this loses none.
    ///
    /// # Errors
    /// What the system says.
    pub async fn receive(&self) -> io::Result<Arrival> {
        let socket = &self.0;
        let receive = || Ok(packet::receive(socket.fd.as_fd(), socket.ipv6)?);
        let Received { envelope, bytes } = socket.fd.async_io(Interest::READABLE, receive).await?;
        // Whom it was sent to is the address by which the sender knows this node.
        let local = if envelope.to.is_multicast() { socket.primary } else { envelope.to };
        Ok(Arrival {
            interface: socket.interface.clone(),
            from: envelope.from,
            local,
            hops: envelope.hops,
            said: decode(&bytes, envelope),
        })
    }
}

fn open(
    config: &Config,
    node: &NodeName,
    name: &InterfaceName,
    ipv6: bool,
    interfaces: &BTreeMap<String, Interface>,
) -> Result<Socket, Problem> {
    let Some(interface) = interfaces.get(name.as_str()) else {
        return Err(no_interface(name, interfaces));
    };
    let configured = config.nodes.get(node).and_then(|node| node.addresses.get(name)).copied();
    let configured = configured.filter(|address| address.is_ipv6() == ipv6);
    let elected = config
        .groups
        .values()
        .filter(|group| group.vrrp.as_ref().is_none_or(|vrrp| vrrp.owner.as_ref() != Some(node)));
    let virtuals: BTreeSet<IpAddr> =
        elected.flat_map(|group| &group.addresses).map(|it| it.address).collect();
    let held = interface.addresses.iter().map(|(address, _)| *address);
    let mut own: Vec<IpAddr> = configured
        .into_iter()
        .chain(held.filter(|it| it.is_ipv6() == ipv6 && !virtuals.contains(it)))
        .collect();
    // A router that is active for this node's own addresses has them too, and its kernel drops what
    // comes from one of its own: it would never hear that their owner is back.
    let all = config.groups.values().flat_map(|group| &group.addresses);
    let shared: BTreeSet<IpAddr> = all.map(|it| it.address).collect();
    own.sort_by_key(|address| shared.contains(address));
    let primary = own.iter().find(|address| match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(address) => address.is_unicast_link_local(),
    });
    let (Some(primary), Some(own)) = (primary, own.first()) else {
        let family = if ipv6 { "link-local IPv6" } else { "IPv4" };
        return Err(Problem::new(
            format!("VRRP on {name}"),
            format!("the interface has no {family} address of its own to send adverts from"),
            format!("{}; add one", interface::inventory(interfaces)),
        ));
    };
    let (primary, own) = (*primary, *own);
    let fd = bound(name, interface.index, ipv6)
        .map_err(io::Error::from)
        // To the runtime a datagram is a datagram, whatever its protocol.
        .and_then(|fd| UdpSocket::from_std(std::net::UdpSocket::from(fd)))
        .map_err(|error| refused(name, &error))?;
    let speaks = |vrrp: &Vrrp| vrrp.interface == *name && vrrp.mac == Some(AdvertMac::Virtual);
    let by_frame = config.groups.values().any(|group| group.vrrp.as_ref().is_some_and(speaks));
    let frames = by_frame.then(|| Frames::open(name)).transpose();
    let frames = frames.map_err(|error| refused(name, &error))?;
    Ok(Socket { interface: name.clone(), ipv6, primary, own, fd, frames })
}

impl Frames {
    /// Protocol 0: it never receives a frame.
    fn open(name: &InterfaceName) -> io::Result<Self> {
        let family = nix::sys::socket::AddressFamily::Packet;
        let fd = socket(family, SockType::Raw, SockFlag::SOCK_CLOEXEC, None)?;
        let mut entries = nix::ifaddrs::getifaddrs()?;
        let link = entries.find_map(|entry| {
            let address = entry.address.filter(|_| entry.interface_name == name.as_str());
            address.as_ref().and_then(|address| address.as_link_addr()).copied()
        });
        Ok(Self { fd, link: link.ok_or(Errno::ENODEV)? })
    }

    fn send(&self, frame: &[u8]) -> io::Result<()> {
        sendto(self.fd.as_raw_fd(), frame, &self.link, MsgFlags::MSG_DONTWAIT)?;
        Ok(())
    }
}

fn bound(name: &InterfaceName, index: u32, ipv6: bool) -> Result<OwnedFd, Errno> {
    let errno = |error: rustix::io::Errno| Errno::from_raw(error.raw_os_error());
    let family = if ipv6 { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let protocol = NonZeroU32::new(u32::from(PROTOCOL)).map(Protocol::from_raw);
    let fd = rustix::net::socket_with(family, SocketType::RAW, flags, protocol).map_err(errno)?;
    setsockopt(&fd, BindToDevice, &name.as_str().into())?;
    set_options(&fd, index, ipv6).map_err(errno)?;
    if ipv6 {
        setsockopt(&fd, Ipv6RecvHopLimit, &true)?;
        setsockopt(&fd, Ipv6RecvPacketInfo, &true)?;
    }
    // After the class, which sets a priority too.
    setsockopt(&fd, Priority, &QUEUE_PRIORITY)?;
    Ok(fd)
}

/// Hops, class, and the membership of VRRP's group; nothing of ours comes back.
fn set_options(fd: &OwnedFd, index: u32, ipv6: bool) -> rustix::io::Result<()> {
    let hops = u32::from(HOP_LIMIT);
    let fd = fd.as_fd();
    if let (true, IpAddr::V6(group)) = (ipv6, everybody(Ipv6Addr::UNSPECIFIED.into())) {
        sockopt::set_ipv6_unicast_hops(fd, Some(HOP_LIMIT))?;
        sockopt::set_ipv6_multicast_hops(fd, hops)?;
        sockopt::set_ipv6_multicast_loop(fd, false)?;
        sockopt::set_ipv6_multicast_if(fd, index)?;
        sockopt::set_ipv6_tclass(fd, u32::from(CLASS_SELECTOR_6))?;
        return sockopt::set_ipv6_add_membership(fd, &group, index);
    }
    sockopt::set_ip_ttl(fd, hops)?;
    sockopt::set_ip_multicast_ttl(fd, hops)?;
    sockopt::set_ip_multicast_loop(fd, false)?;
    sockopt::set_ip_tos(fd, CLASS_SELECTOR_6)?;
    let any = Ipv4Addr::UNSPECIFIED;
    sockopt::set_ip_multicast_if_with_ifindex(fd, &any, &any, index)?;
    if let IpAddr::V4(group) = everybody(any.into()) {
        sockopt::set_ip_add_membership_with_ifindex(fd, &group, &any, index)?;
    }
    Ok(())
}

fn refused(name: &InterfaceName, error: &io::Error) -> Problem {
    let place = format!("VRRP on {name}");
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EPERM | Errno::EACCES) => {
            Problem::new(place, "this process may not open it", "give it CAP_NET_RAW")
        }
        _ => Problem::new(place, format!("cannot open it: {error}"), "see the kernel's log"),
    }
}
