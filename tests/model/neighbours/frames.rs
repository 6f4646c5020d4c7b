//! What neighbours say as bytes, and what the host's bytes say.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use director_sim::neighbours::{Act, Said};

/// A hardware address.
pub(crate) type Mac = [u8; 6];

/// The host's side of the wire.
pub(crate) const LAN: Mac = [2, 0, 0, 0, 0, 1];

/// The host's other interface, and the one who sends it packets there.
pub(crate) const FAR: Mac = [2, 0, 0, 0, 0, 2];
pub(crate) const CLIENT: Mac = [2, 0, 0, 0, 0, 3];

const BROADCAST: Mac = [0xff; 6];
const ARP: [u8; 2] = [0x08, 0x06];
const IPV4: [u8; 2] = [0x08, 0x00];
const IPV6: [u8; 2] = [0x86, 0xdd];
const ICMP: u8 = 1;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;
/// Types of ICMPv6 (RFC 4443 §3.1, RFC 4861 §4.3, §4.4).
const UNREACHABLE: u8 = 1;
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
/// Flags of an advertisement.
const SOLICITED: u8 = 0x40;
const OVERRIDE: u8 = 0x20;
/// Options with the hardware address of the source, of the target (RFC 4861 §4.6.1).
const SOURCE: u8 = 1;
const TARGET: u8 = 2;
const HOPS: u8 = 255;

/// The hardware address of a neighbour.
pub(crate) fn mac(number: u16) -> Mac {
    let [high, low] = number.to_be_bytes();
    [2, 0, 0, 1, high, low]
}

fn number(bytes: &[u8]) -> Option<u16> {
    let [2, 0, 0, 1, high, low] = bytes else { return None };
    Some(u16::from_be_bytes([*high, *low]))
}

/// How a neighbour with this hardware address says something of its address to a host that has the
/// address `own`. `aloud`: to everybody, where ARP leaves the choice; a gratuitous ARP then is a
/// request and else an answer.
pub(crate) fn said(said: Said, sender: IpAddr, own: IpAddr, from: u16, aloud: bool) -> Vec<u8> {
    match (sender, own) {
        (IpAddr::V4(sender), IpAddr::V4(own)) => arp(said, sender, own, mac(from), aloud),
        (IpAddr::V6(sender), IpAddr::V6(own)) => discovery(said, sender, own, mac(from)),
        _ => Vec::new(),
    }
}

fn arp(said: Said, sender: Ipv4Addr, own: Ipv4Addr, from: Mac, aloud: bool) -> Vec<u8> {
    let everybody = if aloud { BROADCAST } else { LAN };
    let (to, code, target, at) = match said {
        Said::Request(IpAddr::V4(about)) | Said::Probe(IpAddr::V4(about)) => {
            (everybody, 1, about, [0; 6])
        }
        Said::Announcement if aloud => (BROADCAST, 1, sender, [0; 6]),
        // As RFC 5227 §3 tells of: the target's hardware address is the sender's.
        Said::Announcement => (BROADCAST, 2, sender, from),
        _ => (LAN, 2, own, LAN),
    };
    let head = [&to[..], &from, &ARP, &[0, 1], &IPV4, &[6, 4, 0, code]].concat();
    [&head[..], &from, &sender.octets(), &at, &target.octets()].concat()
}

fn discovery(said: Said, sender: Ipv6Addr, own: Ipv6Addr, from: Mac) -> Vec<u8> {
    let asked = |about: IpAddr| if let IpAddr::V6(about) = about { about } else { own };
    let (dst, code, flags, about, option) = match said {
        Said::Request(about) => (group(asked(about)), SOLICITATION, 0, asked(about), Some(SOURCE)),
        Said::Probe(about) => (asked(about), SOLICITATION, 0, asked(about), Some(SOURCE)),
        Said::Reply => (own, ADVERTISEMENT, SOLICITED | OVERRIDE, sender, Some(TARGET)),
        Said::Confirmation => (own, ADVERTISEMENT, SOLICITED, sender, None),
        Said::Announcement => {
            let all = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
            (all, ADVERTISEMENT, OVERRIDE, sender, Some(TARGET))
        }
    };
    let to = if let [0xff, .., a, b, c, d] = dst.octets() { [0x33, 0x33, a, b, c, d] } else { LAN };
    let mut message = [&[code, 0, 0, 0, flags, 0, 0, 0], &about.octets()[..]].concat();
    if let Some(option) = option {
        message.extend_from_slice(&[option, 1]);
        message.extend_from_slice(&from);
    }
    let pseudo = [&sender.octets()[..], &dst.octets(), &[0, 0, 0, ICMPV6]].concat();
    let length = u16::try_from(message.len()).unwrap_or(0);
    let sum = checksum(&[&pseudo[..], &length.to_be_bytes(), &message].concat());
    message.splice(2..4, sum);
    [&ethernet(to, from, IPV6)[..], &six(sender, dst, ICMPV6, HOPS, length), &message].concat()
}

