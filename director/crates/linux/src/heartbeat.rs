//! Sockets for heartbeats: one per link, each with its own address and interface, and one more
//! that listens to the link's group when it has one.

use crate::interface::{self, Interface};
use crate::problem::{Problem, Problems};
use director_core::beat::LinkId;
use director_core::config::{Config, Link};
use director_core::name::{InterfaceName, NodeName};
use nix::errno::Errno;
use nix::sys::socket::sockopt::{BindToDevice, Ipv4Tos, Ipv6TClass, Priority};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, SockaddrStorage, bind, sendto, setsockopt, socket,
};
use rustix::net::sockopt;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

/// Class selector 6, network control (RFC 4594 §3.2), as the byte of the header.
const CLASS_SELECTOR_6: i32 = 0xc0;
/// `TC_PRIO_INTERACTIVE` (`linux/pkt_sched.h`): the first band of this machine's own queue, and the
/// highest priority that needs no capability.
const QUEUE_PRIORITY: i32 = 6;

/// A heartbeat socket of one link: the one that sends and is sent to, or the one that listens to
/// the link's group.
#[derive(Debug)]
pub struct HeartbeatSocket {
    /// Number of the link.
    pub link: LinkId,
    /// Its interface: the only one that packets leave by and are taken from.
    pub interface: InterfaceName,
    /// Our address on it, or the group's, with the heartbeat port.
    pub local: SocketAddr,
    /// The number of the interface when the socket was opened.
    index: u32,
    socket: UdpSocket,
    /// Whom packets were sent to, and whether each was heard since the last one.
    /// What is heard by the group counts too.
    heard: Arc<Mutex<BTreeMap<IpAddr, bool>>>,
}

impl HeartbeatSocket {
    /// Sends a packet, or fails: a heartbeat that must wait is worth nothing.
    ///
    /// # Errors
    /// What the system says, as when there is no route; `WouldBlock` when the queue is full.
    pub fn send(&self, to: SocketAddr, packet: &[u8]) -> io::Result<()> {
        // Straight to the system: tokio would answer "would block" until its runtime has seen the
        // socket ready, and so lose the first packets after the start.
        let confirm = match self.heard.lock() {
            Ok(mut heard) => core::mem::take(heard.entry(to.ip()).or_default()),
            Err(_) => false,
        };
        // Who was just heard is there: the kernel needs not ask for its hardware address, and lose
        // the way to it for seconds when those questions are lost (`NUD_PROBE`, arp(7)).
        let flags = if confirm {
            MsgFlags::from_bits_retain(nix::libc::MSG_CONFIRM)
        } else {
            MsgFlags::empty()
        };
        let to = SockaddrStorage::from(to);
        sendto(self.socket.as_raw_fd(), packet, &to, MsgFlags::MSG_DONTWAIT | flags)?;
        Ok(())
    }

    /// Whether the interface was removed and made again: the socket stays bound to the former one.
    fn is_outlived(&self) -> bool {
        let now = interface::index_of(self.interface.as_str());
        matches!(now, Ok(Some(index)) if index != self.index)
    }

    /// Opens the socket anew on the interface that has its name now.
    fn reopen(&mut self) -> io::Result<()> {
        let gone = || io::Error::from(Errno::ENODEV);
        // Before the socket: when it is made again in between, this happens once more.
        let index = interface::index_of(self.interface.as_str())?.ok_or_else(gone)?;
        let socket = std::net::UdpSocket::from(bound(&self.interface, index, self.local)?);
        (self.socket, self.index) = (UdpSocket::from_std(socket)?, index);
        Ok(())
    }

    fn note(&self, from: IpAddr) {
        if let Ok(mut heard) = self.heard.lock()
            && let Some(heard) = heard.get_mut(&from)
        {
            *heard = true;
        }
    }

    /// Waits for a packet. Gives its length in bytes and its source; what does not fit into the
    /// buffer is cut off.
    ///
    /// # Errors
    /// What the system says.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (length, from) = self.socket.recv_from(buffer).await?;
        self.note(from.ip());
        Ok((length, from))
    }

    /// Waits until there is a packet to be received.
    ///
    /// # Errors
    /// What the system says.
    pub async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    fn poll_receive(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        let mut buffer = ReadBuf::new(buffer);
        let polled = self.socket.poll_recv_from(context, &mut buffer);
        polled.map_ok(|from| {
            self.note(from.ip());
            (buffer.filled().len(), from)
        })
    }
}

