//! What is for those who operate the directors.

use alloc::string::String;
use core::net::SocketAddr;

/// What a director offers to its operators beside the control socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Operations {
    /// Where metrics are served over HTTP: an address of the loopback interface.
    pub metrics: Option<SocketAddr>,
    /// The directory whose files name servers in maintenance, on each director its own.
    pub maintenance: Option<String>,
}
