//! Mail, news and files: protocols of lines.

use super::{Login, Pattern, Tls};
use alloc::string::String;

/// A question to a mail server or a submission server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Smtp {
    /// Over TLS.
    pub tls: Option<Tls>,
    /// The name that the director gives itself; `director-check.invalid` when absent.
    pub helo: Option<String>,
    /// Who logs in, if anybody does (RFC 4954).
    pub login: Option<Login>,
}

/// A question to a mail store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Mailbox {
    /// Over TLS.
    pub tls: Option<Tls>,
    /// Who logs in, if anybody does.
    pub login: Option<Login>,
}

/// A question to a file server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Ftp {
    /// Over TLS (RFC 4217), the data as well.
    pub tls: Option<Tls>,
    /// Who logs in; `anonymous` when absent.
    pub login: Option<Login>,
    /// The file that must be there.
    pub file: Option<String>,
    /// What the file must contain.
    pub expect: Option<Pattern>,
}

/// A question to a news server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Nntp {
    /// Over TLS.
    pub tls: Option<Tls>,
    /// A group that it must know.
    pub group: Option<String>,
}
