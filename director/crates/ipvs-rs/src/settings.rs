//! Timeouts of the connection table, and facts about the kernel's IPVS.

use std::fmt;
use std::time::Duration;

use crate::attribute::Attribute;

/// How long idle connections are kept, in whole seconds.
///
/// When setting, `None` and zero leave a value as it is; when reading, `None` says that the
/// kernel was built without the protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Config {
    /// Established TCP connections; 900 s at first.
    pub tcp: Option<Duration>,
    /// TCP connections after a FIN; 120 s at first.
    pub tcp_fin: Option<Duration>,
    /// UDP flows; 300 s at first.
    pub udp: Option<Duration>,
    /// Attributes without a name here; not sent.
    pub unknown: Vec<Attribute>,
}

/// Version number of the kernel's IPVS, such as 1.2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, major, minor, patch] = self.0.to_be_bytes();
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// Facts about the kernel's IPVS.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Info {
    /// Version of IPVS, not of the kernel.
    pub version: Version,
    /// Slots of the connection hash table.
    pub connection_table_size: u32,
    /// Attributes without a name here.
    pub unknown: Vec<Attribute>,
}
