//! The bytes of a heartbeat packet, version 2, and their authentication.
//!
//! ```text
//! offset  size  field (numbers are big-endian)
//!      0     4  "LDHB"
//!      4     1  version, 2
//!      5     1  kind: 0 regular, 1 ask, 2 answer, 3 goodbye
//!      6     2  identifier of the key; 0 for "not said"
//!      8     8  tag of the cluster's name
//!     16     8  incarnation of the sender
//!     24     8  sequence number
//!     32     8  digest of the sender's configuration
//!     40        the sender: length (1), name
//!               peers that it hears: count (2), each: length (1), name, incarnation (8)
//!               groups: count (2), each: see [`claims`]
//!               orders: count (2), each: see [`orders`]
//!               of an answer alone: sequence number of the question (8)
//!   last    32  HMAC-SHA256 (RFC 2104) of everything before it, under the cluster's key
//! ```
//!
//! Every version keeps everything up to the peers that it hears, and the authentication at the end.
//! So a director always knows a peer of another release for alive, and never takes its silence from
//! a change of format. What it says in a version before ours is understood, too.

mod claims;
mod key;
mod orders;

use crate::beat::{Beat, Body, Incarnation, Kind};
use crate::config::Digest;
use crate::input::Rejection;
use crate::name::{ClusterName, NodeName};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
pub use key::{Key, MOST_KEYS};

const MAGIC: &[u8] = b"LDHB";
/// The version that this release speaks with its own kind.
pub const VERSION: u8 = 2;
/// The oldest version that it speaks.
pub const OLDEST: u8 = 1;
/// HMAC-SHA256's.
pub(in crate::wire) const MAC_LENGTH: usize = 32;

/// The packet that says `beat` in `cluster`.
#[must_use]
pub fn seal(beat: &Beat, cluster: &ClusterName, key: &Key) -> Vec<u8> {
    let body = &beat.body;
    let mut bytes = Vec::with_capacity(160);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[body.version, kind_to_byte(beat.kind)]);
    bytes.extend_from_slice(&key.identifier().to_be_bytes());
    bytes.extend_from_slice(&tag(cluster).to_be_bytes());
    bytes.extend_from_slice(&body.incarnation.0.to_be_bytes());
    bytes.extend_from_slice(&beat.sequence.to_be_bytes());
    bytes.extend_from_slice(&body.config.0.to_be_bytes());
    push_name(&mut bytes, body.node.as_str());
    push_count(&mut bytes, body.heard.len());
    for (name, incarnation) in body.heard.iter().take(usize::from(u16::MAX)) {
        push_name(&mut bytes, name.as_str());
        bytes.extend_from_slice(&incarnation.0.to_be_bytes());
    }
    claims::push(&mut bytes, body);
    orders::push(&mut bytes, &body.orders);
    if let Kind::Answer { question } = beat.kind {
        bytes.extend_from_slice(&question.to_be_bytes());
    }
    let mac = key.sign(&bytes);
    bytes.extend_from_slice(&mac);
    bytes
}

/// What a packet says, when it is of this cluster and under one of these secrets.
///
/// # Errors
/// Why it is not to be believed. The cheap questions come first; nothing but the fixed header is
/// read before the authentication is verified.
pub fn open(bytes: &[u8], cluster: &ClusterName, key: &Key) -> Result<Beat, Rejection> {
    let signed = bytes.len().checked_sub(MAC_LENGTH).ok_or(Rejection::Malformed)?;
    let (content, mac) = bytes.split_at(signed);
    let mut reader = Reader(content);
    if reader.take(4)? != MAGIC {
        return Err(Rejection::Malformed);
    }
    let version = reader.byte()?;
    let kind = reader.byte()?;
    let identifier = reader.count()?;
    if reader.number()? != tag(cluster) {
        return Err(Rejection::OtherCluster);
    }
    if !key.verifies(identifier, content, mac) {
        let ours = (OLDEST..=VERSION).contains(&version);
        return Err(if ours { Rejection::Authentication } else { Rejection::Version });
    }
    read_content(version, kind, reader)
}

