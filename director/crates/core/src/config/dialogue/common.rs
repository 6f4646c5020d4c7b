//! What several protocols have in common.

use alloc::string::String;
use alloc::vec::Vec;

/// Where a secret is kept. Never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Secret {
    /// In a file; a line end behind it is not part of it.
    File(String),
    /// In a variable of the director's environment.
    Variable(String),
}

/// Who logs in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// The user's password.
    pub password: Secret,
}

/// What an answer must contain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Pattern {
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// What a regular expression of the crate `regex` matches.
    Regex(String),
}

/// What a dialogue is carried by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A connection.
    Tcp,
}

/// A connection that is made secret (RFC 8446).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Tls {
    /// When that happens.
    pub start: Start,
    /// The name that the server is asked for and must prove; absent: the `Host` of a page, or else
    /// the server's address.
    pub name: Option<String>,
    /// What proves it.
    pub trust: Trust,
    /// A certificate that expires within so many days is warned of.
    pub expiry_days: u16,
}

impl Default for Tls {
    fn default() -> Self {
        let (start, trust) = (Start::Connected, Trust::System);
        Self { start, name: None, trust, expiry_days: Self::EXPIRY_DAYS }
    }
}

impl Tls {
    /// Days before the end of a certificate, where nothing else is said: half of what automatic
    /// renewal usually leaves.
    pub const EXPIRY_DAYS: u16 = 14;
}

/// When a connection is made secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Start {
    /// At once.
    Connected,
    /// When the protocol's own command has asked for it: `STARTTLS`, `STLS`.
    Asked,
}

/// What proves that the server is the one that is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Trust {
    /// A certificate below the roots that this system trusts.
    System,
    /// A certificate below the roots in a PEM file.
    Roots(String),
    /// The SHA-256 of its public key (RFC 7469 §2.4); name and dates do not matter then.
    Pin([u8; 32]),
    /// Nothing: anybody will do.
    Anybody,
}
