//! What is for those who operate the directors.

use alloc::collections::BTreeSet;
use alloc::string::String;
use core::net::SocketAddr;

/// What a director offers to its operators beside the control socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Operations {
    /// Where metrics are served over HTTP: an address of the loopback interface.
    pub metrics: Option<SocketAddr>,
    /// The directory whose files name servers in maintenance, on each director its own.
    pub maintenance: Option<String>,
    /// HTTP over TLS, for those who have a certificate.
    pub api: Option<Api>,
}

/// The page, the metrics and orders over TLS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Api {
    /// Where it listens.
    pub listen: SocketAddr,
    /// File with the director's certificate and those that lead to its root (PEM).
    pub certificate: String,
    /// File with the certificate's private key (PEM).
    pub key_file: String,
    /// File with the roots below which clients' certificates must be (PEM).
    pub clients: String,
    /// Common names of clients that may give orders; all others only look.
    pub operators: BTreeSet<String>,
}
