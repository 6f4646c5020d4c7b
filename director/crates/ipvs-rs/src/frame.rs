//! A datagram's netlink messages, as pure functions.

use netlink_packet_core::{
    NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSG_DONE, NLMSG_ERROR, NLMSG_OVERRUN, NetlinkBuffer,
};

use crate::attribute;
use crate::error::DecodeError;

/// Length of the netlink header.
const HEADER_BYTES: usize = 16;
/// `NLMSGERR_ATTR_MSG` of `linux/netlink.h`: the kernel's own words.
const ERROR_TEXT: u16 = 1;
/// Types below this are netlink's own.
const FIRST_FAMILY: u16 = 16;

/// One netlink message of a datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) sequence: u32,
    pub(crate) flags: u16,
    pub(crate) body: Body<'a>,
}

/// What a netlink message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body<'a> {
    /// A message of a family: its number, and what follows the netlink header.
    Family { number: u16, payload: &'a [u8] },
    /// The end of a single exchange; 0 or a positive error number.
    Acknowledgement { errno: i32, text: Option<String> },
    /// The end of a list; 0 or a positive error number.
    Done { errno: i32 },
    /// Data was lost.
    Overrun,
    /// Nothing to act on.
    Nothing,
}

/// Splits a datagram. It ends at the first message that is not whole.
pub(crate) fn split(datagram: &[u8]) -> impl Iterator<Item = Result<Frame<'_>, DecodeError>> {
    let mut rest = Some(datagram);
    std::iter::from_fn(move || {
        let bytes = rest.take().filter(|bytes| !bytes.is_empty())?;
        let frame = NetlinkBuffer::new_checked(bytes)
            .map_err(|_| DecodeError::Truncated { inside: "netlink message" })
            .and_then(|buffer| {
                let length = usize::try_from(buffer.length()).unwrap_or(usize::MAX);
                rest = length.checked_next_multiple_of(4).and_then(|next| bytes.get(next..));
                let payload = bytes.get(HEADER_BYTES..length).unwrap_or_default();
                read(&buffer, payload)
            });
        if frame.is_err() {
            rest = None;
        }
        Some(frame)
    })
}

fn read<'a>(buffer: &NetlinkBuffer<&'a [u8]>, payload: &'a [u8]) -> Result<Frame<'a>, DecodeError> {
    let flags = buffer.flags();
    let body = match buffer.message_type() {
        NLMSG_ERROR => {
            let errno = errno(payload).ok_or(DecodeError::Truncated { inside: "error message" })?;
            Body::Acknowledgement { errno, text: error_text(flags, payload) }
        }
        // A list may end without a status, which then is 0.
        NLMSG_DONE => Body::Done { errno: errno(payload).unwrap_or(0) },
        NLMSG_OVERRUN => Body::Overrun,
        number if number < FIRST_FAMILY => Body::Nothing,
        number => Body::Family { number, payload },
    };
    Ok(Frame { sequence: buffer.sequence_number(), flags, body })
}

/// The status at the start of the payload, which is 0 or a negative error number.
fn errno(payload: &[u8]) -> Option<i32> {
    payload.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes).saturating_neg())
}

/// The kernel's words, which stand behind the status and the echoed request.
fn error_text(flags: u16, payload: &[u8]) -> Option<String> {
    if flags & NLM_F_ACK_TLVS == 0 {
        return None;
    }
    let echoed = payload.get(4..)?;
    let echo_bytes = if flags & NLM_F_CAPPED == 0 {
        usize::try_from(u32::from_ne_bytes(*echoed.first_chunk()?)).ok()?
    } else {
        HEADER_BYTES
    };
    let attributes = echoed.get(echo_bytes.checked_next_multiple_of(4)?..)?;
    let attributes = attribute::parse(attributes, "error message").ok()?;
    attributes
        .iter()
        .find(|attribute| attribute.number() == ERROR_TEXT)
        .map(attribute::Attribute::to_text)
}
