//! The bytes of VRRP adverts, versions 2 and 3, over IPv4 and IPv6.
//!
//! ```text
//! offset  size  version 3 (RFC 9568 §5.2)          version 2 (RFC 3768 §5.3)
//!      0     1  version 3 and type 1: 0x31         version 2 and type 1: 0x21
//!      1     1  number of the virtual router       the same
//!      2     1  priority                           the same
//!      3     1  how many addresses                 the same
//!      4     2  interval, 12 bits, 1/100 s         type of authentication, interval in s
//!      6     2  checksum                           the same
//!      8        addresses, 4 or 16 bytes each      addresses, 4 bytes each
//!               nothing                            8 bytes of authentication
//! ```
//!
//! The checksum is the Internet's (RFC 1071) over the message; over IPv6, and by choice in version
//! 3 over IPv4, over a pseudo-header before it as well (RFC 8200 §8.1).

use crate::advert::{Advert, Fault};
use crate::config::{AdvertInterval, Coverage, Password, VrrpVersion};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::num::NonZeroU8;

/// The protocol's number (IANA).
pub const PROTOCOL: u8 = 112;
/// Every advert is sent with this TTL or hop limit; by multicast none is taken with another.
pub const HOP_LIMIT: u8 = 255;

const HEADER: usize = 8;
const ADVERTISEMENT: u8 = 1;
const AUTHENTICATION: usize = 8;
const NO_AUTHENTICATION: u8 = 0;
const SIMPLE_PASSWORD: u8 = 1;

/// What the header around an advert says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Source.
    pub from: IpAddr,
    /// Destination.
    pub to: IpAddr,
    /// TTL or hop limit.
    pub hops: u8,
}

/// The bytes that say `advert` from one address to another.
#[must_use]
pub fn encode(advert: &Advert, from: IpAddr, to: IpAddr, coverage: Coverage) -> Vec<u8> {
    let version = match advert.version {
        VrrpVersion::V2 => 2,
        VrrpVersion::V3 => 3,
    };
    let count = u8::try_from(advert.addresses.len()).unwrap_or(u8::MAX);
    let mut bytes = Vec::with_capacity(64);
    bytes.extend_from_slice(&[version << 4 | ADVERTISEMENT, advert.router.get()]);
    bytes.extend_from_slice(&[advert.priority, count]);
    let centiseconds = advert.interval.centiseconds();
    match advert.version {
        VrrpVersion::V2 => {
            let kind = if advert.password.is_some() { SIMPLE_PASSWORD } else { NO_AUTHENTICATION };
            bytes.extend_from_slice(&[kind, u8::try_from(centiseconds / 100).unwrap_or(u8::MAX)]);
        }
        VrrpVersion::V3 => bytes.extend_from_slice(&(centiseconds & 0x0fff).to_be_bytes()),
    }
    bytes.extend_from_slice(&[0, 0]);
    for address in advert.addresses.iter().take(usize::from(count)) {
        match address {
            IpAddr::V4(address) => bytes.extend_from_slice(&address.octets()),
            IpAddr::V6(address) => bytes.extend_from_slice(&address.octets()),
        }
    }
    if advert.version == VrrpVersion::V2 {
        bytes.extend_from_slice(&advert.password.map_or([0; AUTHENTICATION], |it| it.0));
    }
    let pseudo =
        from.is_ipv6() || (advert.version == VrrpVersion::V3 && coverage == Coverage::PseudoHeader);
    let sum = sum(&bytes, if pseudo { pseudo_header(from, to, bytes.len()) } else { 0 });
    if let Some(place) = bytes.get_mut(6..HEADER) {
        place.copy_from_slice(&(!sum).to_be_bytes());
    }
    bytes
}

