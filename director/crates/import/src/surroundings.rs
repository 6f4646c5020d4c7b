//! What the files lean on beside their text: other files, names, this host.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// An interface of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// An address of it.
    pub address: IpAddr,
    /// Length of that address's network prefix in bits.
    pub prefix: u8,
}

impl Interface {
    /// Whether the address is in the network of this one.
    #[must_use]
    pub fn reaches(&self, address: IpAddr) -> bool {
        let bits = |it: IpAddr| match it {
            IpAddr::V4(it) => (u128::from(u32::from(it)) << 96, 32),
            IpAddr::V6(it) => (u128::from(it), 128),
        };
        let ((own, width), (other, other_width)) = (bits(self.address), bits(address));
        let shift = 128 - u32::from(self.prefix.min(128));
        let network = |it: u128| it.checked_shr(shift).unwrap_or(0);
        width == other_width && self.prefix > 0 && network(own) == network(other)
    }
}

/// What the files lean on; the real one asks this host.
pub trait Surroundings {
    /// The bytes of a file.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>>;

    /// The files that a shell pattern names, in order.
    fn matching(&self, pattern: &str) -> Vec<PathBuf>;

    /// The addresses of a host name, preferred first.
    fn resolve(&self, name: &str) -> Vec<IpAddr>;

    /// The port of a service by its name in `/etc/services`.
    fn port(&self, name: &str, protocol: &str) -> Option<u16>;

    /// What `uname -n` says.
    fn host_name(&self) -> String;

    /// The addresses of this host, without the loopback interface.
    fn interfaces(&self) -> Vec<Interface>;

    /// An environment variable.
    fn variable(&self, name: &str) -> Option<String>;
}

/// What somebody says about what the files do not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The directors' own addresses, by node and interface.
    pub addresses: BTreeMap<(String, String), IpAddr>,
    /// The interface of virtual addresses of which no file says one.
    pub interface: Option<String>,
    /// What `key-file` is to be.
    pub key_file: String,
    /// The configuration id for keepalived's `@` lines; the first part of the host name without it.
    pub config_id: Option<String>,
    /// What all files are written in, when their names and texts are not to be asked.
    pub format: Option<crate::Format>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            addresses: BTreeMap::new(),
            interface: None,
            key_file: "/etc/director/cluster.key".to_owned(),
            config_id: None,
            format: None,
        }
    }
}