/// Whether the sender of a packet that cannot be believed may own a group, by its own word.
///
/// For one purpose only: a director that has just started does not take what somebody else seems to
/// own. A packet of another version may say anything, so it counts as an owner's.
#[must_use]
pub fn may_own(bytes: &[u8]) -> bool {
    let content = bytes.get(..bytes.len().saturating_sub(MAC_LENGTH)).unwrap_or_default();
    let mut reader = Reader(content);
    if reader.take(4) != Ok(MAGIC) {
        return false;
    }
    let Ok(version) = reader.byte() else { return false };
    if !(OLDEST..=VERSION).contains(&version) {
        return true;
    }
    let (Ok(kind), Ok(_)) = (reader.byte(), reader.take(10)) else {
        return false;
    };
    let owns = |beat: Beat| beat.body.claims.values().any(|claim| claim.may_hold());
    read_content(version, kind, reader).is_ok_and(owns)
}

fn read_content(version: u8, kind: u8, mut reader: Reader<'_>) -> Result<Beat, Rejection> {
    let incarnation = Incarnation(reader.number()?);
    let sequence = reader.number()?;
    let config = Digest(reader.number()?);
    let node = NodeName::new(reader.text()?).map_err(|_| Rejection::Malformed)?;
    let mut heard = BTreeMap::new();
    for _ in 0..reader.count()? {
        let name = NodeName::new(reader.text()?).map_err(|_| Rejection::Malformed)?;
        heard.insert(name, Incarnation(reader.number()?));
    }
    if incarnation.0 == 0 || version < OLDEST {
        return Err(Rejection::Malformed);
    }
    let mut body = Body {
        version,
        node,
        incarnation,
        config,
        heard,
        claims: BTreeMap::new(),
        released: BTreeMap::new(),
        orders: Vec::new(),
    };
    if version > VERSION {
        // What it asks for is not known; an answer to nothing harms nobody.
        let kind = kind_from_byte(kind).unwrap_or(Kind::Regular);
        return Ok(Beat { kind, sequence, body: Arc::new(body) });
    }
    let mut kind = kind_from_byte(kind)?;
    claims::read(&mut reader, &mut body)?;
    body.orders = orders::read(&mut reader)?;
    if let Kind::Answer { question } = &mut kind {
        *question = reader.number()?;
    }
    if !reader.0.is_empty() {
        return Err(Rejection::Malformed);
    }
    Ok(Beat { kind, sequence, body: Arc::new(body) })
}

/// Tells clusters apart before the key is asked; FNV-1a of the name.
pub(in crate::wire) fn tag(cluster: &ClusterName) -> u64 {
    cluster.as_str().bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

pub(in crate::wire) fn push_name(bytes: &mut Vec<u8>, name: &str) {
    // Names have at most 63 characters (crate::name), so that their length fits.
    bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    bytes.extend_from_slice(name.as_bytes());
}

pub(in crate::wire) fn push_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend_from_slice(&u16::try_from(count).unwrap_or(u16::MAX).to_be_bytes());
}

fn kind_to_byte(kind: Kind) -> u8 {
    match kind {
        Kind::Regular => 0,
        Kind::Ask => 1,
        Kind::Answer { .. } => 2,
        Kind::Goodbye => 3,
    }
}

fn kind_from_byte(byte: u8) -> Result<Kind, Rejection> {
    Ok(match byte {
        0 => Kind::Regular,
        1 => Kind::Ask,
        2 => Kind::Answer { question: 0 },
        3 => Kind::Goodbye,
        _ => return Err(Rejection::Malformed),
    })
}

/// What is left to read. Every reading that finds too little is [`Rejection::Malformed`].
pub(in crate::wire) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(in crate::wire) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(in crate::wire) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(in crate::wire) fn take(&mut self, count: usize) -> Result<&'a [u8], Rejection> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Rejection::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Rejection> {
        self.take(1)?.first().copied().ok_or(Rejection::Malformed)
    }

    pub(in crate::wire) fn number(&mut self) -> Result<u64, Rejection> {
        let bytes = self.take(8)?.try_into().map_err(|_| Rejection::Malformed)?;
        Ok(u64::from_be_bytes(bytes))
    }

    pub(in crate::wire) fn count(&mut self) -> Result<u16, Rejection> {
        let bytes = self.take(2)?.try_into().map_err(|_| Rejection::Malformed)?;
        Ok(u16::from_be_bytes(bytes))
    }

    pub(in crate::wire) fn text(&mut self) -> Result<&'a str, Rejection> {
        let length = usize::from(self.byte()?);
        core::str::from_utf8(self.take(length)?).map_err(|_| Rejection::Malformed)
    }
}

#[cfg(test)]
mod tests;
