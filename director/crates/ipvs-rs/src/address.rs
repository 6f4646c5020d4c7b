//! Address families, and an address with a port.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use rustix::net::AddressFamily;

use crate::error::DecodeError;
use crate::uapi::ADDRESS_BYTES;

/// An address family that IPVS balances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// `AF_INET`.
    V4,
    /// `AF_INET6`. The kernel needs `CONFIG_IP_VS_IPV6` and a running IPv6 stack.
    V6,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    pub(crate) fn number(self) -> u16 {
        match self {
            Self::V4 => AddressFamily::INET.as_raw(),
            Self::V6 => AddressFamily::INET6.as_raw(),
        }
    }

    pub(crate) fn from_number(number: u16) -> Result<Self, DecodeError> {
        [Self::V4, Self::V6]
            .into_iter()
            .find(|family| family.number() == number)
            .ok_or(DecodeError::Family { number })
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// An address and a port. Unlike [`SocketAddr`] it has no flow label and no scope, which IPVS
/// does not know, so that two equal endpoints are always the same to the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// IPv4 or IPv6 address.
    pub address: IpAddr,
    /// Port, in host order. 0 stands for every port, which needs a persistent service.
    pub port: u16,
}

impl Endpoint {
    /// An address and a port.
    pub fn new(address: impl Into<IpAddr>, port: u16) -> Self {
        Self { address: address.into(), port }
    }

    /// The family of the address.
    #[must_use]
    pub fn family(&self) -> Family {
        Family::of(self.address)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SocketAddr::from(*self).fmt(f)
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(socket: SocketAddr) -> Self {
        Self { address: socket.ip(), port: socket.port() }
    }
}

impl From<SocketAddrV4> for Endpoint {
    fn from(socket: SocketAddrV4) -> Self {
        SocketAddr::from(socket).into()
    }
}

impl From<SocketAddrV6> for Endpoint {
    fn from(socket: SocketAddrV6) -> Self {
        SocketAddr::from(socket).into()
    }
}

impl<A: Into<IpAddr>> From<(A, u16)> for Endpoint {
    fn from((address, port): (A, u16)) -> Self {
        Self::new(address, port)
    }
}

impl From<Endpoint> for SocketAddr {
    fn from(endpoint: Endpoint) -> Self {
        Self::new(endpoint.address, endpoint.port)
    }
}

/// The sixteen bytes of the kernel's `union nf_inet_addr`: an IPv4 address stands first and is
/// followed by zeros, as the kernel itself sends it.
pub(crate) fn to_union(address: IpAddr) -> [u8; ADDRESS_BYTES] {
    match address {
        IpAddr::V6(address) => address.octets(),
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
    }
}

/// Reads an address of the family from the union, or from the family's bare bytes.
pub(crate) fn from_union(
    family: Family,
    bytes: &[u8],
    attribute: &'static str,
) -> Result<IpAddr, DecodeError> {
    let wrong = |expected| DecodeError::Length { attribute, expected, found: bytes.len() };
    match family {
        Family::V4 => {
            let octets: [u8; 4] = *bytes.first_chunk().ok_or(wrong(4))?;
            Ok(Ipv4Addr::from(octets).into())
        }
        Family::V6 => {
            let octets: [u8; 16] = *bytes.first_chunk().ok_or(wrong(ADDRESS_BYTES))?;
            Ok(Ipv6Addr::from(octets).into())
        }
    }
}
