//! Directories, databases and caches.

use super::{Login, Pattern, Secret, Tls};
use alloc::string::String;

/// A question to a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Ldap {
    /// Over TLS.
    pub tls: Option<Tls>,
    /// Who binds: a distinguished name and its password; anonymously when absent.
    pub login: Option<Login>,
    /// The entry that must be found.
    pub base: Option<String>,
    /// What its distinguished name must contain.
    pub expect: Option<Pattern>,
}

/// A question to a database.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Sql {
    /// Over TLS.
    pub tls: Option<Tls>,
    /// Who logs in.
    pub login: Login,
    /// The database that is used.
    pub database: Option<String>,
    /// What is asked; the login is enough when absent.
    pub query: Option<String>,
    /// Rows that must come at least.
    pub rows: u32,
    /// Whose eyes a password is for that goes over a connection without TLS (MySQL alone).
    pub server_key: Option<ServerKey>,
}

/// The public key of RSA with which a password is encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum ServerKey {
    /// The one that the server names. Whoever can change packets can name another.
    Asked,
    /// The one in a PEM file.
    File(String),
}

/// A question to a Redis server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Redis {
    /// Over TLS.
    pub tls: Option<Tls>,
    /// Who logs in with the password; the default user when absent.
    pub user: Option<String>,
    /// The password, if one is needed.
    pub password: Option<Secret>,
    /// The role that it must have: `master` or `slave`.
    pub role: Option<String>,
}

/// A question to a memcached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Memcached {
    /// Over TLS.
    pub tls: Option<Tls>,
    /// What its version must contain; any version will do when absent.
    pub expect: Option<Pattern>,
}

/// A question to an Oracle listener.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Oracle {
    /// The service that it must know; that it answers is enough when absent.
    pub service: Option<String>,
}