/// The heartbeat sockets of all links, in the order of the configuration.
#[derive(Debug)]
pub struct HeartbeatSockets {
    links: Vec<HeartbeatSocket>,
    /// Where the next look begins, so that a flood on one link cannot silence the others.
    next: AtomicUsize,
}

impl HeartbeatSockets {
    /// Opens a socket on each link. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// Every link that has a problem, with what to do about it; then nothing stays open.
    pub fn open(config: &Config, node: &NodeName) -> Result<Self, Problems> {
        let interfaces = interface::all().map_err(|error| {
            let what = format!("cannot list the interfaces: {error}");
            Problems(vec![Problem::new("this machine", what, "see the kernel's log")])
        })?;
        let (mut links, mut problems) = (Vec::new(), Vec::new());
        for (number, link) in config.cluster.links.iter().enumerate() {
            match open_link(config, node, number, link, &interfaces) {
                Ok(opened) => links.extend(opened),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(Self { links, next: AtomicUsize::new(0) })
        } else {
            Err(Problems(problems))
        }
    }

    /// The sockets of the links, in the order of the links; that of a group comes after that of its
    /// link.
    #[must_use]
    pub fn links(&self) -> &[HeartbeatSocket] {
        &self.links
    }

    /// The links, to be used one by one, as by a task for each.
    #[must_use]
    pub fn into_links(self) -> Vec<HeartbeatSocket> {
        self.links
    }

    /// Sends a packet over one link. When its interface was removed and made again, the socket is
    /// opened anew first; for that this must be called inside a tokio runtime.
    ///
    /// # Errors
    /// What the system says; `NotFound` when there is no such link.
    pub fn send(&mut self, link: LinkId, to: SocketAddr, packet: &[u8]) -> io::Result<()> {
        let no_link = || io::Error::new(io::ErrorKind::NotFound, format!("no link {}", link.0));
        let socket = self.links.iter_mut().find(|one| one.link == link).ok_or_else(no_link)?;
        match socket.send(to, packet) {
            Err(_) if socket.is_outlived() => self.reopen(link)?.send(to, packet),
            sent => sent,
        }
    }

    /// Opens the sockets of a link anew. Gives the one that sends.
    fn reopen(&mut self, link: LinkId) -> io::Result<&HeartbeatSocket> {
        let mut sockets = self.links.iter_mut().filter(|one| one.link == link);
        sockets.try_for_each(HeartbeatSocket::reopen)?;
        let sends = self.links.iter().find(|one| one.link == link);
        sends.ok_or_else(|| io::Error::from(Errno::ENODEV))
    }

    /// Waits for a packet on any link. Gives the link, the packet's length in bytes, and its
    /// source. Only one caller may wait at a time.
    ///
    /// # Errors
    /// What the system says.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<(LinkId, usize, SocketAddr)> {
        std::future::poll_fn(|context| {
            let first = self.next.load(Ordering::Relaxed);
            let (before, after) = self.links.split_at(first.min(self.links.len()));
            for (place, link) in after.iter().chain(before).enumerate() {
                if let Poll::Ready(received) = link.poll_receive(context, buffer) {
                    let next = (first + place + 1) % self.links.len();
                    self.next.store(next, Ordering::Relaxed);
                    return Poll::Ready(received.map(|(length, from)| (link.link, length, from)));
                }
            }
            Poll::Pending
        })
        .await
    }
}

fn open_link(
    config: &Config,
    node: &NodeName,
    number: usize,
    link: &Link,
    interfaces: &BTreeMap<String, Interface>,
) -> Result<Vec<HeartbeatSocket>, Problem> {
    let name = &link.interface;
    let too_many = || Problem::new(format!("link {name}"), "more than 256 links", "have fewer");
    let number = LinkId(u8::try_from(number).map_err(|_| too_many())?);
    let Some(&Interface { index, .. }) = interfaces.get(name.as_str()) else {
        return Err(no_interface(name, interfaces));
    };
    let addresses = config.nodes.get(node).map(|node| &node.addresses);
    let Some(address) = addresses.and_then(|addresses| addresses.get(name)) else {
        let what = format!("node {node} has no address on this link");
        let cure = format!("add \"{name}\" to addresses of [nodes.{node}]");
        return Err(Problem::new(format!("link {name}"), what, cure));
    };
    let heard = Arc::default();
    let open = |address: IpAddr| {
        let local = SocketAddr::new(address, config.cluster.port.get());
        let opened = bound(name, index, local).and_then(|socket| {
            let socket = std::net::UdpSocket::from(socket);
            let local = socket.local_addr()?;
            Ok((UdpSocket::from_std(socket)?, local))
        });
        let (socket, local) = opened.map_err(|error| refused(name, local, &error, interfaces))?;
        let (interface, heard) = (name.clone(), Arc::clone(&heard));
        Ok(HeartbeatSocket { link: number, interface, local, index, socket, heard })
    };
    [Some(*address), link.multicast].into_iter().flatten().map(open).collect()
}