/// The group of all whose address ends like this one (RFC 4291 §2.7.1).
fn group(address: Ipv6Addr) -> Ipv6Addr {
    let [.., g, h] = address.segments();
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | (g & 0xff), h)
}

/// A datagram with this number that the host is to pass on.
pub(crate) fn datagram(from: IpAddr, to: IpAddr, number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    // Nobody looks at the checksum on the way.
    let udp = [high, low, 0, 9, 0, 8, 0, 0];
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let mut ip = [0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, UDP, 0, 0].to_vec();
            ip.extend_from_slice(&from.octets());
            ip.extend_from_slice(&to.octets());
            let sum = checksum(&ip);
            ip.splice(10..12, sum);
            [&ethernet(FAR, CLIENT, IPV4)[..], &ip, &udp].concat()
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            [&ethernet(FAR, CLIENT, IPV6)[..], &six(from, to, UDP, 64, 8), &udp].concat()
        }
        _ => Vec::new(),
    }
}

fn ethernet(to: Mac, from: Mac, kind: [u8; 2]) -> Vec<u8> {
    [&to[..], &from, &kind].concat()
}

fn six(from: Ipv6Addr, to: Ipv6Addr, next: u8, hops: u8, length: u16) -> Vec<u8> {
    let [high, low] = length.to_be_bytes();
    [&[0x60, 0, 0, 0, high, low, next, hops], &from.octets()[..], &to.octets()].concat()
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let words = bytes.chunks(2).map(|two| {
        let low = two.get(1).copied().unwrap_or(0);
        u32::from(u16::from_be_bytes([two.first().copied().unwrap_or(0), low]))
    });
    let sum: u32 = words.sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    (!u16::try_from(sum).unwrap_or(0)).to_be_bytes()
}

/// What the host does with a frame on its neighbours' wire.
pub(crate) fn done(frame: &[u8]) -> Option<Act> {
    let (to, from) = (frame.get(..6)?, frame.get(6..12)?);
    if from != LAN {
        return None;
    }
    let packet = frame.get(14..)?;
    let v4 = |at: usize| Some(IpAddr::from(<[u8; 4]>::try_from(packet.get(at..at + 4)?).ok()?));
    let v6 = |at: usize| Some(IpAddr::from(<[u8; 16]>::try_from(packet.get(at..at + 16)?).ok()?));
    let port = |at: usize| Some(u16::from_be_bytes(packet.get(at..at + 2)?.try_into().ok()?));
    let kind = frame.get(12..14)?;
    if kind == ARP {
        return match packet.get(7)? {
            1 => Some(Act::Asks(v4(24)?, number(to))),
            _ => Some(Act::Answers(v4(14)?, number(to)?, true)),
        };
    }
    if kind == IPV4 {
        return (*packet.get(9)? == UDP).then_some(Act::Sends(port(20)?, number(to)?));
    }
    if kind != IPV6 {
        return None;
    }
    match (*packet.get(6)?, *packet.get(40)?) {
        (UDP, _) => Some(Act::Sends(port(40)?, number(to)?)),
        (ICMPV6, SOLICITATION) => Some(Act::Asks(v6(48)?, number(to))),
        (ICMPV6, ADVERTISEMENT) => {
            Some(Act::Answers(v6(48)?, number(to)?, packet.get(64) == Some(&TARGET)))
        }
        _ => None,
    }
}

/// What it tells the one who sent packets: host unreachable (RFC 792), address unreachable (RFC
/// 4443 §3.1), with the first bytes of the packet.
pub(crate) fn told(frame: &[u8]) -> Option<Act> {
    if frame.get(6..12)? != FAR {
        return None;
    }
    let packet = frame.get(14..)?;
    let at = match (frame.get(12..14)?.try_into().ok()?, packet.first()?) {
        (IPV4, _) if *packet.get(9)? == ICMP && packet.get(20..22)? == [3, 1] => 20 + 8 + 20,
        (IPV6, _) if *packet.get(6)? == ICMPV6 && packet.get(40..42)? == [UNREACHABLE, 3] => {
            40 + 8 + 40
        }
        _ => return None,
    };
    Some(Act::Refuses(u16::from_be_bytes(packet.get(at..at + 2)?.try_into().ok()?)))
}
