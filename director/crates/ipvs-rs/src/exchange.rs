//! The course of an exchange with the kernel, without a socket: datagrams go in, and once every
//! request has its outcome the results come out.

use netlink_packet_core::{NLM_F_ACK, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkPayload};
use netlink_packet_generic::GenlMessage;
use netlink_packet_generic::constants::{CTRL_ATTR_FAMILY_ID, GENL_HDRLEN, GENL_ID_CTRL};
use netlink_packet_generic::ctrl::nlas::GenlCtrlAttrs;
use netlink_packet_generic::ctrl::{GenlCtrl, GenlCtrlCmd};

use crate::attribute;
use crate::error::{DecodeError, Error, ErrorKind};
use crate::frame::{Body, Frame, split};
use crate::message::{self, Message};
use crate::reply::Reply;
use crate::request::{Operation, Request};
use crate::uapi::GENL_NAME;

/// How one request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) replies: Result<Vec<Reply>, Error>,
    /// The list changed while it was sent.
    pub(crate) interrupted: bool,
}

/// A request under way.
struct Slot {
    request: Request,
    replies: Vec<Reply>,
    interrupted: bool,
    /// It asked for no acknowledgement: only its failure is answered.
    quiet: bool,
    end: Option<Result<(), Error>>,
}

/// Requests with consecutive sequence numbers that were sent together.
///
/// The kernel answers in order. Of several changes only the last one asks for an acknowledgement:
/// before it comes, whatever failed has been answered.
///
/// One case the kernel does not answer at all: stopping a sync daemon whose thread has not yet run
/// once. `kthread_stop` then says `EINTR`, which netlink takes for "a list is on its way", so that
/// no acknowledgement comes although the daemon is stopped. A question behind such a request is a
/// fence: once it is answered, nothing older will be.
pub(crate) struct Exchange {
    first_sequence: u32,
    slots: Vec<Slot>,
    /// Slots before the fence.
    asked: usize,
}

impl Exchange {
    /// Sequence numbers that an exchange of so many requests takes.
    pub(crate) fn sequences(requests: usize) -> u32 {
        u32::try_from(requests).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The exchange of these requests, and the bytes to send. A request that cannot be sent has
    /// its outcome at once, and no bytes.
    pub(crate) fn new(
        requests: &[Request],
        family_id: u16,
        first_sequence: u32,
    ) -> (Self, Vec<u8>) {
        let needs_fence = |request: &Request| matches!(request, Request::StopDaemon(_));
        let fence = requests.iter().any(needs_fence).then_some(&Request::GetInfo);
        let messages: Vec<_> =
            requests.iter().chain(fence).map(|request| (request, request.message())).collect();
        let last = messages.iter().rposition(|(_, message)| message.is_ok());
        let mut bytes = Vec::new();
        let mut sequence = first_sequence;
        let mut slots = Vec::new();
        for (at, (request, message)) in messages.into_iter().enumerate() {
            let quiet = request.is_change() && Some(at) != last;
            let end = match message {
                Ok(message) => {
                    let flags = request.flags() & if quiet { !NLM_F_ACK } else { u16::MAX };
                    bytes.extend(message.to_bytes(family_id, flags, sequence));
                    None
                }
                Err(invalid) => Some(Err(request.error(invalid))),
            };
            let request = request.clone();
            slots.push(Slot { request, replies: Vec::new(), interrupted: false, quiet, end });
            sequence = sequence.wrapping_add(1);
        }
        (Self { first_sequence, slots, asked: requests.len() }, bytes)
    }

    /// Takes in a datagram. Messages of other exchanges, such as late answers to one that timed
    /// out, are passed over.
    pub(crate) fn feed(&mut self, datagram: &[u8]) {
        for frame in split(datagram) {
            match frame {
                Ok(frame) => self.take(&frame),
                Err(error) => self.fail(&ErrorKind::Decode(error)),
            }
        }
    }

    /// Ends every request that is still open with this error.
    pub(crate) fn fail(&mut self, kind: &ErrorKind) {
        for slot in self.slots.iter_mut().filter(|slot| slot.end.is_none()) {
            slot.end = Some(Err(slot.request.error(kind.clone())));
        }
    }

    /// Whether every request has its outcome.
    pub(crate) fn is_over(&self) -> bool {
        self.slots.iter().all(|slot| slot.end.is_some())
    }

    /// The outcomes, in the order of the requests.
    pub(crate) fn outcomes(self) -> impl Iterator<Item = Outcome> {
        self.slots.into_iter().take(self.asked).map(|slot| {
            let Slot { request, replies, interrupted, end, .. } = slot;
            let end = end.unwrap_or_else(|| Err(request.error(ErrorKind::NoAnswer)));
            Outcome { replies: end.map(|()| replies), interrupted }
        })
    }

    fn take(&mut self, frame: &Frame<'_>) {
        let offset = frame.sequence.wrapping_sub(self.first_sequence);
        let index = usize::try_from(offset).unwrap_or(usize::MAX);
        let Some((slot, older)) =
            self.slots.get_mut(..=index).and_then(|slots| slots.split_last_mut())
        else {
            return;
        };
        if slot.end.is_some() {
            return;
        }
        slot.take(frame);
        if matches!(frame.body, Body::Acknowledgement { .. }) {
            for slot in older.iter_mut().filter(|slot| slot.end.is_none()) {
                slot.end = Some(slot.unanswered());
            }
        }
    }
}

impl Slot {
    /// The end of a request that the kernel passed over: see [`Exchange`].
    fn unanswered(&self) -> Result<(), Error> {
        if self.quiet || matches!(self.request, Request::StopDaemon(_)) {
            return Ok(());
        }
        Err(self.request.error(ErrorKind::NoAnswer))
    }