fn bound(name: &InterfaceName, index: u32, local: SocketAddr) -> io::Result<OwnedFd> {
    let family = if local.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(family, SockType::Datagram, flags, None)?;
    // Before the address: a link-local one means nothing without its interface, and another
    // director on another interface may have the same port.
    setsockopt(&socket, BindToDevice, &name.as_str().into())?;
    if local.is_ipv4() {
        setsockopt(&socket, Ipv4Tos, &CLASS_SELECTOR_6)?;
    } else {
        setsockopt(&socket, Ipv6TClass, &CLASS_SELECTOR_6)?;
    }
    // After the class, which sets a priority too.
    setsockopt(&socket, Priority, &QUEUE_PRIORITY)?;
    bind(socket.as_raw_fd(), &SockaddrStorage::from(scoped(local, index)))?;
    speak_to_groups(&socket, local.ip(), index)?;
    Ok(socket)
}

/// A group of a link exists once on each interface: the kernel wants to know on which.
fn scoped(local: SocketAddr, index: u32) -> SocketAddr {
    match local {
        SocketAddr::V6(local) if local.ip().is_multicast() => {
            SocketAddr::V6(SocketAddrV6::new(*local.ip(), local.port(), 0, index))
        }
        local => local,
    }
}

/// What is said to a group leaves by this interface, for this network, and not for ourselves; the
/// socket of a group joins it here.
fn speak_to_groups(socket: &OwnedFd, local: IpAddr, index: u32) -> io::Result<()> {
    match local {
        IpAddr::V4(local) => {
            let any = Ipv4Addr::UNSPECIFIED;
            sockopt::set_ip_multicast_ttl(socket, 1)?;
            sockopt::set_ip_multicast_loop(socket, false)?;
            sockopt::set_ip_multicast_if_with_ifindex(socket, &any, &any, index)?;
            if local.is_multicast() {
                sockopt::set_ip_add_membership_with_ifindex(socket, &local, &any, index)?;
            }
        }
        IpAddr::V6(local) => {
            sockopt::set_ipv6_multicast_hops(socket, 1)?;
            sockopt::set_ipv6_multicast_loop(socket, false)?;
            sockopt::set_ipv6_multicast_if(socket, index)?;
            if local.is_multicast() {
                sockopt::set_ipv6_add_membership(socket, &local, index)?;
            }
        }
    }
    Ok(())
}

/// The problem of an interface that is not there.
pub(crate) fn no_interface(
    name: &InterfaceName,
    interfaces: &BTreeMap<String, Interface>,
) -> Problem {
    Problem::new(
        format!("interface {name}"),
        "there is no such interface",
        format!("this machine has {}; correct the name or make it", interface::names(interfaces)),
    )
}

/// The problem of an address that is not on its interface.
pub(crate) fn no_address(
    name: &InterfaceName,
    address: IpAddr,
    interfaces: &BTreeMap<String, Interface>,
) -> Problem {
    Problem::new(
        format!("address {address}"),
        format!("it is not on interface {name}"),
        format!("{}; add it or correct the configuration", interface::inventory(interfaces)),
    )
}

fn refused(
    name: &InterfaceName,
    local: SocketAddr,
    error: &io::Error,
    interfaces: &BTreeMap<String, Interface>,
) -> Problem {
    let place = format!("heartbeat on {name}, {local}");
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EADDRNOTAVAIL) => no_address(name, local.ip(), interfaces),
        Some(Errno::ENODEV) => no_interface(name, interfaces),
        Some(Errno::EADDRINUSE) => Problem::new(
            place,
            format!("UDP port {} is in use", local.port()),
            "is another director running? stop what uses it (ss -ulpn), or set another port in \
             [cluster]",
        ),
        Some(Errno::EACCES | Errno::EPERM) => Problem::new(
            place,
            "this process may not open it",
            "give it CAP_NET_RAW, and CAP_NET_BIND_SERVICE for a port below 1024",
        ),
        _ => Problem::new(place, format!("cannot open it: {error}"), "see the kernel's log"),
    }
}
