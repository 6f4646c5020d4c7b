//! The heartbeat sockets of this host as the loop's links.

use director_core::beat::LinkId;
use director_linux::HeartbeatSockets;
use director_shell::links::{Links, Packet};
use std::io;
use std::net::SocketAddr;

/// The longest UDP payload over IPv4 (RFC 768 and RFC 791: 65,535 bytes less two headers).
const LONGEST: usize = 65_507;

/// Heartbeat sockets with a buffer.
pub(crate) struct SocketLinks {
    sockets: HeartbeatSockets,
    buffer: Vec<u8>,
}

impl SocketLinks {
    pub(crate) fn new(sockets: HeartbeatSockets) -> Self {
        Self { sockets, buffer: vec![0; LONGEST] }
    }
}

impl Links for SocketLinks {
    async fn receive(&mut self) -> io::Result<Packet> {
        let (link, length, from) = self.sockets.receive(&mut self.buffer).await?;
        let bytes = self.buffer[..length].to_vec();
        Ok(Packet { link, from, bytes })
    }

    fn send(&mut self, link: LinkId, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        self.sockets.send(link, to, bytes)
    }
}
