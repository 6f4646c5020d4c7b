//! Commands, and a command with its attributes: the payload of generic netlink.

use netlink_packet_core::{
    DecodeError as CoreError, Emitable, NetlinkHeader, NetlinkMessage, NetlinkPayload,
    ParseableParametrized,
};
use netlink_packet_generic::{GenlFamily, GenlHeader, GenlMessage};

use crate::attribute::{self, Attribute};
use crate::error::DecodeError;
use crate::uapi::{GENL_NAME, GENL_VERSION};

/// Commands of the family (`IPVS_CMD_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the header's names say it")]
pub enum Command {
    NewService = 1,
    SetService = 2,
    DelService = 3,
    GetService = 4,
    NewDest = 5,
    SetDest = 6,
    DelDest = 7,
    GetDest = 8,
    NewDaemon = 9,
    DelDaemon = 10,
    GetDaemon = 11,
    SetConfig = 12,
    GetConfig = 13,
    SetInfo = 14,
    GetInfo = 15,
    Zero = 16,
    Flush = 17,
}

impl Command {
    const ALL: [Self; 17] = [
        Self::NewService,
        Self::SetService,
        Self::DelService,
        Self::GetService,
        Self::NewDest,
        Self::SetDest,
        Self::DelDest,
        Self::GetDest,
        Self::NewDaemon,
        Self::DelDaemon,
        Self::GetDaemon,
        Self::SetConfig,
        Self::GetConfig,
        Self::SetInfo,
        Self::GetInfo,
        Self::Zero,
        Self::Flush,
    ];

    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }
}

impl TryFrom<u8> for Command {
    type Error = DecodeError;

    fn try_from(number: u8) -> Result<Self, DecodeError> {
        Self::ALL
            .into_iter()
            .find(|command| command.number() == number)
            .ok_or(DecodeError::Command { number })
    }
}

/// A command with its top level attributes. It works with everything that takes a
/// [`GenlFamily`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The command.
    pub command: Command,
    /// Attributes of the top level; containers hold theirs as bytes.
    pub attributes: Vec<Attribute>,
}

impl Message {
    /// Reads what follows the netlink header: the generic netlink header and the attributes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] and [`DecodeError::Command`].
    pub fn from_payload(payload: &[u8]) -> Result<Self, DecodeError> {
        const INSIDE: &str = "generic netlink message";
        let header =
            GenlHeader::parse(payload).map_err(|_| DecodeError::Truncated { inside: INSIDE })?;
        let rest = payload.get(netlink_packet_generic::constants::GENL_HDRLEN..);
        let rest = rest.ok_or(DecodeError::Truncated { inside: INSIDE })?;
        Ok(Self {
            command: Command::try_from(header.cmd)?,
            attributes: attribute::parse(rest, INSIDE)?,
        })
    }

    /// The whole netlink message for the family id that the controller gave out.
    #[must_use]
    pub fn to_bytes(&self, family_id: u16, flags: u16, sequence: u32) -> Vec<u8> {
        let mut generic = GenlMessage::from_payload(self.clone());
        generic.set_resolved_family_id(family_id);
        to_bytes(NetlinkPayload::InnerMessage(generic), flags, sequence)
    }
}

/// Any generic netlink message with its header.
pub(crate) fn to_bytes<F>(
    payload: NetlinkPayload<GenlMessage<F>>,
    flags: u16,
    sequence: u32,
) -> Vec<u8>
where
    F: GenlFamily + Emitable + std::fmt::Debug,
{
    let mut header = NetlinkHeader::default();
    header.flags = flags;
    header.sequence_number = sequence;
    let mut message = NetlinkMessage::new(header, payload);
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

impl GenlFamily for Message {
    fn family_name() -> &'static str {
        GENL_NAME
    }

    fn command(&self) -> u8 {
        self.command.number()
    }

    fn version(&self) -> u8 {
        GENL_VERSION
    }
}

impl Emitable for Message {
    fn buffer_len(&self) -> usize {
        self.attributes.as_slice().buffer_len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        self.attributes.as_slice().emit(buffer);
    }
}

impl ParseableParametrized<[u8], GenlHeader> for Message {
    fn parse_with_param(bytes: &[u8], header: GenlHeader) -> Result<Self, CoreError> {
        let read = || {
            let command = Command::try_from(header.cmd)?;
            let attributes = attribute::parse(bytes, "generic netlink message")?;
            Ok(Self { command, attributes })
        };
        read().map_err(|error: DecodeError| CoreError::from(error.to_string()))
    }
}
