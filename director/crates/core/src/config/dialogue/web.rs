//! Pages, and what travels like them.

use super::{Login, Pattern, Tls};
use alloc::string::String;
use alloc::vec::Vec;

/// A question for a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Http {
    /// Over TLS.
    pub tls: Option<Tls>,
    /// Which HTTP.
    pub version: Version,
    /// The method: `GET`, `HEAD`, `OPTIONS`, `POST`.
    pub method: String,
    /// Request target; begins with `/`. A whole URL when the server is asked as a proxy.
    pub path: String,
    /// The `Host` header; the server's address and port when absent.
    pub host: Option<String>,
    /// Further headers, in their order.
    pub headers: Vec<(String, String)>,
    /// Basic authentication (RFC 7617).
    pub login: Option<Login>,
    /// The statuses of a healthy server; any 2xx when empty.
    pub statuses: Vec<StatusRange>,
    /// What the body must contain; any body will do when absent.
    pub expect: Option<Pattern>,
    /// Bytes of the body that are read at most.
    pub limit: u32,
    /// Redirects that are followed at most, on the same server.
    pub redirects: u8,
}

impl Http {
    /// Bytes of a body that are read where nothing else is said: 1 MiB.
    pub const LIMIT: u32 = 1 << 20;

    /// A `GET` that any 2xx answers.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self {
            tls: None,
            version: Version::Http1,
            method: "GET".into(),
            path: path.into(),
            host: None,
            headers: Vec::new(),
            login: None,
            statuses: Vec::new(),
            expect: None,
            limit: Self::LIMIT,
            redirects: 0,
        }
    }

    /// The same with a text that the body must contain.
    #[must_use]
    pub fn expecting(self, text: &str) -> Self {
        Self { expect: Some(Pattern::Text(text.into())), ..self }
    }
}

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Version {
    /// HTTP/1.1 (RFC 9112).
    Http1,
    /// HTTP/2 (RFC 9113), with prior knowledge where there is no TLS.
    Http2,
}

/// Statuses from `first` to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct StatusRange {
    /// The first of them.
    pub first: u16,
    /// The last of them.
    pub last: u16,
}

/// A question to the health service of gRPC (`grpc.health.v1.Health/Check`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Grpc {
    /// Over TLS.
    pub tls: Option<Tls>,
    /// The `:authority`; the server's address and port when absent.
    pub host: Option<String>,
    /// The service that must serve; the server as a whole when empty.
    pub service: String,
}
