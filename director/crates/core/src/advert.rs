//! What virtual routers say to each other.
//!
//! An [`Advert`] is a value here; its bytes are in [`crate::wire::vrrp`]. What is not a sound
//! advert never becomes one: it arrives as a [`Fault`].

use crate::config::{AdvertInterval, Password, VrrpVersion};
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::num::NonZeroU8;

/// One advertisement (RFC 9568 §5.2, RFC 3768 §5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Advert {
    /// Version of the protocol.
    pub version: VrrpVersion,
    /// Number of the virtual router.
    pub router: NonZeroU8,
    /// Priority of the sender: 0 when it gives the addresses up, 255 when they are its own.
    pub priority: u8,
    /// Interval of the sender's adverts.
    pub interval: AdvertInterval,
    /// The virtual addresses, all of one family.
    pub addresses: Vec<IpAddr>,
    /// The simple password of version 2.
    pub password: Option<Password>,
}

/// Why a packet is not an advert that may change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Fault {
    /// It was forwarded: its TTL or hop limit is not 255 (RFC 9568 §7.1).
    HopLimit,
    /// It is cut short, longer than it says, or of another type.
    Malformed,
    /// It is of another version than the virtual router's.
    Version,
    /// Its checksum does not fit.
    Checksum,
    /// No virtual router of that number is configured on that interface.
    OtherRouter,
    /// Its authentication is not the configured one.
    Authentication,
    /// Its interval is not the configured one, which version 2 wants (RFC 3768 §7.1).
    Interval,
    /// It comes from none of the configured peers, or is not sent the configured way.
    NotAPeer,
    /// It comes from an address of this node.
    Own,
    /// This node owns the addresses, and nobody else may (RFC 9568 §7.1).
    WeOwn,
}

impl Fault {
    /// The word for it in counters.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::HopLimit => "hop-limit",
            Self::Malformed => "malformed",
            Self::Version => "version",
            Self::Checksum => "checksum",
            Self::OtherRouter => "other-router",
            Self::Authentication => "authentication",
            Self::Interval => "interval",
            Self::NotAPeer => "not-a-peer",
            Self::Own => "own",
            Self::WeOwn => "we-own",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::HopLimit => "it was forwarded, its TTL or hop limit is not 255",
            Self::Malformed => "it is no advert, or cut short",
            Self::Version => "it is of another VRRP version",
            Self::Checksum => "its checksum does not fit",
            Self::OtherRouter => "it is of another virtual router",
            Self::Authentication => "its authentication is not the configured one",
            Self::Interval => "its interval is not the configured one, as VRRP version 2 wants",
            Self::NotAPeer => "it is not sent as the configuration says",
            Self::Own => "it carries an address of this node as its source",
            Self::WeOwn => "the addresses are this node's own: no other may have priority 255",
        })
    }
}
