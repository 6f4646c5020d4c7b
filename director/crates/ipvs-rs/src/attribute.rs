//! Netlink attributes: a length, a type and a value, padded to four bytes.

use netlink_packet_core::{
    Emitable, NLA_F_NESTED, NLA_F_NET_BYTEORDER, NLA_TYPE_MASK, Nla, NlasIterator,
};

use crate::error::{DecodeError, Invalid};

/// Largest value that fits behind the four byte header of an attribute, in bytes.
const MAX_VALUE_BYTES: usize = 65_531;

/// One netlink attribute as it stands on the wire.
///
/// Attributes that this crate has no name for are kept in this form, so that a newer kernel's
/// facts can be read before the crate learns of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attribute {
    kind: u16,
    value: Vec<u8>,
}

impl Attribute {
    /// An attribute of type `kind` (with its two flag bits, if any) and this value.
    ///
    /// # Errors
    /// [`Invalid::TooLong`] when the value is longer than 65,531 bytes.
    pub fn new(kind: u16, value: Vec<u8>) -> Result<Self, Invalid> {
        if value.len() > MAX_VALUE_BYTES {
            return Err(Invalid::TooLong { bytes: value.len(), limit: MAX_VALUE_BYTES });
        }
        Ok(Self { kind, value })
    }

    /// The attribute's number, without the flag bits "nested" and "network byte order".
    #[must_use]
    pub fn number(&self) -> u16 {
        self.kind & NLA_TYPE_MASK
    }

    /// The value's bytes, without padding.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    pub(crate) fn fixed<const N: usize>(kind: u16, value: [u8; N]) -> Self {
        const { assert!(N <= MAX_VALUE_BYTES) };
        Self { kind, value: value.to_vec() }
    }

    /// Host byte order.
    pub(crate) fn u16(kind: u16, value: u16) -> Self {
        Self::fixed(kind, value.to_ne_bytes())
    }

    /// Network byte order, as ports travel.
    pub(crate) fn be16(kind: u16, value: u16) -> Self {
        Self::fixed(kind, value.to_be_bytes())
    }

    /// Host byte order.
    pub(crate) fn u32(kind: u16, value: u32) -> Self {
        Self::fixed(kind, value.to_ne_bytes())
    }

    /// Host byte order.
    pub(crate) fn u64(kind: u16, value: u64) -> Self {
        Self::fixed(kind, value.to_ne_bytes())
    }

    /// Text with its closing NUL.
    pub(crate) fn text(kind: u16, text: &str) -> Result<Self, Invalid> {
        let mut value = text.as_bytes().to_vec();
        value.push(0);
        Self::new(kind, value)
    }

    /// A container of other attributes.
    pub(crate) fn nest(kind: u16, inner: &[Self]) -> Result<Self, Invalid> {
        Self::new(kind | NLA_F_NESTED, emit(inner))
    }

    pub(crate) fn bytes<const N: usize>(&self, name: &'static str) -> Result<[u8; N], DecodeError> {
        <[u8; N]>::try_from(self.value.as_slice()).map_err(|_| DecodeError::Length {
            attribute: name,
            expected: N,
            found: self.value.len(),
        })
    }

    pub(crate) fn to_u8(&self, name: &'static str) -> Result<u8, DecodeError> {
        self.bytes(name).map(|[byte]: [u8; 1]| byte)
    }

    pub(crate) fn to_u16(&self, name: &'static str) -> Result<u16, DecodeError> {
        self.bytes(name).map(u16::from_ne_bytes)
    }

    pub(crate) fn to_be16(&self, name: &'static str) -> Result<u16, DecodeError> {
        self.bytes(name).map(u16::from_be_bytes)
    }

    pub(crate) fn to_u32(&self, name: &'static str) -> Result<u32, DecodeError> {
        self.bytes(name).map(u32::from_ne_bytes)
    }

    /// A counter, which the kernel sends with four or with eight bytes.
    pub(crate) fn to_counter(&self, name: &'static str) -> Result<u64, DecodeError> {
        if self.value.len() == 4 { self.to_u32(name).map(u64::from) } else { self.to_u64(name) }
    }

    fn to_u64(&self, name: &'static str) -> Result<u64, DecodeError> {
        self.bytes(name).map(u64::from_ne_bytes)
    }

    /// The text before the first NUL. Names of the kernel are ASCII; other bytes are replaced.
    pub(crate) fn to_text(&self) -> String {
        let text = self.value.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }
}

impl Nla for Attribute {
    fn value_len(&self) -> usize {
        self.value.len()
    }

    fn kind(&self) -> u16 {
        self.kind
    }

    fn emit_value(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.value);
    }
}

/// The bytes of a row of attributes, each padded to four bytes.
pub(crate) fn emit(attributes: &[Attribute]) -> Vec<u8> {
    let mut bytes = vec![0; attributes.buffer_len()];
    attributes.emit(&mut bytes);
    bytes
}

/// Splits bytes into attributes; `inside` names the container for the error.
pub(crate) fn parse(bytes: &[u8], inside: &'static str) -> Result<Vec<Attribute>, DecodeError> {
    NlasIterator::new(bytes)
        .map(|nla| {
            let nla = nla.map_err(|_| DecodeError::Truncated { inside })?;
            // The two flags exclude each other (`linux/netlink.h`); of both, the first counts.
            let flag = match (nla.nested_flag(), nla.network_byte_order_flag()) {
                (true, _) => NLA_F_NESTED,
                (false, true) => NLA_F_NET_BYTEORDER,
                (false, false) => 0,
            };
            let kind = nla.kind() | flag;
            Ok(Attribute { kind, value: nla.value().to_vec() })
        })
        .collect()
}
