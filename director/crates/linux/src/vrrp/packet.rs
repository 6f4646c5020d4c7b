//! Packets of raw sockets with what the header around them says.

use director_core::wire::vrrp::{Envelope, PROTOCOL};
use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, SockaddrIn6, recvmsg, sendmsg,
};
use pnet::packet::Packet as _;
use pnet::packet::ipv4::Ipv4Packet;
use std::io::{IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd as _, BorrowedFd};

/// The flags of every call.
const NO_WAIT: MsgFlags = MsgFlags::MSG_DONTWAIT;
/// An IPv4 header with options, and the longest advert: 255 IPv6 addresses.
const LONGEST: usize = 60 + 8 + 255 * 16 + 8 + 1;

/// A packet of VRRP's protocol.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) envelope: Envelope,
    pub(super) bytes: Vec<u8>,
}

/// Sends from an address of ours.
pub(super) fn send(
    fd: BorrowedFd<'_>,
    from: IpAddr,
    to: IpAddr,
    bytes: &[u8],
) -> Result<(), Errno> {
    let parts = [IoSlice::new(bytes)];
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let info = nix::libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: nix::libc::in_addr { s_addr: u32::from(from).to_be() },
                ipi_addr: nix::libc::in_addr { s_addr: 0 },
            };
            let to = SockaddrIn::from(SocketAddrV4::new(to, 0));
            let info = [ControlMessage::Ipv4PacketInfo(&info)];
            sendmsg(fd.as_raw_fd(), &parts, &info, NO_WAIT, Some(&to))?;
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let info = nix::libc::in6_pktinfo {
                ipi6_addr: nix::libc::in6_addr { s6_addr: from.octets() },
                ipi6_ifindex: 0,
            };
            let to = SockaddrIn6::from(SocketAddrV6::new(to, 0, 0, 0));
            let info = [ControlMessage::Ipv6PacketInfo(&info)];
            sendmsg(fd.as_raw_fd(), &parts, &info, NO_WAIT, Some(&to))?;
        }
        _ => return Err(Errno::EAFNOSUPPORT),
    }
    Ok(())
}

/// The next packet that waits.
pub(super) fn receive(fd: BorrowedFd<'_>, ipv6: bool) -> Result<Received, Errno> {
    loop {
        let received = if ipv6 { receive_v6(fd)? } else { receive_v4(fd)? };
        if let Some(received) = received {
            return Ok(received);
        }
    }
}

/// Over IPv4 a raw socket gives the header, too (raw(7)).
fn receive_v4(fd: BorrowedFd<'_>) -> Result<Option<Received>, Errno> {
    let mut buffer = [0; LONGEST];
    let length = {
        let mut parts = [IoSliceMut::new(&mut buffer)];
        recvmsg::<()>(fd.as_raw_fd(), &mut parts, None, NO_WAIT)?.bytes
    };
    Ok(of_v4(buffer.get(..length).unwrap_or_default()))
}

fn of_v4(packet: &[u8]) -> Option<Received> {
    let header = Ipv4Packet::new(packet)?;
    if header.get_next_level_protocol().0 != PROTOCOL {
        return None;
    }
    let envelope = Envelope {
        from: header.get_source().into(),
        to: header.get_destination().into(),
        hops: header.get_ttl(),
    };
    let from = usize::from(header.get_header_length()) * 4;
    let bytes = header.packet().get(from..)?.to_vec();
    Some(Received { envelope, bytes })
}

/// Over IPv6 what the header says comes beside the payload (RFC 3542 §6).
fn receive_v6(fd: BorrowedFd<'_>) -> Result<Option<Received>, Errno> {
    let mut buffer = [0; LONGEST];
    let mut space = nix::cmsg_space!(nix::libc::in6_pktinfo, i32);
    let (length, from, to, hops) = {
        let mut parts = [IoSliceMut::new(&mut buffer)];
        let raw = fd.as_raw_fd();
        let received = recvmsg::<SockaddrIn6>(raw, &mut parts, Some(&mut space), NO_WAIT)?;
        let (mut to, mut hops) = (None, None);
        for message in received.cmsgs()? {
            match message {
                ControlMessageOwned::Ipv6PacketInfo(info) => {
                    to = Some(Ipv6Addr::from(info.ipi6_addr.s6_addr));
                }
                ControlMessageOwned::Ipv6HopLimit(limit) => hops = u8::try_from(limit).ok(),
                _ => {}
            }
        }
        (received.bytes, received.address.map(|from| from.ip()), to, hops)
    };
    let (Some(from), Some(to), Some(hops)) = (from, to, hops) else { return Ok(None) };
    let envelope = Envelope { from: from.into(), to: to.into(), hops };
    Ok(Some(Received { envelope, bytes: buffer.get(..length).unwrap_or_default().to_vec() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Vec<u8> {
        let mut packet = vec![0; 20];
        packet[0] = 0x45;
        packet[8] = 254;
        packet[9] = PROTOCOL;
        packet[12..16].copy_from_slice(&[10, 0, 0, 11]);
        packet[16..20].copy_from_slice(&[224, 0, 0, 18]);
        packet
    }

    #[test]
    fn the_header_is_taken_off_with_its_options() {
        let mut packet = header();
        packet[0] = 0x46;
        packet.extend_from_slice(&[1, 1, 1, 0, 7, 8]);
        let received = of_v4(&packet).expect("a packet");
        assert_eq!(received.bytes, [7, 8]);
        assert_eq!(received.envelope.hops, 254);
        assert_eq!(received.envelope.from.to_string(), "10.0.0.11");
        assert_eq!(received.envelope.to.to_string(), "224.0.0.18");
    }

    #[test]
    fn a_header_that_is_cut_short_is_no_packet() {
        for length in 0..20 {
            assert_eq!(of_v4(&header()[..length]), None, "{length}");
        }
        let mut longer = header();
        longer[0] = 0x4f;
        assert_eq!(of_v4(&longer), None, "it claims to be longer than it is");
    }
}