    fn take(&mut self, frame: &Frame<'_>) {
        let request = &self.request;
        self.interrupted |= request.is_list() && frame.flags & NLM_F_DUMP_INTR != 0;
        match &frame.body {
            Body::Nothing => {}
            Body::Overrun => self.end = Some(Err(request.error(ErrorKind::Overrun))),
            Body::Acknowledgement { errno, text } => {
                self.end = Some(end_of(request, *errno, text.clone()));
            }
            Body::Done { errno } => self.end = Some(end_of(request, *errno, None)),
            Body::Family { payload, .. } => {
                let read = Message::from_payload(payload)
                    .and_then(|message| Reply::from_message(&message, request.service_family()));
                match read {
                    Ok(reply) => self.replies.push(reply),
                    Err(error) => self.end = Some(Err(request.error(ErrorKind::Decode(error)))),
                }
            }
        }
    }
}

fn end_of(request: &Request, errno: i32, text: Option<String>) -> Result<(), Error> {
    if errno == 0 {
        return Ok(());
    }
    let kind = ErrorKind::from_errno(errno, request.operation());
    Err(request.error(kind).with_detail(text))
}

/// The question to the controller for the family's number.
pub(crate) struct Resolve {
    sequence: u32,
}

impl Resolve {
    /// The question and its bytes. It goes without an acknowledgement: the answer is one message.
    pub(crate) fn new(sequence: u32) -> (Self, Vec<u8>) {
        let question = GenlCtrl {
            cmd: GenlCtrlCmd::GetFamily,
            nlas: vec![GenlCtrlAttrs::FamilyName(GENL_NAME.to_owned())],
        };
        let payload = NetlinkPayload::InnerMessage(GenlMessage::from_payload(question));
        (Self { sequence }, message::to_bytes(payload, NLM_F_REQUEST, sequence))
    }

    /// The family's number once a datagram holds it.
    pub(crate) fn feed(&self, datagram: &[u8]) -> Option<Result<u16, Error>> {
        for frame in split(datagram) {
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => return Some(Err(Self::error(ErrorKind::Decode(error)))),
            };
            if frame.sequence != self.sequence {
                continue;
            }
            match frame.body {
                Body::Family { number: GENL_ID_CTRL, payload } => {
                    let id = family_id(payload).map_err(|error| Self::error(error.into()));
                    return Some(id);
                }
                Body::Acknowledgement { errno, text } if errno != 0 => {
                    let kind = ErrorKind::from_errno(errno, Operation::Connect);
                    return Some(Err(Self::error(kind).with_detail(text)));
                }
                _ => {}
            }
        }
        None
    }

    pub(crate) fn error(kind: ErrorKind) -> Error {
        Error::new(kind, Operation::Connect, String::new())
    }
}

/// Newer controllers describe more than the packet crate can read, so only the number is looked
/// for.
fn family_id(payload: &[u8]) -> Result<u16, DecodeError> {
    const INSIDE: &str = "controller's answer";
    let bytes = payload.get(GENL_HDRLEN..).ok_or(DecodeError::Truncated { inside: INSIDE })?;
    attribute::parse(bytes, INSIDE)?
        .iter()
        .find(|attribute| attribute.number() == CTRL_ATTR_FAMILY_ID)
        .ok_or(DecodeError::Missing { attribute: "family number" })?
        .to_u16("family number")
}

#[cfg(test)]
mod tests;
