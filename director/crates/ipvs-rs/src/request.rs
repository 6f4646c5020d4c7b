//! Everything that can be asked of the kernel, as plain values.

use std::fmt;

use netlink_packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST};

use crate::address::{Endpoint, Family};
use crate::attribute::Attribute;
use crate::codec::{self, Detail};
use crate::daemon::{Daemon, DaemonRole};
use crate::destination::Destination;
use crate::error::{Error, Invalid};
use crate::message::{Command, Message};
use crate::service::{Service, ServiceKey};
use crate::settings::Config;
use crate::uapi::{CMD_ATTR_DAEMON, CMD_ATTR_DEST, CMD_ATTR_SERVICE};

/// One request to the kernel.
///
/// The kernel has no single answer for one destination or one daemon: these are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Adds a service.
    AddService(Service),
    /// Replaces every setting of a service.
    EditService(Service),
    /// Removes a service with its destinations.
    RemoveService(ServiceKey),
    /// Asks for one service.
    GetService(ServiceKey),
    /// Asks for all services of the network namespace.
    ListServices,
    /// Adds a destination to a service.
    AddDestination(ServiceKey, Destination),
    /// Replaces every setting of a destination.
    EditDestination(ServiceKey, Destination),
    /// Removes a destination from a service.
    RemoveDestination(ServiceKey, Endpoint),
    /// Asks for all destinations of a service. The kernel answers with an empty list, not with
    /// an error, when it has no such service.
    ListDestinations(ServiceKey),
    /// Starts a sync daemon.
    StartDaemon(Daemon),
    /// Stops a sync daemon.
    StopDaemon(DaemonRole),
    /// Asks for the running sync daemons.
    ListDaemons,
    /// Sets timeouts.
    SetConfig(Config),
    /// Asks for the timeouts.
    GetConfig,
    /// Asks for version and table size.
    GetInfo,
    /// Zeroes the counters of a service and its destinations.
    ZeroService(ServiceKey),
    /// Zeroes all counters.
    ZeroAll,
    /// Removes all services and destinations of the network namespace.
    Flush,
}

/// What a request does, without on what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the request of the same name")]
pub enum Operation {
    Connect,
    AddService,
    EditService,
    RemoveService,
    GetService,
    ListServices,
    AddDestination,
    EditDestination,
    RemoveDestination,
    ListDestinations,
    StartDaemon,
    StopDaemon,
    ListDaemons,
    SetConfig,
    GetConfig,
    GetInfo,
    ZeroService,
    ZeroAll,
    Flush,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connect to IPVS",
            Self::AddService => "add service",
            Self::EditService => "edit service",
            Self::RemoveService => "remove service",
            Self::GetService => "get service",
            Self::ListServices => "list services",
            Self::AddDestination => "add destination",
            Self::EditDestination => "edit destination",
            Self::RemoveDestination => "remove destination",
            Self::ListDestinations => "list destinations of",
            Self::StartDaemon => "start sync daemon",
            Self::StopDaemon => "stop sync daemon",
            Self::ListDaemons => "list sync daemons",
            Self::SetConfig => "set timeouts",
            Self::GetConfig => "get timeouts",
            Self::GetInfo => "get version and table size",
            Self::ZeroService => "zero counters of service",
            Self::ZeroAll => "zero all counters",
            Self::Flush => "flush all services",
        })
    }
}

impl Request {
    /// What the request does.
    #[must_use]
    pub fn operation(&self) -> Operation {
        match self {
            Self::AddService(_) => Operation::AddService,
            Self::EditService(_) => Operation::EditService,
            Self::RemoveService(_) => Operation::RemoveService,
            Self::GetService(_) => Operation::GetService,
            Self::ListServices => Operation::ListServices,
            Self::AddDestination(..) => Operation::AddDestination,
            Self::EditDestination(..) => Operation::EditDestination,
            Self::RemoveDestination(..) => Operation::RemoveDestination,
            Self::ListDestinations(_) => Operation::ListDestinations,
            Self::StartDaemon(_) => Operation::StartDaemon,
            Self::StopDaemon(_) => Operation::StopDaemon,
            Self::ListDaemons => Operation::ListDaemons,
            Self::SetConfig(_) => Operation::SetConfig,
            Self::GetConfig => Operation::GetConfig,
            Self::GetInfo => Operation::GetInfo,
            Self::ZeroService(_) => Operation::ZeroService,
            Self::ZeroAll => Operation::ZeroAll,
            Self::Flush => Operation::Flush,
        }
    }

