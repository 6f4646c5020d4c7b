//! What goes wrong between a director and its kernel.

use super::Share;
use crate::show_duration;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// How a kernel treats its director's netlink requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    /// As it should.
    #[default]
    Ok,
    /// So many are refused (`EBUSY`), and nothing is done.
    Refuse(Share),
    /// Each takes this much longer.
    Delay(Duration),
    /// So many are carried out, and the answer is lost (`ENOBUFS`).
    Lose(Share),
    /// Changes that others make are not told.
    Mute,
}

impl fmt::Display for Mood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Refuse(share) => write!(f, "refuse {share}"),
            Self::Delay(time) => write!(f, "delay {}", show_duration(*time)),
            Self::Lose(share) => write!(f, "lose {share}"),
            Self::Mute => f.write_str("mute"),
        }
    }
}

/// What somebody else does to a director's kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tampering {
    /// `ipvsadm -C`: the whole table is emptied.
    Flush,
    /// `ip address del`: a virtual address is taken away.
    RemoveAddress(IpAddr),
    /// `ip address add`: a virtual address is put where the configuration has it.
    AddAddress(IpAddr),
    /// `ipvsadm -A`: a service that the configuration does not name is added.
    AddForeign,
    /// `ipvsadm -d`: a real server is removed from a service.
    RemoveServer {
        /// Name of the virtual service.
        service: String,
        /// The real server's node.
        server: String,
    },
    /// `ipvsadm -e -w`: a real server gets another weight.
    SetWeight {
        /// Name of the virtual service.
        service: String,
        /// The real server's node.
        server: String,
        /// Its weight from now on.
        weight: u16,
    },
}

impl fmt::Display for Tampering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flush => f.write_str("flush"),
            Self::AddForeign => f.write_str("add-foreign"),
            Self::RemoveAddress(address) => write!(f, "remove-address {address}"),
            Self::AddAddress(address) => write!(f, "add-address {address}"),
            Self::RemoveServer { service, server } => {
                write!(f, "remove-server {service} {server}")
            }
            Self::SetWeight { service, server, weight } => {
                write!(f, "set-weight {service} {server} {weight}")
            }
        }
    }
}
