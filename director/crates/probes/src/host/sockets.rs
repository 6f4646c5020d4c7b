//! Sockets for datagrams.

use super::watched;
use crate::network::Datagrams;
use director_core::probe::Way;
use nix::sys::socket::{setsockopt, sockopt};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto};
use rustix::net::{bind, connect, recv, send, socket_with};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;
use tokio::io::unix::AsyncFd;
use tokio::net::UdpSocket;

/// A UDP socket that hears `target` only.
pub(super) fn udp(target: SocketAddr) -> io::Result<Box<dyn Datagrams>> {
    let any: SocketAddr = match target {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    to(std::net::UdpSocket::bind(any)?, target)
}

/// This UDP socket, for `target` alone.
pub(super) fn to(
    socket: std::net::UdpSocket,
    target: SocketAddr,
) -> io::Result<Box<dyn Datagrams>> {
    socket.connect(target)?;
    socket.set_nonblocking(true)?;
    Ok(Box::new(Udp(UdpSocket::from_std(socket)?)))
}

/// A TCP socket by this way, not connected yet.
pub(super) fn stream(target: SocketAddr, way: Way) -> io::Result<OwnedFd> {
    marked(target, way, SocketType::STREAM)
}

/// A UDP socket by this way, not connected yet.
pub(super) fn datagram(target: SocketAddr, way: Way) -> io::Result<OwnedFd> {
    marked(target, way, SocketType::DGRAM)
}

/// A socket whose packets carry the mark of the way (`SO_MARK` in socket(7)) and come from its
/// source. The port is chosen now: whoever opens it looks whether it may be used.
fn marked(target: SocketAddr, way: Way, kind: SocketType) -> io::Result<OwnedFd> {
    let family = if target.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket_with(family, kind, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)?;
    setsockopt(&socket, sockopt::Mark, &way.mark)?;
    let any = if target.is_ipv4() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    } else {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    };
    bind(&socket, &SocketAddr::new(way.source.unwrap_or(any), 0))?;
    Ok(socket)
}

struct Udp(UdpSocket);

impl Datagrams for Udp {
    fn poll_send(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<()>> {
        self.0.poll_send(context, bytes).map_ok(drop)
    }

    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(into);
        ready!(self.0.poll_recv(context, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

/// An ICMP socket that hears `target` only. The kernel's own kind for this needs no privilege where
/// `net.ipv4.ping_group_range` allows it; otherwise it is a raw one.
pub(super) fn echo(target: SocketAddr) -> io::Result<Box<dyn Datagrams>> {
    let (family, protocol) = match target {
        SocketAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP),
        SocketAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6),
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let open = |kind| socket_with(family, kind, flags, Some(protocol));
    let (socket, raw) = match open(SocketType::DGRAM) {
        Ok(socket) => (socket, false),
        Err(Errno::ACCESS | Errno::PERM) => (open(SocketType::RAW)?, true),
        Err(error) => return Err(error.into()),
    };
    connect(&socket, &SocketAddr::new(target.ip(), 0))?;
    // Only a raw socket of IPv4 shows the header of the packet (raw(7)).
    let header = raw && target.is_ipv4();
    Ok(Box::new(Echo { socket: watched(socket)?, header }))
}

struct Echo {
    socket: AsyncFd<OwnedFd>,
    /// Whether an IPv4 header stands before each message.
    header: bool,
}

impl Datagrams for Echo {
    fn poll_send(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.socket.poll_write_ready(context))?;
            let sent = guard.try_io(|fd| Ok(send(fd, bytes, SendFlags::NOSIGNAL)?));
            if let Ok(sent) = sent {
                return Poll::Ready(sent.map(drop));
            }
        }
    }

    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.socket.poll_read_ready(context))?;
            let read = guard.try_io(|fd| Ok(recv(fd, &mut *into, RecvFlags::empty())?.0));
            if let Ok(read) = read {
                let length = read?;
                let skipped = if self.header { header_length(&into[..length]) } else { 0 };
                into.copy_within(skipped..length, 0);
                return Poll::Ready(Ok(length - skipped));
            }
        }
    }
}

/// Bytes of the IPv4 header at the start of a packet (RFC 791 §3.1).
fn header_length(packet: &[u8]) -> usize {
    let words = packet.first().map_or(0, |first| usize::from(first & 0x0f));
    (words * 4).min(packet.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_as_long_as_it_says_and_no_longer_than_the_packet() {
        let mut packet = [0; 40];
        packet[0] = 0x45;
        assert_eq!(header_length(&packet), 20);
        packet[0] = 0x4f;
        assert_eq!(header_length(&packet), 40);
        assert_eq!(header_length(&[]), 0);
    }
}
