//! Naming real servers: `10.0.0.21`, `10.0.0.21:80`, `[2001:db8::21]:80`, `http/10.0.0.21:80`.

use super::Seat;
use crate::config::Config;
use crate::name::{NameError, ServiceName};
use alloc::string::{String, ToString};
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::str::FromStr;

/// A real server as people name it: in every service that has it, or in one; at every port, or one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Subject {
    /// The service; any when absent.
    pub service: Option<ServiceName>,
    /// The server's address.
    pub address: IpAddr,
    /// Its port; any when absent.
    pub port: Option<u16>,
}

/// Why a text names no server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectError {
    /// What stands before the slash is no name.
    Service(NameError),
    /// The rest is no address.
    Address(String),
}

impl fmt::Display for SubjectError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(error) => write!(formatter, "the service before the slash: {error}"),
            Self::Address(text) => write!(
                formatter,
                "`{text}` is not the address of a server: write 10.0.0.21, 10.0.0.21:80 or \
                 SERVICE/10.0.0.21"
            ),
        }
    }
}

impl core::error::Error for SubjectError {}

impl Subject {
    /// Whether it names this server of this service.
    #[must_use]
    pub fn names(&self, service: &ServiceName, server: SocketAddr) -> bool {
        self.service.as_ref().is_none_or(|name| name == service)
            && self.address == server.ip()
            && self.port.is_none_or(|port| port == server.port())
    }

    /// The servers of a configuration that it names.
    pub fn seats<'a>(&'a self, config: &'a Config) -> impl Iterator<Item = Seat> + 'a {
        config.services.iter().flat_map(move |(name, service)| {
            let named = service.servers.keys().filter(|server| self.names(name, **server));
            named.map(|server| Seat { service: name.clone(), server: *server })
        })
    }
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        let (service, rest) = match text.split_once('/') {
            Some((name, rest)) => {
                (Some(ServiceName::new(name).map_err(SubjectError::Service)?), rest)
            }
            None => (None, text),
        };
        let bare = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(rest);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self { service, address, port: None });
        }
        let whole = rest.parse::<SocketAddr>();
        let whole = whole.map_err(|_| SubjectError::Address(rest.to_string()))?;
        Ok(Self { service, address: whole.ip(), port: Some(whole.port()) })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(service) = &self.service {
            write!(formatter, "{service}/")?;
        }
        match self.port {
            Some(port) => write!(formatter, "{}", SocketAddr::new(self.address, port)),
            None => write!(formatter, "{}", self.address),
        }
    }
}

impl TryFrom<String> for Subject {
    type Error = SubjectError;

    fn try_from(text: String) -> Result<Self, SubjectError> {
        text.parse()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}
