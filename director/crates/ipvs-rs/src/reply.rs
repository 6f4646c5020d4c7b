//! Everything that the kernel answers, as plain values.

use crate::address::Family;
use crate::attribute::Attribute;
use crate::codec::{self, Detail};
use crate::daemon::Daemon;
use crate::destination::Destination;
use crate::error::{DecodeError, Invalid};
use crate::message::{Command, Message};
use crate::service::Service;
use crate::settings::{Config, Info};
use crate::uapi::{CMD_ATTR_DAEMON, CMD_ATTR_DEST, CMD_ATTR_SERVICE};

/// One answer of the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// A service.
    Service(Service),
    /// A destination.
    Destination(Destination),
    /// A running sync daemon.
    Daemon(Daemon),
    /// The timeouts.
    Config(Config),
    /// Version and table size.
    Info(Info),
}

impl Reply {
    /// Reads an answer. `service` is the family of the service that was asked about; it matters
    /// for destinations of kernels before 3.18 only.
    ///
    /// # Errors
    /// Bytes that do not have the family's form.
    pub fn from_message(message: &Message, service: Family) -> Result<Self, DecodeError> {
        let inside = |number, name| {
            let mut found = message.attributes.iter().filter(|found| found.number() == number);
            found.next_back().map(Attribute::value).ok_or(DecodeError::Missing { attribute: name })
        };
        Ok(match message.command {
            Command::NewService => {
                Self::Service(codec::service_from(inside(CMD_ATTR_SERVICE, "service")?)?)
            }
            Command::NewDest => {
                let bytes = inside(CMD_ATTR_DEST, "destination")?;
                Self::Destination(codec::destination_from(bytes, service)?)
            }
            Command::NewDaemon => {
                Self::Daemon(codec::daemon_from(inside(CMD_ATTR_DAEMON, "daemon")?)?)
            }
            Command::SetConfig => Self::Config(codec::config_from(&message.attributes)?),
            Command::SetInfo => Self::Info(codec::info_from(&message.attributes)?),
            _ => return Err(DecodeError::NotAnAnswer),
        })
    }

    /// The answer as a kernel would send it, counters included: for programs that play the
    /// kernel's part.
    ///
    /// # Errors
    /// A name, time or mask that cannot be sent.
    pub fn message(&self) -> Result<Message, Invalid> {
        let nest = |kind, inner: Vec<Attribute>| Ok(vec![Attribute::nest(kind, &inner)?]);
        let (command, attributes) = match self {
            Self::Service(service) => {
                let inner = codec::service_attributes(service, Detail::Entry)?;
                (Command::NewService, nest(CMD_ATTR_SERVICE, inner)?)
            }
            Self::Destination(destination) => {
                let inner = codec::destination_attributes(destination, Detail::Entry)?;
                (Command::NewDest, nest(CMD_ATTR_DEST, inner)?)
            }
            Self::Daemon(daemon) => {
                let inner = codec::daemon_attributes(daemon, Detail::Entry)?;
                (Command::NewDaemon, nest(CMD_ATTR_DAEMON, inner)?)
            }
            Self::Config(config) => {
                let mut attributes = codec::config_attributes(config)?;
                attributes.extend_from_slice(&config.unknown);
                (Command::SetConfig, attributes)
            }
            Self::Info(info) => (Command::SetInfo, codec::info_attributes(info)),
        };
        Ok(Message { command, attributes })
    }
}
