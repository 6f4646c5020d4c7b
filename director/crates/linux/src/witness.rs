//! Asking hosts whether they are reached: ICMP echo (RFC 792, RFC 4443 §4) over raw sockets.

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrStorage, sendto, socket,
};
use pnet::packet::icmp::{self, IcmpPacket, IcmpTypes};
use pnet::packet::icmpv6::{Icmpv6Packet, Icmpv6Types};
use pnet::packet::ipv4::Ipv4Packet;
use pnet::packet::{Packet, PrimitiveValues};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use tokio::net::UdpSocket;

/// Type, code, checksum, identifier, sequence number; then what only this process can know, and the
/// number of the question.
const MESSAGE_BYTES: usize = 8 + 8 + 8;
/// An answer with the longest header that IPv4 has; longer messages are not ours.
const LONGEST: usize = 60 + MESSAGE_BYTES + 1;

/// Sockets for questions to witnesses.
#[derive(Debug)]
pub struct WitnessSockets {
    v4: UdpSocket,
    /// None on a kernel without IPv6.
    v6: Option<UdpSocket>,
    /// Tells our questions from those of others, and answers from forgeries.
    cookie: u64,
}

impl WitnessSockets {
    /// Opens the sockets. Must be called inside a tokio runtime. `cookie` should be random.
    ///
    /// # Errors
    /// What the system says; raw sockets need `CAP_NET_RAW`.
    pub fn open(cookie: u64) -> io::Result<Self> {
        let v6 = match raw(AddressFamily::Inet6, SockProtocol::IcmpV6) {
            Err(Errno::EAFNOSUPPORT) => None,
            other => Some(watched(other?)?),
        };
        let v4 = watched(raw(AddressFamily::Inet, SockProtocol::Icmp)?)?;
        Ok(Self { v4, v6, cookie })
    }

    /// Sends a question without waiting.
    ///
    /// # Errors
    /// What the system says, as when there is no route.
    pub fn ask(&self, witness: IpAddr, question: u64) -> io::Result<()> {
        let socket = match witness {
            IpAddr::V4(_) => Some(&self.v4),
            IpAddr::V6(_) => self.v6.as_ref(),
        };
        let socket = socket.ok_or(Errno::EAFNOSUPPORT)?;
        let message = request(witness, self.cookie, question);
        let to = SockaddrStorage::from(SocketAddr::new(witness, 0));
        sendto(socket.as_raw_fd(), &message, &to, MsgFlags::MSG_DONTWAIT)?;
        Ok(())
    }

    /// Waits for the next answer to a question of this process. Dropping this loses nothing.
    ///
    /// # Errors
    /// What the system says.
    pub async fn answer(&self) -> io::Result<(IpAddr, u64)> {
        match &self.v6 {
            None => next(&self.v4, self.cookie).await,
            Some(v6) => tokio::select! {
                answer = next(&self.v4, self.cookie) => answer,
                answer = next(v6, self.cookie) => answer,
            },
        }
    }
}

fn raw(family: AddressFamily, protocol: SockProtocol) -> Result<OwnedFd, Errno> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    socket(family, SockType::Raw, flags, protocol)
}

/// To the runtime a datagram is a datagram, whatever its protocol.
fn watched(socket: OwnedFd) -> io::Result<UdpSocket> {
    UdpSocket::from_std(std::net::UdpSocket::from(socket))
}

async fn next(socket: &UdpSocket, cookie: u64) -> io::Result<(IpAddr, u64)> {
    let mut buffer = [0; LONGEST];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).await?;
        let message = buffer.get(..length).unwrap_or_default();
        if let Some(question) = answered(from.ip(), message, cookie) {
            return Ok((from.ip(), question));
        }
    }
}

/// An echo request. The kernel fills in the checksum of ICMPv6 (RFC 3542 §3.1).
fn request(witness: IpAddr, cookie: u64, question: u64) -> [u8; MESSAGE_BYTES] {
    let mut message = [0; MESSAGE_BYTES];
    message[0] = match witness {
        IpAddr::V4(_) => IcmpTypes::EchoRequest.to_primitive_values().0,
        IpAddr::V6(_) => Icmpv6Types::EchoRequest.to_primitive_values().0,
    };
    message[4..6].copy_from_slice(&cookie.to_be_bytes()[..2]);
    message[6..8].copy_from_slice(&question.to_be_bytes()[6..]);
    message[8..16].copy_from_slice(&cookie.to_be_bytes());
    message[16..].copy_from_slice(&question.to_be_bytes());
    if witness.is_ipv4()
        && let Some(packet) = IcmpPacket::new(&message)
    {
        let sum = icmp::checksum(&packet);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    message
}

/// The question that a received message answers, when it is an answer to one of ours.
fn answered(from: IpAddr, message: &[u8], cookie: u64) -> Option<u64> {
    let rest = match from {
        IpAddr::V4(_) => {
            let header = Ipv4Packet::new(message)?;
            let icmp = message.get(usize::from(header.get_header_length()) * 4..)?;
            let reply = IcmpPacket::new(icmp)?.get_icmp_type() == IcmpTypes::EchoReply;
            reply.then_some(icmp)?
        }
        IpAddr::V6(_) => {
            let packet = Icmpv6Packet::new(message)?;
            (packet.get_icmpv6_type() == Icmpv6Types::EchoReply).then_some(packet.packet())?;
            message
        }
    };
    let number = |at: usize| Some(u64::from_be_bytes(rest.get(at..at + 8)?.try_into().ok()?));
    (rest.len() == MESSAGE_BYTES && number(8)? == cookie).then_some(number(16)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOKIE: u64 = 0x0102_0304_0506_0708;

    fn v4() -> IpAddr {
        "10.0.0.254".parse().expect("an address")
    }

    /// What a host makes of a request: the same with another type, behind an IPv4 header.
    fn reply() -> Vec<u8> {
        let mut message = vec![0; 20];
        message[0] = 0x45;
        message.extend_from_slice(&request(v4(), COOKIE, 7));
        message[20] = 0;
        message
    }

    #[test]
    fn an_answer_names_its_question() {
        assert_eq!(answered(v4(), &reply(), COOKIE), Some(7));
        let v6: IpAddr = "2001:db8::1".parse().expect("an address");
        let mut message = request(v6, COOKIE, 8);
        assert_eq!(answered(v6, &message, COOKIE), None, "a question is no answer");
        message[0] = 129;
        assert_eq!(answered(v6, &message, COOKIE), Some(8));
    }

    #[test]
    fn what_is_not_an_answer_to_us_is_ignored() {
        assert_eq!(answered(v4(), &reply(), COOKIE + 1), None, "of another process");
        let mut longer = reply();
        longer.push(0);
        assert_eq!(answered(v4(), &longer, COOKIE), None);
        let mut options = reply();
        options[0] = 0x4f;
        assert_eq!(answered(v4(), &options, COOKIE), None, "the header claims to be longer");
        for length in 0..reply().len() {
            assert_eq!(answered(v4(), &reply()[..length], COOKIE), None, "{length} bytes");
        }
    }

    #[test]
    fn the_checksum_of_a_request_fits() {
        let message = request(v4(), COOKIE, 0xffff_ffff);
        let words = message.chunks(2).map(|two| u32::from(two[0]) << 8 | u32::from(two[1]));
        let sum: u32 = words.sum();
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
    }
}