/// What a packet says, when it is a sound advert; in the order of RFC 9568 §7.1.
///
/// Over IPv4 both coverages of version 3 are taken: what they are good for, telling damage, both
/// do. Version 2 without authentication may come without the eight bytes for it. What was sent to
/// one address only may have been forwarded: whether that is allowed is the receiver's matter.
///
/// # Errors
/// Why it is none.
pub fn decode(bytes: &[u8], envelope: Envelope) -> Result<Advert, Fault> {
    if envelope.to.is_multicast() && envelope.hops != HOP_LIMIT {
        return Err(Fault::HopLimit);
    }
    let header: &[u8; HEADER] = bytes.first_chunk().ok_or(Fault::Malformed)?;
    let [kind, router, priority, count, fifth, sixth, ..] = *header;
    let version = match (kind >> 4, envelope.from) {
        (2, IpAddr::V4(_)) => VrrpVersion::V2,
        (3, _) => VrrpVersion::V3,
        _ => return Err(Fault::Version),
    };
    if kind & 0x0f != ADVERTISEMENT || count == 0 {
        return Err(Fault::Malformed);
    }
    let size = if envelope.from.is_ipv4() { 4 } else { 16 };
    let listed = usize::from(count) * size;
    let rest = bytes.get(HEADER..).unwrap_or_default();
    let (listed, after) = rest.split_at_checked(listed).ok_or(Fault::Malformed)?;
    if !fits(bytes, envelope, version) {
        return Err(Fault::Checksum);
    }
    let router = NonZeroU8::new(router).ok_or(Fault::Malformed)?;
    let (centiseconds, password) = match version {
        VrrpVersion::V2 => (u16::from(sixth) * 100, authentication(fifth, after)?),
        VrrpVersion::V3 if !after.is_empty() => return Err(Fault::Malformed),
        VrrpVersion::V3 => (u16::from_be_bytes([fifth & 0x0f, sixth]), None),
    };
    let interval = AdvertInterval::new(version, centiseconds).ok_or(Fault::Malformed)?;
    let addresses = listed.chunks_exact(size).filter_map(address).collect();
    Ok(Advert { version, router, priority, interval, addresses, password })
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(IpAddr::from(*bytes.first_chunk::<4>()?)),
        _ => Some(IpAddr::from(*bytes.first_chunk::<16>()?)),
    }
}

/// Version 2's authentication: what stands after the addresses. The third type, the IP
/// authentication header, is not spoken here.
fn authentication(kind: u8, after: &[u8]) -> Result<Option<Password>, Fault> {
    match (kind, after.len()) {
        (NO_AUTHENTICATION, 0 | AUTHENTICATION) => Ok(None),
        (SIMPLE_PASSWORD, AUTHENTICATION) => {
            let bytes = after.first_chunk().ok_or(Fault::Malformed)?;
            Ok(Some(Password(*bytes)))
        }
        (NO_AUTHENTICATION | SIMPLE_PASSWORD, _) => Err(Fault::Malformed),
        _ => Err(Fault::Authentication),
    }
}

/// Whether the checksum fits one of the coverages that the version has in that family.
fn fits(bytes: &[u8], envelope: Envelope, version: VrrpVersion) -> bool {
    let with = || sum(bytes, pseudo_header(envelope.from, envelope.to, bytes.len())) == 0xffff;
    let without = || sum(bytes, 0) == 0xffff;
    match (envelope.from, version) {
        (IpAddr::V6(_), _) => with(),
        (IpAddr::V4(_), VrrpVersion::V2) => without(),
        (IpAddr::V4(_), VrrpVersion::V3) => with() || without(),
    }
}

/// The sum of the pseudo-header's words: both addresses, the length, the protocol.
fn pseudo_header(from: IpAddr, to: IpAddr, length: usize) -> u32 {
    let words = |address: IpAddr| match address {
        IpAddr::V4(address) => add(&address.octets()),
        IpAddr::V6(address) => add(&address.octets()),
    };
    let length = u32::try_from(length).unwrap_or(u32::MAX) & 0xffff;
    words(from) + words(to) + length + u32::from(PROTOCOL)
}

/// The sum of the words, an odd byte at the end as the higher half of one.
fn add(bytes: &[u8]) -> u32 {
    let word = |two: &[u8]| match *two {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(high) << 8,
        _ => 0,
    };
    // Shorter than 64 KiB, so that it cannot overflow.
    bytes.chunks(2).map(word).fold(0, u32::wrapping_add)
}

/// The folded sum; all ones over bytes that hold their own checksum.
fn sum(bytes: &[u8], start: u32) -> u16 {
    let mut sum = add(bytes).wrapping_add(start);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests;