    /// On what, as text for errors; empty for requests on the whole table.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::AddService(service) | Self::EditService(service) => {
                format!("{} (scheduler {})", service.key, service.scheduler)
            }
            Self::RemoveService(key)
            | Self::GetService(key)
            | Self::ListDestinations(key)
            | Self::ZeroService(key) => key.to_string(),
            Self::AddDestination(key, destination) | Self::EditDestination(key, destination) => {
                format!("{} ({}) of {key}", destination.endpoint(), destination.forwarding)
            }
            Self::RemoveDestination(key, endpoint) => format!("{endpoint} of {key}"),
            Self::StartDaemon(daemon) => format!("{} on {}", daemon.role, daemon.interface),
            Self::StopDaemon(role) => role.to_string(),
            Self::ListServices
            | Self::ListDaemons
            | Self::SetConfig(_)
            | Self::GetConfig
            | Self::GetInfo
            | Self::ZeroAll
            | Self::Flush => String::new(),
        }
    }

    /// Whether the kernel answers with a list.
    #[must_use]
    pub fn is_list(&self) -> bool {
        matches!(self, Self::ListServices | Self::ListDestinations(_) | Self::ListDaemons)
    }

    /// Whether the request changes something, and is answered by yes or no.
    #[must_use]
    pub fn is_change(&self) -> bool {
        !self.is_list() && !matches!(self, Self::GetService(_) | Self::GetConfig | Self::GetInfo)
    }

    /// Flags of the netlink header.
    pub(crate) fn flags(&self) -> u16 {
        NLM_F_REQUEST | if self.is_list() { NLM_F_DUMP } else { NLM_F_ACK }
    }

    /// The service's family, which old kernels leave out of destinations.
    pub(crate) fn service_family(&self) -> Family {
        match self {
            Self::ListDestinations(key) => key.family(),
            _ => Family::V4,
        }
    }

    /// The request as command and attributes.
    ///
    /// # Errors
    /// A name, time or mask that cannot be sent.
    pub fn message(&self) -> Result<Message, Invalid> {
        let (command, attributes) = match self {
            Self::AddService(service) => (Command::NewService, vec![whole_service(service)?]),
            Self::EditService(service) => (Command::SetService, vec![whole_service(service)?]),
            Self::RemoveService(key) => (Command::DelService, vec![service_key(key)?]),
            Self::GetService(key) => (Command::GetService, vec![service_key(key)?]),
            Self::ListServices => (Command::GetService, Vec::new()),
            Self::AddDestination(key, destination) => {
                (Command::NewDest, vec![service_key(key)?, whole_destination(destination)?])
            }
            Self::EditDestination(key, destination) => {
                (Command::SetDest, vec![service_key(key)?, whole_destination(destination)?])
            }
            Self::RemoveDestination(key, endpoint) => {
                let inner = codec::endpoint_attributes(*endpoint);
                let destination = Attribute::nest(CMD_ATTR_DEST, &inner)?;
                (Command::DelDest, vec![service_key(key)?, destination])
            }
            Self::ListDestinations(key) => (Command::GetDest, vec![service_key(key)?]),
            Self::StartDaemon(daemon) => {
                let inner = codec::daemon_attributes(daemon, Detail::Settings)?;
                (Command::NewDaemon, vec![Attribute::nest(CMD_ATTR_DAEMON, &inner)?])
            }
            Self::StopDaemon(role) => {
                let inner = codec::role_attributes(*role);
                (Command::DelDaemon, vec![Attribute::nest(CMD_ATTR_DAEMON, &inner)?])
            }
            Self::ListDaemons => (Command::GetDaemon, Vec::new()),
            Self::SetConfig(config) => (Command::SetConfig, codec::config_attributes(config)?),
            Self::GetConfig => (Command::GetConfig, Vec::new()),
            Self::GetInfo => (Command::GetInfo, Vec::new()),
            Self::ZeroService(key) => (Command::Zero, vec![service_key(key)?]),
            Self::ZeroAll => (Command::Zero, Vec::new()),
            Self::Flush => (Command::Flush, Vec::new()),
        };
        Ok(Message { command, attributes })
    }

    pub(crate) fn error(&self, kind: impl Into<crate::error::ErrorKind>) -> Error {
        Error::new(kind.into(), self.operation(), self.subject())
    }
}

fn service_key(key: &ServiceKey) -> Result<Attribute, Invalid> {
    Attribute::nest(CMD_ATTR_SERVICE, &codec::key_attributes(key))
}

fn whole_service(service: &Service) -> Result<Attribute, Invalid> {
    let inner = codec::service_attributes(service, Detail::Settings)?;
    Attribute::nest(CMD_ATTR_SERVICE, &inner)
}

fn whole_destination(destination: &Destination) -> Result<Attribute, Invalid> {
    let inner = codec::destination_attributes(destination, Detail::Settings)?;
    Attribute::nest(CMD_ATTR_DEST, &inner)
}
