//! Real servers that are added and removed while a director runs, beside what its file says.
//!
//! An alteration makes a configuration out of the one in use, and the director takes that like any
//! other new one: what did not change is not touched, and what leaves is drained as its service
//! says. Alterations are made again upon every configuration that is read later; those that it has
//! by then are forgotten. They end with the process.

use crate::config::{Config, Server, Weight};
use crate::name::ServiceName;
use crate::standing::Seat;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, SocketAddr};

/// A server to be added or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Alteration {
    /// Of which service.
    pub service: ServiceName,
    /// The server's address.
    pub address: IpAddr,
    /// Its port; the service's when absent.
    pub port: Option<u16>,
    /// What is to become of it.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub change: Change,
}

/// What becomes of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case", tag = "change"))]
pub enum Change {
    /// It comes, and gets this weight after its first good check.
    Add {
        /// The weight.
        weight: Weight,
    },
    /// It leaves, after its drain.
    Remove {
        /// Also when it is the service's only one.
        #[cfg_attr(feature = "serde", serde(default))]
        force: bool,
    },
}

/// Why a server is neither added nor removed. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unalterable {
    /// There is no such service.
    NoService(ServiceName),
    /// The service has the server already.
    Known(Seat),
    /// The service has no such server.
    Unknown(Seat),
    /// It would be the service's last.
    Last(ServiceName),
    /// It is of another family than the service's address, and is not reached through a tunnel.
    OtherFamily(Seat),
    /// The address is a virtual one.
    Virtual(IpAddr),
}

impl fmt::Display for Unalterable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoService(name) => {
                write!(formatter, "there is no service {name}; `director status` lists them")
            }
            Self::Known(Seat { service, server }) => {
                write!(formatter, "service {service} has the server {server} already")
            }
            Self::Unknown(Seat { service, server }) => {
                write!(formatter, "service {service} has no server {server}")
            }
            Self::Last(service) => write!(
                formatter,
                "it is the only server of service {service}; --force removes it anyway"
            ),
            Self::OtherFamily(Seat { service, server }) => write!(
                formatter,
                "{server} is not of the family of service {service}'s address; only a tunnel \
                 reaches such a server"
            ),
            Self::Virtual(address) => {
                write!(formatter, "{address} is a virtual address: name the server's own")
            }
        }
    }
}

impl core::error::Error for Unalterable {}

impl Alteration {
    /// The server that it is about.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn seat(&self, config: &Config) -> Result<Seat, Unalterable> {
        let unknown = || Unalterable::NoService(self.service.clone());
        let service = config.services.get(&self.service).ok_or_else(unknown)?;
        // A service of marked packets has no port of its own: packets keep theirs.
        let port = self.port.or(service.key.address().map(|key| key.port())).unwrap_or(0);
        let server = SocketAddr::new(self.address, port);
        Ok(Seat { service: self.service.clone(), server })
    }

    /// Makes it in a configuration.
    ///
    /// # Errors
    /// Why it cannot be made; the configuration is as it was.
    pub fn apply(&self, config: &mut Config) -> Result<Seat, Unalterable> {
        let seat = self.seat(config)?;
        match self.change {
            Change::Add { weight } => {
                fits(&seat, config)?;
                if let Some(service) = config.services.get_mut(&seat.service) {
                    service.servers.insert(seat.server, Server::from(weight));
                }
            }
            Change::Remove { force } => {
                let service = config.services.get_mut(&seat.service);
                let Some(service) = service.filter(|it| it.servers.contains_key(&seat.server))
                else {
                    return Err(Unalterable::Unknown(seat));
                };
                if service.servers.len() == 1 && !force {
                    return Err(Unalterable::Last(seat.service));
                }
                service.servers.remove(&seat.server);
            }
        }
        Ok(seat)
    }
}

/// What `director check` would say of such a server.
fn fits(seat: &Seat, config: &Config) -> Result<(), Unalterable> {
    let Some(service) = config.services.get(&seat.service) else {
        return Err(Unalterable::NoService(seat.service.clone()));
    };
    if service.servers.contains_key(&seat.server) {
        return Err(Unalterable::Known(seat.clone()));
    }
    let address = seat.server.ip();
    let tunnel = matches!(service.forward, crate::config::Forward::Tunnel(_));
    if !tunnel && service.addresses().any(|own| own.is_ipv4() != address.is_ipv4()) {
        return Err(Unalterable::OtherFamily(seat.clone()));
    }
    let mut addresses = config.groups.values().flat_map(|group| &group.addresses);
    if addresses.any(|own| own.address == address) {
        return Err(Unalterable::Virtual(address));
    }
    Ok(())
}

/// Those that stand: one for each server.
#[derive(Clone, Debug, Default)]
pub struct Alterations(BTreeMap<Seat, Alteration>);

impl Alterations {
    /// Lets one stand that has been applied.
    pub fn keep(&mut self, seat: Seat, alteration: Alteration) {
        self.0.insert(seat, alteration);
    }

    /// All, by server.
    pub fn iter(&self) -> impl Iterator<Item = (&Seat, &Alteration)> {
        self.0.iter()
    }

    /// Makes all of them in a configuration that was read anew. Those that it has already, and
    /// those that no longer fit, are forgotten; the latter are returned.
    pub fn renew(&mut self, config: &mut Config) -> Vec<(Seat, Unalterable)> {
        let mut dropped = Vec::new();
        self.0.retain(|seat, alteration| match alteration.apply(config) {
            Ok(_) => true,
            Err(Unalterable::Known(_) | Unalterable::Unknown(_)) => false,
            Err(why) => {
                dropped.push((seat.clone(), why));
                false
            }
        });
        dropped
    }
}

#[cfg(test)]
mod tests;
