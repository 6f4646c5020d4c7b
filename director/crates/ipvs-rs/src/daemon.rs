//! Connection synchronisation daemons.

use std::fmt;
use std::net::IpAddr;

use crate::attribute::Attribute;

/// What a sync daemon does. Both may run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DaemonRole {
    /// Sends this director's connections.
    Master,
    /// Receives another director's connections.
    Backup,
}

impl fmt::Display for DaemonRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Master => "master",
            Self::Backup => "backup",
        })
    }
}

/// A sync daemon. Fields that are `None` are left to the kernel when starting.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Daemon {
    /// Sends or receives.
    pub role: DaemonRole,
    /// Interface of the multicast, at most 15 bytes.
    pub interface: String,
    /// Group number, 0 to 255; a backup with 0 accepts every master's.
    pub sync_id: u32,
    /// Largest UDP payload in bytes; by default what fits the interface's MTU.
    pub max_payload: Option<u16>,
    /// Multicast group; by default 224.0.0.81. The kernel knows it from 4.3 on.
    pub group: Option<IpAddr>,
    /// UDP port, in host order; by default 8848.
    pub port: Option<u16>,
    /// Time to live, in hops; by default 1.
    pub ttl: Option<u8>,
    /// Attributes without a name here; not sent.
    pub unknown: Vec<Attribute>,
}

impl Daemon {
    /// A daemon with the kernel's defaults for payload, group, port and hops.
    pub fn new(role: DaemonRole, interface: impl Into<String>, sync_id: u32) -> Self {
        Self {
            role,
            interface: interface.into(),
            sync_id,
            max_payload: None,
            group: None,
            port: None,
            ttl: None,
            unknown: Vec::new(),
        }
    }
}
